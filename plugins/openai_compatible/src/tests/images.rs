//! Images of other dialects than OpenAI's, with written answers: nothing was recorded of these.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{Outcome, replay};
use sluice_sdk::{Body, File, Outbound, Payload, ReplyMode, Response};

use super::sounds::{call, sent};
use super::*;

/// A call for images, with so many pictures.
fn asked(provider: &str, operation: &str, model: &str, base: &str, pictures: u32) -> Call {
    let picture = |id| File {
        id,
        field: "image".into(),
        filename: "a.png".into(),
        content_type: "image/png".into(),
        size: 3,
    };
    Call {
        files: (1..=pictures).map(picture).collect(),
        context: json!({"base_url": base}).to_string(),
        ..call(provider, operation, model)
    }
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn refusal(call: &Call, body: &Value) -> Error {
    OpenAiCompatible::start(call, &body.to_string()).unwrap_err()
}

/// An exchange of a call that made images.
fn played(provider: &str, model: &str, exchanges: &Value) -> Outcome {
    let fixture = json!({
        "name": "made", "provider": provider, "operation": "images.generate", "model": model,
        "body": {"model": model, "prompt": "a cat"}, "exchanges": exchanges, "expect": {}
    });
    replay::<OpenAiCompatible>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

fn reply(answer: &Value) -> Value {
    json!({"status": 200, "headers": {"content-type": "application/json"}, "body": {"json": answer}})
}

const QWEN: &str = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1";
const QWEN_MAKES: &str =
    "https://dashscope-intl.aliyuncs.com/api/v1/services/aigc/multimodal-generation/generation";

/// alibabacloud.com/help/en/model-studio/qwen-image-api and qwen-image-edit-api.
#[test]
fn model_studio_is_asked_in_turns_and_answers_addresses() {
    let body = json!({"model": "qwen-image-2.0", "prompt": "a cat", "n": 2, "size": "1024x768", "watermark": false});
    for provider in ["dashscope", "qwencloud", "qwen_ai_platform"] {
        let call = asked(provider, "images.generate", "qwen-image-2.0", QWEN, 0);
        let outbound = sent(&call, &body);
        assert_eq!(outbound.url, QWEN_MAKES, "{provider}");
        let want = json!({"model": "qwen-image-2.0",
            "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
            "parameters": {"n": 2, "watermark": false, "size": "1024*768"}});
        assert_eq!(body_of(&outbound), want);
    }
    let edit = asked("dashscope", "images.edit", "qwen-image-edit-plus", QWEN, 2);
    let form =
        json!({"model": "qwen-image-edit-plus", "prompt": "42", "n": "2", "prompt_extend": "true"});
    let outbound = sent(&edit, &form);
    let one = json!({"image": "data:image/png;base64,AQEB"});
    let two = json!({"image": "data:image/png;base64,AgIC"});
    let want = json!({"model": "qwen-image-edit-plus",
        "input": {"messages": [{"role": "user", "content": [one, two, {"text": "42"}]}]},
        "parameters": {"n": 2, "prompt_extend": true}});
    assert_eq!(body_of(&outbound), want);
    let answer = json!({"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant",
        "content": [{"image": "https://a.test/1.png"}]}}, {"message": {"content": [{"image": "https://a.test/2.png"}]}}]},
        "usage": {"height": 1024, "image_count": 2, "width": 1024}, "request_id": "r"});
    let outcome = played(
        "dashscope",
        "qwen-image-2.0",
        &json!([{"reply": reply(&answer)}]),
    );
    let want = json!([{"url": "https://a.test/1.png"}, {"url": "https://a.test/2.png"}]);
    assert_eq!(outcome.response.unwrap()["data"], want);
    assert_eq!(outcome.usage.unwrap()["images"], 2);
}

#[test]
fn what_model_studio_refuses_is_told() {
    let refused =
        json!({"code": "DataInspectionFailed", "message": "inappropriate", "request_id": "r"});
    let outcome = played(
        "dashscope",
        "qwen-image",
        &json!([{"reply": reply(&refused)}]),
    );
    assert_eq!(outcome.error.unwrap().kind, kind::CONTENT_POLICY);
    let nothing = json!({"output": {"choices": []}});
    let outcome = played(
        "dashscope",
        "qwen-image",
        &json!([{"reply": reply(&nothing)}]),
    );
    assert_eq!(outcome.error.unwrap().kind, kind::UPSTREAM);
    let make = asked("dashscope", "images.generate", "m", QWEN, 0);
    let edit = asked("dashscope", "images.edit", "m", QWEN, 0);
    for (call, body, says) in [
        (&make, json!({}), "`prompt`"),
        (&make, json!({"prompt": "x", "size": "big"}), "`size`"),
        (
            &make,
            json!({"prompt": "x", "response_format": "b64_json"}),
            "`response_format`",
        ),
        (&edit, json!({"prompt": "x"}), "`image`"),
    ] {
        let error = refusal(call, &body);
        assert!(error.message.contains(says), "{body}: {}", error.message);
    }
    let mut masked = asked("dashscope", "images.edit", "m", QWEN, 2);
    masked.files[1].field = "mask".into();
    assert!(
        refusal(&masked, &json!({"prompt": "x"}))
            .message
            .contains("`mask`")
    );
}

