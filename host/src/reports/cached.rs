//! `/global/activity/cache_hits`: what the cache answered, beside what was asked in all.

use std::collections::BTreeMap;

use futures_util::TryFutureExt as _;
use serde_json::{Value, json};

use super::ask::{Asked, Input};
use super::fault::store;
use super::sums::{MOST_GROUPS, Whose, endpoint};
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::{EntityKind, call_type};
use crate::store::Dimension;

/// What LiteLLM calls all keys without an alias.
const UNNAMED: &str = "Unnamed Key";

/// Operations that a LiteLLM counts by their paths.
const BY_PATH: [&str; 13] = [
    "chat",
    "completions",
    "embeddings",
    "responses",
    "messages",
    "rerank",
    "moderations",
    "audio.speech",
    "audio.transcribe",
    "audio.translate",
    "images.generate",
    "images.edit",
    "images.vary",
];

/// LiteLLM's word for an operation. Sums that were brought from a LiteLLM have its path instead.
fn kind(operation: &str) -> &str {
    let bare = operation.strip_prefix("/v1").unwrap_or(operation);
    let mut all = BY_PATH.into_iter();
    let found = all.find(|it| [operation, bare].contains(&endpoint(it)));
    call_type(found.unwrap_or(operation))
}

/// Calls of one key, call type and model.
#[derive(Debug, Clone, Copy, Default)]
struct Calls {
    all: i64,
    output_tokens: i64,
    cached: i64,
    cached_tokens: i64,
}

/// `GET /global/activity/cache_hits`: by key, LiteLLM's call type and the provider's model.
pub(super) async fn hits(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["start_date", "end_date"])?;
    reports.need_all(caller)?;
    let days = asked.days()?;
    let by = [Dimension::Key, Dimension::Operation, Dimension::Model];
    let all = Whose::of(EntityKind::Key);
    let filter = days.filter();
    let cached = reports.store.cached_calls(&filter).map_err(store);
    let all = reports.top(&all, days, &by, MOST_GROUPS);
    let (all, cached) = futures_util::try_join!(all, cached)?;
    let hashes = all.iter().filter_map(|row| row.values.first());
    let hashes = hashes.chain(cached.iter().map(|it| &it.key_hash));
    let keys = reports.keys(hashes.map(String::as_str)).await?;
    let name = |hash: &str| keys.alias(hash).unwrap_or(UNNAMED).to_owned();
    let mut groups: BTreeMap<(String, String, String), Calls> = BTreeMap::new();
    for row in all {
        if let [key, operation, model] = row.values.as_slice() {
            let group = (name(key), kind(operation).to_owned(), model.clone());
            let calls = groups.entry(group).or_default();
            calls.all = calls.all.saturating_add(row.sums.requests);
            calls.output_tokens = calls.output_tokens.saturating_add(row.sums.output_tokens);
        }
    }
    for it in cached {
        let group = (name(&it.key_hash), kind(&it.operation).to_owned(), it.model);
        // Of a group that was too cheap to be among the sums.
        let Some(calls) = groups.get_mut(&group) else {
            continue;
        };
        calls.cached = calls.cached.saturating_add(it.calls);
        calls.cached_tokens = calls.cached_tokens.saturating_add(it.output_tokens);
    }
    let rows = groups.into_iter().map(|((key, call_type, model), calls)| {
        let generated = calls.output_tokens.saturating_sub(calls.cached_tokens);
        json!({
            "api_key": key,
            "call_type": call_type,
            "model": model,
            "total_rows": calls.all,
            "cache_hit_true_rows": calls.cached,
            "cached_completion_tokens": calls.cached_tokens,
            "generated_completion_tokens": generated.max(0),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}
