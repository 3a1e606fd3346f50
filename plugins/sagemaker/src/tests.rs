//! Requests, answers and streams written for the tests: no traffic of SageMaker was recorded.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, json};
use sluice_sdk::testing::{self, Outcome};
use sluice_sdk::{Continuation, Payload};

use super::*;

#[test]
fn fixtures_are_translated() {
    testing::run_dir::<SageMaker>("fixtures");
}

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<SageMaker>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn answered(provider: &str, operation: &str, status: u64, body: &Value) -> Outcome {
    let fixture = json!({
        "name": operation, "provider": provider, "operation": operation, "model": "ep",
        "body": {"model": "ep", "messages": [], "prompt": "x", "input": ["a", "b"]},
        "exchanges": [{"reply": {"status": status, "body": body}}], "expect": {}
    });
    testing::replay::<SageMaker>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

/// What a stream comes to whose text is cut into messages of `size` bytes.
fn streamed(state: &str, text: &str, size: usize) -> Decoded {
    let mut all = Decoded::more(state.to_owned());
    let frames = text.as_bytes().chunks(size).map(|it| Frame {
        event: "PayloadPart".into(),
        data: Payload::Bytes(it.to_vec()),
    });
    let mut batches: Vec<Vec<Frame>> = frames.map(|it| vec![it]).collect();
    batches.push(Vec::new());
    let count = batches.len();
    for (at, batch) in batches.into_iter().enumerate() {
        let state = std::mem::take(&mut all.state);
        let next = stream::decode(&state, &batch, at + 1 == count).unwrap();
        all.events.extend(next.events);
        all.usage = next.usage.or(all.usage);
        (all.failure, all.state) = (next.failure, next.state);
        if next.next != Continuation::More {
            break;
        }
    }
    all
}

fn events(decoded: &Decoded) -> Vec<Value> {
    let read = |it: &Frame| serde_json::from_str(it.text().unwrap()).unwrap();
    decoded.events.iter().map(read).collect()
}

const CHAT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüße\"},\"finish_reason\":null}]}\n\n: hi\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\ndata: [DONE]\n\n";

#[test]
fn a_stream_that_is_cut_within_a_letter_is_put_together() {
    let whole = streamed("", CHAT, 10_000);
    assert!(whole.failure.is_none(), "{:?}", whole.failure);
    assert_eq!(events(&whole)[0]["choices"][0]["delta"]["content"], "Grüße");
    assert_eq!(whole.usage.as_deref(), Some("{\"total_tokens\":5}"));
    for size in [1, 2, 7, 50] {
        let cut = streamed("", CHAT, size);
        assert_eq!(
            (events(&cut), cut.usage),
            (events(&whole), whole.usage.clone()),
            "{size}"
        );
    }
}

#[test]
fn generated_tokens_are_pieces_and_special_ones_are_not_said() {
    let text = "data:{\"token\":{\"text\":\"Hi\",\"special\":false},\"generated_text\":null}\n\ndata:{\"token\":{\"text\":\"</s>\",\"special\":true},\"generated_text\":\"Hi\",\"details\":{\"finish_reason\":\"length\",\"generated_tokens\":2,\"input_length\":3}}\n\n";
    let decoded = streamed(stream::OF_TEXT, text, 5);
    assert!(decoded.failure.is_none());
    let events = events(&decoded);
    assert_eq!(
        (
            &events[0]["choices"][0]["text"],
            &events[1]["choices"][0]["text"]
        ),
        (&json!("Hi"), &json!(""))
    );
    assert_eq!(events[1]["choices"][0]["finish_reason"], "length");
    assert!(decoded.usage.unwrap().contains("\"total_tokens\":5"));
}

#[test]
fn a_stream_without_its_end_is_an_error() {
    let half = CHAT.split_once(": hi").unwrap().0;
    for text in ["", half, "data: {\"cho", "data: [DONE]\n\n", "7\n"] {
        assert_eq!(
            streamed("", text, 9).failure.unwrap().kind,
            kind::UPSTREAM,
            "{text}"
        );
    }
}

#[test]
fn what_aws_says_in_the_middle_of_a_stream_is_an_error() {
    for (event, want) in [
        ("ModelStreamError", kind::UPSTREAM),
        ("ThrottlingException", kind::RATE_LIMIT),
        ("", kind::UPSTREAM),
    ] {
        let frame = Frame {
            event: event.into(),
            data: Payload::Text("{\"Message\":\"no\"}".into()),
        };
        let failure = stream::decode("", &[frame], false)
            .unwrap()
            .failure
            .unwrap();
        assert_eq!(
            (failure.kind.as_str(), failure.message.as_str()),
            (want, "no")
        );
    }
    let error = "data: {\"error\":{\"message\":\"maximum context length is 8\"}}\n";
    assert_eq!(
        streamed("", error, 9).failure.unwrap().kind,
        kind::CONTEXT_WINDOW
    );
}

#[test]
fn answers_come_in_the_containers_habits() {
    for body in [
        json!([{"generated_text": "Hi"}]),
        json!({"generation": "Hi"}),
        json!({"generated_text": "Hi"}),
    ] {
        let response = answered("sagemaker", "completions", 200, &json!({ "json": body }))
            .response
            .unwrap();
        assert_eq!(response["choices"][0]["text"], "Hi");
    }
    for body in [
        json!([[0.5], [1]]),
        json!({"embedding": [[0.5], [1]]}),
        json!({"embeddings": [[0.5], [1]]}),
    ] {
        let response = answered("sagemaker", "embeddings", 200, &json!({ "json": body }))
            .response
            .unwrap();
        assert_eq!(response["data"][1]["embedding"], json!([1]));
    }
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    let fixture = json!({
        "name": "packed", "provider": "sagemaker", "operation": "embeddings", "model": "ep", "expect": {},
        "body": {"model": "ep", "input": "a", "encoding_format": "base64"},
        "exchanges": [{"reply": {"status": 200, "body": {"json": [[1.0, -2.5, 0.0]]}}}]
    });
    let fixture = serde_json::from_value(fixture).unwrap();
    let document = testing::replay::<SageMaker>(&fixture)
        .unwrap()
        .response
        .unwrap();
    assert_eq!(document["data"][0]["embedding"], "AACAPwAAIMAAAAAA");
}

#[test]
fn what_is_no_answer_is_the_upstreams_failure() {
    for (provider, operation, body) in [
        ("sagemaker_chat", "chat", json!("{\"cho")),
        ("sagemaker_chat", "chat", json!({"json": {"choices": []}})),
        (
            "sagemaker_chat",
            "chat",
            json!({"json": {"choices": [{"index": 0}]}}),
        ),
        ("sagemaker", "completions", json!({"json": []})),
        (
            "sagemaker",
            "completions",
            json!({"json": {"generated_text": null}}),
        ),
        ("sagemaker", "embeddings", json!({"json": [[0.5]]})),
        ("sagemaker", "embeddings", json!({"json": [1, 2]})),
    ] {
        let error = answered(provider, operation, 200, &body).error.unwrap();
        assert_eq!(error.kind, kind::UPSTREAM, "{operation} {body}");
    }
}

#[test]
fn a_container_that_failed_says_why() {
    let body = json!({"json": {"Message": "Received client error (422) from model", "OriginalStatusCode": 422,
        "OriginalMessage": "{\"error\":\"`inputs` must have less than 1024 tokens\"}"}});
    let error = answered("sagemaker", "completions", 424, &body)
        .error
        .unwrap();
    assert_eq!(
        (error.kind.as_str(), error.status),
        (kind::CONTEXT_WINDOW, Some(424))
    );
}

fn call(provider: &str, operation: &str, model: &str, config: Value) -> Call {
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: provider.into(),
        model: model.into(),
        streaming: true,
        config: config.to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: json!({"base_url": "https://sm.example/x"}).to_string(),
    }
}

