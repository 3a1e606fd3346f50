//! Calls of a hundred days, with their sums, written by the database itself.

use super::holders::Holder;
use super::now_ms;
use super::raw::Open;

/// Days that the calls are of, up to today.
pub const DAYS: i64 = 100;
/// Rows of one statement.
const STATEMENT: u64 = 1_000_000;

/// One of four models, of two providers.
const MODEL: &str = "CASE h / 1000 % 4 WHEN 0 THEN 'gpt-4o' WHEN 1 THEN 'gpt-4o-mini'
    WHEN 2 THEN 'claude-sonnet' ELSE 'claude-haiku' END";
const PROVIDER: &str = "CASE WHEN h / 1000 % 4 < 2 THEN 'openai' ELSE 'anthropic' END";

pub async fn fill(database: &Open, holders: &[Holder], rows: u64) {
    callers(database, holders).await;
    let indexes = database.without_indexes("spend_rows").await;
    for from in (0..rows).step_by(usize::try_from(STATEMENT).unwrap()) {
        let until = (from + STATEMENT).min(rows);
        database.run(&statement(database, from, until, rows)).await;
    }
    for index in indexes {
        database.run(&index).await;
    }
    sums(database).await;
    database.run("DROP TABLE sluice.bench_callers").await;
}

/// The keys that call, by number.
async fn callers(database: &Open, holders: &[Holder]) {
    database
        .run(
            "CREATE TABLE sluice.bench_callers (number BIGINT PRIMARY KEY, key_hash TEXT, user_id TEXT,
                 team_id TEXT, organization_id TEXT)",
        )
        .await;
    for (number, it) in holders.iter().enumerate() {
        database
            .run(&format!(
                "INSERT INTO sluice.bench_callers VALUES ({number}, '{}', '{}', '{}', '{}')",
                it.hash, it.user, it.team, it.organization
            ))
            .await;
    }
}

fn statement(database: &Open, from: u64, until: u64, rows: u64) -> String {
    let (series, hex) = if database.is_postgres() {
        (
            format!("SELECT n FROM generate_series({from}::bigint, {until} - 1) AS s(n)"),
            "lpad(to_hex(n), 32, '0')",
        )
    } else {
        (
            format!(
                "SELECT n FROM (WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL
                     SELECT n + 1 FROM s WHERE n < {until} - 1) SELECT n FROM s)"
            ),
            "printf('%032x', n)",
        )
    };
    let (begin, step) = span(rows);
    format!(
        "INSERT INTO sluice.spend_rows (call_id, started_ms, ended_ms, first_token_ms, provider_id,
             operation, status, key_hash, key_alias, user_id, team_id, organization_id, end_user,
             tags, model_group, deployment, provider, model, input_tokens, output_tokens,
             cost_pico, cache_hit, session_id, doc)
         SELECT {hex}, started, started + 900, started + 200, 'chatcmpl-' || {hex},
             'chat', CASE WHEN h % 50 = 0 THEN 'failure' ELSE 'success' END, c.key_hash,
             'key of a service', c.user_id, c.team_id, c.organization_id,
             'customer-' || (h % 10000), '[\"tag-' || (h % 10) || '\"]', {MODEL},
             'deployment-' || (h / 1000 % 4), {PROVIDER}, {MODEL}, 200 + h % 100, 100 + h % 200,
             1000000000 + h, CASE WHEN h % 10 = 1 THEN 1 ELSE 0 END, NULL,
             '{{\"usage\":{{\"input_tokens\":' || (200 + h % 100) || ',\"output_tokens\":'
                 || (100 + h % 200) || ',\"cached_tokens\":0,\"cache_write_tokens\":0,'
                 || '\"reasoning_tokens\":0,\"reported_cost_usd\":null}},\"payers\":[\"key\",'
                 || '\"user\",\"team\",\"organization\",\"proxy\",\"end_user\",\"tag\",'
                 || '\"provider\",\"deployment\"],\"price_version\":\"2026-11-01\",'
                 || '\"api_base\":\"https://api.example.com/v1\",\"client_ip\":\"10.0.0.7\"'
                 || CASE WHEN h % 100 = 0 THEN
                     ',\"error\":{{\"status\":429,\"kind\":\"rate-limit\",\"message\":\"slow down\"}}'
                     ELSE '' END || '}}'
         FROM (SELECT n, h, {begin} + n * {step} / 1000 AS started FROM (
             SELECT n, n * 2654435761 % 4294967296 / 1024 AS h FROM ({series}) AS a) AS b) AS d
         JOIN sluice.bench_callers c ON c.number = h % 1000"
    )
}

