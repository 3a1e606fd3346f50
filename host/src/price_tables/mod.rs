//! Price tables from outside of the build: a file and an address that the operator names, laid
//! over the build's own table. The file counts most, then what the address gave. A table that
//! cannot be had or read changes nothing, and is said in the log and in
//! `sluice_price_refreshes_total`. What the address gave last stands on disk for the next start.

mod schedule;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::PriceSources;
use crate::manage::PRICE_SCHEDULE;
use crate::pipeline::accounting::now_ms;
use crate::prices::Prices;
use crate::store::{ConfigRow, Store};
use crate::telemetry::metrics::Metrics;

use schedule::Schedule;
pub use schedule::State;

/// As much as a price table may have; what reads it stops at the same size.
pub const MOST_BYTES: usize = 16 << 20;
/// A table has to come whole within this time.
pub const FETCH_TIME: Duration = Duration::from_secs(60);

/// Fetches an address.
pub type Fetching = Box<dyn Fn(String) -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync>;
/// Puts a table in force.
pub type Applying = Box<dyn Fn(Prices) + Send + Sync>;

/// The tables of one gateway. Clones share everything.
#[derive(Clone)]
pub struct PriceTables(Arc<Inner>);

struct Inner {
    base: Prices,
    /// Where fetched tables are kept.
    folder: PathBuf,
    fetch: Fetching,
    apply: Applying,
    metrics: Metrics,
    state: Mutex<State>,
    /// One change at a time.
    turn: tokio::sync::Mutex<()>,
    /// Settings or the schedule changed.
    changed: watch::Sender<()>,
}

