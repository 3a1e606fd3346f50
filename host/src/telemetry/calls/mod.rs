//! Calls, counted under LiteLLM's labels.
//!
//! A call costs one look-up: what it is labelled with is resolved once and carried as numbers, and
//! all that is counted of calls that are alike stands together. The metrics are made of it when
//! somebody reads them. Nothing here grows without an end: beyond [`MOST_SERIES`] different sets of
//! labels, calls are counted as those of `other`.

pub mod families;
pub mod labels;
mod series;
pub mod shown;
pub mod table;
pub mod write;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use labels::{Extra, Site, Who};
use series::Series;
use shown::Shown;
use table::{OTHER, Table};

/// Sets of labels that are told apart: keys times models times deployments that were really used
/// together. One takes about 1 KiB.
pub const MOST_SERIES: usize = 10_000;
/// Names that clients and the config give to models; behind a wildcard clients name what they like.
const MOST_NAMES: usize = 1000;
/// Holders of keys, and deployments.
const MOST_OF_OURS: usize = 50_000;
/// Locks among which the series are spread.
const SHARDS: usize = 32;

/// Tokens of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    /// Parts of the input.
    pub cached: u64,
    pub cache_write: u64,
    pub input_audio: u64,
    /// Parts of the output.
    pub output_audio: u64,
    pub reasoning: u64,
}

/// One call that ended. The numbers are those that [`Calls`] gave.
#[derive(Debug, Clone, Default)]
pub struct Sample<'a> {
    /// The contract's name of the operation.
    pub operation: &'static str,
    pub who: u32,
    /// The model that the client asked for.
    pub asked: u32,
    /// The model group that was tried last.
    pub group: u32,
    /// The deployment that was tried last.
    pub site: u32,
    /// The model that it was asked for.
    pub model: &'a str,
    pub extra: u32,
    /// The tier of service that the provider says it gave.
    pub tier: u32,
    pub status: u16,
    /// LiteLLM's name of the exception. None: the call did not fail.
    pub class: Option<&'static str>,
    pub duration: Duration,
    /// From its arrival to its turn.
    pub queue: Duration,
    /// The call less the time spent waiting for upstreams.
    pub overhead: Duration,
    /// None: no upstream was asked.
    pub upstream: Option<Duration>,
    /// Of a stream.
    pub first_token: Option<Duration>,
    pub tokens: Tokens,
    /// Dollars, if the price is known.
    pub spend_usd: Option<f64>,
    /// Whether the response cache had the answer. None: it was not asked.
    pub kept: Option<bool>,
    /// What the upstream says is left of its limits.
    pub left_requests: Option<u64>,
    pub left_tokens: Option<u64>,
}

/// What tells series apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    operation: &'static str,
    who: u32,
    asked: u32,
    group: u32,
    site: u32,
    model: u32,
    extra: u32,
    tier: u32,
}

/// Every call since the start, by its labels.
#[derive(Debug)]
pub struct Calls {
    whos: Table<Who>,
    names: Table<str>,
    sites: Table<Site>,
    extras: Table<Extra>,
    shards: [Mutex<HashMap<Key, Series>>; SHARDS],
    series: AtomicUsize,
    /// Calls that were counted as those of `other`.
    beyond: AtomicU64,
    turn: AtomicU64,
    shown: ArcSwap<Shown>,
}

impl Default for Calls {
    fn default() -> Self {
        let text = |it: &str| Arc::<str>::from(it);
        Self {
            whos: Table::new(MOST_OF_OURS, Arc::default(), Arc::new(Who::rest())),
            names: Table::new(MOST_NAMES, text(labels::ABSENT), text(labels::REST)),
            sites: Table::new(MOST_OF_OURS, Arc::default(), Arc::new(Site::rest())),
            extras: Table::new(MOST_SERIES, Arc::default(), Arc::new(Extra::rest())),
            shards: Default::default(),
            series: AtomicUsize::default(),
            beyond: AtomicU64::default(),
            turn: AtomicU64::default(),
            shown: ArcSwap::from_pointee(Shown::default()),
        }
    }
}

