//! Every recorded answer, stream, vector and error.

use super::oracle::{choice, of_answer, of_ours, of_stream};
use super::*;

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let items = corpus("chat");
    assert!(items.len() > 15, "{}", items.len());
    for item in items {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let outcome = replay(&item, "chat", false);
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        assert_eq!(of_ours(&outcome), of_answer(&answer), "{}", item["id"]);
    }
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let items = corpus("chat-stream");
    assert!(items.len() > 10, "{}", items.len());
    for item in items {
        let want = of_stream(text(&item, "body"));
        let outcome = replay(&item, "chat", true);
        if want.finish == "ERROR" {
            let error = outcome.error.unwrap();
            assert_eq!(
                error.message,
                "No valid response generated. Try updating messages"
            );
        } else {
            assert!(
                outcome.error.is_none(),
                "{}: {:?}",
                item["id"],
                outcome.error
            );
            assert_eq!(of_ours(&outcome), want, "{}", item["id"]);
        }
    }
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    for item in corpus("chat-stream") {
        let body = text(&item, "body");
        let end = body.rfind("event: message-end").unwrap();
        let mut cut = item.clone();
        cut["body"] = json!(&body[..end]);
        assert!(replay(&cut, "chat", true).error.is_some(), "{}", item["id"]);
    }
}

/// The next turn brings back what the model gave, in the form that Cohere gave it.
#[test]
fn every_recorded_answer_with_calls_goes_back_as_it_came() {
    let mut seen = 0;
    for item in corpus("chat") {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let theirs = &answer["message"];
        if list(&theirs["tool_calls"]).is_empty() {
            continue;
        }
        let said = choice(&replay(&item, "chat", false))["message"].clone();
        let thinks = theirs["content"][0]["type"] == "thinking";
        let model = if thinks {
            "command-a-reasoning-08-2025"
        } else {
            "command-a-03-2025"
        };
        let back = &messages::conversation(&[said], model).unwrap()[0];
        for member in ["tool_plan", "content"] {
            assert_eq!(back[member], theirs[member], "{}", item["id"]);
        }
        assert_eq!(
            list(&back["tool_calls"]).len(),
            list(&theirs["tool_calls"]).len()
        );
        assert_eq!(back["tool_calls"][0]["id"], theirs["tool_calls"][0]["id"]);
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() > 5, "{}", items.len());
    for item in items {
        let error = replay(&item, "chat", false).error.unwrap();
        let document: Value = serde_json::from_str(text(&item, "body")).unwrap();
        assert_eq!(error.message, text(&document, "message"), "{}", item["id"]);
        let want = match (
            item["status"].as_u64().unwrap(),
            error.message.starts_with("No valid response"),
        ) {
            (401, _) => fault::kind::AUTHENTICATION,
            (404, _) => fault::kind::NOT_FOUND,
            (_, true) => fault::kind::UPSTREAM,
            _ => fault::kind::INVALID_REQUEST,
        };
        assert_eq!(error.kind, want, "{}", item["id"]);
    }
}

#[test]
fn recorded_vectors_come_through() {
    let items = corpus("embeddings");
    assert!(items.len() > 5, "{}", items.len());
    for item in items {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let mut body = json!({"model": "m", "input": ["a"]});
        let int8 = &answer["embeddings"]["int8"];
        if int8.is_array() {
            body["embedding_types"] = json!(["int8"]);
        }
        let response = played(&item, "embeddings", false, body).response.unwrap();
        let theirs = [&answer["embeddings"]["float"], int8, &answer["embeddings"]];
        let theirs = theirs.into_iter().find(|it| it.is_array()).unwrap();
        assert_eq!(
            list(&response["data"]).len(),
            list(theirs).len(),
            "{}",
            item["id"]
        );
        assert_eq!(
            response["data"][0]["embedding"], theirs[0],
            "{}",
            item["id"]
        );
        let tokens = answer
            .pointer("/meta/billed_units/input_tokens")
            .and_then(Value::as_u64);
        assert_eq!(
            response["usage"]["prompt_tokens"],
            tokens.unwrap_or(0),
            "{}",
            item["id"]
        );
    }
}

#[test]
fn recorded_ranks_come_through() {
    let items = corpus("rerank");
    assert!(items.len() > 3, "{}", items.len());
    for item in items {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let outcome = replay(&item, "rerank", false);
        let response = outcome.response.unwrap();
        for member in ["id", "results", "meta"] {
            assert_eq!(response[member], answer[member], "{}", item["id"]);
        }
        assert_eq!(
            outcome.usage.unwrap()["searches"],
            answer["meta"]["billed_units"]["search_units"]
        );
    }
}

#[test]
fn recorded_models_are_listed() {
    for item in corpus("models") {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let ours = replay(&item, "models", false).response.unwrap();
        assert_eq!(ours["data"][0]["id"], said["name"], "{}", item["id"]);
        assert_eq!(ours["data"][0]["max_input_tokens"], said["context_length"]);
    }
}

#[test]
fn a_recorded_transcript_is_relayed() {
    let items = corpus("audio-transcription");
    assert!(!items.is_empty());
    for item in items {
        let body = json!({"model": "m", "language": "en"});
        let outcome = played(&item, "audio.transcribe", false, body);
        assert!(outcome.relayed && outcome.error.is_none(), "{}", item["id"]);
    }
}
