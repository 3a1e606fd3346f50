//! What of a row is neither filtered nor sorted by: one JSON text, in which nothing stands that
//! the columns say.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::indexed;
use super::settle::charged;
use crate::domain::{CallError, CostLine, Entity, EntityKind, SpendRow, Usage};
use crate::store::StoreError;
use crate::store::record::{from_doc, to_doc};

/// What is written. [`Doc`] is its other half.
#[derive(Serialize)]
struct Written<'a> {
    usage: &'a Usage,
    payers: Vec<Payer<'a>>,
    /// Left out where the row itself is its only line.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<CostLine>>,
    price_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_base: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_ip: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: &'a Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: &'a Option<CallError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: &'a Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: &'a Option<Box<RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct Doc {
    pub usage: Usage,
    payers: Vec<Payer<'static>>,
    pub price_version: String,
    lines: Option<Vec<CostLine>>,
    pub api_base: Option<String>,
    pub client_ip: Option<String>,
    pub user_agent: Option<String>,
    pub error: Option<CallError>,
    pub metadata: Option<Box<RawValue>>,
    #[serde(default)]
    pub why: Option<Box<RawValue>>,
}

/// Who pays: its kind alone where the columns say which one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Payer<'a> {
    OfColumn(EntityKind),
    Named(Cow<'a, Entity>),
}

/// The document of a row.
pub(super) fn write(row: &SpendRow) -> Result<String, StoreError> {
    let payers = row.payers.iter().map(|payer| {
        if of_column(row, payer.kind).is_some_and(|id| *id == *payer.id) {
            Payer::OfColumn(payer.kind)
        } else {
            Payer::Named(Cow::Borrowed(payer))
        }
    });
    to_doc(&Written {
        usage: &row.usage,
        payers: payers.collect(),
        lines: if is_its_line(row) {
            None
        } else {
            Some(row.lines.iter().map(stored).collect())
        },
        price_version: &row.price_version,
        api_base: &row.api_base,
        client_ip: &row.client_ip,
        user_agent: &row.user_agent,
        error: &row.error,
        metadata: &row.metadata,
        why: &row.why,
    })
}

/// Reads a document of the call.
pub(super) fn read(call_id: &str, text: &str) -> Result<Doc, StoreError> {
    from_doc(&format!("spend row `{call_id}`"), text)
}

impl Doc {
    /// Fills what depends on columns into a row that has them.
    pub fn complete(self, row: &mut SpendRow) {
        row.lines = match self.lines {
            Some(lines) => lines,
            None => vec![line(row)],
        };
        let payers = self.payers.into_iter().map(|payer| match payer {
            Payer::Named(entity) => entity.into_owned(),
            Payer::OfColumn(kind) => {
                let id = of_column(row, kind).unwrap_or_default();
                Entity::new(kind, &*id)
            }
        });
        row.payers = payers.collect();
    }
}

/// The holder of a kind that the columns name, as they hold it.
fn of_column(row: &SpendRow, kind: EntityKind) -> Option<Cow<'_, str>> {
    match kind {
        EntityKind::Key => Some(indexed(&row.key_hash)),
        EntityKind::User => cut(&row.user_id),
        EntityKind::Team => cut(&row.team_id),
        EntityKind::TeamMember => {
            let (team, user) = cut(&row.team_id).zip(cut(&row.user_id))?;
            Some(format!("{team}/{user}").into())
        }
        EntityKind::Organization => cut(&row.organization_id),
        EntityKind::EndUser => cut(&row.end_user),
        EntityKind::Tag => match row.tags.as_slice() {
            [tag] => Some(tag.into()),
            _ => None,
        },
        // A model is of many groups, and no column names one.
        EntityKind::AccessGroup => None,
        EntityKind::Provider => Some(indexed(&row.provider)),
        EntityKind::Deployment => Some(indexed(&row.deployment)),
        EntityKind::Proxy => Some("".into()),
    }
}

fn cut(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(indexed)
}

/// The line of a call with one attempt.
fn line(row: &SpendRow) -> CostLine {
    CostLine {
        deployment: row.deployment.clone(),
        provider: row.provider.clone(),
        model: row.model.clone(),
        usage: row.usage.clone(),
        cost: row.cost,
        estimated: false,
        of_group: None,
    }
}

/// Whether the columns say all of the only line, none of them cut.
fn is_its_line(row: &SpendRow) -> bool {
    let [only] = row.lines.as_slice() else {
        return false;
    };
    let same = |mine: &str, its: &str| *indexed(mine) == *its;
    same(&row.deployment, &only.deployment)
        && same(&row.provider, &only.provider)
        && same(&row.model, &only.model)
        && row.usage == only.usage
        && row.cost.map(charged) == only.cost.map(charged)
        && !only.estimated
        && only.of_group.is_none()
}

fn stored(line: &CostLine) -> CostLine {
    CostLine {
        cost: line.cost.map(charged),
        ..line.clone()
    }
}
