//! Price tables from outside of the build: a file and an address that the operator names, laid
//! over the build's own table. The file counts most, then what the address gave. A table that
//! cannot be had or read changes nothing, and is said in the log and in
//! `sluice_price_refreshes_total`. What the address gave last stands on disk for the next start.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::PriceSources;
use crate::manage::PRICE_SCHEDULE;
use crate::pipeline::accounting::now_ms;
use crate::prices::Prices;
use crate::store::{ConfigRow, Store};
use crate::telemetry::metrics::Metrics;

/// As much as a price table may have; what reads it stops at the same size.
pub const MOST_BYTES: usize = 16 << 20;
/// A table has to come whole within this time.
pub const FETCH_TIME: Duration = Duration::from_secs(60);

/// After an address that gave no table.
const RETRY: Duration = Duration::from_secs(300);
const HOUR_MS: i64 = 3_600_000;

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

/// What is known of the tables.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub sources: PriceSources,
    file: Option<Prices>,
    fetched: Option<Prices>,
    /// When the address was asked last, and when it gave a table, in milliseconds since 1970.
    asked_ms: Option<i64>,
    pub fetched_ms: Option<i64>,
    /// Why the address gave none, or the file was none.
    pub failure: Option<String>,
    /// The request to fetch that was answered last.
    answered: Option<i64>,
}

impl State {
    /// Whether a fetched table counts.
    pub const fn is_remote(&self) -> bool {
        self.fetched.is_some()
    }

    fn address(&self) -> Option<String> {
        self.sources
            .url
            .clone()
            .filter(|_| !self.sources.local_only)
    }

    /// When the address is to be asked next; None: when somebody says so.
    fn due(&self, schedule: Schedule) -> Option<i64> {
        self.address()?;
        let Some(asked) = self.asked_ms else {
            return Some(0);
        };
        if schedule.requested_ms.is_some() && schedule.requested_ms != self.answered {
            return Some(0);
        }
        let again = self.failure.as_ref().map(|_| millis(RETRY));
        let every = schedule.every_ms;
        let wait = again.into_iter().chain(every).min()?;
        Some(asked.saturating_add(wait))
    }
}

/// What was scheduled through the API, for every replica.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Schedule {
    every_ms: Option<i64>,
    /// Somebody asked for a table at this time.
    requested_ms: Option<i64>,
}

impl Schedule {
    fn read(row: Option<ConfigRow>) -> Self {
        let doc = row.map(|it| it.doc).unwrap_or_default();
        let number = |name: &str| doc.get(name).and_then(Value::as_i64).filter(|it| *it > 0);
        Self {
            every_ms: number("interval_hours").map(|it| it.saturating_mul(HOUR_MS)),
            requested_ms: number("requested_at"),
        }
    }
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

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usage;
    use crate::prices::{Terms, cost};
    use serde_json::json;

    type Answers = Arc<Mutex<Vec<Result<Bytes, String>>>>;
    type InForce = Arc<Mutex<Option<Prices>>>;

    struct Rig {
        tables: PriceTables,
        answers: Answers,
        in_force: InForce,
        metrics: Metrics,
        folder: tempfile::TempDir,
    }

    impl Rig {
        fn new() -> Self {
            Self::at(tempfile::tempdir().unwrap())
        }

        fn at(folder: tempfile::TempDir) -> Self {
            let (answers, in_force) = (Answers::default(), InForce::default());
            let (given, taken, metrics) = (answers.clone(), in_force.clone(), Metrics::default());
            let fetch: Fetching = Box::new(move |_| {
                let answer = given.lock().unwrap().pop();
                Box::pin(async move { answer.unwrap_or(Err("nothing there".to_owned())) })
            });
            let apply: Applying = Box::new(move |prices| *taken.lock().unwrap() = Some(prices));
            let place = folder.path().join("kept");
            let tables = PriceTables::new(place, fetch, apply, metrics.clone());
            Self {
                tables,
                answers,
                in_force,
                metrics,
                folder,
            }
        }

        async fn fetch(&self, answer: Value) -> Result<(), String> {
            let bytes = Bytes::from(answer.to_string());
            self.answers.lock().unwrap().push(Ok(bytes));
            self.tables.fetch(None).await
        }

        /// Dollars of a million input tokens.
        fn price(&self, model: &str) -> Option<f64> {
            let prices = self.in_force.lock().unwrap().clone().unwrap();
            let usage = Usage {
                input_tokens: 1_000_000,
                ..Usage::default()
            };
            let cost = cost(Some(&*prices.get(model)?), &usage, &Terms::default());
            Some(cost?.total.dollars())
        }
    }

    fn at(url: &str) -> PriceSources {
        PriceSources {
            url: Some(url.to_owned()),
            ..PriceSources::default()
        }
    }

