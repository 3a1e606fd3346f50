//! A connection to a Redis that may go at any time: whoever asks then waits a short while once, and
//! it is left alone for a time, so that the next ones do not wait at all. The room knows the crate
//! and nothing of what is kept there.

mod address;
mod heard;
mod sentinels;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError};
use arc_swap::ArcSwapOption;
use tokio::time::Instant;

pub use ::redis::{Cmd, FromRedisValue, Pipeline, cmd, pipe};

use crate::config::RedisAddress;
use sentinels::Sentinels;

/// Longest wait for a connection, and for an answer.
const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_millis(500);
/// How long it is left alone after a failure: at first, and at most where nobody says otherwise.
const REST: Duration = Duration::from_millis(500);
const MOST_REST: Duration = Duration::from_secs(15);
/// What it refuses is told once in this time.
const TOLD: Duration = Duration::from_secs(60);

/// What the log says of a Redis that goes, comes back, or refuses.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    pub lost: &'static str,
    pub back: &'static str,
    pub refused: &'static str,
}

/// Why Redis did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It does not answer.
    #[error("{0}")]
    Gone(String),
    /// It was not asked: it did not answer lately.
    #[error("{0}")]
    LeftAlone(String),
    /// It answers, and refuses.
    #[error("{0}")]
    Refused(String),
}

/// A Redis. Clones share their connection.
#[derive(Clone)]
pub struct Link {
    inner: Arc<Inner>,
}

struct Inner {
    door: Result<Door, String>,
    /// Without user and password.
    shown: String,
    words: Words,
    most_rest: Duration,
    /// What is asked of it may be done twice.
    repeats: bool,
    connection: ArcSwapOption<MultiplexedConnection>,
    /// Held by who connects.
    connecting: tokio::sync::Mutex<()>,
    health: Mutex<Health>,
    failures: AtomicU64,
}

/// How its client is found.
enum Door {
    /// It stays where it is.
    At(Client),
    /// It is whoever is the master.
    Behind(Sentinels),
}

impl Door {
    fn to(address: &RedisAddress) -> Result<Self, String> {
        match &address.sentinels {
            Some(sentinels) => Sentinels::new(address, sentinels).map(Self::Behind),
            None => client_of(address).map(Self::At),
        }
    }

    async fn client(&self) -> Result<Client, RedisError> {
        match self {
            Self::At(client) => Ok(client.clone()),
            Self::Behind(sentinels) => sentinels.master().await,
        }
    }
}

fn client_of(address: &RedisAddress) -> Result<Client, String> {
    let url = address::url_of(address).ok_or_else(|| "its host is no host".to_owned())?;
    Client::open(url.as_str()).map_err(|it| it.to_string())
}

/// How it went lately.
#[derive(Debug, Default)]
struct Health {
    /// None: it answers.
    down: Option<Down>,
    told: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    until: Instant,
    rest: Duration,
}

impl Link {
    /// Connects with the first use.
    pub fn new(address: &RedisAddress, words: Words) -> Self {
        let shown = match &address.sentinels {
            Some(it) => format!("the master of `{}`", it.service),
            None => format!("{}:{}", address.host, address.port),
        };
        Self {
            inner: Arc::new(Inner {
                door: Door::to(address),
                shown,
                words,
                most_rest: MOST_REST,
                repeats: false,
                connection: ArcSwapOption::empty(),
                connecting: tokio::sync::Mutex::default(),
                health: Mutex::default(),
                failures: AtomicU64::new(0),
            }),
        }
    }

