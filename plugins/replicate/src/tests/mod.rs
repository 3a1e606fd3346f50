//! Recorded predictions, and what may happen while one is looked at.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<Replicate>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Replicate>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// A call through the plugin, answered by these replies (status and body).
fn answered(operation: &str, replies: &[(u64, Value)]) -> Outcome {
    let exchanges = replies.iter().map(|(status, body)| {
        json!({"reply": {"status": status, "headers": {"ratelimit-reset": "1"}, "body": body}})
    });
    let fixture = json!({
        "name": operation, "provider": "replicate", "operation": operation, "model": "o/m",
        "body": {"model": "o/m", "prompt": "x", "messages": [{"role": "user", "content": "x"}]},
        "exchanges": exchanges.collect::<Vec<_>>(), "expect": {}
    });
    testing::replay::<Replicate>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn at(status: &str, output: Value) -> (u64, Value) {
    (
        200,
        json!({"json": {"id": "p1", "status": status, "output": output}}),
    )
}

fn busy() -> (u64, Value) {
    (503, json!({"json": {"detail": "later", "status": 503}}))
}

fn content(outcome: &Outcome) -> &Value {
    &outcome.response.as_ref().unwrap()["choices"][0]["message"]["content"]
}

#[test]
fn every_recorded_prediction_is_understood() {
    let items = include_str!("../../fixtures/corpus.jsonl").lines();
    let (mut ended, mut open) = (0, 0);
    for item in items.map(|it| serde_json::from_str::<Value>(it).unwrap()) {
        let status = item["status"].as_u64().unwrap();
        let body: Value = serde_json::from_str(item["body"].as_str().unwrap()).unwrap();
        let first = (status, item["body"].clone());
        if status >= 400 {
            let error = answered("chat", &[first]).error.unwrap();
            assert_eq!(
                error.message,
                body["detail"].as_str().unwrap(),
                "{}",
                item["id"]
            );
            assert_eq!(error.kind, kind::NOT_FOUND);
        } else if body["status"] == "succeeded" {
            let response = answered("images.generate", &[first]).response.unwrap();
            assert_eq!(
                response["data"][0]["url"], body["output"][0],
                "{}",
                item["id"]
            );
            ended += 1;
        } else {
            // Whatever it had by then, the end counts.
            let outcome = answered("chat", &[first, at("succeeded", json!(["the", " end"]))]);
            assert_eq!(content(&outcome), "the end", "{}", item["id"]);
            open += 1;
        }
    }
    assert!(ended > 0 && open > 7, "{ended} {open}");
}

#[test]
fn a_service_that_is_away_for_a_while_does_not_lose_the_prediction() {
    let mut replies = vec![at("starting", Value::Null)];
    replies.extend((0..5).map(|_| busy()));
    replies.push(at("processing", json!(["Hel"])));
    replies.push(busy());
    replies.push(at("succeeded", json!("Hello")));
    assert_eq!(content(&answered("chat", &replies)), "Hello");
}

#[test]
fn a_service_that_stays_away_is_given_up() {
    let mut replies = vec![at("starting", Value::Null)];
    replies.extend((0..9).map(|_| busy()));
    let error = answered("chat", &replies).error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.retry_after_ms),
        (kind::OVERLOADED, Some(1000))
    );
}

#[test]
fn a_look_that_is_refused_ends_the_call() {
    let gone = (
        404,
        json!({"json": {"detail": "no prediction", "status": 404}}),
    );
    let error = answered("chat", &[at("starting", Value::Null), gone])
        .error
        .unwrap();
    assert_eq!(error.kind, kind::NOT_FOUND);
}

#[test]
fn predictions_that_fail_or_are_canceled_are_errors() {
    let failed = |why: Value| {
        (
            200,
            json!({"json": {"id": "p1", "status": "failed", "error": why}}),
        )
    };
    for (reply, want) in [
        (failed(json!("CUDA out of memory")), kind::UPSTREAM),
        (failed(json!("NSFW content detected")), kind::CONTENT_POLICY),
        (failed(Value::Null), kind::UPSTREAM),
        (at("canceled", json!(["Hel"])), kind::UPSTREAM),
        (at("aborted", Value::Null), kind::UPSTREAM),
    ] {
        let error = answered("chat", &[at("starting", Value::Null), reply])
            .error
            .unwrap();
        assert_eq!(error.kind, want, "{}", error.message);
    }
}

