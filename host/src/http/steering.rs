//! Headers with which a client steers one call. As in LiteLLM they win over the body's members of
//! the same names.

use std::time::Duration;

use http::HeaderMap;

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
    if let Some(tags) = text(headers, "x-litellm-tags") {
        controls.tag(tags.split(',').map(|it| it.trim().to_owned()));
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
    fn a_wrong_header_is_named() {
        for (name, value) in [
            ("x-litellm-timeout", "soon"),
            ("x-litellm-stream-timeout", "-1"),
            ("x-litellm-num-retries", "1.5"),
        ] {
            let fault = steered(&[(name, value)]).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(name));
        }
    }
}
