//! Headers with which a client steers one call. As in LiteLLM they win over the body's members of
//! the same names.

use std::time::Duration;

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::config::UserHeaders;
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::Controls;

/// Puts what the headers say into the controls.
pub fn steer(
    controls: &mut Controls,
    headers: &HeaderMap,
    people: &UserHeaders,
) -> Result<(), Fault> {
    if let Some(timeout) = seconds(headers, "x-litellm-timeout")? {
        controls.timeout = Some(timeout);
    }
    if let Some(timeout) = seconds(headers, "x-litellm-stream-timeout")? {
        controls.stream_timeout = Some(timeout);
    }
    if let Some(text) = text(headers, "x-litellm-num-retries") {
        let count = text.parse();
        controls.num_retries = Some(count.map_err(|_| wrong("x-litellm-num-retries", "a count"))?);
    }
    controls.tag(tags(headers));
    controls.callbacks_off = listed(headers, "x-litellm-disable-callbacks");
    if let Some(said) = text(headers, "x-litellm-spend-logs-metadata") {
        controls.metadata = Some(with_spend_metadata(controls.metadata.as_deref(), said)?);
    }
    if let Some(wanted) = text(headers, "cache-control") {
        controls.cache.take_header(wanted);
    }
    if let Some(wish) = text(headers, "x-litellm-include-cost-in-streaming-usage") {
        controls.include_cost = wish.eq_ignore_ascii_case("true");
    }
    let named = |names: &[String]| {
        let mut found = names.iter().filter_map(|it| text(headers, it));
        found.next().map(str::to_owned)
    };
    controls.user = named(&people.customer).or(controls.user.take());
    controls.internal_user = named(&people.internal_user);
    for name in ["x-litellm-customer-id", "x-litellm-end-user-id"] {
        if let Some(id) = text(headers, name) {
            controls.user = Some(id.to_owned());
        }
    }
    // Only more privacy can be asked for: what the operator redacts stays so.
    for name in [
        "x-litellm-enable-message-redaction",
        "litellm-enable-message-redaction",
    ] {
        let asked = text(headers, name).map(str::to_ascii_lowercase);
        let off = |it: String| matches!(it.as_str(), "false" | "0" | "no" | "off");
        controls.redact |= asked.is_some_and(|it| !off(it));
    }
    Ok(())
}

/// The metadata of a call with what a header has for its spend row; its members win over the body's.
fn with_spend_metadata(metadata: Option<&str>, said: &str) -> Result<String, Fault> {
    const PLACE: &str = "spend_logs_metadata";
    let said = serde_json::from_str::<Map<String, Value>>(said);
    let said = said.map_err(|_| wrong("x-litellm-spend-logs-metadata", "a JSON object"))?;
    let metadata = metadata.and_then(|it| serde_json::from_str(it).ok());
    let mut metadata: Map<String, Value> = metadata.unwrap_or_default();
    match metadata.get_mut(PLACE) {
        Some(Value::Object(own)) => own.extend(said),
        _ => drop(metadata.insert(PLACE.to_owned(), said.into())),
    }
    Ok(Value::Object(metadata).to_string())
}

/// The tags of `x-litellm-tags`.
pub fn tags(headers: &HeaderMap) -> Vec<String> {
    listed(headers, "x-litellm-tags")
}

/// Names with commas between.
fn listed(headers: &HeaderMap, name: &str) -> Vec<String> {
    let said = text(headers, name).unwrap_or_default();
    let each = said.split(',').map(str::trim);
    let each = each.filter(|it| !it.is_empty());
    each.map(str::to_owned).collect()
}

