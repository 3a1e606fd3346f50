//! Days as LiteLLM's usage page has them: `results` with `metrics` and `breakdown`, and `metadata`
//! with the totals of the page.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::scope::Scope;
use crate::domain::Fault;
use crate::reports::ask::{Days, Paging};
use crate::reports::names::Keys;
use crate::reports::sums::{MOST_GROUPS, add, endpoint, metrics, totals};
use crate::reports::{Answer, Reports, days};
use crate::store::{Dimension, UsageRow, UsageSums};

/// One value of a breakdown.
#[derive(Debug, Default)]
struct Group {
    sums: UsageSums,
    keys: BTreeMap<String, UsageSums>,
}

type Groups = BTreeMap<String, Group>;
/// `metadata` of values that have some.
type Names = HashMap<String, Map<String, Value>>;

/// The breakdowns of a day, each of which adds up to its metrics, unless it was cut.
#[derive(Debug, Default)]
struct Parts {
    models: Groups,
    model_groups: Groups,
    providers: Groups,
    endpoints: Groups,
    api_keys: Groups,
    entities: Groups,
}

/// The days of a scope, the newest first; without a page, all of them.
pub(super) async fn json(
    reports: &Reports,
    scope: &Scope,
    range: Days,
    paging: Option<Paging>,
) -> Answer {
    let mut all = reports.by_day(&scope.whole, range).await?;
    all.reverse();
    let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let paging = paging.unwrap_or(Paging {
        page: 1,
        size: count.max(1),
    });
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page: Vec<UsageRow> = all
        .into_iter()
        .skip(size(paging.offset()))
        .take(size(paging.size))
        .collect();
    let mut sum = UsageSums::default();
    for row in &page {
        add(&mut sum, &row.sums);
    }
    let breakdown = breakdown(reports, scope, &page).await?;
    let results: Vec<Value> = page
        .iter()
        .map(|row| {
            let day = row.day.unwrap_or_default();
            json!({
                "date": days::text(day),
                "metrics": metrics(&row.sums),
                "breakdown": breakdown.of_day(day),
            })
        })
        .collect();
    let mut metadata = totals(&sum);
    for (name, value) in [
        ("page", json!(paging.page)),
        ("total_pages", json!(paging.pages(count))),
        ("has_more", json!(paging.page < paging.pages(count))),
        ("truncated", json!(breakdown.truncated)),
        ("timezone", json!("UTC")),
    ] {
        metadata.insert(name.to_owned(), value);
    }
    Ok(json!({"results": results, "metadata": metadata}).into())
}

/// The breakdowns of a page, and the names in them.
#[derive(Debug, Default)]
struct Breakdown {
    by_day: BTreeMap<i64, Parts>,
    keys: Keys,
    entities: Names,
    /// There were more groups than are shown.
    truncated: bool,
}

