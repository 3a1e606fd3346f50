//! Requests and written answers: nothing was recorded of fal.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, File, Payload, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Fal>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(operation: &str, model: &str) -> Call {
    let file = |id, field: &str, kind: &str| File {
        id,
        field: field.into(),
        filename: "a".into(),
        content_type: kind.into(),
        size: 3,
    };
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "fal_ai".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: vec![file(0, "image[]", "image/jpeg"), file(1, "mask", "")],
        context: "{}".into(),
    }
}

fn sent(operation: &str, model: &str, body: Value) -> Result<(String, Value), Error> {
    match Fal::start(&call(operation, model), &body.to_string())? {
        Step::Send(Outbound {
            url,
            body: Body::Json(body),
            ..
        }) => Ok((url, serde_json::from_str(&body).unwrap())),
        other => panic!("{other:?}"),
    }
}

fn answered(operation: &str, status: u16, answer: &Value) -> Result<Value, Error> {
    let reply = Reply {
        status,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state: String::new(),
    };
    match Fal::resume(&call(operation, "m"), vec![reply])? {
        Step::Respond(Response {
            body: Payload::Text(text),
            ..
        }) => Ok(serde_json::from_str(&text).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_size_is_what_the_model_takes() {
    for (model, size, want) in [
        (
            "fal-ai/flux/dev",
            json!("1024x768"),
            json!({"image_size": {"width": 1024, "height": 768}}),
        ),
        (
            "fal-ai/flux/dev",
            json!("square_hd"),
            json!({"image_size": "square_hd"}),
        ),
        ("fal-ai/flux/dev", json!("auto"), json!({})),
        (
            "fal-ai/imagen4/preview",
            json!("1792x1024"),
            json!({"aspect_ratio": "16:9"}),
        ),
        (
            "fal-ai/nano-banana",
            json!("1024x1024"),
            json!({"aspect_ratio": "1:1"}),
        ),
        (
            "fal-ai/nano-banana",
            json!("21:9"),
            json!({"aspect_ratio": "21:9"}),
        ),
    ] {
        let asked = json!({"prompt": "p", "size": size, "seed": 3, "user": "u"});
        let mut want = want;
        want["prompt"] = json!("p");
        want["seed"] = json!(3);
        let (url, body) = sent("images.generate", model, asked).unwrap();
        assert_eq!((url, body), (format!("/{model}"), want));
    }
    for body in [
        json!({"size": "0x3"}),
        json!({"size": "axb"}),
        json!({"response_format": "gif"}),
    ] {
        assert!(sent("images.generate", "m", body).is_err());
    }
    assert!(sent("images.generate", "../x", json!({})).is_err());
}

#[test]
fn an_edit_has_its_pictures_as_data() {
    let (url, body) = sent("images.edit", "fal-ai/nano-banana", json!({"prompt": "p"})).unwrap();
    assert_eq!(url, "/fal-ai/nano-banana/edit");
    // The bytes of a native build are the file's number.
    assert_eq!(body["image_urls"], json!(["data:image/jpeg;base64,AAAA"]));
    assert_eq!(body["mask_url"], "data:image/png;base64,AQEB");
    let without = Call {
        files: Vec::new(),
        ..call("images.edit", "m/edit")
    };
    assert!(Fal::start(&without, "{}").is_err());
}

#[test]
fn pictures_are_addresses_or_data() {
    let made = json!({"images": [{"url": "https://a.test/1.png"}, {"url": "data:image/png;base64,QUJD"}], "seed": 1});
    let answer = answered("images.generate", 200, &made).unwrap();
    assert_eq!(
        answer["data"],
        json!([{"url": "https://a.test/1.png"}, {"b64_json": "QUJD"}])
    );
    let one = json!({"image": {"url": "https://a.test/1.png"}});
    assert_eq!(
        answered("images.edit", 200, &one).unwrap()["data"][0]["url"],
        "https://a.test/1.png"
    );
    for body in [json!({}), json!({"images": []}), json!({"images": [{}]})] {
        assert_eq!(
            answered("images.generate", 200, &body).unwrap_err().kind,
            kind::UPSTREAM
        );
    }
}

#[test]
fn a_question_is_about_one_picture() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://a.test/1.png"}});
    let text = json!({"type": "text", "text": "what?"});
    let asked = |parts: Value, effort: &str| {
        json!({"temperature": 0.5, "reasoning_effort": effort,
        "messages": [{"role": "user", "content": parts}]})
    };
    let (_, body) = sent(
        "chat",
        "fal-ai/moondream3-preview/query",
        asked(json!([text, image]), "high"),
    )
    .unwrap();
    assert_eq!(
        body,
        json!({"temperature": 0.5, "prompt": "what?", "image_url": "https://a.test/1.png", "reasoning": true})
    );
    for parts in [
        json!([text]),
        json!([text, image, image]),
        json!([{"type": "input_audio"}]),
    ] {
        assert!(sent("chat", "m", asked(parts, "none")).is_err());
    }
    let history =
        json!({"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]});
    assert!(sent("chat", "m", history).is_err());
    let said = json!({"output": "a cat", "reasoning": "fur", "finish_reason": "length", "usage_info": {"input_tokens": 5, "output_tokens": 2}});
    let answer = answered("chat", 200, &said).unwrap();
    let choice = &answer["choices"][0];
    assert_eq!(
        (
            &choice["message"]["content"],
            &choice["message"]["reasoning_content"]
        ),
        (&json!("a cat"), &json!("fur"))
    );
    assert_eq!(
        (&choice["finish_reason"], &answer["usage"]["total_tokens"]),
        (&json!("length"), &json!(7))
    );
    assert_eq!(
        answered("chat", 200, &json!({})).unwrap_err().kind,
        kind::UPSTREAM
    );
}

#[test]
fn each_failure_has_its_kind() {
    for (status, document, want) in [
        (
            401,
            json!({"detail": "Cannot access"}),
            kind::AUTHENTICATION,
        ),
        (
            422,
            json!({"detail": [{"msg": "m", "type": "missing"}]}),
            kind::INVALID_REQUEST,
        ),
        (
            504,
            json!({"detail": [{"msg": "m", "type": "generation_timeout"}]}),
            kind::TIMEOUT,
        ),
        (
            500,
            json!({"detail": "oops", "error_type": "internal_error"}),
            kind::UPSTREAM,
        ),
    ] {
        let reply = Reply {
            status,
            headers: Vec::new(),
            body: Payload::Text(document.to_string()),
            state: String::new(),
        };
        let error = Fal::map_error(&call("chat", "m"), &reply).unwrap();
        assert_eq!((error.kind.as_str(), error.status), (want, Some(status)));
    }
}