#[test]
fn what_is_no_prediction_is_the_upstreams_failure() {
    for body in [
        json!("{\"id\""),
        json!({"json": []}),
        json!({"json": {"id": "p1"}}),
        json!({"json": {"id": "p1", "status": "dancing"}}),
        json!({"json": {"status": "starting"}}),
        json!({"json": {"id": "../x", "status": "starting"}}),
        json!({"json": {"id": "p1", "status": "succeeded", "output": null}}),
        json!({"json": {"id": "p1", "status": "succeeded", "output": [1]}}),
    ] {
        let error = answered("chat", &[(200, body.clone())]).error.unwrap();
        assert_eq!(error.kind, kind::UPSTREAM, "{body}");
    }
    let empty = at("succeeded", json!([]));
    assert!(answered("images.generate", &[empty]).error.is_some());
}

fn input(operation: &str, model: &str, body: Value) -> Result<Value, Error> {
    let call = Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "replicate".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    let step = Replicate::start(&call, &body.to_string())?;
    let Step::Send(outbound) = step else {
        panic!("{step:?}")
    };
    match outbound.body {
        sluice_sdk::Body::Json(text) => {
            Ok(serde_json::from_str::<Value>(&text).unwrap()["input"].clone())
        }
        other => panic!("{other:?}"),
    }
}

fn conversation() -> Value {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}});
    json!({"messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": [{"type": "text", "text": "see"}, image]}],
        "max_tokens": 9, "stop": ["END", "."], "temperature": 0.2, "top_k": 3, "user": "u"})
}

#[test]
fn each_family_gets_the_conversation_as_it_takes_it() {
    let llama = input("chat", "meta/meta-llama-3-70b-instruct", conversation()).unwrap();
    assert_eq!(
        llama,
        json!({"prompt": "User: Hi\n\nAssistant: Yes?\n\nUser: see\n\nAssistant:", "system_prompt": "Be brief.",
            "image": "data:image/png;base64,AA", "max_tokens": 9, "stop_sequences": "END,.", "temperature": 0.2, "top_k": 3})
    );
    let gpt = input("chat", "openai/gpt-4o", conversation()).unwrap();
    assert_eq!(
        gpt["messages"][0],
        json!({"role": "system", "content": "Be brief."})
    );
    assert_eq!(
        (
            &gpt["image_input"],
            &gpt["max_completion_tokens"],
            &gpt["prompt"]
        ),
        (
            &json!(["data:image/png;base64,AA"]),
            &json!(9),
            &Value::Null
        )
    );
    let gemini = input("chat", "google/gemini-2.5-flash", conversation()).unwrap();
    assert_eq!(gemini["system_instruction"], "Be brief.");
}

#[test]
fn what_there_is_no_place_for_is_refused() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.example/b.png"}});
    let audio = json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}});
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    for body in [
        user(json!([image, image])),
        user(json!([audio])),
        json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": "x"}]}),
        json!({"messages": [{"role": "robot", "content": "x"}]}),
        json!({"messages": []}),
        json!({"messages": [{"role": "user", "content": "x"}], "stop": "a,b"}),
    ] {
        assert!(input("chat", "o/m", body.clone()).is_err(), "{body}");
    }
    for more in [
        json!({"response_format": "b64_json"}),
        json!({"size": "big"}),
        json!({"size": 5}),
        json!({"prompt": 1}),
    ] {
        let mut body = json!({"prompt": "x"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert!(input("images.generate", "o/m", body).is_err(), "{more}");
    }
}

#[test]
fn a_size_is_a_ratio_or_two_sides_by_the_model() {
    let body = json!({"prompt": "a fox", "size": "1536x1024", "n": 2});
    let flux = input(
        "images.generate",
        "black-forest-labs/flux-schnell",
        body.clone(),
    )
    .unwrap();
    assert_eq!(
        flux,
        json!({"prompt": "a fox", "aspect_ratio": "3:2", "num_outputs": 2})
    );
    let sdxl = input("images.generate", "stability-ai/sdxl:abc", body).unwrap();
    assert_eq!(
        sdxl,
        json!({"prompt": "a fox", "width": 1536, "height": 1024, "num_outputs": 2})
    );
}
