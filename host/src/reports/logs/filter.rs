//! Which rows a request is about.

use crate::domain::{CallStatus, Fault};
use crate::reports::ask::Asked;
use crate::reports::fault::bad;
use crate::store::{SpendFilter, SpendPlace};

/// Fields that choose rows.
pub(in crate::reports) const FIELDS: &[&str] = &[
    "api_key",
    "user_id",
    "team_id",
    "organization_id",
    "end_user",
    "model",
    "model_group",
    "model_id",
    "provider",
    "key_alias",
    "request_id",
    "session_id",
    "request_tag",
    "status_filter",
    "min_spend",
    "max_spend",
    "start_date",
    "end_date",
];

/// Reads every field of [`FIELDS`].
pub(super) fn read(asked: &Asked<'_>) -> Result<SpendFilter, Fault> {
    let (from_ms, until_ms) = asked.times("start_date", "end_date")?;
    let min_cost = asked.money("min_spend")?;
    let max_cost = asked.money("max_spend")?;
    if min_cost.zip(max_cost).is_some_and(|(min, max)| min > max) {
        return Err(bad(
            "max_spend",
            "`max_spend` must not be less than `min_spend`",
        ));
    }
    Ok(SpendFilter {
        from_ms,
        until_ms,
        key_hash: asked.key("api_key")?,
        key_alias: asked.owned("key_alias")?,
        user_id: asked.owned("user_id")?,
        team_ids: asked.list("team_id")?.unwrap_or_default(),
        organization_id: asked.owned("organization_id")?,
        end_user: asked.owned("end_user")?,
        model_group: asked.owned("model_group")?,
        model: asked.owned("model")?,
        provider: asked.owned("provider")?,
        deployment: asked.owned("model_id")?,
        operation: None,
        session_id: asked.owned("session_id")?,
        request_id: asked.owned("request_id")?,
        status: status(asked)?,
        tag: asked.owned("request_tag")?,
        min_cost,
        max_cost,
    })
}

fn status(asked: &Asked<'_>) -> Result<Option<CallStatus>, Fault> {
    match asked.text("status_filter")? {
        None => Ok(None),
        Some("success") => Ok(Some(CallStatus::Success)),
        Some("failure") => Ok(Some(CallStatus::Failure)),
        Some("interrupted") => Ok(Some(CallStatus::Interrupted)),
        Some(_) => Err(bad(
            "status_filter",
            "`status_filter` must be `success`, `failure` or `interrupted`",
        )),
    }
}

/// `cursor`: where the page before ended, as an answer wrote it.
pub(super) fn cursor(asked: &Asked<'_>) -> Result<Option<SpendPlace>, Fault> {
    let Some(text) = asked.text("cursor")? else {
        return Ok(None);
    };
    let place = text.split_once('.').and_then(|(started, call_id)| {
        Some(SpendPlace {
            started_ms: started.parse().ok()?,
            call_id: call_id.to_owned(),
        })
    });
    let message = "`cursor` must be the `next_cursor` of the page before";
    place.map(Some).ok_or_else(|| bad("cursor", message))
}

/// What [`cursor`] reads.
pub(super) fn cursor_text(place: &SpendPlace) -> String {
    format!("{}.{}", place.started_ms, place.call_id)
}
