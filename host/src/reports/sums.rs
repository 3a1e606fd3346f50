//! Sums of usage in LiteLLM's words, and the questions to the store that make them.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Reports;
use super::ask::Days;
use super::fault::store;
use crate::domain::{EntityKind, Fault, Usd};
use crate::store::{Dimension, UsageFilter, UsageRow, UsageSums};

/// Groups of one answer that have as many values as clients like: the most expensive are shown.
pub(super) const MOST_GROUPS: u32 = 10_000;

/// The path of an operation, as LiteLLM names what was called. What came from a LiteLLM is named by
/// its path already.
pub(super) fn endpoint(operation: &str) -> &str {
    match operation {
        "chat" => "/chat/completions",
        "completions" => "/completions",
        "embeddings" => "/embeddings",
        "responses" => "/responses",
        "responses.get" | "responses.delete" => "/responses/{response_id}",
        "responses.cancel" => "/responses/{response_id}/cancel",
        "responses.input_items" => "/responses/{response_id}/input_items",
        "messages" => "/v1/messages",
        "count-tokens" => "/v1/messages/count_tokens",
        "generate-content" => "/v1beta/models/{model}:generateContent",
        "rerank" => "/rerank",
        "moderations" => "/moderations",
        "images.generate" => "/images/generations",
        "images.edit" => "/images/edits",
        "images.vary" => "/images/variations",
        "audio.speech" => "/audio/speech",
        "audio.transcribe" => "/audio/transcriptions",
        "audio.translate" => "/audio/translations",
        "files.create" => "/files",
        "files.get" | "files.delete" => "/files/{file_id}",
        "files.content" => "/files/{file_id}/content",
        "batches" | "batches.create" => "/batches",
        "batches.get" => "/batches/{batch_id}",
        "batches.cancel" => "/batches/{batch_id}/cancel",
        "realtime" => "/realtime",
        other => other,
    }
}

/// Whose usage.
#[derive(Debug, Clone)]
pub(super) struct Whose {
    pub kind: EntityKind,
    /// None: all of that kind. No id is nobody's.
    pub ids: Option<Vec<String>>,
    /// And of none of these.
    pub except: Vec<String>,
    /// None: of every key.
    pub keys: Option<Vec<String>>,
    /// By the names of the providers; None: of every model.
    pub model: Option<String>,
    pub provider: Option<String>,
}

impl Whose {
    /// Everything that was used.
    pub const ALL: Self = Self::of(EntityKind::Proxy);

    /// All holders of a kind.
    pub const fn of(kind: EntityKind) -> Self {
        Self {
            kind,
            ids: None,
            except: Vec::new(),
            keys: None,
            model: None,
            provider: None,
        }
    }

    pub fn these(kind: EntityKind, ids: Vec<String>) -> Self {
        Self {
            ids: Some(ids),
            ..Self::of(kind)
        }
    }

    pub fn filter(&self, days: Days) -> UsageFilter {
        let only = [
            (Dimension::Entity, self.ids.clone()),
            (Dimension::Key, self.keys.clone()),
            (Dimension::Model, self.model.clone().map(|it| vec![it])),
            (
                Dimension::Provider,
                self.provider.clone().map(|it| vec![it]),
            ),
        ];
        let only = only.into_iter();
        UsageFilter {
            kind: self.kind,
            // Here no id would be everybody, so ids are a condition like the others.
            ids: Vec::new(),
            except: self.except.clone(),
            from_day: days.from,
            until_day: days.until,
            only: only
                .filter_map(|(by, wanted)| Some((by, wanted?)))
                .collect(),
        }
    }
}

impl Reports {
    /// Sums by day, the oldest first; only days with usage.
    pub(super) async fn by_day(&self, whose: &Whose, days: Days) -> Result<Vec<UsageRow>, Fault> {
        let by = [Dimension::Day];
        self.store
            .usage(&whose.filter(days), &by)
            .await
            .map_err(store)
    }

    /// The most expensive groups, the first of which cost the most.
    pub(super) async fn top(
        &self,
        whose: &Whose,
        days: Days,
        by: &[Dimension],
        limit: u32,
    ) -> Result<Vec<UsageRow>, Fault> {
        self.store
            .usage_top(&whose.filter(days), by, limit)
            .await
            .map_err(store)
    }

    /// All of it as one sum.
    pub(super) async fn whole(&self, whose: &Whose, days: Days) -> Result<UsageSums, Fault> {
        let rows = self
            .store
            .usage(&whose.filter(days), &[])
            .await
            .map_err(store)?;
        Ok(rows.first().map(|it| it.sums).unwrap_or_default())
    }
}

/// Dollars for JSON.
pub(super) fn dollars(amount: Usd) -> Value {
    json!(amount.dollars())
}

/// Input and output.
pub(super) const fn total_tokens(sums: &UsageSums) -> i64 {
    sums.input_tokens.saturating_add(sums.output_tokens)
}

/// Adds one sum to another.
pub(super) fn add(to: &mut UsageSums, more: &UsageSums) {
    for (to, more) in [
        (&mut to.input_tokens, more.input_tokens),
        (&mut to.output_tokens, more.output_tokens),
        (&mut to.cached_tokens, more.cached_tokens),
        (&mut to.cache_write_tokens, more.cache_write_tokens),
        (&mut to.requests, more.requests),
        (&mut to.successes, more.successes),
        (&mut to.failures, more.failures),
    ] {
        *to = to.saturating_add(more);
    }
    to.spent += more.spent;
}

/// The numbers of a sum by LiteLLM's names, in its order.
pub(super) fn numbers(sums: &UsageSums) -> [(&'static str, Value); 9] {
    [
        ("spend", dollars(sums.spent)),
        ("prompt_tokens", sums.input_tokens.into()),
        ("completion_tokens", sums.output_tokens.into()),
        ("cache_read_input_tokens", sums.cached_tokens.into()),
        (
            "cache_creation_input_tokens",
            sums.cache_write_tokens.into(),
        ),
        ("total_tokens", total_tokens(sums).into()),
        ("successful_requests", sums.successes.into()),
        ("failed_requests", sums.failures.into()),
        ("api_requests", sums.requests.into()),
    ]
}

/// `metrics` of a day or a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metrics<'a>(pub &'a UsageSums);

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(numbers(self.0))
    }
}

/// The same as totals of an answer.
pub(super) fn totals(sums: &UsageSums) -> Map<String, Value> {
    let all = numbers(sums).into_iter();
    all.map(|(name, value)| {
        (
            format!("total_{}", name.trim_start_matches("total_")),
            value,
        )
    })
    .collect()
}
