//! Every recorded answer, stream, vector and error.

use super::*;

fn corpus(kind: &str) -> Vec<Value> {
    let all = include_str!("../../fixtures/corpus.jsonl").lines();
    all.map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|it| it["kind"] == kind)
        .collect()
}

fn lines(item: &Value) -> Vec<Value> {
    let lines = text(item, "body").lines().filter(|it| !it.is_empty());
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

fn compare(item: &Value, said: &[Value], outcome: &Outcome) {
    let id = &item["id"];
    assert!(outcome.error.is_none(), "{id}: {:?}", outcome.error);
    let all = |name: &str| -> String { said.iter().map(|it| text(&it["message"], name)).collect() };
    let ours = choice(outcome);
    let message = &ours["message"];
    assert_eq!(text(message, "content"), all("content"), "{id}");
    assert_eq!(text(message, "reasoning_content"), all("thinking"), "{id}");
    let calls: Vec<&Value> = said
        .iter()
        .flat_map(|it| list(&it["message"]["tool_calls"]))
        .collect();
    assert_eq!(list(&message["tool_calls"]).len(), calls.len(), "{id}");
    for (got, want) in list(&message["tool_calls"]).iter().zip(&calls) {
        let arguments: Value = serde_json::from_str(text(&got["function"], "arguments")).unwrap();
        assert_eq!(arguments, want["function"]["arguments"], "{id}");
        assert_eq!(got["function"]["name"], want["function"]["name"], "{id}");
        assert!(want["id"].is_null() || got["id"] == want["id"], "{id}");
        assert!(!text(got, "id").is_empty(), "{id}");
    }
    let last = said.last().unwrap();
    let finish = match text(last, "done_reason") {
        "length" => "length",
        _ if calls.is_empty() => "stop",
        _ => "tool_calls",
    };
    assert_eq!(text(&ours, "finish_reason"), finish, "{id}");
    let usage = usage(outcome);
    assert_eq!(usage["prompt_tokens"], last["prompt_eval_count"], "{id}");
    assert_eq!(usage["completion_tokens"], last["eval_count"], "{id}");
    let logprobs: Vec<&Value> = said.iter().flat_map(|it| list(&it["logprobs"])).collect();
    if outcome.response.is_some() {
        assert_eq!(
            list(&ours["logprobs"]["content"]).len(),
            logprobs.len(),
            "{id}"
        );
    } else {
        let events = outcome.events.iter();
        let streamed = events.flat_map(|it| list(&it["choices"][0]["logprobs"]["content"]));
        assert_eq!(streamed.collect::<Vec<_>>(), logprobs, "{id}");
    }
}

#[test]
fn every_recorded_answer_and_stream_is_translated_without_loss() {
    for (kind, streaming, least) in [("chat", false, 10), ("chat-stream", true, 10)] {
        let items = corpus(kind);
        assert!(items.len() >= least, "{}", items.len());
        for item in items {
            let outcome = answered("chat", streaming, 200, &item["body"]);
            compare(&item, &lines(&item), &outcome);
        }
    }
}

/// The next turn brings back what the model thought, said and called.
#[test]
fn every_recorded_answer_goes_back_as_it_came() {
    for item in corpus("chat") {
        let mut said = choice(&answered("chat", false, 200, &item["body"]))["message"].clone();
        said["role"] = json!("assistant");
        let sent = requests::sent("m", json!({ "messages": [said] }));
        let (back, own) = (&sent["messages"][0], &lines(&item)[0]["message"]);
        for name in ["content", "thinking"] {
            assert_eq!(text(back, name), text(own, name), "{}", item["id"]);
        }
        for (back, own) in list(&back["tool_calls"])
            .iter()
            .zip(list(&own["tool_calls"]))
        {
            assert_eq!(back["function"]["arguments"], own["function"]["arguments"]);
        }
    }
}

#[test]
fn every_recorded_text_completion_comes_through() {
    for (kind, streaming) in [("completions", false), ("completions-stream", true)] {
        let items = corpus(kind);
        assert!(!items.is_empty());
        for item in items {
            let outcome = answered("completions", streaming, 200, &item["body"]);
            assert!(outcome.error.is_none(), "{}", item["id"]);
            let ours: String = match &outcome.response {
                Some(response) => text(&response["choices"][0], "text").to_owned(),
                None => outcome
                    .events
                    .iter()
                    .map(|it| text(&it["choices"][0], "text"))
                    .collect(),
            };
            let lines = lines(&item);
            let theirs: String = lines.iter().map(|it| text(it, "response")).collect();
            assert_eq!(ours, theirs, "{}", item["id"]);
            assert_eq!(
                usage(&outcome)["completion_tokens"],
                lines.last().unwrap()["eval_count"]
            );
        }
    }
}

#[test]
fn recorded_vectors_come_through() {
    let mut single = 0;
    for item in corpus("embeddings") {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let vectors = list(&answer["embeddings"]);
        let outcome = answered("embeddings", false, 200, &item["body"]);
        if vectors.len() == 1 {
            let response = outcome.response.unwrap();
            assert_eq!(
                response["data"][0]["embedding"], vectors[0],
                "{}",
                item["id"]
            );
            assert_eq!(
                response["usage"]["prompt_tokens"],
                answer["prompt_eval_count"]
            );
            single += 1;
        } else {
            // One was asked for here.
            assert!(outcome.error.is_some(), "{}", item["id"]);
        }
    }
    assert!(single > 2, "{single}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() > 3, "{}", items.len());
    for item in items {
        let status = item["status"].as_u64().unwrap();
        let error = answered("chat", false, status, &item["body"])
            .error
            .unwrap();
        let document: Value = serde_json::from_str(text(&item, "body")).unwrap();
        assert_eq!(error.message, text(&document, "error"), "{}", item["id"]);
        assert_ne!(error.kind, fault::kind::UPSTREAM, "{}", item["id"]);
    }
}
