//! Answers in a Redis. It may go at any time: then each call goes on without it after a short wait,
//! and it is left alone for a while, so that the next ones do not wait at all.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, cmd, pipe};
use arc_swap::ArcSwapOption;
use tokio::time::Instant;

use super::Unreachable;
use super::entry::Entry;
use super::key::Key;
use crate::config::RedisAddress;
use crate::telemetry::metrics::Metrics;

/// Longest wait for a connection, and for an answer.
const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_millis(500);
/// How long it is left alone after a failure: at first, and at most.
const REST: Duration = Duration::from_millis(500);
const MOST_REST: Duration = Duration::from_secs(15);
/// What it refuses, and what cannot be read, is told once in this time.
const TOLD: Duration = Duration::from_secs(60);
/// Keys that one step of a search looks at.
const SEARCHED: usize = 1_000;

/// A Redis. Clones share their connection.
#[derive(Clone)]
pub struct Redis {
    inner: Arc<Inner>,
}

struct Inner {
    client: Result<Client, String>,
    /// Without user and password.
    shown: String,
    connection: ArcSwapOption<MultiplexedConnection>,
    /// Held by who connects.
    connecting: tokio::sync::Mutex<()>,
    health: Mutex<Health>,
    metrics: Metrics,
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

impl Redis {
    /// Connects with the first use.
    pub fn new(address: &RedisAddress, metrics: Metrics) -> Self {
        let client = url_of(address)
            .ok_or_else(|| "its host is no host".to_owned())
            .and_then(|url| Client::open(url.as_str()).map_err(|it| it.to_string()));
        Self {
            inner: Arc::new(Inner {
                client,
                shown: format!("{}:{}", address.host, address.port),
                connection: ArcSwapOption::empty(),
                connecting: tokio::sync::Mutex::default(),
                health: Mutex::default(),
                metrics,
            }),
        }
    }

    /// `host:port`.
    pub fn shown(&self) -> &str {
        &self.inner.shown
    }

    /// What is kept under each key; nothing if Redis is gone.
    pub async fn get(&self, keys: &[Key]) -> Vec<Option<Arc<Entry>>> {
        let mut command = cmd("MGET");
        for key in keys {
            command.arg(key.as_str());
        }
        let found = self.ask::<Vec<Option<Vec<u8>>>>(&command).await;
        let mut found = found.unwrap_or_default().into_iter();
        let mut read = |_: &Key| {
            let bytes = found.next().flatten()?;
            let read = Entry::decode(&bytes);
            read.inspect_err(|cause| self.refused("corrupt", &cause.to_string()))
                .ok()
                .map(Arc::new)
        };
        keys.iter().map(&mut read).collect()
    }

    /// Keeps answers, each until its own end.
    pub async fn put(&self, entries: &[(Key, Arc<Entry>)]) {
        let mut commands = pipe();
        for (key, entry) in entries {
            let left = entry.expires_ms.saturating_sub(entry.stored_ms).max(1);
            commands.cmd("SET").arg(key.as_str()).arg(entry.encode());
            commands.arg("PX").arg(left).ignore();
        }
        let done = self.use_with(|mut connection| async move {
            commands.query_async::<()>(&mut connection).await
        });
        // It is told and counted where it failed; the answer is just not kept.
        drop(done.await);
    }

    /// Forgets keys; how many there were.
    pub async fn delete(&self, keys: &[Key]) -> Result<u64, Unreachable> {
        let texts: Vec<&str> = keys.iter().map(Key::as_str).collect();
        self.unlink(&texts).await
    }

    /// Forgets every key with this before its colon; how many there were.
    pub async fn clear(&self, prefix: &str) -> Result<u64, Unreachable> {
        let pattern = format!("{}:*", literal(prefix));
        let (mut cursor, mut count) = (0_u64, 0_u64);
        loop {
            let mut command = cmd("SCAN");
            command.arg(cursor).arg("MATCH").arg(&pattern);
            command.arg("COUNT").arg(SEARCHED);
            let (next, keys) = self.ask::<(u64, Vec<String>)>(&command).await?;
            let own = |it: &&String| Key::parse(it, Some(prefix)).is_some();
            let own: Vec<&str> = keys.iter().filter(own).map(String::as_str).collect();
            count = count.saturating_add(self.unlink(&own).await?);
            cursor = next;
            if cursor == 0 {
                return Ok(count);
            }
        }
    }

    pub async fn ping(&self) -> Result<(), Unreachable> {
        self.ask::<String>(&cmd("PING")).await.map(drop)
    }

    /// What `INFO` tells, by name.
    pub async fn info(&self) -> Result<Vec<(String, String)>, Unreachable> {
        let text = self.ask::<String>(&cmd("INFO")).await?;
        let lines = text.lines().filter_map(|it| it.split_once(':'));
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.trim().to_owned());
        Ok(lines.map(pair).collect())
    }

