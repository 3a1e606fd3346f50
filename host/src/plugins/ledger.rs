//! What the metrics say of a plugin over all its versions: a version that was replaced or taken
//! back between two scrapes is not forgotten with its traps.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use sluice_engine::{Meter, Stats};

use super::lock;
use super::registry::Generation;

/// The numbers of all versions, by plugin name.
#[derive(Default)]
pub struct Ledger(Mutex<State>);

#[derive(Default)]
struct State {
    /// Versions that may still count.
    followed: Vec<Followed>,
    /// The sums of those that are gone.
    gone: BTreeMap<String, Stats>,
}

struct Followed {
    name: String,
    generation: Weak<Generation>,
    /// Outlives the version, to be read a last time when it is gone.
    meter: Meter,
}

impl Ledger {
    /// A version begins to serve.
    pub fn follow(&self, generation: &Arc<Generation>) {
        let followed = Followed {
            name: generation.describe.name.clone(),
            generation: Arc::downgrade(generation),
            meter: generation.plugin.meter(),
        };
        let mut state = lock(&self.0);
        state.settle();
        state.followed.push(followed);
    }

    /// Every plugin's numbers since the start.
    pub fn totals(&self) -> BTreeMap<String, Stats> {
        let mut state = lock(&self.0);
        state.settle();
        let mut totals = state.gone.clone();
        for it in &state.followed {
            add(&mut totals, &it.name, it.meter.read());
        }
        totals
    }
}

impl State {
    /// Sums up the versions that no call is on any more.
    fn settle(&mut self) {
        for it in self
            .followed
            .extract_if(.., |it| it.generation.strong_count() == 0)
        {
            let mut last = it.meter.read();
            // Its instances end with it.
            last.instances_alive = 0;
            add(&mut self.gone, &it.name, last);
        }
    }
}

fn add(totals: &mut BTreeMap<String, Stats>, name: &str, stats: Stats) {
    let total = totals.entry(name.to_owned()).or_default();
    *total = total.and(stats);
}
