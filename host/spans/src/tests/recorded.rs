//! Recorded traffic: all text is found, and streams that are let through are as they came.

use proptest::prelude::*;

use std::collections::BTreeMap;

use super::blocks::ordered;
use super::guards::{Guard, Holding, Key, Open, gathered, through};
use super::*;

/// The operation of a recording whose body is in its client's dialect.
fn native(file: &str, item: &Value) -> Option<(&'static str, bool)> {
    let kind = item["kind"].as_str()?;
    let (name, streamed) = match kind.strip_suffix("-stream") {
        Some(name) => (name, true),
        None => (kind, false),
    };
    let operation = match name {
        "chat" if file.contains("/anthropic/") => "messages",
        "chat" if file.contains("/gemini/") => "generate-content",
        "chat" => "chat",
        "responses" => "responses",
        "completions" => "completions",
        "embeddings" if !file.contains("/gemini/") => "embeddings",
        _ => return None,
    };
    Some((operation, streamed))
}

struct Recording {
    id: String,
    operation: &'static str,
    streamed: bool,
    body: String,
}

fn recordings() -> Vec<Recording> {
    let files = [
        "plugins/openai/fixtures/corpus.jsonl",
        "plugins/openai_compatible/fixtures/corpus.jsonl",
        "plugins/azure/fixtures/corpus.jsonl",
        "plugins/anthropic/fixtures/corpus.jsonl",
        "plugins/gemini/fixtures/corpus.jsonl",
    ];
    let mut all = Vec::new();
    for file in files {
        for item in lines(file) {
            if let Some((operation, streamed)) = native(file, &item)
                && let Some(body) = item["body"].as_str()
            {
                all.push(Recording {
                    id: item["id"].as_str().unwrap().to_owned(),
                    operation,
                    streamed,
                    body: body.to_owned(),
                });
            }
        }
    }
    assert!(all.len() > 900, "{}", all.len());
    all
}

/// Every string of a document that is prose, whatever it is, but for what is said twice.
fn prose(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::String(text) if text.trim().contains(' ') => out.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|it| prose(it, at, out)),
        Value::Object(members) => {
            for (name, value) in members {
                let again = ["logprobs", "instructions", "logprobsResult"].contains(&name.as_str());
                let request = at.is_empty()
                    && ["tools", "text", "input", "prompt", "provider"].contains(&name.as_str());
                if !again && !request {
                    prose(value, name, out);
                }
            }
        }
        _ => {}
    }
}

/// The text that a span shows, as it stands in the document.
fn standing(span: &Span) -> String {
    match span.form {
        crate::span::Form::Leaf => serde_json::from_str(&format!("\"{}\"", span.text)).unwrap(),
        _ => span.text.clone(),
    }
}

#[test]
fn all_prose_of_recorded_answers_is_found() {
    let mut seen = 0;
    for item in recordings().iter().filter(|it| !it.streamed) {
        let Ok(body) = serde_json::from_str::<Value>(&item.body) else {
            continue;
        };
        let spans = answer(item.operation, &body);
        let found: Vec<String> = spans.iter().map(standing).collect();
        let mut expected = Vec::new();
        prose(&body, "", &mut expected);
        seen += expected.len();
        for text in expected {
            assert!(
                found.contains(&text),
                "{} {}: {text}",
                item.operation,
                item.id
            );
        }
    }
    assert!(seen > 800, "{seen}");
}

#[test]
fn no_prose_of_recorded_answers_outlives_an_edit() {
    for item in recordings().iter().filter(|it| !it.streamed) {
        let Ok(mut body) = serde_json::from_str::<Value>(&item.body) else {
            continue;
        };
        let spans = answer(item.operation, &body);
        let edits = spans.iter().enumerate().map(|(span, it)| Edit {
            span,
            text: match it.form {
                crate::span::Form::Document => "{}".to_owned(),
                crate::span::Form::Name => format!("name{span}"),
                _ => "x".to_owned(),
            },
        });
        let edits: Vec<Edit> = edits.collect();
        apply(&mut body, &spans, &edits).unwrap();
        let mut left = Vec::new();
        prose(&body, "", &mut left);
        let of_text = item.operation != "chat" || body["choices"][0]["message"]["content"] == "x";
        if of_text {
            tokens(&body, &mut left);
        }
        assert!(left.is_empty(), "{} {}: {left:?}", item.operation, item.id);
    }
}

