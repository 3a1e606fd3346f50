//! The journal against kills, torn and flipped bytes, a full disk, and a database that fails.

mod disk;
mod frames;
mod kill;
mod outage;
mod pending;
mod restart;

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Mutex;

use super::{
    Batch, Journal, JournalError, Mark, Opened, Recovered, Settings, Sink, SinkError, ToppedUp,
};
use crate::domain::{CallStatus, CostLine, Entity, EntityKind, SpendRow, Usage, Usd};

pub fn payers(call: u64) -> Vec<Entity> {
    vec![
        Entity::new(EntityKind::Key, format!("key-{}", call % 3)),
        Entity::new(EntityKind::Team, "t"),
    ]
}

pub fn opened(call_id: &str, call: u64, reserved: i128) -> Opened<'static> {
    Opened {
        call_id: call_id.to_owned().into(),
        operation: "chat".into(),
        started_ms: 1_000,
        key_hash: "hash".into(),
        key_alias: None,
        user_id: Some("u".into()),
        team_id: Some("t".into()),
        organization_id: None,
        end_user: None,
        tags: vec!["blue".to_owned()].into(),
        model_group: "gpt-4o".into(),
        payers: payers(call).into(),
        reserved: Some(Usd::from_pico(reserved)),
        price_version: "2026-01".into(),
        session_id: None,
        client_ip: Some("10.0.0.1".into()),
        user_agent: None,
        lines: Vec::new(),
    }
}

pub fn line(cost: i128) -> CostLine {
    CostLine {
        deployment: "d".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-4o".to_owned(),
        usage: Usage {
            input_tokens: 7,
            ..Usage::default()
        },
        cost: Some(Usd::from_pico(cost)),
        estimated: false,
        of_group: None,
    }
}

pub fn row(call_id: &str, call: u64, cost: i128) -> SpendRow {
    let mut row = opened(call_id, call, cost).interrupted(2_000);
    row.status = CallStatus::Success;
    row.error = None;
    row.lines = vec![line(cost)];
    row
}

pub fn topped_up(call_id: &str, reserved: i128, lines: Vec<CostLine>) -> ToppedUp {
    ToppedUp {
        call_id: call_id.to_owned(),
        reserved: Some(Usd::from_pico(reserved)),
        payers: vec![Entity::new(EntityKind::Provider, "openai")],
        lines,
    }
}

/// Small files, small batches, no waiting.
pub fn settings(directory: &Path) -> Settings {
    Settings {
        batch_rows: 4,
        segment_bytes: 4096,
        ..Settings::new(directory.join("journal"))
    }
}

pub fn start(directory: &Path) -> (Journal, Recovered) {
    start_with(settings(directory))
}

/// Starts a journal that this process has just closed. Another test's child holds every lock of
/// the process between its fork and its exec, so the lock is waited for.
pub fn start_with(settings: Settings) -> (Journal, Recovered) {
    loop {
        match Journal::start(settings.clone()) {
            Err(JournalError::InUse { .. }) => std::thread::yield_now(),
            started => return started.unwrap(),
        }
    }
}

pub fn call(journal: &Journal, call_id: &str, number: u64, cost: i128) -> Mark {
    journal.open(&opened(call_id, number, 500)).unwrap();
    journal.settle(row(call_id, number, cost)).unwrap()
}

/// What the database does with one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Stores,
    /// It stores, but its answer does not arrive.
    Forgets,
    IsDown,
    Hangs,
}

/// A database in memory, by the rules of [`Sink::settle`].
#[derive(Debug, Default)]
pub struct Database {
    pub tables: Mutex<Tables>,
    /// What it does with the next batches; then it stores.
    pub script: Mutex<VecDeque<Answer>>,
    /// Calls whose row it refuses.
    pub refused: Vec<String>,
}

#[derive(Debug, Default, Clone)]
pub struct Tables {
    pub rows: HashMap<String, SpendRow>,
    pub sums: HashMap<Entity, Usd>,
    pub marks: HashMap<String, Mark>,
    pub batches: usize,
    /// Rows that came though they were there.
    pub repeated: usize,
}

impl Database {
    pub fn scripted(answers: &[Answer]) -> Self {
        Self {
            script: Mutex::new(answers.iter().copied().collect()),
            ..Self::default()
        }
    }

    pub fn read(&self) -> Tables {
        self.tables.lock().unwrap().clone()
    }

    pub fn mark(&self, journal: &Journal) -> Mark {
        let tables = self.tables.lock().unwrap();
        tables.marks.get(journal.id()).copied().unwrap_or_default()
    }
}

impl Sink for Database {
    async fn settle(&self, batch: Batch<'_>) -> Result<(), SinkError> {
        let next = self.script.lock().unwrap().pop_front();
        let answer = next.unwrap_or(Answer::Stores);
        match answer {
            Answer::IsDown => return Err(SinkError::Unavailable("down".to_owned())),
            Answer::Hangs => std::future::pending().await,
            Answer::Stores | Answer::Forgets => {}
        }
        let bad = |row: &SpendRow| self.refused.contains(&row.call_id);
        if batch.rows.iter().any(bad) {
            return Err(SinkError::Rejected("too long".to_owned()));
        }
        let mut tables = self.tables.lock().unwrap();
        tables.batches += 1;
        for row in batch.rows {
            if tables.rows.contains_key(&row.call_id) {
                tables.repeated += 1;
                continue;
            }
            tables.rows.insert(row.call_id.clone(), row.clone());
            for payer in &row.payers {
                *tables.sums.entry(payer.clone()).or_default() += row.cost.unwrap_or_default();
            }
        }
        let mark = tables.marks.entry(batch.journal.to_owned()).or_default();
        *mark = batch.through.max(*mark);
        match answer {
            Answer::Forgets => Err(SinkError::Unavailable("connection lost".to_owned())),
            _ => Ok(()),
        }
    }
}

/// What all payers together owe, by the sums.
pub fn total(sums: &HashMap<Entity, Usd>) -> Usd {
    sums.values().copied().sum()
}
