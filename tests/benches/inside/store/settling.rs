//! How fast calls are booked, in a database that holds the others.

use std::time::Instant;

use sluice::domain::{CallStatus, CostLine, Entity, EntityKind, SpendRow, Usage, Usd};
use sluice::store::Store;

use super::holders::Holder;
use super::now_ms;

/// Calls that are booked.
const CALLS: u64 = 50_000;
/// Calls of one transaction: what a busy gateway brings at once.
const BATCHES: [usize; 3] = [1_000, 5_000, 10_000];

pub async fn rows(store: &Store, holders: &[Holder]) {
    println!(
        "\n| calls booked, 8 payers each, 1,000 keys and 4 models | calls/s | own CPU |\n|---|---|---|"
    );
    for (run, batch) in (0u64..).zip(BATCHES) {
        let first = (run + 1) * 1_000_000_000;
        let rows: Vec<SpendRow> = (first..first + CALLS).map(|n| call(n, holders)).collect();
        let (begun, before) = (Instant::now(), cpu_seconds());
        for some in rows.chunks(batch) {
            let settled = store.settle(some).await.unwrap();
            assert_eq!(settled.booked, some.len());
        }
        let rate = CALLS as f64 / begun.elapsed().as_secs_f64();
        let each = (cpu_seconds() - before) / CALLS as f64 * 1e6;
        println!("| {batch} a transaction | {rate:.0} | {each:.0} us a call |");
    }
}

/// Processor time of this process, which a busy machine hardly disturbs: with SQLite all there is.
fn cpu_seconds() -> f64 {
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11);
    let times = fields.take(2).map(|it| it.parse::<f64>().unwrap());
    times.sum::<f64>() / TICKS
}

/// A call of a usual key.
fn call(number: u64, holders: &[Holder]) -> SpendRow {
    // Nothing stands side by side that came side by side.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let at = |count: usize| usize::try_from(mixed).unwrap() % count;
    let it = &holders[at(holders.len())];
    let models = [
        ("gpt-4o", "openai"),
        ("gpt-4o-mini", "openai"),
        ("claude-sonnet", "anthropic"),
        ("claude-haiku", "anthropic"),
    ];
    let (model, provider) = models[at(holders.len() * 4) / holders.len()];
    let deployment = format!("deployment-{model}");
    let usage = Usage {
        input_tokens: 200,
        output_tokens: 100,
        ..Usage::default()
    };
    let cost = Some(Usd::from_pico(1_234_567_890));
    let payers = [
        (EntityKind::Key, it.hash.clone()),
        (EntityKind::User, it.user.clone()),
        (EntityKind::Team, it.team.clone()),
        (EntityKind::Organization, it.organization.clone()),
        (EntityKind::TeamMember, format!("{}/{}", it.team, it.user)),
        (EntityKind::Proxy, String::new()),
        (EntityKind::Provider, provider.to_owned()),
        (EntityKind::Deployment, deployment.clone()),
    ];
    SpendRow {
        call_id: format!(
            "{:016x}{:016x}",
            mixed.wrapping_mul(0xff51_afd7_ed55_8ccd),
            number
        ),
        provider_id: Some(format!("chatcmpl-{number}")),
        operation: "chat".to_owned(),
        status: CallStatus::Success,
        started_ms: now_ms(),
        first_token_ms: Some(now_ms()),
        ended_ms: now_ms(),
        key_hash: it.hash.clone(),
        key_alias: Some("key of a service".to_owned()),
        user_id: Some(it.user.clone()),
        team_id: Some(it.team.clone()),
        organization_id: Some(it.organization.clone()),
        end_user: None,
        tags: Vec::new(),
        model_group: model.to_owned(),
        deployment: deployment.clone(),
        provider: provider.to_owned(),
        model: model.to_owned(),
        api_base: Some("https://api.example.com/v1".to_owned()),
        usage: usage.clone(),
        cost,
        lines: vec![CostLine {
            deployment,
            provider: provider.to_owned(),
            model: model.to_owned(),
            usage,
            cost,
            estimated: false,
            of_group: None,
        }],
        payers: payers.map(|(kind, id)| Entity::new(kind, id)).to_vec(),
        price_version: "2026-11-01".to_owned(),
        cache_hit: false,
        session_id: None,
        client_ip: Some("10.0.0.7".to_owned()),
        user_agent: Some("client/1.0".to_owned()),
        error: None,
        metadata: None,
        why: None,
    }
}
