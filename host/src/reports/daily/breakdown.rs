//! What a page of days is broken down into.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value};

use super::scope::Scope;
use crate::domain::{EntityKind, Fault};
use crate::reports::Reports;
use crate::reports::ask::Days;
use crate::reports::names::Keys;
use crate::reports::sums::{MOST_GROUPS, add, endpoint};
use crate::store::{Dimension, UsageRow, UsageSums};

/// The sums of a page as the store has them.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Each model group, model, provider and operation.
    models: Vec<UsageRow>,
    /// The same for each key.
    by_key: Vec<UsageRow>,
    keys: Vec<UsageRow>,
    /// Each holder and key.
    entities: Vec<UsageRow>,
    /// There were more than are shown.
    pub truncated: bool,
}

impl Groups {
    pub async fn of(reports: &Reports, scope: &Scope, page: &[UsageRow]) -> Result<Self, Fault> {
        use Dimension::{Day, Entity, Key, Model, ModelGroup, Operation, Provider};
        let shown = page.iter().filter_map(|it| it.day);
        let Some((from, until)) = shown.clone().min().zip(shown.max()) else {
            return Ok(Self::default());
        };
        let range = Days { from, until };
        // Side by side: the largest of them is what the page takes.
        let whole = &scope.whole;
        // Rows of most kinds tell holders apart, and adding them up here is quicker than there.
        // Of customers there are sums by key.
        let of_keys: &[Dimension] = match whole.kind {
            EntityKind::EndUser => &[Day, Key, ModelGroup, Model, Provider, Operation],
            _ => &[Day, Key, ModelGroup, Model, Provider, Operation, Entity],
        };
        let (models, by_key, keys, entities) = futures_util::try_join!(
            reports.top(
                whole,
                range,
                &[Day, ModelGroup, Model, Provider, Operation],
                MOST_GROUPS
            ),
            reports.top(whole, range, of_keys, MOST_GROUPS),
            reports.top(whole, range, &[Day, Key], MOST_GROUPS),
            reports.top(&scope.entities, range, &[Day, Entity, Key], MOST_GROUPS),
        )?;
        let most = usize::try_from(MOST_GROUPS).unwrap_or(usize::MAX);
        let are_all = |rows: &Vec<UsageRow>| rows.len() < most;
        let truncated = ![&models, &by_key, &keys, &entities]
            .into_iter()
            .all(are_all);
        Ok(Self {
            models,
            by_key,
            keys,
            entities,
            truncated,
        })
    }
}

pub(super) type ByKey<'a> = BTreeMap<&'a str, UsageSums>;

/// One value of a breakdown.
#[derive(Debug, Default)]
pub(super) struct Group<'a> {
    pub sums: UsageSums,
    pub keys: ByKey<'a>,
}

pub(super) type Values<'a> = BTreeMap<&'a str, Group<'a>>;
/// `metadata` of values that have some.
pub(super) type Names = HashMap<String, Map<String, Value>>;

/// The breakdowns of a day, each of which adds up to its metrics, unless it was cut.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    pub models: Values<'a>,
    pub model_groups: Values<'a>,
    pub providers: Values<'a>,
    pub endpoints: Values<'a>,
    pub api_keys: ByKey<'a>,
    pub entities: Values<'a>,
}

impl<'a> Parts<'a> {
    /// The breakdowns that a model group, a model, a provider and an operation stand in.
    fn named(&mut self, names: &'a [String]) -> impl Iterator<Item = (&mut Values<'a>, &'a str)> {
        let values = [
            &mut self.model_groups,
            &mut self.models,
            &mut self.providers,
            &mut self.endpoints,
        ];
        let name = |(at, name): (usize, &'a String)| match at {
            3 => endpoint(name),
            _ => name.as_str(),
        };
        values.into_iter().zip(names.iter().enumerate().map(name))
    }
}

/// The breakdowns of a page, and the names in them.
#[derive(Debug, Default)]
pub(super) struct Breakdown<'a> {
    pub by_day: BTreeMap<i64, Parts<'a>>,
    pub keys: Keys,
    pub entities: Names,
}

impl<'a> Breakdown<'a> {
    pub async fn of(reports: &Reports, scope: &Scope, groups: &'a Groups) -> Result<Self, Fault> {
        let mut found = Self::default();
        for row in &groups.models {
            for (values, name) in found.parts(row).named(&row.values) {
                into(values, name, &row.sums);
            }
        }
        for row in &groups.by_key {
            if let [key, names @ ..] = row.values.as_slice() {
                for (values, name) in found.parts(row).named(names) {
                    // What was cut off has no part to stand in.
                    if let Some(group) = values.get_mut(named(name)) {
                        add(group.keys.entry(key).or_default(), &row.sums);
                    }
                }
            }
        }
        for row in &groups.keys {
            if let [key] = row.values.as_slice() {
                add(
                    found.parts(row).api_keys.entry(named(key)).or_default(),
                    &row.sums,
                );
            }
        }
        for row in &groups.entities {
            if let [entity, key] = row.values.as_slice() {
                let group = into(&mut found.parts(row).entities, entity, &row.sums);
                add(group.keys.entry(key).or_default(), &row.sums);
            }
        }
        let hashes = nth(&groups.keys, 0).chain(nth(&groups.entities, 1));
        found.keys = reports.keys(hashes).await?;
        let entities = nth(&groups.entities, 0);
        found.entities = reports.described(scope.entities.kind, entities).await?;
        Ok(found)
    }

    fn parts(&mut self, row: &UsageRow) -> &mut Parts<'a> {
        self.by_day.entry(row.day.unwrap_or_default()).or_default()
    }
}

fn nth(rows: &[UsageRow], at: usize) -> impl Iterator<Item = &str> {
    rows.iter()
        .filter_map(move |it| it.values.get(at))
        .map(String::as_str)
}

/// What has no name, as the model of a call that reached none, is `unknown`.
fn named(name: &str) -> &str {
    if name.is_empty() { "unknown" } else { name }
}

fn into<'v, 'a>(values: &'v mut Values<'a>, name: &'a str, sums: &UsageSums) -> &'v mut Group<'a> {
    let group = values.entry(named(name)).or_default();
    add(&mut group.sums, sums);
    group
}