/// modelscope.cn/docs/model-service/API-Inference/intro.
#[test]
fn modelscope_is_asked_after_a_task_until_it_has_ended() {
    let task = |answer: &Value| {
        json!({"request": {"method": "GET", "url": "/tasks/7-a", "headers": {"x-modelscope-task-type": "image_generation"}},
            "reply": reply(answer)})
    };
    let made = json!({"request": {"method": "POST", "url": "/images/generations",
        "headers": {"x-modelscope-async-mode": "true"}, "body": {"model": "Qwen/Qwen-Image", "prompt": "a cat"}},
        "reply": reply(&json!({"task_id": "7-a"}))});
    let running = task(&json!({"task_status": "PROCESSING"}));
    let done = task(&json!({"task_status": "SUCCEED", "output_images": ["https://a.test/1.png"]}));
    let outcome = played(
        "modelscope",
        "Qwen/Qwen-Image",
        &json!([made, running, done]),
    );
    let response = outcome.response.unwrap();
    assert_eq!(response["data"], json!([{"url": "https://a.test/1.png"}]));
    assert_eq!(outcome.usage.unwrap()["images"], 1);
    for (exchanges, want) in [
        (
            json!([
                made,
                task(&json!({"task_status": "FAILED", "errors": {"message": "no"}}))
            ]),
            kind::UPSTREAM,
        ),
        (
            json!([{"reply": reply(&json!({"task_id": "../x"}))}]),
            kind::UPSTREAM,
        ),
        (json!([made, task(&json!({}))]), kind::UPSTREAM),
    ] {
        let outcome = played("modelscope", "Qwen/Qwen-Image", &exchanges);
        assert_eq!(outcome.error.unwrap().kind, want);
    }
    let refused = json!([{"reply": {"status": 400, "headers": {"content-type": "application/json"},
        "body": {"json": {"errors": {"message": "a size that is none"}, "request_id": "r"}}}}]);
    let error = played("modelscope", "Qwen/Qwen-Image", &refused)
        .error
        .unwrap();
    assert_eq!(
        (&*error.kind, &*error.message),
        (kind::INVALID_REQUEST, "a size that is none")
    );
    let late = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(json!({"task_status": "RUNNING"}).to_string()),
        state: json!({"task": "/tasks/7", "polls": 120}).to_string(),
    };
    let call = asked(
        "modelscope",
        "images.generate",
        "m",
        "https://api-inference.modelscope.cn/v1",
        0,
    );
    let error = OpenAiCompatible::resume(&call, vec![late]).unwrap_err();
    assert_eq!(error.kind, kind::TIMEOUT);
}