/// When the calls begin, and microseconds between two.
fn span(rows: u64) -> (i64, i64) {
    let whole = DAYS * 86_400_000;
    let rows = i64::try_from(rows).unwrap();
    (now_ms() - whole, whole.saturating_mul(1000) / rows.max(1))
}

/// Sums by day and accounts, as settling makes them: one day after the other.
async fn sums(database: &Open) {
    let numbers = "SUM(input_tokens), SUM(output_tokens), 0, 0,
        CAST(SUM(cost_pico) AS BIGINT) / 1000000000000,
        CAST(SUM(cost_pico) AS BIGINT) % 1000000000000, COUNT(*),
        SUM(CASE status WHEN 'success' THEN 1 ELSE 0 END),
        SUM(CASE status WHEN 'success' THEN 0 ELSE 1 END)";
    let what = "model_group, model, provider, operation";
    let tag = "substr(tags, 3, length(tags) - 4)";
    for (kind, id, key) in [
        ("key", "key_hash", "key_hash"),
        ("user", "user_id", "key_hash"),
        ("team", "team_id", "key_hash"),
        ("organization", "organization_id", "key_hash"),
        ("end_user", "end_user", "key_hash"),
        ("tag", tag, "key_hash"),
        ("proxy", "''", "''"),
        ("provider", "provider", "''"),
        ("deployment", "deployment", "''"),
    ] {
        database
            .run(&format!(
                "INSERT INTO sluice.rollups
                 SELECT '{kind}', the_day, the_id, the_key, {what}, {numbers} FROM (
                     SELECT {id} AS the_id, started_ms / 86400000 AS the_day, {key} AS the_key,
                         {what}, input_tokens, output_tokens, cost_pico, status
                     FROM sluice.spend_rows) AS a
                 GROUP BY the_id, the_day, the_key, {what} ORDER BY the_day"
            ))
            .await;
    }
    for span in ["total", "whole"] {
        database
            .run(&format!(
                "INSERT INTO sluice.accounts (kind, id, span, spent_usd, spent_pico)
                 SELECT kind, id, '{span}',
                     CAST(SUM(spent_usd) AS BIGINT)
                         + CAST(SUM(spent_pico) AS BIGINT) / 1000000000000,
                     CAST(SUM(spent_pico) AS BIGINT) % 1000000000000
                 FROM sluice.rollups WHERE TRUE GROUP BY kind, id
                 ON CONFLICT (kind, id, span) DO UPDATE SET
                 spent_usd = excluded.spent_usd, spent_pico = excluded.spent_pico"
            ))
            .await;
    }
    coarser(database).await;
}

/// The coarser sums of customers, which settling writes beside the others.
async fn coarser(database: &Open) {
    let nothing = "'', '', '', ''";
    let what = "model_group, model, provider, operation";
    for (kind, id, what, by) in [
        ("end_user_days", "id", nothing, "day, id, key_hash"),
        (
            "end_users",
            "''",
            what,
            "day, key_hash, model_group, model, provider, operation",
        ),
    ] {
        database
            .run(&format!(
                "INSERT INTO sluice.rollups
                 SELECT '{kind}', day, {id}, key_hash, {what},
                     CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT), 0, 0,
                     CAST(SUM(spent_usd) AS BIGINT)
                         + CAST(SUM(spent_pico) AS BIGINT) / 1000000000000,
                     CAST(SUM(spent_pico) AS BIGINT) % 1000000000000,
                     CAST(SUM(requests) AS BIGINT), CAST(SUM(successes) AS BIGINT),
                     CAST(SUM(failures) AS BIGINT)
                 FROM sluice.rollups WHERE kind = 'end_user' GROUP BY {by} ORDER BY day"
            ))
            .await;
    }
}