    /// One that is asked again at least so often, because something is lost while it is not.
    #[must_use]
    pub fn asked_every(mut self, most_rest: Duration) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.most_rest = most_rest;
        }
        self
    }

    /// One of which everything that is asked may be done twice: where an old connection breaks, it is
    /// asked once more over a new one.
    #[must_use]
    pub fn repeating(mut self) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.repeats = true;
        }
        self
    }

    /// `host:port`, or whose master it is.
    pub fn shown(&self) -> &str {
        &self.inner.shown
    }

    /// Whether it is connected and answered last time: who asks now may expect an answer.
    pub fn is_up(&self) -> bool {
        self.inner.connection.load().is_some() && self.health().down.is_none()
    }

    /// How often it did not answer.
    pub fn failures(&self) -> u64 {
        self.inner.failures.load(Ordering::Relaxed)
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        self.use_with(
            |mut connection| async move { command.query_async::<T>(&mut connection).await },
        )
        .await
    }

    /// Asks several things in one go.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, LinkError> {
        self.use_with(
            |mut connection| async move { commands.query_async::<T>(&mut connection).await },
        )
        .await
    }

    /// Does something with the connection, and remembers how it went.
    async fn use_with<T, F>(&self, act: impl Fn(MultiplexedConnection) -> F) -> Result<T, LinkError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let began = Instant::now();
        let (mut connection, is_old) = match self.connected() {
            Some(connection) => (connection, true),
            None if self.is_reconnecting() => (self.reconnected(ANSWER).await?, false),
            None => (self.connection().await?, false),
        };
        let mut done = timed(ANSWER, act(MultiplexedConnection::clone(&connection))).await;
        if let Err(Some(cause)) = &done
            && is_old
            && self.inner.repeats
            && is_broken(cause)
        {
            // It broke while nobody asked: that says nothing of the Redis of now.
            self.forget(&connection);
            let left = ANSWER.saturating_sub(began.elapsed());
            connection = self.reconnected(left).await?;
            let left = ANSWER.saturating_sub(began.elapsed());
            done = timed(left, act(MultiplexedConnection::clone(&connection))).await;
        }
        match done {
            Ok(answer) => {
                self.answered();
                Ok(answer)
            }
            Err(Some(cause)) if !is_lost(&cause) => {
                self.refused(&cause.to_string());
                Err(LinkError::Refused(cause.to_string()))
            }
            Err(cause) => {
                self.forget(&connection);
                Err(self.lost(cause.as_ref()))
            }
        }
    }

    fn connected(&self) -> Option<Arc<MultiplexedConnection>> {
        self.inner.connection.load_full()
    }

    /// A connection is used no more; one that others made meanwhile stays.
    fn forget(&self, broken: &Arc<MultiplexedConnection>) {
        let none: Option<Arc<MultiplexedConnection>> = None;
        self.inner.connection.compare_and_swap(broken, none);
    }

    /// The connection; a new one if there is none, its rest is over and nobody else connects.
    async fn connection(&self) -> Result<Arc<MultiplexedConnection>, LinkError> {
        if let Some(connection) = self.connected() {
            return Ok(connection);
        }
        self.is_asked_now()?;
        let Ok(_turn) = self.inner.connecting.try_lock() else {
            return Err(LinkError::LeftAlone("it is being connected to".to_owned()));
        };
        self.connect().await
    }

    /// Whether a connection broke of a Redis that is not known to be gone.
    fn is_reconnecting(&self) -> bool {
        self.inner.repeats && self.health().down.is_none()
    }

    /// The connection after one that broke: all that ask in this time wait for the same new one.
    async fn reconnected(&self, time: Duration) -> Result<Arc<MultiplexedConnection>, LinkError> {
        let connecting = async {
            let _turn = self.inner.connecting.lock().await;
            self.is_asked_now()?;
            self.connect().await
        };
        let connected = tokio::time::timeout(time, connecting).await;
        connected.map_err(|_| self.lost(None))?
    }

    /// Whether its rest is over.
    fn is_asked_now(&self) -> Result<(), LinkError> {
        if let Some(down) = self.health().down.filter(|it| Instant::now() < it.until) {
            let left = down.until.saturating_duration_since(Instant::now());
            return Err(LinkError::LeftAlone(format!(
                "it is asked again in {left:.1?}"
            )));
        }
        Ok(())
    }

    /// What another has made meanwhile, or a new one. Only for whoever has the turn.
    async fn connect(&self) -> Result<Arc<MultiplexedConnection>, LinkError> {
        if let Some(connection) = self.connected() {
            return Ok(connection);
        }
        let door = self.door()?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connecting = async {
            let client = door.client().await?;
            client
                .get_multiplexed_async_connection_with_config(&config)
                .await
        };
        match timed(CONNECT, connecting).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                let kept = Some(Arc::clone(&connection));
                self.inner.connection.store(kept);
                Ok(connection)
            }
            Err(cause) => Err(self.lost(cause.as_ref())),
        }
    }

    fn door(&self) -> Result<&Door, LinkError> {
        let door = self.inner.door.as_ref();
        door.map_err(|cause| self.broken(cause))
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        let health = self.inner.health.lock();
        health.unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self) {
        if self.health().down.take().is_some() {
            tracing::info!(address = %self.inner.shown, "{}", self.inner.words.back);
        }
    }

    /// It does not answer: it is left alone for a while, longer each time.
    fn lost(&self, cause: Option<&RedisError>) -> LinkError {
        let cause = cause.map_or_else(
            || format!("no answer within {ANSWER:.1?}"),
            ToString::to_string,
        );
        self.broken(&cause)
    }

    fn broken(&self, cause: &str) -> LinkError {
        self.inner.failures.fetch_add(1, Ordering::Relaxed);
        let most = self.inner.most_rest;
        let before = {
            let mut health = self.health();
            let (before, now) = (health.down, Instant::now());
            // Questions that were under way together fail together: that is one failure.
            if before.is_none_or(|it| it.until <= now) {
                let rest = before.map_or(REST, |it| it.rest * 2).min(most);
                let until = now + rest;
                health.down = Some(Down { until, rest });
            }
            before
        };
        if before.is_none() {
            let words = self.inner.words.lost;
            tracing::warn!(address = %self.inner.shown, %cause, "{words}");
        }
        LinkError::Gone(cause.to_owned())
    }

    /// It answers, and does not do what it is asked; or what it holds is not what was expected.
    pub fn refused(&self, cause: &str) {
        let now = Instant::now();
        let mut health = self.health();
        if health
            .told
            .is_none_or(|it| now.saturating_duration_since(it) >= TOLD)
        {
            health.told = Some(now);
            drop(health);
            let words = self.inner.words.refused;
            tracing::warn!(address = %self.inner.shown, %cause, "{words}");
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Link({})", self.inner.shown)
    }
}