#[test]
fn all_prose_of_recorded_requests_is_found() {
    let mut seen = 0;
    let mut check = |operation: &str, body: &Value| {
        let found: Vec<String> = request(operation, body).iter().map(standing).collect();
        let mut expected = Vec::new();
        prose(&serde_json::json!({ "request": body }), "", &mut expected);
        let text = body["instructions"].as_str().filter(|it| !it.is_empty());
        expected.extend(text.map(str::to_owned));
        seen += expected.len();
        for text in expected {
            assert!(found.contains(&text), "{operation}: {text} of {body}");
        }
    };
    for item in lines("host/bridges/fixtures/requests.jsonl") {
        let operation = match item["dialect"].as_str().unwrap() {
            "generate_content" => "generate-content",
            other => other,
        };
        check(operation, &item["body"]);
    }
    for item in lines("plugins/openai/fixtures/requests.jsonl") {
        check(item["operation"].as_str().unwrap(), &item["request"]);
    }
    assert!(seen > 1200, "{seen}");
}

/// The texts that are known by their place, in a stream's events.
fn streams() -> Vec<(Recording, Vec<Value>)> {
    let all = recordings().into_iter().filter(|it| it.streamed);
    let all = all.map(|it| {
        let events = events(&it.body);
        (it, events)
    });
    let all: Vec<_> = all.filter(|(_, events)| !events.is_empty()).collect();
    let (own, torn): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, events)| agrees(events));
    assert!(torn.len() < 8, "{}", torn.len());
    own
}

/// Whether a response says at the end of a text what it said before. Recordings that were cut do not.
fn agrees(events: &[Value]) -> bool {
    let mut grown = BTreeMap::<String, String>::new();
    events.iter().all(|event| {
        let place = [
            &event["item_id"],
            &event["content_index"],
            &event["summary_index"],
        ];
        let kind = event["type"].as_str().unwrap_or_default();
        let (name, end) = kind.rsplit_once('.').unwrap_or_default();
        let text = grown.entry(format!("{name} {place:?}")).or_default();
        let whole = ["text", "arguments", "input", "code", "refusal"]
            .iter()
            .find_map(|it| event[it].as_str());
        match (end, event["delta"].as_str(), whole) {
            ("delta", Some(delta), _) => text.push_str(delta),
            ("done", _, Some(whole)) => return text.is_empty() || text == whole,
            _ => {}
        }
        true
    })
}

