//! Every recorded chat goes out in every dialect, whoever answered it: a client finds its text, its
//! calls, its tokens and why it ended, and the events of a stream keep to the dialect's grammar, each
//! in its order, the reason and the usage once and at the end.

use std::collections::BTreeMap;

use sluice_bridges::{Dialect, Event, Identity, Options, Plan, Target, request};
use sluice_fixture::Chunking;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::Outcome;

use crate::gist::{End, Gist};
use crate::judge::{Verdict, holds, judge, same};
use crate::play::{Cast, Played, cast};
use crate::recordings::Recording;
use crate::{components, list, recordings, replay, text};

#[path = "../../../host/bridges/src/tests/grammar.rs"]
mod grammar;

/// What a client of the dialect asked of the deployment that answers.
fn plan(dialect: Dialect, cast: &Cast<'_>) -> Plan {
    let body = match dialect {
        Dialect::Messages => {
            json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]})
        }
        Dialect::Responses => json!({"model": "m", "input": "x"}),
        Dialect::GenerateContent => {
            json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}],
            "generationConfig": {"thinkingConfig": {"includeThoughts": true}}})
        }
        Dialect::Completions => {
            json!({"model": "m", "prompt": "x", "stream": true, "stream_options": {"include_usage": true}})
        }
    };
    let known = cast.component.provider(&cast.provider).unwrap();
    let options = Options {
        target: Target::of(text(known, "name"), &cast.fixture.model),
        ..Options::default()
    };
    let asked = request(dialect, body.as_object().unwrap(), &options);
    asked.unwrap().plan
}

fn identity() -> Identity {
    Identity::new("1", 1_700_000_000, "m")
}

/// Canonical chunks as events of a dialect. `marked`: they were followed by the marker of an end.
///
/// # Errors
/// The stream ends with an error.
pub fn out(
    dialect: Dialect,
    cast: &Cast<'_>,
    chunks: &[Value],
    marked: bool,
) -> Result<Vec<Event>, String> {
    let mut stream = plan(dialect, cast).stream(identity());
    let mut events: Vec<Event> = chunks.iter().flat_map(|it| stream.push(it)).collect();
    if marked {
        events.extend(stream.complete());
    }
    events.extend(stream.finish());
    match stream.failure() {
        Some(failure) => Err(failure.message.clone()),
        None => Ok(events),
    }
}

/// The chunks of a stream, its usage the last of them.
fn chunks(recording: &Recording, outcome: &Outcome) -> Vec<Value> {
    if outcome.relayed {
        return replay::data(recording.body());
    }
    let usage = outcome.usage.iter();
    let usage = usage.map(|it| json!({"choices": [], "usage": it}));
    outcome.events.iter().cloned().chain(usage).collect()
}

/// How a stream of a dialect has to be.
fn kept(dialect: Dialect, events: &[Event]) -> Verdict {
    let data: Vec<Value> = events.iter().filter_map(Event::data).cloned().collect();
    let count = |told: &dyn Fn(&Value) -> bool| data.iter().filter(|it| told(it)).count();
    let reasons =
        |all: &str, name: &str| count(&|it| list(&it[all]).iter().any(|it| it[name].is_string()));
    match dialect {
        Dialect::Messages => {
            grammar::messages(&data)?;
            let told = count(&|it| it["usage"]["output_tokens"].is_u64());
            same("usages", &1, &told)
        }
        Dialect::Responses => {
            grammar::responses(&data)?;
            let told = count(&|it| it["response"]["usage"].is_object());
            same("usages", &1, &told)
        }
        Dialect::GenerateContent => {
            grammar::google(&data)?;
            same("reasons", &1, &reasons("candidates", "finishReason"))?;
            let told = count(&|it| it["usageMetadata"].is_object());
            same("usages", &1, &told)
        }
        Dialect::Completions => {
            let ended = events.iter().position(|it| *it == Event::Done);
            same("end", &Some(events.len() - 1), &ended)?;
            holds(reasons("choices", "finish_reason") > 0, "no reason")?;
            holds(count(&|it| it["usage"].is_object()) < 2, "two usages")
        }
    }
}

