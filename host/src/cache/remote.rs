//! Answers in a Redis. It may go at any time: then each call goes on without it after a short wait,
//! and it is left alone for a while, so that the next ones do not wait at all.

use std::sync::Arc;

use super::Unreachable;
use super::entry::Entry;
use super::key::Key;
use crate::config::RedisAddress;
use crate::redis_link::{Cmd, FromRedisValue, Link, LinkError, Words, cmd, pipe};
use crate::telemetry::metrics::Metrics;

const WORDS: Words = Words {
    lost: "Redis does not answer: calls go on without kept answers until it is back",
    back: "Redis is back: answers are kept again",
    refused: "Redis gave no kept answer",
};

/// Keys that one step of a search looks at.
const SEARCHED: usize = 1_000;

/// A Redis. Clones share their connection.
#[derive(Clone)]
pub struct Redis {
    link: Link,
    metrics: Metrics,
}

impl Redis {
    /// Connects with the first use.
    pub fn new(address: &RedisAddress, metrics: Metrics) -> Self {
        Self {
            // What is read, kept or forgotten twice is the same as once.
            link: Link::new(address, WORDS).repeating(),
            metrics,
        }
    }

    /// `host:port`.
    pub fn shown(&self) -> &str {
        self.link.shown()
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
            read.inspect_err(|cause| self.corrupt(&cause.to_string()))
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
        // It is told and counted where it failed; the answer is just not kept.
        let done = self.link.ask_all::<()>(&commands).await;
        drop(done.map_err(|cause| self.failed(&cause)));
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
        let asked = self.link.ask(command).await;
        asked.map_err(|cause| self.failed(&cause))
    }

    fn failed(&self, cause: &LinkError) -> Unreachable {
        match cause {
            LinkError::Gone(_) => self.metrics.cache_failure("unreachable"),
            LinkError::Refused(_) => self.metrics.cache_failure("refused"),
            LinkError::LeftAlone(_) => {}
        }
        Unreachable(cause.to_string())
    }

    /// What it holds is not ours.
    fn corrupt(&self, cause: &str) {
        self.metrics.cache_failure("corrupt");
        self.link.refused(cause);
    }
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