    fn table(dollars: f64) -> Value {
        json!({"gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": dollars / 1e6}})
    }

    #[tokio::test]
    async fn a_fetched_table_lies_over_the_builds_and_is_kept_for_the_next_start() {
        let rig = Rig::new();
        rig.tables.configure(&at("https://a")).await.unwrap();
        assert_eq!(rig.price("gpt-4o"), Some(2.5));
        rig.fetch(table(9.0)).await.unwrap();
        assert_eq!(rig.price("gpt-4o"), Some(9.0));
        assert!(rig.price("claude-sonnet-4-5").is_some());
        let next = Rig::at(rig.folder);
        next.tables.configure(&at("https://a")).await.unwrap();
        assert_eq!(next.price("gpt-4o"), Some(9.0));
        assert!(next.tables.state().is_remote());
        next.tables.configure(&at("https://b")).await.unwrap();
        assert_eq!(
            next.price("gpt-4o"),
            Some(2.5),
            "another address has other prices"
        );
    }

    #[tokio::test]
    async fn a_broken_answer_keeps_the_old_table_and_is_counted() {
        let rig = Rig::new();
        rig.tables.configure(&at("https://a")).await.unwrap();
        rig.fetch(table(9.0)).await.unwrap();
        for broken in [json!("<html>"), json!({}), table(-1.0)] {
            rig.fetch(broken).await.unwrap_err();
            assert_eq!(rig.price("gpt-4o"), Some(9.0));
        }
        rig.tables.fetch(None).await.unwrap_err();
        assert_eq!(rig.tables.state().failure.as_deref(), Some("nothing there"));
        rig.fetch(table(9.0)).await.unwrap();
        assert_eq!(rig.tables.state().failure, None);
        let counted = rig.metrics.render(&[]);
        for line in [
            "{result=\"refused\"} 4",
            "{result=\"applied\"} 1",
            "{result=\"unchanged\"} 1",
        ] {
            let line = format!("sluice_price_refreshes_total{line}");
            assert!(counted.contains(&line), "{line} in {counted}");
        }
    }

    #[tokio::test]
    async fn the_operators_file_counts_most_and_a_broken_one_changes_nothing() {
        let rig = Rig::new();
        let path = rig.folder.path().join("own.json");
        std::fs::write(&path, table(4.0).to_string()).unwrap();
        let sources = PriceSources {
            file: Some(path.clone()),
            ..at("https://a")
        };
        rig.tables.configure(&sources).await.unwrap();
        rig.fetch(table(9.0)).await.unwrap();
        assert_eq!(rig.price("gpt-4o"), Some(4.0));
        std::fs::write(&path, "{").unwrap();
        let why = rig.tables.configure(&sources).await.unwrap_err();
        assert!(
            why.contains("model_cost_map_file") && why.contains("own.json"),
            "{why}"
        );
        assert_eq!(rig.price("gpt-4o"), Some(4.0));
        rig.tables.configure(&at("https://a")).await.unwrap();
        assert_eq!(rig.price("gpt-4o"), Some(9.0));
        let gone = PriceSources {
            file: Some("nowhere.json".into()),
            ..at("https://a")
        };
        rig.tables.configure(&gone).await.unwrap_err();
    }

    #[tokio::test]
    async fn local_only_fetches_nothing() {
        let rig = Rig::new();
        let sources = PriceSources {
            local_only: true,
            ..at("https://a")
        };
        rig.tables.configure(&sources).await.unwrap();
        rig.fetch(table(9.0)).await.unwrap_err();
        assert_eq!(rig.price("gpt-4o"), Some(2.5));
        assert_eq!(rig.tables.state().due(Schedule::default()), None);
    }

    #[test]
    fn the_address_is_asked_at_once_then_as_scheduled_requested_or_after_a_failure() {
        let mut state = State {
            sources: at("https://a"),
            ..State::default()
        };
        let hourly = Schedule {
            every_ms: Some(HOUR_MS),
            requested_ms: None,
        };
        assert_eq!(state.due(Schedule::default()), Some(0));
        state.asked_ms = Some(1_000);
        assert_eq!(state.due(Schedule::default()), None);
        assert_eq!(state.due(hourly), Some(1_000 + HOUR_MS));
        let asked = Schedule {
            requested_ms: Some(500),
            ..hourly
        };
        assert_eq!(state.due(asked), Some(0));
        state.answered = Some(500);
        assert_eq!(state.due(asked), Some(1_000 + HOUR_MS));
        state.failure = Some("down".to_owned());
        assert_eq!(state.due(hourly), Some(1_000 + millis(RETRY)));
    }

    #[test]
    fn a_schedule_is_litellms_row() {
        let row = |doc: Value| ConfigRow {
            doc,
            ..ConfigRow::default()
        };
        let read = |doc| Schedule::read(Some(row(doc)));
        let six = Schedule {
            every_ms: Some(6 * HOUR_MS),
            requested_ms: None,
        };
        assert_eq!(
            read(json!({"interval_hours": 6, "force_reload": false})),
            six
        );
        assert_eq!(read(json!({"interval_hours": -6})), Schedule::default());
        assert_eq!(Schedule::read(None), Schedule::default());
    }
}