    async fn unlink(&self, keys: &[&str]) -> Result<u64, Unreachable> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.ask::<u64>(cmd("UNLINK").arg(keys)).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Unreachable> {
        self.use_with(
            |mut connection| async move { command.query_async::<T>(&mut connection).await },
        )
        .await
    }

    /// Does something with the connection, and remembers how it went.
    async fn use_with<T, F>(
        &self,
        act: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Unreachable>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let connection = self.connection().await?;
        match timed(ANSWER, act(connection)).await {
            Ok(answer) => {
                self.answered();
                Ok(answer)
            }
            Err(Some(cause)) if !is_lost(&cause) => {
                self.refused("refused", &cause.to_string());
                Err(Unreachable(cause.to_string()))
            }
            Err(cause) => {
                self.inner.connection.store(None);
                Err(self.lost(cause.as_ref()))
            }
        }
    }

    /// The connection; a new one if there is none, its rest is over and nobody else connects.
    async fn connection(&self) -> Result<MultiplexedConnection, Unreachable> {
        let inner = &self.inner;
        let connected = || inner.connection.load().as_deref().cloned();
        if let Some(connection) = connected() {
            return Ok(connection);
        }
        if let Some(down) = self.health().down.filter(|it| Instant::now() < it.until) {
            let left = down.until.saturating_duration_since(Instant::now());
            return Err(Unreachable(format!("it is asked again in {left:.1?}")));
        }
        let client = inner.client.as_ref();
        let client = client.map_err(|cause| self.broken(cause))?;
        let Ok(_turn) = inner.connecting.try_lock() else {
            return Err(Unreachable("it is being connected to".to_owned()));
        };
        if let Some(connection) = connected() {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connecting = client.get_multiplexed_async_connection_with_config(&config);
        match timed(CONNECT, connecting).await {
            Ok(connection) => {
                inner.connection.store(Some(Arc::new(connection.clone())));
                Ok(connection)
            }
            Err(cause) => Err(self.lost(cause.as_ref())),
        }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        let health = self.inner.health.lock();
        health.unwrap_or_else(PoisonError::into_inner)
    }

    fn answered(&self) {
        if self.health().down.take().is_some() {
            tracing::info!(address = %self.inner.shown, "Redis is back: answers are kept again");
        }
    }

    /// It does not answer: it is left alone for a while, longer each time.
    fn lost(&self, cause: Option<&RedisError>) -> Unreachable {
        let cause = cause.map_or_else(
            || format!("no answer within {ANSWER:.1?}"),
            ToString::to_string,
        );
        self.broken(&cause)
    }

    fn broken(&self, cause: &str) -> Unreachable {
        self.inner.metrics.cache_failure("unreachable");
        let before = {
            let mut health = self.health();
            let before = health.down;
            let rest = before.map_or(REST, |it| (it.rest * 2).min(MOST_REST));
            let until = Instant::now() + rest;
            health.down = Some(Down { until, rest });
            before
        };
        if before.is_none() {
            tracing::warn!(
                address = %self.inner.shown, %cause,
                "Redis does not answer: calls go on without kept answers until it is back"
            );
        }
        Unreachable(cause.to_owned())
    }

    /// It answers, and does not do what it is asked; or what it holds is not ours.
    fn refused(&self, what: &'static str, cause: &str) {
        self.inner.metrics.cache_failure(what);
        let now = Instant::now();
        let mut health = self.health();
        if health
            .told
            .is_none_or(|it| now.saturating_duration_since(it) >= TOLD)
        {
            health.told = Some(now);
            drop(health);
            tracing::warn!(address = %self.inner.shown, %cause, "Redis gave no kept answer");
        }
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
    cause.is_io_error() || cause.is_timeout() || cause.is_unrecoverable_error()
}

fn url_of(address: &RedisAddress) -> Option<url::Url> {
    let scheme = if address.tls { "rediss" } else { "redis" };
    let (host, port) = (&address.host, address.port);
    let bare = host.contains(':') && !host.starts_with('[');
    let host = if bare {
        format!("[{host}]")
    } else {
        host.clone()
    };
    let text = format!("{scheme}://{host}:{port}/{}", address.database);
    let mut url = url::Url::parse(&text).ok()?;
    // A percent sign would be read as the beginning of an escaped letter.
    let plain = |text: &str| text.replace('%', "%25");
    let username = address.username.as_deref().map(plain);
    let password = address.password.as_ref().map(|it| plain(it.reveal()));
    url.set_username(&username.unwrap_or_default()).ok()?;
    url.set_password(password.as_deref()).ok()?;
    Some(url)
}

/// A text as a pattern that only it matches.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '^' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