#[test]
fn a_request_is_signed_for_its_region_and_component() {
    let config = json!({"aws_region_name": "eu-west-1", "model_id": "ic"});
    let body =
        json!({"prompt": "x", "max_tokens": 5, "temperature": 0, "stop": "END", "stream": true});
    let step = SageMaker::start(
        &call("sagemaker", "completions", "ep", config),
        &body.to_string(),
    )
    .unwrap();
    let Step::Send(outbound) = step else {
        panic!("{step:?}")
    };
    assert_eq!(outbound.url, "/endpoints/ep/invocations-response-stream");
    assert!(
        outbound.auth[0]
            .params
            .contains(&("region".into(), "eu-west-1".into()))
    );
    assert!(
        outbound
            .headers
            .contains(&("x-amzn-sagemaker-inference-component".into(), "ic".into()))
    );
    let sluice_sdk::Body::Json(text) = &outbound.body else {
        panic!()
    };
    let sent: Value = serde_json::from_str(text).unwrap();
    let parameters = json!({"max_new_tokens": 5, "temperature": 0.01, "stop": ["END"]});
    assert_eq!(
        sent,
        json!({"inputs": "x", "parameters": parameters, "stream": true})
    );
}

#[test]
fn what_there_is_no_place_for_is_refused() {
    for (provider, operation, model, body) in [
        ("sagemaker", "chat", "ep", json!({"messages": []})),
        ("sagemaker", "completions", "../ep", json!({"prompt": "x"})),
        ("sagemaker", "completions", "ep", json!({"prompt": ["x"]})),
        ("sagemaker", "embeddings", "ep", json!({"input": [1]})),
    ] {
        let refusal = SageMaker::start(
            &call(provider, operation, model, json!({})),
            &body.to_string(),
        );
        assert!(refusal.is_err(), "{operation} {body}");
    }
}

#[test]
fn nova_is_asked_for_a_chat_and_for_nothing_else() {
    let answer = json!({"json": {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}]}});
    let outcome = answered("sagemaker_nova", "chat", 200, &answer);
    assert_eq!(
        outcome.response.unwrap()["choices"][0]["message"]["content"],
        "hi"
    );
    let refused = answered("sagemaker_nova", "rerank", 200, &answer);
    assert_eq!(refused.error.unwrap().kind, fault::kind::UNSUPPORTED);
}
