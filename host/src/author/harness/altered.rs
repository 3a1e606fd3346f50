//! Cases made of a case: with another caller's marks in it, and with what no upstream should answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sluice_fixture::{Exchange, Expected, Fixture};

use super::case::Case;
use crate::plugins::hook_examples::HookExample;

/// Members of requests and records in which callers' words stand.
const WORDS: &[&str] = &["content", "text", "input", "prompt", "query", "user"];

/// What upstreams answer that should not: what it is, the status, the body.
const ANSWERS: &[(&str, u16, &str)] = &[
    ("status 500 and nothing else", 500, ""),
    ("status 500 and an odd document", 500, r#"{"error": 5}"#),
    ("status 429 and no JSON", 429, "<html>slow down</html>"),
    ("nothing", 200, ""),
    ("half a document", 200, r#"{"choices": [{"#),
    ("`null`", 200, "null"),
    ("`[]`", 200, "[]"),
    ("`{}`", 200, "{}"),
    ("a page", 200, "<html>not json</html>"),
];

/// A case that is broken on purpose.
pub struct Broken {
    /// What is broken, in words.
    pub what: String,
    pub case: Case,
    /// Whether an answer to the client is a mistake: the upstream gave no document.
    pub has_no_answer: bool,
}

/// The same call of another caller, whose words all have `mark` behind them.
pub fn marked(case: &Case, mark: &str) -> Case {
    match case {
        Case::Provider(fixture) => {
            let mut fixture = unchecked(fixture);
            mark_words(&mut fixture.body, mark);
            fixture
                .headers
                .push(("x-caller".to_owned(), mark.to_owned()));
            fixture.context.insert("caller".to_owned(), mark.into());
            Case::Provider(Box::new(fixture))
        }
        Case::Hook(example) => {
            let mut example = unjudged(example);
            for span in &mut example.spans {
                span.text.push_str(mark);
            }
            for record in &mut example.records {
                mark_words(record, mark);
            }
            let mut subject = match example.subject.take() {
                Some(Value::Object(subject)) => subject,
                _ => Map::new(),
            };
            subject.insert("user".to_owned(), mark.into());
            example.subject = Some(subject.into());
            Case::Hook(Box::new(example))
        }
    }
}

fn mark_words(value: &mut Value, mark: &str) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if WORDS.contains(&name.as_str()) => text.push_str(mark),
                    other => mark_words(other, mark),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| mark_words(it, mark)),
        _ => {}
    }
}

/// Everything that may be wrong with the input of a case.
pub fn broken(case: &Case) -> Vec<Broken> {
    match case {
        Case::Provider(fixture) => of_provider(fixture, case.reads_json()),
        Case::Hook(example) => of_hook(example),
    }
}

fn of_provider(fixture: &Fixture, reads_json: bool) -> Vec<Broken> {
    let plain = unchecked(fixture);
    let of = |what: String, fixture: Fixture, has_no_answer| Broken {
        what,
        case: Case::Provider(Box::new(fixture)),
        has_no_answer,
    };
    let mut all = Vec::new();
    for body in [
        json!({}),
        json!({"messages": []}),
        json!({"messages": "x", "input": 5}),
    ] {
        let what = format!("the request {body}");
        let fixture = Fixture {
            body,
            ..plain.clone()
        };
        all.push(of(what, fixture, false));
    }
    for at in 0..plain.exchanges.len() {
        for (what, status, body) in ANSWERS {
            let mut fixture = plain.clone();
            if let Some(exchange) = fixture.exchanges.get_mut(at) {
                exchange.reply.status = *status;
                exchange.reply.body = (*body).into();
            }
            let no_document = serde_json::from_str::<Value>(body).is_err();
            let is_last = at + 1 == plain.exchanges.len();
            let what = format!("answer {} is {what}", at + 1);
            all.push(of(what, fixture, reads_json && is_last && no_document));
        }
        let mut fixture = plain.clone();
        if let Some(exchange) = fixture.exchanges.get_mut(at) {
            exchange.reply.body = half(exchange);
        }
        all.push(of(
            format!("answer {} ends in its middle", at + 1),
            fixture,
            false,
        ));
    }
    all
}

fn half(exchange: &Exchange) -> Value {
    let mut bytes = exchange.reply.bytes();
    bytes.truncate(bytes.len() / 2);
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(cause) => json!({"base64": STANDARD.encode(cause.as_bytes())}),
    }
}

fn of_hook(example: &HookExample) -> Vec<Broken> {
    let plain = unjudged(example);
    let of = |what: String, example: HookExample| Broken {
        what,
        case: Case::Hook(Box::new(example)),
        has_no_answer: false,
    };
    let mut all = Vec::new();
    if example.callback.is_some() {
        let records = vec![json!({})];
        let what = "a record that says nothing".to_owned();
        all.push(of(
            what,
            HookExample {
                records,
                ..plain.clone()
            },
        ));
    }
    for at in 0..plain.fetches.len() {
        for (what, status, body) in ANSWERS {
            let mut example = plain.clone();
            if let Some(exchange) = example.fetches.get_mut(at) {
                exchange.status = *status;
                exchange.reply = (*body).into();
            }
            all.push(of(format!("answer {} is {what}", at + 1), example));
        }
    }
    all
}

/// The same call, of whose requests nothing is checked.
fn unchecked(fixture: &Fixture) -> Fixture {
    let mut fixture = fixture.clone();
    for exchange in &mut fixture.exchanges {
        exchange.request = Expected::default();
    }
    fixture
}

/// The same call, of whose requests nothing is checked.
fn unjudged(example: &HookExample) -> HookExample {
    let mut example = example.clone();
    for exchange in &mut example.fetches {
        (exchange.method, exchange.url, exchange.body) = (None, None, None);
    }
    example
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> Case {
        let value = json!({"name": "a", "provider": "a", "operation": "chat", "model": "m",
            "body": {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
            "exchanges": [{"request": {"url": "/a"}, "reply": {"status": 200, "body": {"json": {"text": "x"}}}}],
            "expect": {"response": {}}});
        Case::Provider(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn another_callers_words_are_marked_and_roles_are_not() {
        let Case::Provider(marked) = marked(&fixture(), "-M") else {
            panic!("not a provider's");
        };
        let message = &marked.body["messages"][0];
        assert_eq!(message["role"], "user");
        assert_eq!(message["content"][0]["text"], "hi-M");
        assert_eq!(marked.exchanges[0].request.url, None);
    }

    #[test]
    fn only_what_is_no_document_has_no_answer() {
        let all = broken(&fixture());
        let bad: Vec<&str> = all
            .iter()
            .filter(|it| it.has_no_answer)
            .map(|it| it.what.as_str())
            .collect();
        assert!(
            bad.contains(&"answer 1 is a page") && bad.contains(&"answer 1 is nothing"),
            "{bad:?}"
        );
        assert!(!bad.contains(&"answer 1 is `{}`"), "{bad:?}");
        assert!(
            all.iter()
                .any(|it| it.what == "answer 1 ends in its middle")
        );
    }
}
