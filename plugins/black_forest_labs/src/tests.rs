//! Recorded answers, played in the order in which they come, and what is handed in.

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};
use sluice_sdk::{Body, File, Outbound};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<BlackForestLabs>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn corpus() -> Vec<Value> {
    let all = include_str!("../fixtures/corpus.jsonl").lines();
    all.map(|it| serde_json::from_str(it).unwrap()).collect()
}

fn reply(answer: Value) -> Value {
    json!({"reply": {"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": answer}}})
}

fn played(body: Value, exchanges: Vec<Value>) -> Outcome {
    let fixture = json!({"name": "played", "provider": "black_forest_labs", "operation": "images.generate", "model": "flux-dev",
        "body": body, "exchanges": exchanges, "expect": {}});
    testing::replay::<BlackForestLabs>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn submitted(id: &str) -> Value {
    reply(json!({"id": id, "polling_url": format!("https://api.eu4.bfl.ai/v1/get_result?id={id}")}))
}

#[test]
fn a_recorded_request_is_asked_after_until_its_image_is_there() {
    let items = corpus();
    let recorded = |item: &Value| json!({"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}});
    let is = |item: &Value, word: &str| item["body"].as_str().unwrap().contains(word);
    let pending = items.iter().find(|it| is(it, "Pending")).unwrap();
    let ready = items.iter().find(|it| is(it, "Ready")).unwrap();
    let mut seen = 0;
    for first in items.iter().filter(|it| is(it, "polling_url")) {
        let mut body = first["request"].clone();
        body["size"] = json!("auto");
        let outcome = played(
            body,
            vec![recorded(first), recorded(pending), recorded(ready)],
        );
        let answer: Value = serde_json::from_str(ready["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            outcome.response.unwrap()["data"][0]["url"],
            answer["result"]["sample"]
        );
        assert_eq!(outcome.usage.unwrap(), json!({"images": 1}));
        let (url, sent) = sent("images.generate", "flux-dev", first["request"].clone()).unwrap();
        assert_eq!(
            (url.as_str(), sent),
            ("/v1/flux-dev", first["request"].clone()),
            "as it was accepted"
        );
        seen += 1;
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn a_recorded_refusal_has_its_kind() {
    let item = corpus().into_iter().find(|it| it["status"] == 403).unwrap();
    let exchange =
        json!({"reply": {"status": 403, "headers": item["headers"], "body": item["body"]}});
    let error = played(json!({"prompt": "x"}), vec![exchange])
        .error
        .unwrap();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (
            fault::kind::AUTHENTICATION,
            "Not authenticated - Invalid Authentication"
        )
    );
}

fn call(operation: &str, model: &str) -> Call {
    let file = |id: u32, field: &str, size: u64| File {
        id,
        field: field.into(),
        filename: "a.png".into(),
        content_type: "image/png".into(),
        size,
    };
    let files = match operation {
        "images.edit" => vec![file(65, "image[]", 4), file(66, "image[]", 2)],
        "images.fill" => vec![file(65, "image", 3001), file(66, "mask", 1)],
        _ => Vec::new(),
    };
    Call {
        id: "1".into(),
        operation: operation.replace("fill", "edit"),
        provider: "black_forest_labs".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files,
        context: "{}".into(),
    }
}

fn sent(operation: &str, model: &str, body: Value) -> Result<(String, Value), Error> {
    let step = BlackForestLabs::start(&call(operation, model), &body.to_string())?;
    let Step::Send(Outbound {
        url,
        body: Body::Json(text),
        ..
    }) = step
    else {
        panic!("{step:?}")
    };
    Ok((url, serde_json::from_str(&text).unwrap()))
}

#[test]
fn several_images_are_made_side_by_side() {
    let ready = |id: &str| {
        reply(
            json!({"status": "Ready", "result": {"sample": format!("https://a.example/{id}"), "seed": 5}}),
        )
    };
    let pending = reply(json!({"status": "Queued"}));
    let outcome = played(
        json!({"prompt": "x", "n": 3}),
        vec![
            submitted("a"),
            submitted("b"),
            submitted("c"),
            ready("a"),
            pending.clone(),
            pending,
            ready("b"),
            ready("c"),
        ],
    );
    let data = outcome.response.unwrap()["data"].clone();
    assert_eq!(
        data,
        json!([{"url": "https://a.example/a", "seed": 5}, {"url": "https://a.example/b", "seed": 5}, {"url": "https://a.example/c", "seed": 5}])
    );
    assert_eq!(outcome.usage.unwrap(), json!({"images": 3}));
}

#[test]
fn uploads_are_handed_in_by_the_models_names() {
    let (url, body) = sent(
        "images.edit",
        "flux-kontext-pro",
        json!({"prompt": "x", "size": "1792x1024", "seed": "7"}),
    )
    .unwrap();
    assert_eq!(url, "/v1/flux-kontext-pro");
    assert_eq!(
        body,
        json!({"prompt": "x", "aspect_ratio": "7:4", "input_image": "QUFBQQ==", "input_image_2": "QkI=", "seed": 7})
    );
    let (_, body) = sent("images.fill", "flux-pro-1.0-fill", json!({"prompt": "x"})).unwrap();
    let image = body["image"].as_str().unwrap();
    assert_eq!(
        (image.len(), &image[..4], &body["mask"]),
        (4004, "QUFB", &json!("Qg=="))
    );
    assert!(image.ends_with("QQ==") && !image[..4000].contains('='));
}

#[test]
fn what_cannot_be_made_is_refused() {
    for (operation, model, body) in [
        (
            "images.generate",
            "flux-dev",
            json!({"response_format": "b64_json"}),
        ),
        ("images.generate", "../x", json!({})),
        ("images.generate", "flux-dev", json!({"size": "big"})),
        ("images.generate", "flux-dev", json!({"size": "0x0"})),
        ("images.generate", "flux-dev", json!({"n": 11})),
        ("images.generate", "flux-dev", json!({"n": 0})),
        ("images.generate", "flux-dev", json!({"quality": "hd"})),
        ("images.fill", "flux-kontext-pro", json!({})),
        ("images.edit", "flux-pro-1.0-fill", json!({})),
        ("chat", "m", json!({})),
    ] {
        assert!(
            sent(operation, model, body.clone()).is_err(),
            "{operation} {model} {body}"
        );
    }
    let big = File {
        id: 1,
        field: "image".into(),
        filename: String::new(),
        content_type: String::new(),
        size: 11 << 20,
    };
    assert_eq!(
        sluice_wire::uploads::base64(&big).unwrap_err().kind,
        fault::kind::INVALID_REQUEST
    );
    let none = Call {
        files: Vec::new(),
        ..call("images.edit", "flux-kontext-pro")
    };
    assert!(BlackForestLabs::start(&none, "{}").is_err());
}

#[test]
fn the_key_goes_to_nobody_elses_host() {
    for url in [
        "https://evil.example/bfl.ai",
        "http://api.bfl.ai/x",
        "https://bfl.ai.evil.example",
        "https://xbfl.ai",
        "https://u@evil.example#.bfl.ai",
        "https://evil.example\\.bfl.ai",
        "api.bfl.ai",
    ] {
        let outcome = played(
            json!({"prompt": "x"}),
            vec![reply(json!({ "polling_url": url }))],
        );
        assert_eq!(outcome.error.unwrap().kind, fault::kind::UPSTREAM, "{url}");
    }
}

#[test]
fn what_failed_is_told() {
    for (answer, kind) in [
        (
            json!({"status": "Error", "details": {"why": "x"}}),
            fault::kind::UPSTREAM,
        ),
        (json!({"status": "Task not found"}), fault::kind::UPSTREAM),
        (
            json!({"status": "Content Moderated"}),
            fault::kind::CONTENT_POLICY,
        ),
        (
            json!({"status": "Ready", "result": null}),
            fault::kind::UPSTREAM,
        ),
        (json!({}), fault::kind::UPSTREAM),
        (json!([]), fault::kind::UPSTREAM),
        (
            json!({"status": null, "detail": "no"}),
            fault::kind::UPSTREAM,
        ),
    ] {
        let outcome = played(
            json!({"prompt": "x"}),
            vec![submitted("a"), reply(answer.clone())],
        );
        assert_eq!(outcome.error.unwrap().kind, kind, "{answer}");
    }
    for answer in [
        json!({}),
        json!({"polling_url": null}),
        json!({"detail": "busy"}),
    ] {
        assert_eq!(
            played(json!({"prompt": "x"}), vec![reply(answer)])
                .error
                .unwrap()
                .kind,
            fault::kind::UPSTREAM
        );
    }
}

#[test]
fn waiting_has_an_end() {
    let mut exchanges = vec![submitted("a")];
    exchanges.extend((0..200).map(|_| reply(json!({"status": "Pending"}))));
    assert_eq!(
        played(json!({"prompt": "x"}), exchanges)
            .error
            .unwrap()
            .kind,
        fault::kind::TIMEOUT
    );
}
