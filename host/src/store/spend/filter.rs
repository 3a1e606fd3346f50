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
    pub cache_hit: Option<bool>,
    /// The status that a failed call was answered with.
    pub error_status: Option<u16>,
    /// A part of what its client was told, whatever the case.
    pub error_message: Option<String>,
    /// Any of the ids: of the call (ours or the provider's), its key, team, user, customer, session
    /// or deployment.
    pub any_id: Option<String>,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SpendSort {
    #[default]
    Started,
    Ended,
    Duration,
    /// Until the first token.
    FirstToken,
    Cost,
    Tokens,
    Model,
}

impl SpendSort {
    /// What has no value stands below every value.
    pub(super) const fn expression(self) -> &'static str {
        match self {
            Self::Started => "started_ms",
            Self::Ended => "ended_ms",
            Self::Duration => "ended_ms - started_ms",
            Self::FirstToken => "COALESCE(first_token_ms - started_ms, -1)",
            Self::Cost => "COALESCE(cost_pico, -1)",
            Self::Tokens => "input_tokens + output_tokens",
            Self::Model => "model",
        }
    }
}

/// The part of a document that says what a failed call was answered with. In a text of JSON each
/// quote is escaped, so that these words stand at the beginning of an object only.
pub(super) fn error_of(status: u16) -> String {
    format!("%\"error\":{{\"status\":{status},%")
}

/// A condition on the message in a document, and its value. SQLite reads JSON whatever stands in
/// it; PostgreSQL fails at what clients may send (a NUL, half a letter), so there it is a pattern.
fn message_of(postgres: bool, part: &str) -> Result<(&'static str, String), StoreError> {
    if !postgres {
        let part = part.to_lowercase().replace('\\', "\\\\");
        let part = part.replace('%', "\\%").replace('_', "\\_");
        let test = "LOWER(json_extract(doc, '$.error.message')) LIKE ? ESCAPE '\\'";
        return Ok((test, format!("%{part}%")));
    }
    let text = serde_json::to_string(part);
    let text = text.map_err(|cause| StoreError::unreadable("error message", cause))?;
    let text = text.trim_start_matches('"');
    let mut plain = String::with_capacity(text.len());
    for letter in text.strip_suffix('"').unwrap_or(text).chars() {
        if letter.is_ascii_punctuation() {
            plain.push('\\');
        }
        plain.push(letter);
    }
    let before = r#""error":\{"status":\d+,"kind":"([^"\\]|\\.)*","message":"([^"\\]|\\.)*"#;
    Ok(("doc ~* ?", format!("{before}{plain}")))
}

/// Where a page of spend rows ended; the next one begins after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendPlace {
    pub started_ms: i64,
    pub call_id: String,
}

impl SpendFilter {
    /// The parts of a filter by several teams, by what went wrong or by an id of any kind, to be read
    /// one by one: an index has the rows of each of them in order, of all together it has not. None:
    /// there is nothing to part, or another index has fewer rows.
    pub(super) fn one_by_one(&self) -> Option<Vec<Self>> {
        if let Some(id) = &self.any_id {
            return Some(self.by_kind_of_id(id));
        }
        if let Some(parts) = self.by_outcome() {
            return Some(parts);
        }
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

    /// One part for each way in which a call fails, where failed ones are looked for.
    pub(super) fn by_outcome(&self) -> Option<Vec<Self>> {
        let failed = self.error_status.is_some() || self.error_message.is_some();
        let of = |status| Self {
            status: Some(status),
            ..self.clone()
        };
        let ways = [CallStatus::Failure, CallStatus::Interrupted];
        (failed && self.status.is_none()).then(|| ways.map(of).into())
    }

    /// One part for each kind of id; none for a kind of which the filter wants another id.
    fn by_kind_of_id(&self, id: &str) -> Vec<Self> {
        type Place = fn(&mut SpendFilter) -> &mut Option<String>;
        let places: [Place; 6] = [
            |it| &mut it.request_id,
            |it| &mut it.key_hash,
            |it| &mut it.user_id,
            |it| &mut it.end_user,
            |it| &mut it.session_id,
            |it| &mut it.deployment,
        ];
        let whole = Self {
            any_id: None,
            ..self.clone()
        };
        let of = |place: Place| {
            let mut part = whole.clone();
            let own = place(&mut part);
            let fits = own.as_deref().is_none_or(|it| it == id);
            *own = Some(id.to_owned());
            fits.then_some(part)
        };
        let fits = whole.team_ids.is_empty() || whole.team_ids.iter().any(|it| it == id);
        let team = fits.then(|| Self {
            team_ids: vec![id.to_owned()],
            ..whole.clone()
        });
        places.into_iter().filter_map(of).chain(team).collect()
    }

    /// The text of a `WHERE`, and its values.
    pub(super) fn conditions(
        &self,
        after: Option<&SpendPlace>,
        postgres: bool,
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
        if let Some(hit) = self.cache_hit {
            add("cache_hit = ?", hit.into());
        }
        if let Some(wanted) = self.error_status {
            let test = "status <> 'success' AND doc LIKE ?";
            add(test, error_of(wanted).into());
        }
        if let Some(part) = &self.error_message {
            let (test, value) = message_of(postgres, part)?;
            add(&format!("status <> 'success' AND {test}"), value.into());
        }
        if let Some(id) = &self.any_id {
            // Each has an index, but for the last.
            let columns = "(call_id = ? OR provider_id = ? OR key_hash = ? OR team_id = ?
                OR user_id = ? OR end_user = ? OR session_id = ? OR deployment = ?)";
            add(columns, Value::from(&*indexed(id)));
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
