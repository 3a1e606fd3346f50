//! Every recorded answer, stream, vector and error.

use std::collections::HashSet;

use super::oracle::{choice, of_ours, of_theirs};
use super::*;

/// The chunks of a recorded stream: SSE, or one JSON document.
fn chunks(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => {
            let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
            lines
                .map(|it| serde_json::from_str(it.trim()).unwrap())
                .collect()
        }
    }
}

fn compare(item: &Value, chunks: &[Value], outcome: &Outcome) {
    let id = &item["id"];
    assert!(outcome.error.is_none(), "{id}: {:?}", outcome.error);
    let candidates = chunks.iter().map(|it| list(&it["candidates"]).len()).max();
    for index in 0..candidates.unwrap_or(0).max(1) as u64 {
        let (got, want) = (of_ours(outcome, index), of_theirs(chunks.iter(), index));
        assert_eq!(got, want, "{id}");
    }
}

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let items = corpus("chat");
    assert!(items.len() > 70, "{}", items.len());
    for item in items {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        compare(&item, &[answer], &replay(&item, "chat", false));
    }
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let items = corpus("chat-stream");
    assert!(items.len() > 35, "{}", items.len());
    for item in items {
        let chunks = chunks(text(&item, "body"));
        let outcome = replay(&item, "chat", true);
        if chunks.iter().any(|it| it["error"].is_object()) {
            assert!(outcome.error.is_some(), "{}", item["id"]);
        } else {
            compare(&item, &chunks, &outcome);
        }
    }
}

/// The next turn brings back what the model gave: thoughts, what ran at the provider, text, calls
/// and their signatures.
#[test]
fn every_recorded_answer_goes_back_as_it_came() {
    for kind in ["chat", "chat-stream"] {
        for item in corpus(kind) {
            let outcome = replay(&item, "chat", kind == "chat-stream");
            if outcome.error.is_some() {
                continue;
            }
            let want = of_ours(&outcome, 0);
            let mut said = choice(&outcome, 0)["message"].clone();
            said["role"] = json!("assistant");
            let question = json!({"role": "user", "content": "x"});
            let body = json!({"messages": [question, said, question]});
            let body = requests::sent("gemini-2.5-pro", body);
            let mut back = oracle::Gist::default();
            for turn in list(&body["contents"])
                .iter()
                .filter(|it| it["role"] == "model")
            {
                list(&turn["parts"]).iter().for_each(|part| back.part(part));
            }
            let id = &item["id"];
            assert_eq!(
                (&back.text, &back.thoughts),
                (&want.text, &want.thoughts),
                "{id}"
            );
            assert_eq!(
                (&back.calls, &back.call_signatures),
                (&want.calls, &want.call_signatures),
                "{id}"
            );
            assert_eq!(back.others, want.others, "{id}");
            assert_eq!(back.signatures.last(), want.signatures.last(), "{id}");
        }
    }
}

/// Clients tell calls apart by id over a whole conversation.
#[test]
fn calls_of_different_answers_have_different_ids_that_others_take() {
    let mut seen = HashSet::new();
    for item in corpus("chat") {
        let answers = text(&item, "body");
        let own: Value = serde_json::from_str(answers).unwrap();
        if text(&own, "responseId").contains("REDACTED") {
            continue;
        }
        for call in list(&choice(&replay(&item, "chat", false), 0)["message"]["tool_calls"]) {
            let id = text(call, "id");
            let letters = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
            assert!(id.len() <= 40 && id.chars().all(letters), "{id}");
            assert!(seen.insert(id.to_owned()), "{}: {id} again", item["id"]);
        }
    }
    assert!(seen.len() > 10, "{}", seen.len());
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() > 10, "{}", items.len());
    for item in items {
        let error = replay(&item, "chat", false).error.unwrap();
        let document: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let said = errors::find(&document).unwrap();
        assert_eq!(error.message, text(said, "message"), "{}", item["id"]);
        assert_ne!(
            error.kind,
            fault::kind::UPSTREAM,
            "{}: {document}",
            item["id"]
        );
    }
}

#[test]
fn recorded_vectors_come_through() {
    for item in corpus("embeddings") {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let response = replay(&item, "embeddings", false).response.unwrap();
        let (data, vectors) = (list(&response["data"]), list(&answer["embeddings"]));
        assert!(
            !data.is_empty() && data.len() == vectors.len(),
            "{}",
            item["id"]
        );
        for (got, want) in data.iter().zip(vectors) {
            assert_eq!(want["values"], got["embedding"], "{}", item["id"]);
        }
        if let Some(tokens) = answer.pointer("/usageMetadata/promptTokenCount") {
            assert_eq!(
                &response["usage"]["prompt_tokens"], tokens,
                "{}",
                item["id"]
            );
        }
    }
}

#[test]
fn recorded_models_are_listed() {
    for item in corpus("models") {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let ours = replay(&item, "models", false).response.unwrap();
        let names = list(&said["models"])
            .iter()
            .map(|it| text(it, "name").trim_start_matches("models/"));
        let ids = list(&ours["data"]).iter().map(|it| text(it, "id"));
        assert!(ids.eq(names), "{}", item["id"]);
    }
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    for item in corpus("chat-stream") {
        let body = text(&item, "body");
        let Some(end) = body.rfind("\"finishReason\"") else {
            continue;
        };
        let Some(at) = body[..end].rfind("data:") else {
            continue;
        };
        let mut cut = item.clone();
        cut["body"] = json!(&body[..at]);
        assert!(replay(&cut, "chat", true).error.is_some(), "{}", item["id"]);
    }
}

#[test]
fn recorded_probabilities_come_through() {
    let mut seen = 0;
    for item in corpus("chat") {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let said = &answer["candidates"][0]["logprobsResult"];
        let ours = choice(&replay(&item, "chat", false), 0)["logprobs"]["content"].clone();
        for (at, chosen) in list(&said["chosenCandidates"]).iter().enumerate() {
            assert_eq!(ours[at]["token"], chosen["token"], "{}", item["id"]);
            assert_eq!(
                ours[at]["logprob"], chosen["logProbability"],
                "{}",
                item["id"]
            );
            let tops = list(&said["topCandidates"][at]["candidates"]);
            assert_eq!(
                list(&ours[at]["top_logprobs"]).len(),
                tops.len(),
                "{}",
                item["id"]
            );
            seen += 1;
        }
    }
    assert!(seen > 0);
}
