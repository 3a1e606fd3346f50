//! The count of limits, in Redis: two scripts, so that nothing happens between a look and a grant.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::Shared;
use super::words::Word;
use crate::limits::{Ask, Back, Given, Held, LimitType, Pool, Scope};
use crate::redis_link::{Cmd, cmd};

const TAKE: &str = include_str!("take.lua");
const RENEW: &str = include_str!("renew.lua");

/// How long places among the calls at once are held by a process that does not say so again: after
/// this a killed replica's are free.
pub const HOLD: Duration = Duration::from_secs(10);

/// Lua counts in floats, which are exact below 2^53.
const MOST: u64 = 1 << 50;

/// One answer of the script.
type Row = (u8, u64, u64, i64, i64);

impl Shared {
    pub(super) fn limit_key(&self, scope: &Scope, limit_type: LimitType) -> String {
        self.key("limit", &Word::wanted(scope, limit_type).text())
    }

    fn script(&self, text: &str, keys: &[String]) -> Cmd {
        let mut command = cmd("EVAL");
        command.arg(text).arg(keys.len()).arg(keys);
        command.arg(&self.inner.replica);
        command.arg(u64::try_from(HOLD.as_millis()).unwrap_or(u64::MAX));
        command
    }

    async fn grant(&self, asks: &[Ask]) -> Option<Vec<Given>> {
        if asks.is_empty() {
            return Some(Vec::new());
        }
        let key = |it: &Ask| self.limit_key(&it.scope, it.limit_type);
        let keys: Vec<String> = asks.iter().map(key).collect();
        let mut command = self.script(TAKE, &keys);
        command.arg(self.channel());
        for ask in asks {
            let window = Ask::window_ms(ask.limit_type).unwrap_or(0);
            command.arg(window).arg(ask.limit.min(MOST));
            command.arg(ask.need.min(MOST)).arg(ask.owed.min(MOST));
            command.arg(ask.used.min(MOST));
            command.arg(ask.began.map(|it| it.to_string()).unwrap_or_default());
            command.arg(ask.numbers.0).arg(ask.numbers.1);
            command.arg(Word::wanted(&ask.scope, ask.limit_type).text());
        }
        // Windows end by our clock as if the answer had come at once: rather too early.
        let sent_ms = super::now_ms();
        let rows: Vec<Row> = self.inner.link.ask(&command).await.ok()?;
        if rows.len() != asks.len() {
            return None;
        }
        let given = |(met, granted, left, began, runs_ms): Row| Given {
            enough: met == 1,
            granted,
            left,
            began,
            ends_ms: sent_ms.saturating_add(runs_ms),
        };
        Some(rows.into_iter().map(given).collect())
    }

    async fn tell(&self, held: &[Held], back: &[Back]) -> bool {
        let mut keys = Vec::new();
        let mut told = Vec::new();
        let places = LimitType::MaxParallelRequests;
        for it in held {
            keys.push(self.limit_key(&it.scope, places));
            told.push(json!({"hold": it.numbers}));
        }
        for it in back {
            match it {
                Back::Window {
                    scope,
                    limit_type,
                    began,
                    unused,
                } => {
                    keys.push(self.limit_key(scope, *limit_type));
                    told.push(json!({"began": began, "unused": unused.min(&MOST)}));
                }
                Back::Places { scope, numbers } => {
                    keys.push(self.limit_key(scope, places));
                    told.push(json!({"drop": numbers}));
                }
            }
        }
        if keys.is_empty() {
            return true;
        }
        let mut command = self.script(RENEW, &keys);
        for it in told {
            command.arg(it.to_string());
        }
        self.inner.link.ask::<u8>(&command).await.is_ok()
    }
}

impl Pool for Shared {
    fn take<'a>(&'a self, asks: &'a [Ask]) -> BoxFuture<'a, Option<Vec<Given>>> {
        self.grant(asks).boxed()
    }

    fn renew<'a>(&'a self, held: &'a [Held], back: &'a [Back]) -> BoxFuture<'a, bool> {
        self.tell(held, back).boxed()
    }

    fn is_there(&self) -> bool {
        self.inner.link.is_up()
    }

    fn processes(&self) -> u64 {
        self.replicas()
    }
}
