//! Builds the house and runs it: the only file that sees every room.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{Keys, POLL_EVERY};
use crate::cache::Cache;
use crate::cli::Serve;
use crate::config::{self, Config, Env, Remark, Taken};
use crate::http::server::{Entrance, Stop};
use crate::http::{self, Doors};
use crate::in_force::Running;
use crate::judge::Judge;
use crate::live::{Misread, Understood};
use crate::loading;
use crate::pipeline::accounting::{Accounting, now_ms};
use crate::pipeline::{Fleet, Pipeline, Watchers};
use crate::plugins::Plugins;
use crate::presence::Presence;
use crate::price_tables::PriceTables;
use crate::reload::Reloader;
use crate::replicas;
use crate::reports::Reports;
use crate::rotation::Rotation;
use crate::services::{self, Ground};
use crate::store::Store;
use crate::telemetry::log::{self, LogStyle};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::otel::Otel;
use crate::upstream::Spools;
use crate::watching;
use crate::welcome;

/// How long a stop waits for what goes on beside calls, once these have ended: longer than the journal
/// waits for the database.
const SHUTDOWN: Duration = Duration::from_secs(15);
/// How long the database is waited for at least, once its rows are brought.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why the gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    #[error("the config cannot be used:\n{0}")]
    Wrong(String),
    #[error("there is no config file: name one with --config")]
    NoConfig,
    #[error(transparent)]
    Engine(#[from] sluice_engine::EngineError),
    #[error(transparent)]
    Upstream(#[from] crate::upstream::SetupError),
    #[error(transparent)]
    Listen(#[from] http::server::ListenError),
    #[error(transparent)]
    Tls(#[from] http::tls::TlsError),
    /// The database refuses; the message has the cure.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error(transparent)]
    Journal(#[from] crate::spend::JournalError),
    #[error(transparent)]
    Migrate(#[from] crate::migrate::MigrateError),
    #[error("{0}")]
    Bind(String),
}

impl From<Misread> for ServeError {
    fn from(misread: Misread) -> Self {
        Self::Wrong(format!("  {misread}"))
    }
}

/// The house, built.
pub struct House {
    /// The config in force; new plugin versions are judged by it.
    pub current: Arc<ArcSwap<Config>>,
    pub doors: Doors,
    pub plugins: Plugins,
    /// What runs, as the management API asks for it.
    running: Running,
    judge: Judge,
    tables: PriceTables,
}

/// Serves until a signal says stop.
pub async fn serve(options: Serve) -> Result<(), ServeError> {
    let path = config_path(options.config.as_deref())?;
    let env = Env::of_process(Path::new(".env")).with_options(options.options.clone());
    let (config, remarks) = Config::load(&path, env.clone())?;
    let style = LogStyle {
        json: config.general.json_logs,
        debug: options.debug || config.general.debug,
    };
    let _log = log::install(style, env.text("SLUICE_LOG").as_deref());
    for (flag, why) in options.litellm.without_effect() {
        tracing::warn!("--{flag} has no effect: {why}");
    }
    refuse_wrong(&remarks)?;
    say(&remarks);
    if options.skip_server_startup {
        return prepare_database(&config, &env).await;
    }
    let tls = match options.tls() {
        Some((certificate, key)) => Some(http::tls::acceptor(certificate, key)?),
        None => None,
    };
    let entrance = Entrance {
        listener: http::server::listen(address(&options, &config)?).await?,
        tls,
        drain: Duration::from_secs(options.drain_seconds),
    };
    let stop = Stop::default();
    let signals = TaskTracker::new();
    signals.spawn(stop_on_signal(stop.clone()));
    let served = tokio::select! {
        served = run(entrance, path, env, config, stop.clone()) => served,
        () = given_up(&stop) => {
            tracing::info!("sluice has stopped before it was ready");
            Ok(())
        }
    };
    stop.soon.cancel();
    stop.now.cancel();
    signals.close();
    signals.wait().await;
    served
}

/// What a deployment does before its gateways start: the database is there, with this version's
/// schema.
async fn prepare_database(config: &Config, env: &Env) -> Result<(), ServeError> {
    let store = Store::open(&services::address(config, env)?, now_ms()).await?;
    store.close().await;
    tracing::info!("the database is up to date; the server is not started");
    Ok(())
}

/// Serves a config at an entrance until `stop`: everything but the process's own matters, which are
/// its log and its signals.
pub async fn run(
    entrance: Entrance,
    path: PathBuf,
    env: Env,
    config: Arc<Config>,
    stopping: Stop,
) -> Result<(), ServeError> {
    let stop = stopping.soon.clone();
    let paths = http::paths::Paths::under(config.general.root_path.as_deref());
    let rules = http::Rules::read(&config.general).map_err(ServeError::Wrong)?;
    for path in &rules.idle {
        tracing::warn!("config: {path} has no effect");
    }
    let rotation = Rotation::read(&env)?;
    let ground = services::open(&config, &env).await?;
    let tasks = TaskTracker::new();
    let writing = CancellationToken::new();
    let _ends = writing.clone().drop_guard();
    let presence = ground.presence.clone();
    // From the beginning: a start that takes long is no death.
    tasks.spawn(presence.clone().keep(writing.clone()));
    tracing::info!("replicas: {}", replicas::told(&config));
    let database = services::address(&config, &env)?.to_string();
    let accounting = ground.accounting.clone();
    let sources = config.money.prices.clone();
    let house = build(config, &ground, (&path, &env)).await?;
    let tables = house.tables.configure(&sources).await;
    tables.map_err(|why| ServeError::Wrong(format!("  {why}")))?;
    tasks.spawn(accounting.clone().keep_windows(stop.clone()));
    tasks.spawn(accounting.clone().forget_rows(stop.clone()));
    tasks.spawn(accounting.clone().follow_others(stop.clone()));
    accounting.count_replicas().await;
    tasks.spawn(accounting.clone().keep_leases(writing.clone()));
    tasks.spawn(accounting.clone().write_rows(writing.clone()));
    tasks.spawn(accounting.clone().write_bodies(writing.clone()));
    tasks.spawn(accounting.clone().write_responses(writing.clone()));
    tasks.spawn(accounting.clone().forget_responses(stop.clone()));
    let callbacks = house.doors.pipeline.clone();
    tasks.spawn(callbacks.tell_callbacks(ground.salt.clone(), writing.clone()));
    let health = house.doors.pipeline.clone();
    tasks.spawn(health.keep_health(stop.clone()));
    let batches = house.doors.pipeline.clone();
    tasks.spawn(batches.follow_batches(stop.clone()));
    let alerts = ground.alerts.clone();
    tasks.spawn(alerts.clone().run(writing.clone()));
    tasks.spawn(watching::watch(accounting.clone(), alerts, stop.clone()));
    let line = Arc::new(services::Line(ground.upstream.clone()));
    let otel = house.doors.pipeline.watchers().otel.clone();
    tasks.spawn(export(otel, line, writing.clone()));
    tasks.spawn(follow_keys(accounting.keys().clone(), stop.clone()));
    let reloader = Reloader::new(
        (house.judge.clone(), ground.held()),
        loading::default_data_directory(),
        Arc::clone(&house.current),
        house.doors.clone(),
        (ground, house.tables.clone()),
    );
    let users = house.doors.pipeline.clone();
    let in_use = move |name: &str| users.fleet().uses(name);
    let directory = house.plugins.load_directory(&in_use).await;
    reloader.rebuild();
    let fleet = house.doors.pipeline.fleet();
    refuse_wrong(&mistakes_of(&fleet))?;
    for warning in fleet.warnings() {
        tracing::warn!("{warning}");
    }
    drop(fleet);
    tasks.spawn(house.plugins.clone().watch(directory, stop.clone(), in_use));
    tasks.spawn(
        reloader
            .clone()
            .follow_plugins(house.plugins.changes(), stop.clone()),
    );
    if let Err(cause) = reloader.take_stored().await {
        tracing::error!(
            "models, guardrails and settings of the database are not in force: {cause}"
        );
    }
    let word = house.running.word().clone();
    tasks.spawn(reloader.clone().follow_stored(word.clone(), stop.clone()));
    let store = accounting.store();
    let tables = house
        .tables
        .follow(store.clone(), word.changes(), stop.clone());
    tasks.spawn(tables);
    if let Some(rotation) = rotation {
        let (manage, metrics) = (house.doors.manage.clone(), house.doors.metrics.clone());
        tasks.spawn(rotation.keep(manage, metrics, stop.clone()));
    }
    let metrics = house.doors.metrics.clone();
    tasks.spawn(replicas::forget(store.clone(), metrics, stop.clone()));
    let heard = move || word.tell();
    let hurry = Arc::new(Notify::new());
    let following = replicas::follow(store.clone(), heard, Arc::clone(&hurry), stop.clone());
    tasks.spawn(following);
    if let Some(shared) = accounting.shared().cloned() {
        let keys = accounting.keys().clone();
        let news = move || {
            keys.hurry();
            hurry.notify_one();
        };
        let pipeline = house.doors.pipeline.clone();
        // Calls under way hold places until the last of them has ended.
        tasks.spawn(pipeline.share(shared, news, writing.clone()));
    }
    tasks.spawn(reloader.watch_file(stop.clone()));
    let fleet = house.doors.pipeline.fleet();
    welcome::say(&entrance, &path, &database, &fleet, &house.plugins.table());
    drop(fleet);
    let cache = house.doors.pipeline.cache().clone();
    let router = http::router(house.doors.until(&stopping));
    stopping.ready.cancel();
    let drained = http::server::serve(entrance, router, paths, &stopping).await;
    stop.cancel();
    // No call is under way any more: what they cost is brought to the database.
    writing.cancel();
    cache.close().await;
    tasks.close();
    let end = Instant::now() + SHUTDOWN;
    let waited = tokio::time::timeout_at(end, tasks.wait()).await;
    if waited.is_err() || !drained {
        tracing::warn!("some answers were still under way and were cut off");
    }
    let end = end.max(Instant::now() + FAREWELL);
    let parted = tokio::time::timeout_at(end, part(&accounting, &presence)).await;
    if parted.is_err() {
        tracing::warn!(
            rows = accounting.journal().gauges().waiting,
            "the database does not answer, and was not waited for: these rows of spend stay in the journal \
             and are stored after the next start; leases of budgets end by themselves"
        );
    }
    tracing::info!("sluice has stopped");
    Ok(())
}

/// Leaves the database: all that is leased is given back, and nobody waits for this gateway.
async fn part(accounting: &Accounting, presence: &Presence) {
    accounting.end_leases().await;
    presence.end().await;
    accounting.store().close().await;
}

/// Reads a config for `sluice check`, with what the plugins say of it.
pub async fn check(path: Option<&Path>) -> Result<(Vec<Remark>, Vec<String>), ServeError> {
    let path = config_path(path)?;
    let (config, mut remarks) = Config::load(&path, Env::of_process(Path::new(".env")))?;
    remarks.push(Remark {
        path: "replicas".to_owned(),
        taken: Taken::Honoured,
        text: replicas::told(&config),
    });
    let (plugins, _) = loading::start(&config, &loading::at_terminal()).await?;
    plugins.load_directory(&|_: &str| true).await;
    let fleet = Fleet::build(config, &plugins.table());
    remarks.extend(mistakes_of(&fleet));
    if let Err(misread) = Understood::read(&fleet.config) {
        remarks.push(Remark {
            path: misread.path,
            taken: Taken::Wrong,
            text: misread.what,
        });
    }
    Ok((remarks, fleet.warnings()))
}

/// What is wrong with the config that only plugins and services can tell.
fn mistakes_of(fleet: &Fleet) -> Vec<Remark> {
    let wrong = fleet.mistakes().into_iter();
    let remark = |(path, text)| Remark {
        path,
        taken: Taken::Wrong,
        text,
    };
    wrong.map(remark).collect()
}

/// Writes every bundled component as `<name>.wasm`.
pub fn export_plugins(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for plugin in sluice_bundled::PLUGINS {
        std::fs::write(folder.join(format!("{}.wasm", plugin.name)), plugin.wasm)?;
    }
    Ok(())
}

/// Exports traces and metrics until `stop`.
async fn export(otel: Otel, line: Arc<services::Line>, stop: CancellationToken) {
    if let Err(cause) = otel.run(line, stop).await {
        tracing::error!(%cause, "no traces and no metrics are exported");
    }
}

/// Forgets keys that were changed elsewhere.
async fn follow_keys(keys: Keys, stop: CancellationToken) {
    tokio::select! {
        () = keys.follow(POLL_EVERY) => {}
        () = stop.cancelled() => {}
    }
}

/// Builds what serves calls.
async fn build(
    config: Arc<Config>,
    ground: &Ground,
    (path, env): (&Path, &Env),
) -> Result<House, ServeError> {
    let accounting = &ground.accounting;
    let (plugins, current) = loading::start(&config, &loading::in_log()).await?;
    let upstream = ground.upstream.clone();
    let metrics = Metrics::default();
    metrics.calls().show(Understood::read(&config)?.shown);
    let watchers = Watchers::new(
        metrics.clone(),
        services::otel(&config),
        ground.alerts.clone(),
    );
    let fleet = Fleet::build(Arc::clone(&config), &plugins.table());
    let status_of: fn(&crate::domain::Fault) -> u16 = |fault| http::error::status(fault).as_u16();
    let written = (
        http::error::event as crate::pipeline::FaultWriter,
        status_of,
    );
    let pipeline = Pipeline::new(
        fleet,
        plugins.clone(),
        upstream.clone(),
        watchers,
        (
            accounting.clone(),
            Cache::new(&config.caching, metrics.clone()),
        ),
        written,
    );
    let tables = services::price_tables(ground, upstream.clone(), metrics.clone());
    let judge = Judge::new(
        path.to_owned(),
        env.clone(),
        pipeline.clone(),
        plugins.clone(),
    );
    let running = Running::new(
        pipeline.clone(),
        tables.clone(),
        (judge.clone(), ground.held()),
    );
    let reports = Reports::new(accounting.store().clone(), Arc::new(running.clone()));
    let manage = services::manage(&config, ground, running.clone())?;
    let fetch = Arc::new(services::KeyFetch(upstream));
    let signin = services::signin(ground, Arc::clone(&fetch) as Arc<dyn crate::auth::Fetch>);
    let data = loading::data_directory(&config);
    let doors = Doors::new(
        pipeline,
        plugins.clone(),
        metrics,
        (manage, reports, signin),
        fetch,
        Spools::new(data.join("uploads")),
    );
    Ok(House {
        current,
        doors,
        plugins,
        running,
        judge,
        tables,
    })
}

pub fn config_path(given: Option<&Path>) -> Result<PathBuf, ServeError> {
    if let Some(path) = given {
        return Ok(path.to_owned());
    }
    let usual = ["config.yaml", "config.example.yaml"].map(PathBuf::from);
    usual
        .into_iter()
        .find(|path| path.is_file())
        .ok_or(ServeError::NoConfig)
}

fn refuse_wrong(remarks: &[Remark]) -> Result<(), ServeError> {
    let wrong: Vec<String> = remarks
        .iter()
        .filter(|remark| remark.taken == Taken::Wrong)
        .map(|remark| format!("  {}: {}", remark.path, remark.text))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(ServeError::Wrong(wrong.join("\n")))
    }
}

/// What an operator should know of the config.
pub fn say(remarks: &[Remark]) {
    for remark in remarks {
        match remark.taken {
            Taken::Honoured => {}
            Taken::Accepted => tracing::info!("config: {} {}", remark.path, remark.text),
            Taken::Unknown | Taken::Warning | Taken::Wrong => {
                tracing::warn!("config: {} {}", remark.path, remark.text);
            }
        }
    }
}

/// Without a key of its own the gateway is reached from this machine only.
fn address(options: &Serve, config: &Config) -> Result<SocketAddr, ServeError> {
    let reason = config.general.loopback_only();
    let host = match (options.host, reason) {
        (None, None) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        (None, Some(reason)) => {
            tracing::warn!(
                "{reason}: sluice listens on loopback only; set `general_settings.master_key`"
            );
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        }
        (Some(host), Some(reason)) if !host.is_loopback() => {
            if host.is_unspecified() {
                tracing::warn!(
                    "{reason}: sluice listens on loopback instead of {host}; set `general_settings.master_key`"
                );
                IpAddr::V4(Ipv4Addr::LOCALHOST)
            } else {
                let message = format!(
                    "{reason}, so sluice does not listen on {host}; set `general_settings.master_key` to a key of your own"
                );
                return Err(ServeError::Bind(message));
            }
        }
        (Some(host), _) => host,
    };
    Ok(SocketAddr::new(host, options.port))
}

/// Waits until it is to stop before it serves: a start may wait for a database or a file.
async fn given_up(stop: &Stop) {
    stop.soon.cancelled().await;
    if stop.ready.is_cancelled() {
        std::future::pending::<()>().await;
    }
}

/// The first signal lets answers under way finish, the second ends them.
async fn stop_on_signal(stop: Stop) {
    tokio::select! {
        () = signal() => {}
        () = stop.soon.cancelled() => return,
    }
    tracing::info!("stopping: answers under way may finish; a second signal ends them");
    stop.soon.cancel();
    tokio::select! {
        () = signal() => tracing::warn!("stopping at once"),
        () = stop.now.cancelled() => return,
    }
    stop.now.cancel();
}

async fn signal() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
