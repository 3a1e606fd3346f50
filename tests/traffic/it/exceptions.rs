//! What becomes of 40 written errors, beside the exception and status that LiteLLM 1.109.1 gives
//! for them. A difference is deliberate, with its reason (`fixtures/wire/exceptions.tsv`), or wrong.

use std::collections::BTreeSet;

use sluice_sdk::serde_json::{self, Value, json};

use crate::components;
use crate::refusals::hosts_kind;
use crate::text;

const SAMPLES: &str = include_str!("../fixtures/wire/errors.jsonl");
const DIFFERENCES: &str = include_str!("../fixtures/wire/exceptions.tsv");

/// The gateway's status and LiteLLM's class by kind, as `docs/errors.md` has them.
const KINDS: [(&str, u64, &str); 12] = [
    ("invalid-request", 400, "BadRequestError"),
    ("unsupported", 400, "UnsupportedParamsError"),
    ("context-window", 400, "ContextWindowExceededError"),
    ("content-policy", 400, "ContentPolicyViolationError"),
    ("authentication", 401, "AuthenticationError"),
    ("permission", 403, "PermissionDeniedError"),
    ("not-found", 404, "NotFoundError"),
    ("quota", 429, "RateLimitError"),
    ("rate-limit", 429, "RateLimitError"),
    ("overloaded", 503, "ServiceUnavailableError"),
    ("timeout", 408, "Timeout"),
    ("upstream", 500, "InternalServerError"),
];

#[test]
fn errors_are_litellms_exceptions_unless_a_reason_is_given() {
    let components = components::all();
    let reasons: Vec<Vec<&str>> = DIFFERENCES
        .lines()
        .map(|it| it.split('\t').collect())
        .collect();
    let (mut wrong, mut used) = (Vec::new(), BTreeSet::new());
    assert_eq!(SAMPLES.lines().count(), 40);
    for line in SAMPLES.lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let name = text(&sample, "name");
        let provider = name.split('/').next().unwrap();
        let component = components.iter().find(|it| it.provider(provider).is_some());
        let component = component.unwrap();
        let reply = &sample["reply"];
        let streaming = reply["status"] == 200;
        let fixture = json!({
            "name": name, "provider": provider, "operation": "chat", "model": "m", "streaming": streaming,
            "secrets": ["api_key"], "context": {"base_url": "https://r.openai.azure.com"},
            "body": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
            "exchanges": [{"reply": reply}], "expect": {}
        });
        let outcome = (component.replay)(&serde_json::from_value(fixture).unwrap()).unwrap();
        let error = outcome.error.unwrap();
        let rules = &component.provider(provider).unwrap()["errors"];
        let status = reply["status"].as_u64().unwrap();
        let kind = match error.kind.as_str() {
            "" => hosts_kind(rules, &reply["body"]["json"], status),
            kind => kind.to_owned(),
        };
        let (_, status, class) = KINDS.iter().find(|it| it.0 == kind).unwrap();
        let same = sample["class"] == *class && sample["status"] == *status;
        let reason = reasons.iter().position(|it| it[0] == name && it[1] == kind);
        match reason {
            Some(at) if !same => drop(used.insert(at)),
            None if same => {}
            _ => wrong.push(format!(
                "{name}: litellm {} {}, ours {kind}",
                sample["class"], sample["status"]
            )),
        }
    }
    let unused = (0..reasons.len()).filter(|it| !used.contains(it));
    wrong.extend(unused.map(|it| format!("a reason without a difference: {:?}", reasons[it])));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
