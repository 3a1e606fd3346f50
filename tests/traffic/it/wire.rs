//! What each component sends for 25 requests of OpenAI's dialect, beside what LiteLLM 1.109.1 sends
//! for them. A difference is deliberate, with its reason (`fixtures/wire/differences.tsv`), or wrong.

use std::collections::BTreeSet;

use sluice_fixture::patched;
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Body, Call, Outbound, Step};

use crate::components::{self, Component};
use crate::{list, text};

const CASES: &str = include_str!("../fixtures/wire/cases.json");
pub const SAMPLES: &str = include_str!("../fixtures/wire/litellm.jsonl");
const DIFFERENCES: &str = include_str!("../fixtures/wire/differences.tsv");

/// A difference with its reason: provider, model, case and place, each a pattern.
struct Reason {
    patterns: [&'static str; 4],
    why: &'static str,
}

impl Reason {
    fn fits(&self, found: &[&str; 4]) -> bool {
        let mut pairs = self.patterns.iter().zip(found);
        pairs.all(|(patterns, text)| patterns.split('|').any(|it| matches(it, text)))
    }
}

/// Whether a pattern, in which `*` stands for any text, fits the whole.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|left| {
            let ends = left.char_indices().map(|(at, _)| at).chain([left.len()]);
            ends.into_iter().any(|at| matches(rest, &left[at..]))
        }),
    }
}

fn reasons() -> Vec<Reason> {
    let read = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap();
        Reason {
            patterns: [next(), next(), next(), next()],
            why: next(),
        }
    };
    DIFFERENCES.lines().map(read).collect()
}

/// What the gateway takes out of a request before the component sees it, with `drop_params`.
fn without_unsupported(provider: &Value, model: &str, body: &Value) -> Value {
    let rules = &provider["operations"]["chat"];
    let mut out = BTreeSet::new();
    let mut apply = |rule: &Value| {
        for name in list(&rule["supported"]) {
            out.remove(text_of(name));
        }
        for list_of in ["unsupported", "ignored"] {
            out.extend(list(&rule[list_of]).iter().map(|it| text_of(it).to_owned()));
        }
    };
    apply(rules);
    for rule in list(&rules["models"]) {
        if list(&rule["match"])
            .iter()
            .any(|it| matches(text_of(it), model))
        {
            apply(rule);
        }
    }
    let members = body.as_object().unwrap().clone().into_iter();
    Value::from(
        members
            .filter(|(name, _)| !out.contains(name))
            .collect::<Map<_, _>>(),
    )
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The one request that a case becomes, with its body; or the component's refusal.
pub fn sent(component: &Component, call: &Call, body: &Value) -> Result<(Outbound, Value), String> {
    let step = (component.start)(call, &body.to_string()).map_err(|it| it.kind)?;
    let Step::Send(outbound) = step else {
        return Err("several requests".to_owned());
    };
    let body = match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        Body::Patch(members) => patched(body, members),
        _ => Value::Null,
    };
    Ok((outbound, body))
}

pub fn call(provider: &str, model: &str, streaming: bool) -> Call {
    let base = match provider {
        "azure" => "https://r.openai.azure.com",
        _ => "https://upstream.test",
    };
    let config = json!({"aws_region_name": "us-east-1", "account_id": "a", "vertex_project": "p", "vertex_location": "us-east5",
        "project_id": "p", "api_version": "2024-10-21", "predibase_tenant_id": "t"});
    let secrets: &[&str] = match provider {
        "vertex_ai" => &[],
        "bedrock" => &["aws_access_key_id", "aws_secret_access_key"],
        "gigachat" => &["access_token"],
        _ => &["api_key"],
    };
    Call {
        id: "1".into(),
        operation: "chat".into(),
        provider: provider.into(),
        model: model.into(),
        streaming,
        config: config.to_string(),
        secrets: secrets.iter().map(|it| (*it).to_owned()).collect(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: json!({ "base_url": base }).to_string(),
    }
}

/// Every place where two bodies differ: `-` is LiteLLM's alone, `+` ours alone, `~` another value.
fn differences(at: &str, theirs: &Value, ours: &Value, found: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for (name, value) in a {
                match b.get(name) {
                    Some(other) => differences(&format!("{at}/{name}"), value, other, found),
                    None => found.push(format!("-{at}/{name}")),
                }
            }
            let extra = b.keys().filter(|it| !a.contains_key(*it));
            found.extend(extra.map(|it| format!("+{at}/{it}")));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}/{index}"), a, b, found);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (a, b) if a == b => {}
        _ => found.push(format!("~{at}")),
    }
}

