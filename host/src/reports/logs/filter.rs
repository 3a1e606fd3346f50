//! Which rows a request is about.

use crate::domain::{CallStatus, Fault};
use crate::reports::ask::Asked;
use crate::reports::fault::bad;
use crate::store::{SpendFilter, SpendPlace, SpendSort};

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
    "cache_hit_filter",
    "error_code",
    "error_message",
    "search",
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
        cache_hit: cache_hit(asked)?,
        error_status: error_code(asked)?,
        error_message: asked.owned("error_message")?,
        any_id: asked.text("search")?.map(any_id),
    })
}

/// A key may be searched by its text, of which only the hash is known.
fn any_id(text: &str) -> String {
    if text.starts_with("sk-") {
        return crate::auth::key_or_hash(text).as_str().to_owned();
    }
    text.to_owned()
}

fn cache_hit(asked: &Asked<'_>) -> Result<Option<bool>, Fault> {
    match asked.text("cache_hit_filter")? {
        None => Ok(None),
        Some("hit") => Ok(Some(true)),
        Some("miss") => Ok(Some(false)),
        Some(_) => Err(bad(
            "cache_hit_filter",
            "`cache_hit_filter` must be `hit` or `miss`",
        )),
    }
}

fn error_code(asked: &Asked<'_>) -> Result<Option<u16>, Fault> {
    let Some(text) = asked.text("error_code")? else {
        return Ok(None);
    };
    let message = "`error_code` must be the status that a call was answered with, such as 429";
    let code = text.parse().map_err(|_| bad("error_code", message))?;
    Ok(Some(code))
}

/// What rows may be sorted by, in LiteLLM's words.
const SORTS: [(&str, SpendSort); 7] = [
    ("startTime", SpendSort::Started),
    ("endTime", SpendSort::Ended),
    ("request_duration_ms", SpendSort::Duration),
    ("ttft_ms", SpendSort::FirstToken),
    ("spend", SpendSort::Cost),
    ("total_tokens", SpendSort::Tokens),
    ("model", SpendSort::Model),
];

/// `sort_by` and `sort_order`: what by, and whether the greatest come first. None: the newest
/// first, which an index has.
pub(super) fn order(asked: &Asked<'_>) -> Result<Option<(SpendSort, bool)>, Fault> {
    let by = match asked.text("sort_by")? {
        None => SpendSort::Started,
        Some(name) => {
            let known = SORTS.iter().find(|it| it.0 == name);
            let names = || SORTS.map(|it| it.0).join("`, `");
            known
                .map(|it| it.1)
                .ok_or_else(|| bad("sort_by", format!("`sort_by` must be one of `{}`", names())))?
        }
    };
    let descending = match asked.text("sort_order")? {
        None | Some("desc") => true,
        Some("asc") => false,
        Some(_) => return Err(bad("sort_order", "`sort_order` must be `asc` or `desc`")),
    };
    let usual = (SpendSort::Started, true);
    Ok(Some((by, descending)).filter(|it| *it != usual))
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