impl PriceTables {
    /// The build's table, until [`PriceTables::configure`] names others.
    pub fn new(folder: PathBuf, fetch: Fetching, apply: Applying, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            base: Prices::embedded(),
            folder,
            fetch,
            apply,
            metrics,
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(()),
        }))
    }

    pub fn state(&self) -> State {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what the config says, and reads the file anew.
    ///
    /// # Errors
    /// The file is no price table; nothing changed then.
    pub async fn configure(&self, sources: &PriceSources) -> Result<(), String> {
        let _turn = self.0.turn.lock().await;
        let file = match &sources.file {
            None => None,
            Some(path) => {
                let read = read(path.clone()).await.map_err(|why| {
                    let shown = path.display();
                    format!("litellm_settings.model_cost_map_file: `{shown}`: {why}")
                });
                let read = read.inspect_err(|why| {
                    self.0.metrics.price_refresh("refused");
                    self.locked().failure = Some(why.clone());
                })?;
                Some(read.ok_or("litellm_settings.model_cost_map_file: there is no such file")?)
            }
        };
        let same = self.locked().sources.url == sources.url;
        let kept = match sources.url.as_deref().filter(|_| !same) {
            None => None,
            Some(url) => read(self.kept(url)).await.unwrap_or_else(|why| {
                tracing::warn!(%why, "the price table of the last run is not used");
                None
            }),
        };
        {
            let mut state = self.locked();
            if !same {
                *state = State::default();
                state.fetched = kept;
            }
            state.sources = sources.clone();
            state.file = file;
            if sources.local_only {
                state.fetched = None;
            }
            self.put_in_force(&state);
        }
        self.0.changed.send_replace(());
        Ok(())
    }

    fn put_in_force(&self, state: &State) {
        let layers = [&state.fetched, &state.file].into_iter().flatten();
        let whole = layers.fold(self.0.base.clone(), |under, it| it.over(&under));
        (self.0.apply)(whole);
    }

    /// Asks the address for a table now. `request` is when somebody asked for it.
    ///
    /// # Errors
    /// There is no address, or it gave no table; the one in force stays.
    pub async fn fetch(&self, request: Option<i64>) -> Result<(), String> {
        let _turn = self.0.turn.lock().await;
        let Some(url) = self.locked().address() else {
            return Err("there is no address to fetch prices from".to_owned());
        };
        let fetched = match (self.0.fetch)(url.clone()).await {
            Ok(bytes) => parsed(bytes).await,
            Err(why) => Err(why),
        };
        match self.note(fetched, request) {
            Ok(None) => Ok(()),
            Ok(Some(news)) => {
                self.keep(&url, news).await;
                Ok(())
            }
            Err(why) => Err(why),
        }
    }

    /// Writes down what the address gave, and puts it in force if it is new.
    fn note(
        &self,
        fetched: Result<Prices, String>,
        request: Option<i64>,
    ) -> Result<Option<Prices>, String> {
        let now = now_ms();
        let mut state = self.locked();
        state.asked_ms = Some(now);
        state.answered = request.or(state.answered);
        let prices = match fetched {
            Ok(prices) => prices,
            Err(why) => {
                self.0.metrics.price_refresh("refused");
                tracing::error!(%why, "no price table was fetched; the one in force stays");
                state.failure = Some(why.clone());
                return Err(why);
            }
        };
        state.failure = None;
        state.fetched_ms = Some(now);
        let known = state.fetched.as_ref().map(Prices::version);
        if known == Some(prices.version()) {
            self.0.metrics.price_refresh("unchanged");
            return Ok(None);
        }
        self.0.metrics.price_refresh("applied");
        tracing::info!(version = %prices.version(), "a new price table is in force");
        state.fetched = Some(prices.clone());
        self.put_in_force(&state);
        Ok(Some(prices))
    }

    /// For the next start. Without it the gateway goes on, so a failure is a warning.
    async fn keep(&self, url: &str, prices: Prices) {
        let path = self.kept(url);
        let write = move || {
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let partial = path.with_extension("partial");
            std::fs::write(&partial, prices.table())?;
            std::fs::rename(&partial, &path)
        };
        let written = tokio::task::spawn_blocking(write).await;
        let written = written.map_err(std::io::Error::other).flatten();
        if let Err(cause) = written {
            tracing::warn!(%cause, "the price table is not kept for the next start");
        }
    }

    /// Each address has a file of its own: another's prices are not these.
    fn kept(&self, url: &str) -> PathBuf {
        let digest = Sha256::digest(url.as_bytes());
        let name: String = digest
            .iter()
            .take(8)
            .map(|it| format!("{it:02x}"))
            .collect();
        self.0.folder.join(format!("{name}.json"))
    }

    /// Asks the address when it is due, until `stop`. `rows` says that settings of the database
    /// may have changed.
    pub async fn follow(
        self,
        store: Store,
        mut rows: watch::Receiver<u64>,
        stop: CancellationToken,
    ) {
        let mut changed = self.0.changed.subscribe();
        loop {
            let schedule = match store.get::<ConfigRow>(PRICE_SCHEDULE).await {
                Ok(row) => Schedule::read(row),
                Err(cause) => {
                    tracing::warn!(%cause, "the schedule of price tables cannot be read");
                    Schedule::default()
                }
            };
            let due = self.state().due(schedule);
            if due.is_some_and(|it| it <= now_ms()) {
                tokio::select! {
                    () = stop.cancelled() => return,
                    // What went wrong is logged and counted there.
                    _ = self.fetch(schedule.requested_ms) => {}
                }
                continue;
            }
            let sleep = async {
                match due {
                    Some(at) => {
                        let wait = at.saturating_sub(now_ms());
                        let wait = u64::try_from(wait).unwrap_or_default();
                        tokio::time::sleep(Duration::from_millis(wait)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = changed.changed() => {}
                told = rows.changed() => if told.is_err() { return },
                () = sleep => {}
            }
        }
    }
}

impl fmt::Debug for PriceTables {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("PriceTables").field(&self.state()).finish()
    }
}

/// A table on disk; None: there is no file.
async fn read(path: PathBuf) -> Result<Option<Prices>, String> {
    let read = move || {
        let size = match std::fs::metadata(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause.to_string()),
            Ok(metadata) => metadata.len(),
        };
        if usize::try_from(size).map_or(true, |it| it > MOST_BYTES) {
            return Err(format!(
                "it has {size} bytes; at most {MOST_BYTES} are read"
            ));
        }
        let bytes = std::fs::read(&path).map_err(|cause| cause.to_string())?;
        Prices::from_bytes(&bytes)
            .map(Some)
            .map_err(|it| it.to_string())
    };
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(|cause| cause.to_string())?
}

async fn parsed(bytes: Bytes) -> Result<Prices, String> {
    let read = tokio::task::spawn_blocking(move || Prices::from_bytes(&bytes)).await;
    read.map_err(|cause| cause.to_string())?
        .map_err(|cause| cause.to_string())
}
