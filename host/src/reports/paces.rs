//! `/model/metrics` and its relatives: how fast the deployments of a model group answer, and what they
//! fail with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::ask::{Asked, Input};
use super::fault::store;
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::{Pace, SpendFilter, SpendSort};

/// Days that are looked back where no time is given, as in LiteLLM.
const DAYS: i64 = 7;
/// Calls of one day that are told one by one: those that waited longest for their first token.
const MOST_CALLS: u32 = 1_000;

const FIELDS: &[&str] = &[
    "_selected_model_group",
    "startTime",
    "endTime",
    "api_key",
    "customer",
];

/// Times by what they are of, then by deployment: a sum, and of how many.
type Times = BTreeMap<String, BTreeMap<String, (f64, i64)>>;

/// `GET /model/metrics`: seconds for an output token, by day and deployment.
pub(super) async fn speed(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let question = Question::read(reports, caller, &input)?;
    let (paces, bases) = question.paces(reports).await?;
    let mut times = Times::new();
    for it in paces.iter().filter(|it| it.with_output > 0) {
        let seconds = precise(it.per_token_us) / 1e6;
        add(
            &mut times,
            days::text(it.day),
            bases.name(&it.deployment, &it.model),
            (seconds, it.with_output),
        );
    }
    Ok(chart(times).into())
}

/// `GET /model/streaming_metrics`: seconds to the first token, by day and deployment; of a single day
/// call by call.
pub(super) async fn first_tokens(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let question = Question::read(reports, caller, &input)?;
    let mut times = Times::new();
    if question.is_one_day() {
        for (call, seconds, name) in question.calls(reports).await? {
            add(&mut times, call, name, (seconds, 1));
        }
        return Ok(chart(times).into());
    }
    let (paces, bases) = question.paces(reports).await?;
    for it in paces.iter().filter(|it| it.streams > 0) {
        let seconds = precise(it.first_token_ms) / 1e3;
        add(
            &mut times,
            days::text(it.day),
            bases.name(&it.deployment, &it.model),
            (seconds, it.streams),
        );
    }
    Ok(chart(times).into())
}

