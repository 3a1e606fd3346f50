//! Every recorded answer, stream and error.

use super::oracle::{Gist, message, of_message, of_ours, of_stream};
use super::*;

fn compare(item: &Value, want: Gist, outcome: &Outcome) {
    assert!(
        outcome.error.is_none(),
        "{}: {:?}",
        item["id"],
        outcome.error
    );
    assert_eq!(of_ours(outcome), want.in_openais_words(), "{}", item["id"]);
}

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let items = corpus("chat");
    assert!(items.len() > 60, "{}", items.len());
    for item in items {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        compare(&item, of_message(&said), &replay(&item, "chat", false));
    }
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let items = corpus("chat-stream");
    assert!(items.len() > 40, "{}", items.len());
    let mut complete = 0;
    for item in items {
        let body = text(&item, "body");
        let outcome = replay(&item, "chat", true);
        if body.contains("message_stop") {
            compare(&item, of_stream(body), &outcome);
            complete += 1;
        } else {
            assert!(
                outcome.error.is_some(),
                "{} is cut off and must fail",
                item["id"]
            );
        }
    }
    assert!(complete > 38, "{complete}");
}

/// The next turn brings the answer back as the provider gave it: signed thinking, what ran at the
/// provider, text, calls.
#[test]
fn every_recorded_answer_goes_back_as_it_came() {
    for kind in ["chat", "chat-stream"] {
        for item in corpus(kind) {
            let outcome = replay(&item, "chat", kind == "chat-stream");
            if outcome.error.is_some() {
                continue;
            }
            let gist = of_ours(&outcome);
            let mut said = message(&outcome);
            said["role"] = json!("assistant");
            let question = json!({"role": "user", "content": "x"});
            let turns = requests::sent("claude-x", json!({"messages": [question, said, question]}));
            let turns = &turns["messages"];
            let own = list(turns).iter().find(|it| it["role"] == "assistant");
            let back = own.map(of_message).unwrap_or_default();
            let signed = |it: &&(String, String)| !it.1.is_empty();
            let thinking: Vec<_> = gist.thinking.iter().filter(signed).cloned().collect();
            assert_eq!(back.thinking, thinking, "{}", item["id"]);
            assert_eq!(back.server, gist.server, "{}", item["id"]);
            assert_eq!(back.calls, gist.calls, "{}", item["id"]);
            if message(&outcome)["refusal"].is_null() {
                assert_eq!(back.text.trim(), gist.text.trim(), "{}", item["id"]);
            }
        }
    }
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() > 10, "{}", items.len());
    for item in items {
        let error = replay(&item, "chat", false).error.unwrap();
        let document: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let said = &document["error"];
        assert_eq!(error.message, text(said, "message"), "{}", item["id"]);
        assert_ne!(
            error.kind,
            fault::kind::UPSTREAM,
            "{}: {document}",
            item["id"]
        );
        assert_eq!(error.status, item["status"].as_u64().map(|it| it as u16));
    }
}

#[test]
fn recorded_models_are_listed() {
    for item in corpus("models") {
        let said: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let ours = replay(&item, "models", false).response.unwrap();
        let ids = |value: &Value| -> Vec<Value> {
            list(&value["data"])
                .iter()
                .map(|it| it["id"].clone())
                .collect()
        };
        assert!(
            ids(&ours).len() > 5 && ids(&ours) == ids(&said),
            "{}",
            item["id"]
        );
    }
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    let item = corpus("chat-stream").into_iter().next().unwrap();
    let body = text(&item, "body");
    let end = body.find("event: message_stop").unwrap();
    let ends: Vec<usize> = body.match_indices("\n\n").map(|(at, _)| at + 2).collect();
    for at in ends.into_iter().filter(|at| *at <= end) {
        let mut cut = item.clone();
        cut["body"] = json!(&body[..at]);
        assert!(replay(&cut, "chat", true).error.is_some(), "cut at {at}");
    }
}

#[test]
fn an_error_in_a_stream_has_its_kind() {
    let body = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1}}}\n\n\
        event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let item = json!({"id": "e", "status": 200, "headers": {"content-type": "text/event-stream"}, "body": body});
    let error = replay(&item, "chat", true).error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (fault::kind::OVERLOADED, "Overloaded")
    );
    let bare = json!({"id": "b", "status": 200, "headers": {"content-type": "text/event-stream"},
        "body": "data: {\"error\":{\"type\":\"api_error\",\"message\":\"oops\"}}\n\n"});
    assert_eq!(replay(&bare, "chat", true).error.unwrap().message, "oops");
}
