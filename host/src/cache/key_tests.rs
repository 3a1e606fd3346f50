//! Tests: what names an answer, and what does not.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

const ASKED: Asked<'_> = Asked {
    operation: "chat",
    streams: false,
    group: "g",
    asked: "m",
    tenant: "team:t",
    tags: &[],
    namespace: None,
    headers: &[],
};

fn namer(asked: Asked<'_>, body: &Value) -> Option<Namer> {
    let members = body.as_object().unwrap();
    let raw: Vec<(&str, String)> = members
        .iter()
        .map(|(name, it)| (&**name, it.to_string()))
        .collect();
    Namer::of(
        asked,
        raw.iter().map(|(name, raw)| (*name, &**raw)),
        None,
        None,
    )
}

fn key(asked: Asked<'_>, body: &Value) -> Key {
    namer(asked, body).unwrap().whole()
}

fn body() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 1})
}

fn with(name: &str, value: Value) -> Value {
    let mut body = body();
    body[name] = value;
    body
}

#[test]
fn what_determines_an_answer_names_it() {
    let plain = key(ASKED, &body());
    for (name, value) in [
        ("temperature", json!(0.5)),
        ("messages", json!([{"role": "user", "content": "ho"}])),
        ("max_tokens", json!(5)),
        ("seed", json!(1)),
        ("n", json!(2)),
        ("response_format", json!({"type": "json_object"})),
        ("tools", json!([])),
        ("drop_params", json!(true)),
        ("guardrails", json!(["g"])),
        ("store", json!(true)),
        ("service_tier", json!("flex")),
        ("unknown", json!("x")),
    ] {
        assert_ne!(key(ASKED, &with(name, value)), plain, "{name}");
    }
    let header = [("anthropic-beta".to_owned(), "x".to_owned())];
    let tags = ["eu".to_owned()];
    for asked in [
        Asked {
            tags: &tags,
            ..ASKED
        },
        Asked {
            operation: "completions",
            ..ASKED
        },
        Asked {
            streams: true,
            ..ASKED
        },
        Asked {
            group: "h",
            ..ASKED
        },
        Asked {
            asked: "n",
            ..ASKED
        },
        Asked {
            tenant: "team:u",
            ..ASKED
        },
        Asked {
            namespace: Some("n"),
            ..ASKED
        },
        Asked {
            headers: &header,
            ..ASKED
        },
    ] {
        assert_ne!(key(asked, &body()), plain, "{asked:?}");
    }
}

#[test]
fn what_does_not_determine_an_answer_does_not_name_it() {
    let plain = key(ASKED, &body());
    for name in SILENT {
        assert_eq!(key(ASKED, &with(name, json!({"any": 1}))), plain, "{name}");
    }
    assert_eq!(key(ASKED, &with("temperature", json!(1.0))), plain);
    assert_eq!(key(ASKED, &with("seed", Value::Null)), plain);
}

#[test]
fn answers_that_depend_on_more_have_no_name() {
    for (name, value) in [
        ("conversation", json!("conv_1")),
        ("background", json!(true)),
        ("mock_response", json!("x")),
        ("mock_testing_fallbacks", json!(true)),
        ("messages", json!("x".repeat(MOST_TEXT))),
    ] {
        assert!(namer(ASKED, &with(name, value)).is_none(), "{name}");
    }
    assert!(namer(ASKED, &with("background", json!(false))).is_some());
}

#[test]
fn parts_are_named_by_their_value_and_the_rest() {
    let all = namer(ASKED, &body()).unwrap();
    let other = namer(ASKED, &with("dimensions", json!(3))).unwrap();
    assert_eq!(all.part("\"a\""), all.part(" \"\\u0061\""));
    assert_ne!(all.part("\"a\""), all.part("[97]"));
    assert_ne!(all.part("\"a\""), other.part("\"a\""));
    assert_ne!(all.part("null"), Some(all.whole()));
    assert_eq!(all.part("["), None);
}

#[test]
fn only_keys_of_the_namespace_are_read_back() {
    let written = key(ASKED, &body());
    assert_eq!(Key::parse(written.as_str(), None), Some(written.clone()));
    assert!(Key::parse(written.as_str(), Some("other")).is_none());
    let digest = written.as_str().rsplit(':').next().unwrap().to_owned();
    for text in [
        "",
        "sluice:cache:",
        "budget:1",
        &digest,
        &format!("sluice:cache:{}*", &digest[1..]),
    ] {
        assert!(Key::parse(text, None).is_none(), "{text}");
    }
}

proptest! {
    /// Whatever the members are called and hold, moving a byte from one part to its neighbour is
    /// another request.
    #[test]
    fn parts_do_not_run_into_each_other(a in "[a-z]{1,6}", b in "[a-z]{1,6}", c in "[a-z]{1,6}") {
        let ab = format!("{a}{b}");
        let bc = format!("{b}{c}");
        let left = Asked { group: &ab, asked: &c, ..ASKED };
        let right = Asked { group: &a, asked: &bc, ..ASKED };
        prop_assert_ne!(key(left, &body()), key(right, &body()));
    }

    #[test]
    fn the_order_of_members_does_not_matter(names in prop::collection::btree_map("[a-z]{1,5}x", any::<i32>(), 0..6)) {
        let of = |all: Vec<(&String, &i32)>| {
            let members: Map<String, Value> = all.into_iter().map(|(name, it)| (name.clone(), json!(it))).collect();
            key(ASKED, &Value::Object(members))
        };
        prop_assert_eq!(of(names.iter().collect()), of(names.iter().rev().collect()));
    }
}