/// Waits so long. None: in vain.
async fn timed<T>(
    time: Duration,
    act: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, Option<RedisError>> {
    match tokio::time::timeout(time, act).await {
        Ok(done) => done.map_err(Some),
        Err(_) => Err(None),
    }
}

/// Whether the connection is of no more use.
fn is_lost(cause: &RedisError) -> bool {
    // One that was the master lets nobody write any more.
    let demoted = cause.code() == Some("READONLY");
    demoted || cause.is_io_error() || cause.is_timeout() || cause.is_unrecoverable_error()
}

/// Whether a connection broke before there was an answer, rather than that none came in time.
fn is_broken(cause: &RedisError) -> bool {
    is_lost(cause) && !cause.is_timeout()
}

#[cfg(test)]
pub mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::config::{Config, Env};

    pub const WORDS: Words = Words {
        lost: "Redis does not answer",
        back: "Redis is back",
        refused: "Redis refuses",
    };

    /// The Redis of the tests, and a namespace of the test's own in it. In CI there must be one.
    pub fn real() -> Option<(RedisAddress, String)> {
        static TESTS: AtomicU32 = AtomicU32::new(0);
        const URL: &str = "SLUICE_TEST_REDIS_URL";
        #[expect(
            clippy::disallowed_methods,
            reason = "where the tests find their server"
        )]
        let (url, in_ci) = (std::env::var(URL), std::env::var("CI").is_ok());
        let Ok(url) = url else {
            assert!(!in_ci, "{URL} is not set, and in CI nothing is left out");
            eprintln!("NOT RUN: {URL} is not set; `cargo xtask test` sets it");
            return None;
        };
        let file = format!("router_settings: {{redis_url: '{url}'}}");
        let (config, _) = Config::parse(&file, Env::default()).unwrap();
        let address = config.shared_redis().unwrap().clone();
        let number = TESTS.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("test[{}*{number}", std::process::id());
        Some((address, namespace))
    }

    /// Has the server cut a link's connection off.
    async fn cut_off(link: &Link, by: &Link) {
        let mut ask = cmd("CLIENT");
        let id: i64 = link.ask(ask.arg("ID")).await.unwrap();
        let mut kill = cmd("CLIENT");
        let killed: i64 = by.ask(kill.arg("KILL").arg("ID").arg(id)).await.unwrap();
        assert_eq!(killed, 1);
    }

    #[tokio::test]
    async fn a_connection_that_broke_costs_nothing_where_what_is_asked_may_be_done_twice() {
        let Some((address, _)) = real() else { return };
        let other = Link::new(&address, WORDS);
        let link = Link::new(&address, WORDS).repeating();
        cut_off(&link, &other).await;
        // Who asks together gets one new connection.
        let ping = cmd("PING");
        let pings = (0..8).map(|_| link.ask::<String>(&ping));
        for pong in futures_util::future::join_all(pings).await {
            assert_eq!(pong.as_deref(), Ok("PONG"));
        }
        assert!(link.is_up() && link.failures() == 0);
        let once = Link::new(&address, WORDS);
        cut_off(&once, &other).await;
        let lost = once.ask::<String>(&ping).await;
        assert!(matches!(lost, Err(LinkError::Gone(_))), "{lost:?}");
    }

    #[tokio::test]
    async fn a_redis_that_is_gone_is_left_alone_and_nobody_waits() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        let address = RedisAddress {
            host: "127.0.0.1".to_owned(),
            port,
            username: None,
            password: None,
            database: 0,
            tls: false,
            sentinels: None,
        };
        let link = Link::new(&address, WORDS);
        assert!(link.ask::<String>(&cmd("PING")).await.is_err());
        let first = link.ask::<String>(&cmd("PING")).await.unwrap_err();
        assert!(first.to_string().contains("asked again in"), "{first}");
        assert!(!link.is_up() && link.failures() == 1);
    }
}