/// Whether a client of the dialect finds what there is.
fn found(dialect: Dialect, mut want: Gist, parts: &[Value]) -> Verdict {
    let mut got = Gist::of(dialect, parts);
    match dialect {
        // A filter's stands beside the text.
        Dialect::Messages if want.end == End::Filter => want.refusal.clear(),
        Dialect::Messages if !want.refusal.is_empty() => {
            want.text += &want.refusal.split_off(0);
            want.end = End::Filter;
        }
        Dialect::GenerateContent => want.text += &want.refusal.split_off(0),
        Dialect::Completions => {
            want.refusal.clear();
            want.calls.clear();
        }
        Dialect::Messages | Dialect::Responses => {}
    }
    // Arguments that were cut off are a text, or nothing where they have to be a document.
    for (want, got) in want.calls.iter_mut().zip(&mut got.calls) {
        if want.1.is_string() && got.1 == json!({}) {
            got.1 = want.1.clone();
        }
    }
    same("the answer", &want, &got)
}

/// What keeps an answer from a client: arguments that are none, where they have to be a document.
fn is_broken(want: &Gist, why: &str) -> bool {
    want.calls.iter().any(|it| it.1.is_string()) && why.ends_with("are not JSON")
}

fn goes_out(
    dialect: Dialect,
    recording: &Recording,
    cast: &Cast<'_>,
    outcome: &Outcome,
) -> Verdict {
    let whole = match outcome.relayed {
        true => Some(recording.json()).filter(|_| !recording.is_stream()),
        false => outcome.response.clone(),
    };
    if let Some(answer) = whole {
        let want = Gist::canonical(std::slice::from_ref(&answer));
        return match plan(dialect, cast).answer(&identity(), &answer) {
            Ok(told) => found(dialect, want, &[told]),
            Err(why) => holds(is_broken(&want, &why.message), &why.message),
        };
    }
    // The gateway says itself that an attempt has failed.
    if outcome.error.is_some() {
        return Ok(());
    }
    let chunks = chunks(recording, outcome);
    let fails = chunks.iter().any(|it| it["error"].is_object());
    let want = Gist::canonical(&chunks);
    let marked = recording.body().contains("data: [DONE]");
    match out(dialect, cast, &chunks, marked) {
        Ok(_) if fails => Err("a failure ends well".to_owned()),
        Ok(events) => {
            kept(dialect, &events)?;
            let data: Vec<Value> = events.iter().filter_map(Event::data).cloned().collect();
            found(dialect, want, &data)
        }
        Err(why) => holds(fails || is_broken(&want, &why), &why),
    }
}

#[test]
fn every_recorded_chat_is_whole_for_a_client_of_any_dialect() {
    let components = components::all();
    let (mut seen, mut wrong) = (BTreeMap::<String, [usize; 2]>::new(), Vec::new());
    for recording in recordings::all() {
        let Ok(cast) = cast(&components, &recording) else {
            continue;
        };
        if cast.operation != "chat" || recording.status() != 200 {
            continue;
        }
        let Ok(outcome) = (cast.component.replay_at)(&cast.fixture, Chunking::Whole) else {
            continue;
        };
        let played = Played {
            component: cast.component,
            provider: cast.provider.clone(),
            operation: cast.operation,
            outcome,
        };
        if replay::guarded(|| judge(&recording, &played)).is_err() {
            continue;
        }
        let name = text(&cast.component.document, "name").to_owned();
        seen.entry(name).or_default()[usize::from(recording.is_stream())] += 1;
        for dialect in Dialect::ALL {
            let verdict = replay::guarded(|| goes_out(dialect, &recording, &cast, &played.outcome));
            if let Err(what) = verdict {
                let what: String = what.chars().take(600).collect();
                let Recording { id, provider, .. } = &recording;
                wrong.push(format!("{provider} {id} in {dialect:?}: {what}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let streams: usize = seen.values().map(|it| it[1]).sum();
    assert!(seen.len() >= 9 && streams > 300, "{seen:?}");
}
