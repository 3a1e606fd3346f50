//! What waits to be told, from one batch to the next.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sluice_records::ids;
use sluice_sdk::kv;

use crate::notice::Notice;
use crate::settings::Settings;

/// Lines that are kept apart; what is more is only counted.
const MOST_LINES: usize = 100;
const DAY: u64 = 86_400;
/// Seconds without a request after the webhook has refused a message.
const SILENCE: u64 = 600;
/// The longest that the host keeps a value.
const KEPT: u32 = 86_400;

/// One line of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub count: u64,
    pub why: String,
}

#[derive(Debug, Default)]
pub struct Board {
    key: String,
    pub lines: BTreeMap<String, Line>,
    /// Notices beyond [`MOST_LINES`].
    pub others: u64,
    /// When the last message went, in seconds since 1970.
    last: u64,
    /// Messages of the day that began then.
    of_day: u64,
    day: u64,
    /// What was told today and is not told again.
    told: Vec<String>,
    silent_until: u64,
}

impl Board {
    /// The one of the callback with these settings.
    pub fn load(config: &Value) -> Self {
        let key = format!("board.{}", ids::digits(&[&config.to_string()]));
        let kept = kv::get(&key).and_then(|it| serde_json::from_slice(&it).ok());
        let kept: Value = kept.unwrap_or_default();
        let number = |name: &str| kept[name].as_u64().unwrap_or(0);
        let lines = kept["lines"].as_object().into_iter().flatten();
        let told = kept["told"].as_array().into_iter().flatten();
        Self {
            lines: lines
                .map(|(what, line)| {
                    let line = Line {
                        count: line["count"].as_u64().unwrap_or(1),
                        why: line["why"].as_str().unwrap_or_default().to_owned(),
                    };
                    (what.clone(), line)
                })
                .collect(),
            told: told.filter_map(Value::as_str).map(str::to_owned).collect(),
            others: number("others"),
            last: number("last"),
            of_day: number("of_day"),
            day: number("day"),
            silent_until: number("silent_until"),
            key,
        }
    }

    pub fn keep(&self) {
        let lines: BTreeMap<&String, Value> = self
            .lines
            .iter()
            .map(|(what, line)| (what, json!({"count": line.count, "why": line.why})))
            .collect();
        let kept = json!({
            "lines": lines, "others": self.others, "last": self.last,
            "of_day": self.of_day, "day": self.day, "told": self.told,
            "silent_until": self.silent_until
        });
        kv::set(&self.key, kept.to_string().as_bytes(), KEPT);
    }

    pub fn add(&mut self, notice: Notice, now: u64) {
        self.begin_day(now);
        if notice.is_daily {
            if self.told.contains(&notice.what) || self.told.len() >= MOST_LINES {
                return;
            }
            self.told.push(notice.what.clone());
        }
        let has_room = self.lines.len() < MOST_LINES || self.lines.contains_key(&notice.what);
        if !has_room {
            self.others += 1;
            return;
        }
        let line = self.lines.entry(notice.what).or_insert(Line {
            count: 0,
            why: String::new(),
        });
        line.count += 1;
        line.why = notice.why;
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.others == 0
    }

    /// Whether a message may go now.
    pub fn is_due(&mut self, now: u64, settings: &Settings) -> bool {
        self.begin_day(now);
        let next = self.last.saturating_add(settings.min_interval);
        now >= next.max(self.silent_until) && self.of_day < settings.max_per_day
    }

    pub fn sent(&mut self, now: u64) {
        self.lines.clear();
        self.others = 0;
        self.last = now;
        self.of_day += 1;
    }

    /// Nothing is sent for a while; what waits goes on waiting.
    pub fn silence(&mut self, now: u64) {
        self.silent_until = now.saturating_add(SILENCE);
    }

    fn begin_day(&mut self, now: u64) {
        let day = now / DAY;
        if day != self.day {
            self.day = day;
            self.of_day = 0;
            self.told.clear();
        }
    }
}