/// docs.fireworks.ai/api-reference/generate-a-new-image-from-a-text-prompt.
#[test]
fn fireworks_makes_the_picture_itself() {
    let base = "https://api.fireworks.ai/inference/v1";
    let call = asked(
        "fireworks_ai",
        "images.generate",
        "flux-1-schnell-fp8",
        base,
        0,
    );
    let body =
        json!({"model": "flux-1-schnell-fp8", "prompt": "a cat", "size": "1792x1024", "seed": 7});
    let outbound = sent(&call, &body);
    let want = "/workflows/accounts/fireworks/models/flux-1-schnell-fp8/text_to_image";
    assert_eq!(outbound.url, want);
    assert!(
        outbound
            .headers
            .contains(&("accept".into(), "image/png".into()))
    );
    let want = json!({"prompt": "a cat", "seed": 7, "aspect_ratio": "16:9"});
    assert_eq!(body_of(&outbound), want);
    let answered = |body: Payload| {
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body,
            state: String::new(),
        };
        OpenAiCompatible::resume(&call, vec![reply])
    };
    let json = |value: Value| Payload::Text(value.to_string());
    for body in [
        Payload::Bytes(b"ABC".to_vec()),
        json(
            json!({"base64": ["data:image/png;base64,QUJD"], "finishReason": "SUCCESS", "seed": 1}),
        ),
    ] {
        let Step::Respond(Response { body, usage, .. }) = answered(body).unwrap() else {
            panic!()
        };
        let Payload::Text(text) = body else { panic!() };
        assert_eq!(text, r#"{"data":[{"b64_json":"QUJD"}]}"#);
        assert_eq!(usage.as_deref(), Some(r#"{"images":1}"#));
    }
    let filtered = answered(json(
        json!({"base64": [], "finishReason": "CONTENT_FILTERED"}),
    ));
    assert_eq!(filtered.unwrap_err().kind, kind::CONTENT_POLICY);
    let kontext = asked(
        "fireworks_ai",
        "images.generate",
        "flux-kontext-pro",
        base,
        0,
    );
    assert_eq!(refusal(&kontext, &body).kind, kind::UNSUPPORTED);
}

/// openrouter.ai/docs/api/api-reference/images/generate-an-image. Meta's form is that of a client of its
/// API, github.com/kevintsai1202/muse-image-mcp (September 2026): dev.meta.ai is not public.
#[test]
fn pictures_to_edit_are_addresses_in_a_document() {
    let router = "https://openrouter.ai/api/v1";
    let call = asked("openrouter", "images.edit", "x/y", router, 1);
    let form = json!({"model": "x/y", "prompt": "bluer", "n": "2", "aspect_ratio": "1:1"});
    let outbound = sent(&call, &form);
    assert_eq!(
        (&*outbound.url, outbound.reply),
        ("/images", ReplyMode::Canonical)
    );
    let uri = "data:image/png;base64,AQEB";
    let want = json!({"model": "x/y", "prompt": "bluer", "n": 2, "aspect_ratio": "1:1",
        "input_references": [{"type": "image_url", "image_url": {"url": uri}}]});
    assert_eq!(body_of(&outbound), want);
    let call = asked(
        "meta",
        "images.edit",
        "muse-image-1.0",
        "https://api.meta.ai/v1",
        1,
    );
    let form = json!({"model": "muse-image-1.0", "prompt": "bluer", "response_format": "b64_json"});
    let outbound = sent(&call, &form);
    assert_eq!(
        (&*outbound.url, outbound.reply),
        ("/images/edits", ReplyMode::Canonical)
    );
    let want = json!({"model": "muse-image-1.0", "prompt": "bluer", "response_format": "b64_json",
        "images": [{"image_url": uri}]});
    assert_eq!(body_of(&outbound), want);
}

/// cloud.tencent.com/document/product/1823/135745 and 130080.
#[test]
fn tencent_has_an_address_for_each_model() {
    for (model, path) in [
        ("hy-image-v3", "/wand/hunyuan-image/v3-generation"),
        ("hy-image-lite", "/api/image/lite"),
    ] {
        let base = "https://tokenhub-intl.tencentcloudmaas.com/v1";
        let call = asked("tencent", "images.generate", model, base, 0);
        let outbound = sent(&call, &json!({"model": model, "prompt": "a cat"}));
        assert_eq!(
            (&*outbound.url, outbound.reply),
            (path, ReplyMode::Canonical)
        );
    }
}

/// recraft.ai/docs/api-reference/endpoints: image to image. docs.vllm.ai/projects/vllm-omni: image edit.
#[test]
fn pictures_to_edit_go_in_forms() {
    let base = "https://external.api.recraft.ai";
    let strength = |body: Value| {
        let call = asked("recraft", "images.edit", "recraftv3", base, 1);
        let outbound = sent(&call, &body);
        assert_eq!(outbound.url, "/v1/images/imageToImage");
        let Body::Multipart(parts) = outbound.body else {
            panic!()
        };
        assert!(parts.iter().any(|it| it.name == "image"));
        let found = parts.into_iter().find(|it| it.name == "strength");
        format!("{:?}", found.unwrap().data)
    };
    assert_eq!(strength(json!({"prompt": "x"})), r#"PartData::Text("0.2")"#);
    let given = strength(json!({"prompt": "x", "strength": "0.9"}));
    assert_eq!(given, r#"PartData::Text("0.9")"#);
    let two = asked("recraft", "images.edit", "recraftv3", base, 2);
    assert_eq!(
        refusal(&two, &json!({"prompt": "x"})).kind,
        kind::UNSUPPORTED
    );
    let own = asked("hosted_vllm", "images.edit", "m", "http://vllm.test/v1", 1);
    let outbound = sent(&own, &json!({"model": "m", "prompt": "x"}));
    assert_eq!(outbound.url, "/images/edits");
    assert!(matches!(outbound.body, Body::Multipart(_)));
}