/// `GET /model/metrics/slow_responses`: how many calls took `alerting_threshold` or longer.
pub(super) async fn slow(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let question = Question::read(reports, caller, &input)?;
    let (paces, bases) = question.paces(reports).await?;
    let mut by_base: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for it in &paces {
        let base = bases.of(&it.deployment).map(cut).unwrap_or_default();
        let (all, slow) = by_base.entry(base.to_owned()).or_default();
        *all = all.saturating_add(it.calls);
        *slow = slow.saturating_add(it.slow);
    }
    let mut rows: Vec<(String, (i64, i64))> = by_base.into_iter().collect();
    rows.sort_by_key(|(_, (_, slow))| std::cmp::Reverse(*slow));
    let rows = rows.into_iter().map(
        |(base, (all, slow))| json!({"api_base": base, "total_count": all, "slow_count": slow}),
    );
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /model/metrics/exceptions`: what calls failed with, by deployment.
pub(super) async fn exceptions(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let question = Question::read(reports, caller, &input)?;
    let failed = reports.store.failed_kinds(&question.filter).await;
    let failed = failed.map_err(store)?;
    let bases = Bases::find(
        reports,
        &question.filter,
        failed.iter().map(|it| &it.deployment),
    )
    .await?;
    let mut classes = BTreeSet::new();
    let mut by_model: BTreeMap<String, BTreeMap<&str, i64>> = BTreeMap::new();
    for it in &failed {
        let name = match bases.of(&it.deployment) {
            Some(base) => format!("{}-{base}", it.model),
            None => it.model.clone(),
        };
        classes.insert(it.kind.class());
        let calls = by_model.entry(name).or_default();
        let calls = calls.entry(it.kind.class()).or_default();
        *calls = calls.saturating_add(it.calls);
    }
    let rows = by_model.into_iter().map(|(model, calls)| {
        let total = calls
            .values()
            .fold(0_i64, |sum, it| sum.saturating_add(*it));
        let mut row = Map::new();
        row.insert("model".to_owned(), model.into());
        row.insert("total_exceptions".to_owned(), total.into());
        row.extend(
            calls
                .into_iter()
                .map(|(class, calls)| (class.to_owned(), calls.into())),
        );
        Value::Object(row)
    });
    let rows: Vec<Value> = rows.collect();
    Ok(json!({"data": rows, "exception_types": classes}).into())
}

/// Which calls are asked about.
struct Question {
    filter: SpendFilter,
    slow_ms: i64,
}

impl Question {
    fn read(reports: &Reports, caller: &Caller, input: &Input) -> Result<Self, Fault> {
        let asked = Asked::of(&input.query, FIELDS)?;
        reports.need_all(caller)?;
        let now_ms = reports.outside.now_ms();
        let (from, until) = asked.times("startTime", "endTime")?;
        let until = until.unwrap_or_else(|| now_ms.saturating_add(1));
        let from = from.unwrap_or_else(|| until.saturating_sub(days::begin_ms(DAYS)));
        // LiteLLM's pages write these where nothing is chosen.
        let said = |it: &Option<String>| !matches!(it.as_deref(), Some("null" | "undefined"));
        let customer = Some(asked.owned("customer")?).filter(said).flatten();
        let key = Some(asked.owned("api_key")?).filter(said).flatten();
        let key_hash = match key {
            Some(_) => asked.key("api_key")?,
            None => None,
        };
        Ok(Self {
            filter: SpendFilter {
                from_ms: Some(from),
                until_ms: Some(until),
                model_group: asked.owned("_selected_model_group")?,
                end_user: customer,
                key_hash,
                ..SpendFilter::default()
            },
            slow_ms: reports.outside.slow_ms(),
        })
    }

    fn is_one_day(&self) -> bool {
        let day = |ms: Option<i64>| ms.map(crate::store::day_of);
        day(self.filter.from_ms) == day(self.filter.until_ms.map(|it| it.saturating_sub(1)))
    }

    async fn paces(&self, reports: &Reports) -> Result<(Vec<Pace>, Bases), Fault> {
        let paces = reports.store.paces(&self.filter, self.slow_ms).await;
        let paces = paces.map_err(store)?;
        let names = paces.iter().map(|it| &it.deployment);
        let bases = Bases::find(reports, &self.filter, names).await?;
        Ok((paces, bases))
    }

    /// Streams, one by one: the call, its seconds to the first token, and who answered.
    async fn calls(&self, reports: &Reports) -> Result<Vec<(String, f64, String)>, Fault> {
        let filter = SpendFilter {
            cache_hit: Some(false),
            ..self.filter.clone()
        };
        let sorted = (SpendSort::FirstToken, true);
        let rows = reports
            .store
            .spend_rows_sorted(&filter, sorted, 0, MOST_CALLS)
            .await;
        let rows = rows.map_err(store)?.into_iter();
        let streams = rows.filter_map(|it| {
            let first = it.first_token_ms.filter(|first| *first != it.ended_ms)?;
            let seconds = precise(first.saturating_sub(it.started_ms)) / 1e3;
            let name = name(it.api_base.as_deref(), &it.model).to_owned();
            Some((it.call_id, seconds, name))
        });
        Ok(streams.collect())
    }
}

/// Where deployments were asked last.
struct Bases(BTreeMap<String, Option<String>>);

impl Bases {
    async fn find<'a>(
        reports: &Reports,
        filter: &SpendFilter,
        deployments: impl Iterator<Item = &'a String>,
    ) -> Result<Self, Fault> {
        let mut bases = BTreeMap::new();
        for deployment in deployments {
            if bases.contains_key(deployment) {
                continue;
            }
            let newest = SpendFilter {
                deployment: Some(deployment.clone()),
                ..filter.clone()
            };
            let newest = reports.store.spend_rows(&newest, None, 1).await;
            let newest = newest.map_err(store)?.into_iter().next();
            bases.insert(deployment.clone(), newest.and_then(|it| it.api_base));
        }
        Ok(Self(bases))
    }

    fn of(&self, deployment: &str) -> Option<&str> {
        self.0.get(deployment)?.as_deref()
    }

    fn name<'a>(&'a self, deployment: &str, model: &'a str) -> &'a str {
        name(self.of(deployment), model)
    }
}

/// The address that answered, without what comes after `/openai/`; without an address the model.
fn name<'a>(base: Option<&'a str>, model: &'a str) -> &'a str {
    base.filter(|it| !it.is_empty()).map_or(model, cut)
}

fn cut(base: &str) -> &str {
    base.split_once("/openai/")
        .map_or(base, |(before, _)| before)
}

fn add(times: &mut Times, of: String, name: impl Into<String>, (seconds, count): (f64, i64)) {
    let (sum, all) = times.entry(of).or_default().entry(name.into()).or_default();
    *sum += seconds;
    *all = all.saturating_add(count);
}

/// Means, each beside its day or call.
fn chart(times: Times) -> Value {
    let mut names = BTreeSet::new();
    let mut data = Vec::new();
    for (of, by_name) in times {
        let mut row = Map::new();
        row.insert("date".to_owned(), of.into());
        for (name, (sum, count)) in by_name {
            row.insert(name.clone(), json!(sum / precise(count.max(1))));
            names.insert(name);
        }
        data.push(Value::Object(row));
    }
    json!({"data": data, "all_api_bases": names})
}

#[expect(
    clippy::cast_precision_loss,
    reason = "means of times are read by people"
)]
fn precise(count: i64) -> f64 {
    count as f64
}
