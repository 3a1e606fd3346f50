//! Which spend rows.

use std::collections::BTreeSet;

use super::indexed;
use super::settle::status;
use crate::domain::{CallStatus, Usd};
use crate::store::StoreError;
use crate::store::sql::Value;

/// Conditions on spend rows; those that are given hold together.
#[derive(Debug, Clone, Default)]
pub struct SpendFilter {
    /// Started at or after, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Started before.
    pub until_ms: Option<i64>,
    pub key_hash: Option<String>,
    pub key_alias: Option<String>,
    pub user_id: Option<String>,
    /// Of any of these teams.
    pub team_ids: Vec<String>,
    pub organization_id: Option<String>,
    pub end_user: Option<String>,
    pub model_group: Option<String>,
    pub model: Option<String>,
    pub provider: Option<String>,
    pub deployment: Option<String>,
    pub operation: Option<String>,
    pub session_id: Option<String>,
    /// Our id, or the provider's.
    pub request_id: Option<String>,
    pub status: Option<CallStatus>,
    pub tag: Option<String>,
    pub min_cost: Option<Usd>,
    pub max_cost: Option<Usd>,
}

/// Where a page of spend rows ended; the next one begins after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendPlace {
    pub started_ms: i64,
    pub call_id: String,
}

impl SpendFilter {
    /// The parts of a filter by several teams, to be read one by one: an index has the rows of
    /// each of them in order, of all together it has not. None: there is nothing to part, or
    /// another index has fewer rows.
    pub(super) fn one_by_one(&self) -> Option<Vec<Self>> {
        let others = [
            &self.key_hash,
            &self.user_id,
            &self.end_user,
            &self.session_id,
            &self.request_id,
        ];
        if self.team_ids.len() < 2 || others.into_iter().any(Option::is_some) {
            return None;
        }
        let teams: BTreeSet<&String> = self.team_ids.iter().collect();
        let part = |team: &String| Self {
            team_ids: vec![team.clone()],
            ..self.clone()
        };
        Some(teams.into_iter().map(part).collect())
    }

    /// The text of a `WHERE`, and its values.
    pub(super) fn conditions(
        &self,
        after: Option<&SpendPlace>,
    ) -> Result<(String, Vec<Value>), StoreError> {
        let mut text = "1 = 1".to_owned();
        let mut values: Vec<Value> = Vec::new();
        let mut add = |test: &str, value: Value| {
            values.push(value);
            let place = format!("${}", values.len());
            text.push_str(" AND ");
            text.push_str(&test.replace('?', &place));
        };
        let numbers = [
            ("started_ms >= ?", self.from_ms),
            ("started_ms < ?", self.until_ms),
            ("cost_pico >= ?", self.min_cost.map(Usd::to_row)),
            ("cost_pico <= ?", self.max_cost.map(Usd::to_row)),
        ];
        for (test, value) in numbers {
            if let Some(value) = value {
                add(test, value.into());
            }
        }
        let texts = [
            ("key_hash = ?", &self.key_hash),
            ("key_alias = ?", &self.key_alias),
            ("user_id = ?", &self.user_id),
            ("organization_id = ?", &self.organization_id),
            ("end_user = ?", &self.end_user),
            ("model_group = ?", &self.model_group),
            ("model = ?", &self.model),
            ("provider = ?", &self.provider),
            ("deployment = ?", &self.deployment),
            ("operation = ?", &self.operation),
            ("session_id = ?", &self.session_id),
            ("(call_id = ? OR provider_id = ?)", &self.request_id),
        ];
        for (test, value) in texts {
            if let Some(value) = value {
                add(test, Value::from(&*indexed(value)));
            }
        }
        if let Some(wanted) = self.status {
            // What did not succeed is rare, and has an index that is chosen by these words.
            let test = match wanted {
                CallStatus::Success => "status = ?",
                _ => "status <> 'success' AND status = ?",
            };
            add(test, status(wanted).into());
        }
        if let Some(tag) = &self.tag {
            // A tag as its JSON text has it, inside the row's list of tags.
            let tag =
                serde_json::to_string(tag).map_err(|cause| StoreError::unreadable("tag", cause))?;
            let tag = tag
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            add("tags LIKE ? ESCAPE '\\'", format!("%{tag}%").into());
        }
        if !self.team_ids.is_empty() {
            let list = crate::store::sql::places(values.len(), self.team_ids.len());
            text.push_str(&format!(" AND team_id IN ({list})"));
            values.extend(self.team_ids.iter().map(|it| Value::from(&*indexed(it))));
        }
        if let Some(place) = after {
            let from = values.len();
            text.push_str(&format!(
                " AND (started_ms, call_id) < (${}, ${})",
                from + 1,
                from + 2
            ));
            values.extend([place.started_ms.into(), (&place.call_id).into()]);
        }
        Ok((text, values))
    }
}