impl Calls {
    /// The number of a holder.
    pub fn who(&self, who: Who) -> u32 {
        self.whos.number(&who, || Arc::new(who.clone()))
    }

    /// The number of a model's name. An empty one is absent.
    pub fn name(&self, name: &str) -> u32 {
        match name {
            "" => table::NONE,
            name => self.names.number(name, || name.into()),
        }
    }

    /// Every holder that was seen.
    pub fn known(&self) -> Vec<Arc<Who>> {
        self.whos.all()
    }

    /// The number of a deployment.
    pub fn site(&self, site: Site) -> u32 {
        self.sites.number(&site, || Arc::new(site.clone()))
    }

    /// The number of what the config wants beside the usual labels.
    pub fn extra(&self, extra: Extra) -> u32 {
        self.extras.number(&extra, || Arc::new(extra.clone()))
    }

    /// Which metrics and labels are shown.
    pub fn shown(&self) -> Arc<Shown> {
        self.shown.load_full()
    }

    /// Shows other metrics and labels from now on. Times that were counted by other bounds are
    /// forgotten, and labels of other metadata with them.
    pub fn show(&self, shown: Shown) {
        let before = self.shown.swap(Arc::new(shown));
        let now = self.shown.load();
        if before.bounds != now.bounds || before.custom != now.custom {
            for shard in &self.shards {
                let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
                shard.clear();
            }
            self.series.store(0, Ordering::Relaxed);
        }
    }

    /// Counts a call.
    pub fn count(&self, call: &Sample<'_>) {
        let key = Key {
            operation: call.operation,
            who: call.who,
            asked: call.asked,
            group: call.group,
            site: call.site,
            model: self.name(call.model),
            extra: call.extra,
            tier: call.tier,
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let shown = self.shown.load();
        let add = |series: &mut Series| series.count(call, &shown.bounds, turn);
        if self.with(key, |_| self.takes_room(), add) {
            return;
        }
        self.beyond.fetch_add(1, Ordering::Relaxed);
        // Groups and deployments are the operator's own: what is left is no more than they are.
        let rest = Key {
            who: OTHER,
            asked: OTHER,
            model: OTHER,
            extra: OTHER,
            tier: OTHER,
            ..key
        };
        self.with(rest, |_| true, add);
    }

    /// Counts a call whose caller was not let in: nobody knows whose it is, nor for which model.
    pub fn turned_away(&self, operation: &'static str, status: u16, class: &'static str) {
        let key = Key {
            operation,
            who: table::NONE,
            asked: table::NONE,
            group: table::NONE,
            site: table::NONE,
            model: table::NONE,
            extra: table::NONE,
            tier: table::NONE,
        };
        let class = Some(class);
        // One series for each operation.
        self.with(key, |_| true, |it| it.end(series::End { status, class }));
    }

    /// False: the series is not there, and there is no room for it.
    fn with(
        &self,
        key: Key,
        room: impl FnOnce(&Key) -> bool,
        add: impl FnOnce(&mut Series),
    ) -> bool {
        let spread = key.who ^ key.site.rotate_left(3) ^ key.asked.rotate_left(7);
        let at = usize::try_from(spread).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(at) else {
            return false;
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        match shard.entry(key) {
            Entry::Occupied(mut it) => add(it.get_mut()),
            Entry::Vacant(it) => {
                if !room(&key) {
                    return false;
                }
                add(it.insert(Series::default()));
            }
        }
        true
    }

    fn takes_room(&self) -> bool {
        let more = |count: usize| (count < MOST_SERIES).then_some(count + 1);
        let taken = self
            .series
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }

    /// Sets of labels that are told apart now.
    pub fn len(&self) -> usize {
        self.series.load(Ordering::Relaxed)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls that were counted as those of `other`.
    pub fn beyond(&self) -> u64 {
        self.beyond.load(Ordering::Relaxed)
    }

    fn copy(&self) -> Vec<(Key, Series)> {
        let mut all = Vec::with_capacity(self.len());
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(key, series)| (*key, series.clone())));
        }
        all
    }
}

#[cfg(test)]
mod tests;
