//! Every recorded answer, stream, vector and error.

use super::oracle::{choice, events, of_answer, of_events, of_ours};
use super::*;

const NOVA: &str = "amazon.nova-2-lite-v1:0";
const OWN_DIALECT: &str = "invoke/anthropic.claude-sonnet-4-5-20250929-v1:0";

fn read(item: &Value) -> Value {
    serde_json::from_str(text(item, "body")).unwrap()
}

#[test]
fn every_recorded_answer_is_translated_without_loss() {
    let items = corpus("chat");
    assert!(items.len() >= 29, "{}", items.len());
    for item in items {
        let outcome = replay(&item, NOVA, "chat", false).unwrap();
        let answer = read(&item);
        if answer["output"]["message"]["content"].is_array() {
            assert_eq!(of_ours(&outcome), of_answer(&answer), "{}", item["id"]);
        } else {
            assert_eq!(outcome.error.unwrap().kind, fault::kind::UPSTREAM);
        }
    }
}

#[test]
fn every_recorded_stream_is_translated_without_loss_at_any_chunking() {
    let items = corpus("chat-stream");
    assert!(items.len() >= 13, "{}", items.len());
    for item in items {
        let outcome = replay(&item, NOVA, "chat", true).unwrap();
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        let want = of_events(&events(&item["body"]));
        assert_eq!(of_ours(&outcome), want, "{}", item["id"]);
    }
}

/// The next turn brings back what the model gave, signatures too.
#[test]
fn every_recorded_answer_goes_back_as_it_came() {
    for kind in ["chat", "chat-stream"] {
        for item in corpus(kind) {
            let outcome = replay(&item, NOVA, "chat", kind == "chat-stream").unwrap();
            if outcome.error.is_some() {
                continue;
            }
            let want = of_ours(&outcome);
            let mut said = choice(&outcome)["message"].clone();
            said["role"] = json!("assistant");
            let question = json!({"role": "user", "content": "x"});
            let body = json!({"messages": [question, said, question]});
            let body = body_of(&sent(&call("chat", NOVA), &body));
            let mut back = oracle::Gist::default();
            let turns = list(&body["messages"]).iter();
            for turn in turns.filter(|it| it["role"] == "assistant") {
                list(&turn["content"]).iter().for_each(|it| back.block(it));
            }
            let id = &item["id"];
            let told = if want.text.trim().is_empty() {
                ""
            } else {
                want.text.as_str()
            };
            assert_eq!((&*back.text, &back.calls), (told, &want.calls), "{id}");
            assert_eq!(back.signatures, want.signatures, "{id}");
            assert_eq!((back.redacted, back.own), (want.redacted, want.own), "{id}");
        }
    }
}

#[test]
fn recorded_answers_in_claudes_own_dialect_are_read() {
    let items = corpus("invoke");
    assert!(items.len() >= 4, "{}", items.len());
    let mut seen = 0;
    for item in items {
        let answer = read(&item);
        if answer["type"] != "message" {
            continue; // What came before Messages.
        }
        let outcome = replay(&item, OWN_DIALECT, "chat", false).unwrap();
        let said: String = list(&answer["content"])
            .iter()
            .map(|it| text(it, "text"))
            .collect();
        assert_eq!(of_ours(&outcome).text, said, "{}", item["id"]);
        assert_eq!(
            of_ours(&outcome).tokens[1],
            answer["usage"]["output_tokens"],
            "{}",
            item["id"]
        );
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn recorded_streams_in_claudes_own_dialect_are_read_at_any_chunking() {
    let mut seen = 0;
    for item in corpus("invoke-stream") {
        let old = ["anthropic.claude-v2", "anthropic.claude-instant-v1"];
        if old.contains(&text(&item, "model")) {
            continue; // What came before Messages.
        }
        let outcome = replay(&item, OWN_DIALECT, "chat", true).unwrap();
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        let ours = of_ours(&outcome);
        assert!(
            !ours.text.is_empty() || !ours.calls.is_empty(),
            "{}",
            item["id"]
        );
        assert!(
            ours.tokens[1] > 0 && !ours.finish.is_empty(),
            "{}",
            item["id"]
        );
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() >= 9, "{}", items.len());
    for item in items {
        let error = replay(&item, NOVA, "chat", false).unwrap().error.unwrap();
        let said = text(&read(&item), "message").to_owned();
        let want = match () {
            () if said.contains("Signature") => fault::kind::AUTHENTICATION,
            () if said.contains("identifier is invalid") => fault::kind::NOT_FOUND,
            () if said.contains("counting tokens") => fault::kind::UNSUPPORTED,
            () => fault::kind::INVALID_REQUEST,
        };
        assert_eq!(
            (error.message, &*error.kind),
            (said, want),
            "{}",
            item["id"]
        );
    }
}

#[test]
fn recorded_vectors_come_through() {
    let items = corpus("embeddings");
    assert!(items.len() >= 10, "{}", items.len());
    for item in items {
        let response = replay(&item, text(&item, "model"), "embeddings", false).unwrap();
        let response = response
            .response
            .unwrap_or_else(|| panic!("{}", item["id"]));
        let answer = read(&item);
        let first = [
            &answer["embedding"],
            &answer["embeddings"][0]["embedding"],
            &answer["embeddings"]["float"][0],
            &answer["embeddings"][0],
        ];
        let first = first.into_iter().find(|it| it.is_array()).unwrap();
        assert_eq!(&response["data"][0]["embedding"], first, "{}", item["id"]);
        assert!(response["usage"]["prompt_tokens"].as_u64() > Some(0));
    }
}

#[test]
fn a_recorded_rank_comes_through() {
    for item in corpus("rerank") {
        let ours = replay(&item, "cohere.rerank-v3-5:0", "rerank", false).unwrap();
        let ours = ours.response.unwrap();
        let answer = read(&item);
        assert_eq!(ours["results"], answer["results"]);
    }
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    for item in corpus("chat-stream") {
        let events = events(&item["body"]);
        let cut: Vec<Frame> = events
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "messageStop" | "metadata"))
            .map(|(name, data)| Frame {
                event: name.clone(),
                data: sluice_sdk::Payload::Text(data.to_string()),
            })
            .collect();
        let body = json!({"messages": [{"role": "user", "content": "x"}]});
        let mut asking = call("chat", NOVA);
        asking.streaming = true;
        let state = sent(&asking, &body).state;
        let decoded = Bedrock::decode(None, state, cut, true).unwrap();
        assert!(decoded.failure.is_some(), "{}", item["id"]);
    }
}