fn seconds(headers: &HeaderMap, name: &str) -> Result<Option<Duration>, Fault> {
    let Some(text) = text(headers, name) else {
        return Ok(None);
    };
    let number = text.parse::<f64>().ok();
    let time = number.and_then(|it| Duration::try_from_secs_f64(it).ok());
    time.map(Some).ok_or_else(|| wrong(name, "seconds"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().unwrap_or("?").trim();
    Some(value).filter(|it| !it.is_empty())
}

fn wrong(name: &str, expected: &str) -> Fault {
    let message = format!("the header `{name}` has a wrong value: expected {expected}");
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steered(pairs: &[(&'static str, &str)]) -> Result<Controls, Fault> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        let mut controls = Controls {
            num_retries: Some(1),
            ..Controls::default()
        };
        let people = UserHeaders {
            customer: vec!["x-email".to_owned(), "x-old".to_owned()],
            internal_user: vec!["x-user".to_owned()],
        };
        steer(&mut controls, &headers, &people)?;
        Ok(controls)
    }

    #[test]
    fn headers_win_over_the_body_and_absent_ones_leave_it() {
        let controls = steered(&[("x-litellm-timeout", "2.5"), ("x-litellm-num-retries", "0")]);
        let controls = controls.unwrap();
        assert_eq!(controls.timeout, Some(Duration::from_millis(2500)));
        assert_eq!(controls.num_retries, Some(0));
        assert_eq!(steered(&[]).unwrap().num_retries, Some(1));
        let fresh = steered(&[("cache-control", "no-cache")]).unwrap();
        assert!(fresh.cache.no_cache && !fresh.cache.no_store);
    }

    #[test]
    fn people_are_named_by_the_operators_headers_and_litellms_own_go_first() {
        for (pairs, customer, user) in [
            (
                &[("x-email", "ann"), ("x-old", "bob")][..],
                Some("ann"),
                None,
            ),
            (
                &[("x-old", "bob"), ("x-user", "u1")],
                Some("bob"),
                Some("u1"),
            ),
            (
                &[("x-email", "ann"), ("x-litellm-customer-id", "c1")],
                Some("c1"),
                None,
            ),
            (&[("x-email", " ")], None, None),
        ] {
            let controls = steered(pairs).unwrap();
            assert_eq!(controls.user.as_deref(), customer, "{pairs:?}");
            assert_eq!(controls.internal_user.as_deref(), user, "{pairs:?}");
        }
    }

    #[test]
    fn callbacks_are_switched_off_by_their_names() {
        let header = "x-litellm-disable-callbacks";
        let off = |value: &str| steered(&[(header, value)]).unwrap().callbacks_off;
        assert_eq!(off("LangFuse, datadog,,"), ["LangFuse", "datadog"]);
        assert!(off(" ").is_empty() && steered(&[]).unwrap().callbacks_off.is_empty());
    }

    #[test]
    fn redaction_is_asked_for_by_header() {
        for (name, value, asked) in [
            ("x-litellm-enable-message-redaction", "true", true),
            ("litellm-enable-message-redaction", "please", true),
            ("x-litellm-enable-message-redaction", "False", false),
            ("litellm-disable-message-redaction", "true", false),
        ] {
            assert_eq!(
                steered(&[(name, value)]).unwrap().redact,
                asked,
                "{name}: {value}"
            );
        }
    }

    #[test]
    fn metadata_of_the_spend_row_comes_by_header_beside_the_bodys() {
        let body = r#"{"a":1,"spend_logs_metadata":{"run":1,"kept":2}}"#;
        let both = with_spend_metadata(Some(body), r#"{"run":"7"}"#).unwrap();
        let both: Value = serde_json::from_str(&both).unwrap();
        let wanted = serde_json::json!({"a": 1, "spend_logs_metadata": {"run": "7", "kept": 2}});
        assert_eq!(both, wanted);
        let alone = steered(&[("x-litellm-spend-logs-metadata", r#"{"run":"7"}"#)]);
        let alone = alone.unwrap().metadata.unwrap();
        assert_eq!(alone, r#"{"spend_logs_metadata":{"run":"7"}}"#);
    }

    #[test]
    fn a_wrong_header_is_named() {
        for (name, value) in [
            ("x-litellm-timeout", "soon"),
            ("x-litellm-stream-timeout", "-1"),
            ("x-litellm-num-retries", "1.5"),
            ("x-litellm-spend-logs-metadata", "[1]"),
            ("x-litellm-spend-logs-metadata", "{"),
        ] {
            let fault = steered(&[(name, value)]).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(name));
        }
    }
}