/// Google reads its names in either form; texts of JSON are compared as what they say.
fn normalised(google: bool, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let renamed = members.iter().map(|(name, value)| {
                let inner = google && !matches!(name.as_str(), "properties" | "args");
                let name = if google { camel(name) } else { name.clone() };
                (name, normalised(inner, value))
            });
            Value::from(renamed.collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(|it| normalised(google, it)).collect(),
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        other => other.clone(),
    }
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |known, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        known + &head.to_ascii_uppercase() + tail
    })
}

#[test]
fn what_is_sent_differs_from_litellms_only_where_a_reason_is_given() {
    let cases: Map<String, Value> = serde_json::from_str(CASES).unwrap();
    assert_eq!(cases.len(), 25);
    let components = components::all();
    let reasons = reasons();
    let (mut used, mut wrong, mut compared) = (BTreeSet::new(), Vec::new(), 0);
    for line in SAMPLES.lines() {
        let sample: Value = serde_json::from_str(line).unwrap();
        let (provider, model) = (text(&sample, "provider"), text(&sample, "model"));
        let component = components.iter().find(|it| it.provider(provider).is_some());
        for (case, theirs) in sample["bodies"].as_object().unwrap() {
            let request = &cases[case];
            let places = match component {
                Some(component) => places(component, provider, model, request, theirs),
                None => vec!["absent".to_owned()],
            };
            compared += 1;
            for place in places {
                let bare = place.split(' ').next().unwrap_or_default();
                let found = [provider, model, case.as_str(), bare];
                match reasons.iter().position(|it| it.fits(&found)) {
                    Some(at) => drop(used.insert(at)),
                    None => wrong.push(format!("{provider}\t{model}\t{case}\t{place}")),
                }
            }
        }
    }
    assert_eq!(compared, 1089);
    let unused = reasons
        .iter()
        .enumerate()
        .filter(|(at, _)| !used.contains(at));
    wrong.extend(unused.map(|(_, it)| {
        format!(
            "a reason without a difference: {:?} {}",
            it.patterns, it.why
        )
    }));
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Where the two bodies differ.
fn places(
    component: &Component,
    provider: &str,
    model: &str,
    request: &Value,
    theirs: &Value,
) -> Vec<String> {
    let known = component.provider(provider).unwrap();
    let mut body = without_unsupported(known, model, request);
    body["model"] = model.into();
    let call = call(provider, model, request["stream"] == true);
    let refused = theirs["_error"].is_string();
    match sent(component, &call, &body) {
        Err(_) if refused => Vec::new(),
        Err(kind) => vec![format!("refused:{kind}")],
        Ok(_) if refused => vec!["taken".to_owned()],
        Ok((_, ours)) => {
            let google = matches!(text(&component.document, "name"), "gemini" | "vertex_ai");
            let google = google && !model.starts_with("claude");
            let mut theirs = normalised(google, theirs);
            // Headers that the samples note among the members.
            let members = theirs.as_object_mut().unwrap();
            members.retain(|name, _| !name.starts_with('_'));
            let mut found = Vec::new();
            let ours = normalised(google, &ours);
            differences("", &theirs, &ours, &mut found);
            found.iter().map(|it| shown(it, &theirs, &ours)).collect()
        }
    }
}

/// A place with both values, to look at.
fn shown(place: &str, theirs: &Value, ours: &Value) -> String {
    let at = |it: &Value| {
        it.pointer(&place[1..])
            .map_or_else(String::new, |it| it.to_string().chars().take(150).collect())
    };
    format!("{place} litellm {} ours {}", at(theirs), at(ours))
}
