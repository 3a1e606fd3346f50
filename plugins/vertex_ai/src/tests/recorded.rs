//! Every recorded answer, stream, vector and error.

use super::oracle::{of_claude, of_google, of_ours};
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

#[test]
fn every_recorded_answer_and_stream_is_translated_without_loss_at_any_chunking() {
    let mut seen = [0, 0];
    for item in corpus("chat").iter().chain(&corpus("chat-stream")) {
        let outcome = replay(item);
        assert!(
            outcome.error.is_none(),
            "{}: {:?}",
            item["id"],
            outcome.error
        );
        let chunks = chunks(text(item, "body"));
        let claude = text(item, "model").starts_with("claude");
        seen[usize::from(claude)] += 1;
        let want = if claude {
            of_claude(&chunks)
        } else {
            of_google(&chunks)
        };
        assert_eq!(of_ours(&outcome), want, "{}", item["id"]);
    }
    assert!(seen[0] > 25 && seen[1] > 1, "{seen:?}");
}

#[test]
fn a_stream_that_is_cut_off_is_never_complete() {
    let mut cuts = 0;
    for item in corpus("chat-stream") {
        let body = text(&item, "body");
        let end = ["\"finishReason\"", "event: message_stop"];
        let Some(end) = end.iter().find_map(|it| body.rfind(it)) else {
            continue;
        };
        let Some(at) = body[..end].rfind("data:") else {
            continue;
        };
        let mut cut = item.clone();
        cut["body"] = json!(&body[..at]);
        assert!(replay(&cut).error.is_some(), "{}", item["id"]);
        cuts += 1;
    }
    assert!(cuts > 5, "{cuts}");
}

#[test]
fn every_recorded_error_has_a_kind_and_its_message() {
    let items = corpus("error");
    assert!(items.len() > 5, "{}", items.len());
    for item in items {
        let error = replay(&item).error.unwrap();
        let document: Value = serde_json::from_str(text(&item, "body")).unwrap();
        assert_eq!(
            error.message,
            text(&document["error"], "message"),
            "{}",
            item["id"]
        );
        let want = match item["status"].as_u64() {
            Some(401) => fault::kind::AUTHENTICATION,
            _ => fault::kind::CONTEXT_WINDOW,
        };
        assert_eq!(error.kind, want, "{}", item["id"]);
    }
}

#[test]
fn recorded_vectors_come_through() {
    let items = corpus("embeddings");
    assert!(items.len() > 3, "{}", items.len());
    for item in items {
        let answer: Value = serde_json::from_str(text(&item, "body")).unwrap();
        let inputs = vec!["a"; list(&answer["predictions"]).len()];
        let fixture = json!({
            "name": "vectors", "provider": "vertex_ai", "operation": "embeddings", "model": item["model"],
            "config": {"vertex_project": "p", "vertex_location": "us-central1"},
            "body": {"model": "m", "input": inputs}, "expect": {},
            "exchanges": [{"reply": {"status": 200, "headers": item["headers"], "body": item["body"]}}]
        });
        let outcome = testing::replay::<VertexAi>(&serde_json::from_value(fixture).unwrap());
        let response = outcome.unwrap().response.unwrap();
        let mut tokens = 0;
        for (got, want) in list(&response["data"])
            .iter()
            .zip(list(&answer["predictions"]))
        {
            let wanted = list(&want["embeddings"]["values"]);
            assert_eq!(
                list(&got["embedding"]).len(),
                wanted.len(),
                "{}",
                item["id"]
            );
            // Texts of numbers are read to the last bit but one.
            let near =
                |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-12;
            let mut pairs = list(&got["embedding"]).iter().zip(wanted);
            assert!(pairs.all(|(a, b)| near(a, b)), "{}", item["id"]);
            let count = &want["embeddings"]["statistics"]["token_count"];
            tokens += count.as_f64().unwrap() as u64;
        }
        assert_eq!(response["usage"]["prompt_tokens"], tokens, "{}", item["id"]);
    }
}

#[test]
fn recorded_counts_come_through() {
    let items = corpus("count-tokens");
    assert_eq!(items.len(), 1);
    let counted = replay(&items[0]).response.unwrap();
    assert_eq!(counted, json!({"input_tokens": 13}));
}
