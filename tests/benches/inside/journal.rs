//! What the journal costs a call: opened and settled, in a file of the target's file system. How
//! rows get to the database is not measured; they are taken away between the measurements.

use std::borrow::Cow;
use std::time::Duration;

use criterion::Criterion;
use sluice::domain::{CallStatus, CostLine, Entity, EntityKind, SpendRow, Usage, Usd};
use sluice::spend::{Batch, Journal, Opened, Settings, Sink, SinkError};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Calls between two visits of the database.
const BATCH: u64 = 1000;

const KEY: &str = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";

/// A database that has room for everything.
struct Endless;

impl Sink for Endless {
    async fn settle(&self, _: Batch<'_>) -> Result<(), SinkError> {
        Ok(())
    }
}

pub fn payers() -> Vec<Entity> {
    vec![
        Entity::new(EntityKind::Key, KEY),
        Entity::new(EntityKind::User, "ann@example.com"),
        Entity::new(EntityKind::Team, "6c0d1f3e-team"),
        Entity::new(EntityKind::TeamMember, "6c0d1f3e-team/ann@example.com"),
        Entity::new(EntityKind::Organization, "example"),
        Entity::new(EntityKind::Proxy, ""),
        Entity::new(EntityKind::Tag, "production"),
    ]
}

pub fn opened<'a>(call_id: &'a str, tags: &'a [String], payers: &'a [Entity]) -> Opened<'a> {
    Opened {
        call_id: call_id.into(),
        operation: "chat".into(),
        started_ms: 1_790_000_000_000,
        key_hash: KEY.into(),
        key_alias: Some("backend".into()),
        user_id: Some("ann@example.com".into()),
        team_id: Some("6c0d1f3e-team".into()),
        organization_id: Some("example".into()),
        end_user: None,
        tags: tags.into(),
        model_group: "gpt-4o".into(),
        payers: payers.into(),
        reserved: Some(Usd::from_pico(5_350_000_000)),
        price_version: "2026-11-20".into(),
        session_id: None,
        client_ip: Some("10.1.2.3".into()),
        user_agent: Some("OpenAI/Python 2.8.1".into()),
        lines: Vec::new(),
    }
}

pub fn row(call: &Opened<'_>) -> SpendRow {
    let text = |it: &Option<Cow<'_, str>>| it.as_deref().map(str::to_owned);
    let usage = Usage {
        input_tokens: 600,
        output_tokens: 200,
        cached_tokens: 512,
        ..Usage::default()
    };
    let line = CostLine {
        deployment: "gpt-4o-7f3a90".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-4o-2024-08-06".to_owned(),
        usage: usage.clone(),
        cost: Some(Usd::from_pico(3_500_000_000)),
        estimated: false,
        of_group: None,
    };
    let mut payers = call.payers.to_vec();
    payers.push(Entity::new(EntityKind::Provider, line.provider.as_str()));
    payers.push(Entity::new(
        EntityKind::Deployment,
        line.deployment.as_str(),
    ));
    SpendRow {
        call_id: call.call_id.to_string(),
        provider_id: Some("chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT".to_owned()),
        operation: call.operation.to_string(),
        status: CallStatus::Success,
        started_ms: call.started_ms,
        first_token_ms: None,
        ended_ms: call.started_ms + 800,
        key_hash: call.key_hash.to_string(),
        key_alias: text(&call.key_alias),
        user_id: text(&call.user_id),
        team_id: text(&call.team_id),
        organization_id: text(&call.organization_id),
        end_user: text(&call.end_user),
        tags: call.tags.to_vec(),
        model_group: call.model_group.to_string(),
        deployment: line.deployment.clone(),
        provider: line.provider.clone(),
        model: line.model.clone(),
        api_base: Some("https://api.openai.com/v1".to_owned()),
        usage,
        cost: line.cost,
        lines: vec![line],
        payers,
        price_version: call.price_version.to_string(),
        cache_hit: false,
        session_id: text(&call.session_id),
        client_ip: text(&call.client_ip),
        user_agent: text(&call.user_agent),
        error: None,
        metadata: None,
        why: None,
    }
}

/// Brings what waits to the database, and waits for the disk.
fn drain(runtime: &Runtime, journal: &Journal) {
    let stop = CancellationToken::new();
    stop.cancel();
    runtime.block_on(journal.run(&Endless, stop));
}

/// The time that `calls` calls take, without what is done between them.
fn time(runtime: &Runtime, journal: &Journal, first: u64, calls: u64) -> Duration {
    let (tags, payers) = (vec!["production".to_owned()], payers());
    let ids = (first..first + calls).map(|it| format!("0f8fad5b-d9cb-469f-a165-{it:012x}"));
    let ids: Vec<String> = ids.collect();
    let calls: Vec<Opened<'_>> = ids.iter().map(|id| opened(id, &tags, &payers)).collect();
    let rows: Vec<SpendRow> = calls.iter().map(row).collect();
    let began = Instant::now();
    for (call, row) in calls.iter().zip(rows) {
        journal.open(call).unwrap();
        journal.settle(row).unwrap();
    }
    let took = began.elapsed();
    drain(runtime, journal);
    took
}

pub fn benches(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (journal, _) = Journal::start(Settings::new(place.path().join("journal"))).unwrap();
    let mut next = 0;
    criterion.bench_function("journal/open and settle", |bench| {
        bench.iter_custom(|calls| {
            let mut took = Duration::ZERO;
            let mut left = calls;
            while left > 0 {
                let some = left.min(BATCH);
                took += time(&runtime, &journal, next, some);
                (next, left) = (next + some, left - some);
            }
            took
        });
    });
}