#[test]
fn streams_that_are_let_through_are_as_they_came() {
    let mut seen = 0;
    for (item, events) in streams() {
        let plain = gathered(item.operation, &events);
        for sizes in [&[1][..], &[2, 7, 3], &[1000]] {
            let out = through(item.operation, &events, sizes, &mut Open);
            assert_eq!(
                gathered(item.operation, &out),
                plain,
                "{} {}",
                item.operation,
                item.id
            );
        }
        seen += 1;
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn what_is_held_back_comes_out_in_the_end() {
    for (item, events) in streams() {
        let plain = gathered(item.operation, &events);
        for held in [vec![3], vec![0, 5, 1, 40], vec![100_000]] {
            let mut guard = Holding::of(held, Vec::new());
            let out = through(item.operation, &events, &[1, 2], &mut guard);
            assert_eq!(
                gathered(item.operation, &out),
                plain,
                "{} {}",
                item.operation,
                item.id
            );
            if item.operation == "messages" && out.iter().all(|it| it["type"] != "error") {
                ordered(&out);
            }
        }
    }
}

#[test]
fn a_word_that_is_replaced_is_nowhere_in_the_stream() {
    let words = vec![("the", "DIE"), ("The", "DIE")];
    let mut changed = 0;
    for (item, events) in streams() {
        let mut guard = Holding::of(Vec::new(), words.clone());
        let out = through(item.operation, &events, &[1], &mut guard);
        let before = gathered(item.operation, &events);
        for (place, text) in gathered(item.operation, &out) {
            let ours = ["usage", "signature", "id", "name", "data"]
                .iter()
                .any(|it| place.ends_with(it));
            let expected = before
                .get(&place)
                .map(|it| it.replace("the", "DIE").replace("The", "DIE"));
            let whole =
                place.starts_with("item") || place.starts_with("done") || place.ends_with("block");
            let torn = text.contains(" the ") && !text.contains("instructions");
            assert!(
                !whole || !torn,
                "{} {} {place}: {text}",
                item.operation,
                item.id
            );
            if !ours && !whole && !place.ends_with("parts") && !place.ends_with("grounds") {
                changed += usize::from(Some(&text) != before.get(&place));
                assert_eq!(
                    Some(text),
                    expected,
                    "{} {} {place}",
                    item.operation,
                    item.id
                );
            }
        }
    }
    assert!(changed > 100, "{changed}");
}

/// Lets nothing through.
struct Shut;

impl Guard for Shut {
    fn feed(&mut self, _: Vec<Piece>, _: bool) -> Vec<Piece> {
        Vec::new()
    }
}

#[test]
fn nothing_that_was_not_let_through_is_written() {
    let mut seen = 0;
    for (item, events) in streams() {
        let prose_of = |events: &[Value]| {
            let mut all = Vec::new();
            for event in events {
                let mut event = event.clone();
                if let Some(response) = event.get_mut("response").map(Value::take) {
                    prose(&response, "", &mut all);
                }
                prose(&event, "", &mut all);
                tokens(&event, &mut all);
            }
            all
        };
        seen += prose_of(&events).len();
        for size in [1, 5] {
            let out = through(item.operation, &events, &[size], &mut Shut);
            let written = prose_of(&out);
            let mut again = Stream::new(item.operation);
            let left = out.iter().flat_map(|it| again.take(it)).next();
            assert_eq!(left, None, "{} {}", item.operation, item.id);
            assert!(
                written.is_empty(),
                "{} {}: {written:?}",
                item.operation,
                item.id
            );
        }
    }
    assert!(seen > 1500, "{seen}");
}

/// Words in likelihoods.
fn tokens(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|it| tokens(it, out)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if name == "token" => out.push(text.clone()),
                    _ => tokens(value, out),
                }
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_batches_and_any_holding_give_the_same_text(
        pick in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(1..20usize, 1..6),
        held in prop::collection::vec(0..60usize, 1..6),
    ) {
        let all = some_streams();
        let (operation, events) = pick.get(all);
        let mut guard = Holding::of(held, Vec::new());
        let out = through(operation, events, &sizes, &mut guard);
        prop_assert_eq!(gathered(operation, &out), gathered(operation, events));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_a_guardrail_lets_through_is_what_is_written(
        pick in any::<prop::sample::Index>(),
        sizes in prop::collection::vec(1..20usize, 1..6),
        held in prop::collection::vec(0..60usize, 1..6),
        longer in any::<bool>(),
    ) {
        let (operation, events) = pick.get(some_streams());
        let words = match longer {
            true => vec![("a", "<another>"), ("\u{201c}", ""), (".", "...")],
            false => vec![("the ", ""), ("e", ""), ("and", "&")],
        };
        let mut guard = Holding::of(held, words);
        let out = through(operation, events, &sizes, &mut guard);

        prop_assert_eq!(taken(operation, &out), guard.passed);
        if *operation == "messages" && out.iter().all(|it| it["type"] != "error") {
            ordered(&out);
        }
        if *operation == "responses" {
            prop_assert!(agrees(&out), "{:?}", out);
        }
        let finished = |events: &[Value]| gathered(operation, events).get("0 finish").cloned();
        prop_assert_eq!(finished(&out), finished(events));
    }
}

/// The text of events, but for what is whole in one of them.
fn taken(operation: &str, events: &[Value]) -> BTreeMap<Key, String> {
    let mut stream = Stream::new(operation);
    let mut all = BTreeMap::<Key, String>::new();
    for piece in events.iter().flat_map(|it| stream.take(it)) {
        if !piece.call.contains('#') {
            let text = all
                .entry((piece.choice, piece.channel, piece.call))
                .or_default();
            text.push_str(&piece.text);
        }
    }
    all
}

/// Read once.
fn some_streams() -> &'static [(&'static str, Vec<Value>)] {
    static ALL: std::sync::OnceLock<Vec<(&'static str, Vec<Value>)>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let all = streams().into_iter();
        all.map(|(item, events)| (item.operation, events)).collect()
    })
}