async fn breakdown(
    reports: &Reports,
    scope: &Scope,
    page: &[UsageRow],
) -> Result<Breakdown, Fault> {
    use Dimension::{Day, Entity, Key, Model, ModelGroup, Operation, Provider};
    let shown = page.iter().filter_map(|it| it.day);
    let Some((from, until)) = shown.clone().min().zip(shown.max()) else {
        return Ok(Breakdown::default());
    };
    let range = Days { from, until };
    // Side by side: the largest of them is what the page takes.
    let whole = &scope.whole;
    let (models, by_key, keys, entities) = futures_util::try_join!(
        reports.top(
            whole,
            range,
            &[Day, ModelGroup, Model, Provider, Operation],
            MOST_GROUPS
        ),
        reports.top(
            whole,
            range,
            &[Day, Key, ModelGroup, Model, Provider, Operation],
            MOST_GROUPS
        ),
        reports.top(whole, range, &[Day, Key], MOST_GROUPS),
        reports.top(&scope.entities, range, &[Day, Entity, Key], MOST_GROUPS),
    )?;
    let most = usize::try_from(MOST_GROUPS).unwrap_or(usize::MAX);
    let mut found = Breakdown {
        truncated: [&models, &by_key, &keys, &entities]
            .iter()
            .any(|it| it.len() >= most),
        ..Breakdown::default()
    };
    for row in &models {
        for (groups, name) in found.parts(row).named(&row.values) {
            into(groups, name, &row.sums);
        }
    }
    for row in &by_key {
        if let [key, names @ ..] = row.values.as_slice() {
            for (groups, name) in found.parts(row).named(names) {
                // What was cut off has no part to stand in.
                if let Some(group) = groups.get_mut(named(name)) {
                    add(group.keys.entry(key.clone()).or_default(), &row.sums);
                }
            }
        }
    }
    for row in &keys {
        if let [key] = row.values.as_slice() {
            into(&mut found.parts(row).api_keys, key, &row.sums);
        }
    }
    for row in &entities {
        if let [entity, key] = row.values.as_slice() {
            let group = into(&mut found.parts(row).entities, entity, &row.sums);
            add(group.keys.entry(key.clone()).or_default(), &row.sums);
        }
    }
    fn nth(rows: &[UsageRow], at: usize) -> impl Iterator<Item = &str> {
        rows.iter()
            .filter_map(move |it| it.values.get(at))
            .map(String::as_str)
    }
    found.keys = reports.keys(nth(&keys, 0).chain(nth(&entities, 1))).await?;
    found.entities = reports
        .described(scope.entities.kind, nth(&entities, 0))
        .await?;
    Ok(found)
}

/// What has no name, as the model of a call that reached none, is `unknown`.
fn named(name: &str) -> &str {
    if name.is_empty() { "unknown" } else { name }
}

impl Parts {
    /// The breakdowns that a model group, a model, a provider and an operation stand in.
    fn named<'a>(
        &'a mut self,
        names: &'a [String],
    ) -> impl Iterator<Item = (&'a mut Groups, &'a str)> {
        let groups = [
            &mut self.model_groups,
            &mut self.models,
            &mut self.providers,
            &mut self.endpoints,
        ];
        let name = |(at, name): (usize, &'a String)| match at {
            3 => endpoint(name),
            _ => name.as_str(),
        };
        groups.into_iter().zip(names.iter().enumerate().map(name))
    }
}

fn into<'a>(groups: &'a mut Groups, name: &str, sums: &UsageSums) -> &'a mut Group {
    let group = groups.entry(named(name).to_owned()).or_default();
    add(&mut group.sums, sums);
    group
}

impl Breakdown {
    fn parts(&mut self, row: &UsageRow) -> &mut Parts {
        self.by_day.entry(row.day.unwrap_or_default()).or_default()
    }

    fn of_day(&self, day: i64) -> Value {
        let (none, nameless) = (Parts::default(), Names::new());
        let parts = self.by_day.get(&day).unwrap_or(&none);
        let keys = parts
            .api_keys
            .iter()
            .map(|(hash, group)| (hash.clone(), self.key(hash, &group.sums)));
        json!({
            "mcp_servers": {},
            "models": self.groups(&parts.models, &nameless),
            "model_groups": self.groups(&parts.model_groups, &nameless),
            "providers": self.groups(&parts.providers, &nameless),
            "endpoints": self.groups(&parts.endpoints, &nameless),
            "api_keys": keys.collect::<Map<_, _>>(),
            "entities": self.groups(&parts.entities, &self.entities),
        })
    }

    fn groups(&self, groups: &Groups, names: &Names) -> Value {
        let groups = groups.iter().map(|(name, group)| {
            let keys = group
                .keys
                .iter()
                .map(|(hash, sums)| (hash.clone(), self.key(hash, sums)));
            let value = json!({
                "metrics": metrics(&group.sums),
                "metadata": names.get(name).cloned().unwrap_or_default(),
                "api_key_breakdown": keys.collect::<Map<_, _>>(),
            });
            (name.clone(), value)
        });
        Value::Object(groups.collect())
    }

    fn key(&self, hash: &str, sums: &UsageSums) -> Value {
        json!({"metrics": metrics(sums), "metadata": self.keys.metadata(hash)})
    }
}
