//! Images changed, as the API takes them. Bytes: docs.aws.amazon.com/nova/latest/userguide/
//! image-gen-req-resp-structure.html and /bedrock/latest/userguide/stable-image-services.html.

use sluice_sdk::fault::kind;
use sluice_sdk::{File, Payload};

use super::*;

const CANVAS: &str = "amazon.nova-canvas-v1:0";
const INPAINT: &str = "us.stability.stable-image-inpaint-v1:0";

fn editing(model: &str, fields: &[&str]) -> Call {
    let file = |(at, field): (usize, &&str)| File {
        id: at as u32 + 1,
        field: (*field).into(),
        filename: "a.png".into(),
        content_type: "image/png".into(),
        size: 3,
    };
    Call {
        files: fields.iter().enumerate().map(file).collect(),
        ..call("images.edit", model)
    }
}

fn refused(call: &Call, body: &Value) -> String {
    Bedrock::start(call, &body.to_string()).unwrap_err().kind
}

#[test]
fn canvas_paints_what_a_mask_shows_and_varies_the_rest() {
    let masked = editing(CANVAS, &["image", "mask"]);
    let body = json!({"prompt": "a hat", "size": "512x512", "quality": "high", "cfgScale": "6.5", "negativeText": "fur"});
    // In tests a file's bytes are its number.
    assert_eq!(
        body_of(&sent(&masked, &body)),
        json!({"taskType": "INPAINTING",
            "inPaintingParams": {"image": "AQEB", "maskImage": "AgIC", "text": "a hat", "negativeText": "fur"},
            "imageGenerationConfig": {"numberOfImages": 1, "width": 512, "height": 512, "quality": "premium", "cfgScale": 6.5}})
    );
    let plain = editing(CANVAS, &["image", "image"]);
    let body = json!({"prompt": "a hat", "n": 2, "similarityStrength": "0.7"});
    assert_eq!(
        body_of(&sent(&plain, &body)),
        json!({"taskType": "IMAGE_VARIATION",
            "imageVariationParams": {"images": ["AQEB", "AgIC"], "text": "a hat", "similarityStrength": 0.7},
            "imageGenerationConfig": {"numberOfImages": 2}})
    );
    let one = editing(CANVAS, &["image"]);
    let words = json!({"prompt": "a hat", "taskType": "OUTPAINTING", "maskPrompt": "the cat", "outPaintingMode": "PRECISE"});
    assert_eq!(
        body_of(&sent(&one, &words))["outPaintingParams"],
        json!({"image": "AQEB", "maskPrompt": "the cat", "text": "a hat", "outPaintingMode": "PRECISE"})
    );
    let removed = json!({"prompt": "x", "taskType": "BACKGROUND_REMOVAL", "n": 1});
    assert_eq!(
        body_of(&sent(&one, &removed)),
        json!({"taskType": "BACKGROUND_REMOVAL", "backgroundRemovalParams": {"image": "AQEB"}})
    );
}

#[test]
fn stabilitys_services_take_pictures_under_their_own_names() {
    let masked = editing(INPAINT, &["image", "mask"]);
    let body = json!({"prompt": "a hat", "grow_mask": "5", "seed": "7", "output_format": "png"});
    let outbound = sent(&masked, &body);
    assert!(
        outbound
            .url
            .ends_with("/model/us.stability.stable-image-inpaint-v1%3A0/invoke")
    );
    assert_eq!(
        body_of(&outbound),
        json!({"grow_mask": 5, "seed": 7, "image": "AQEB", "mask": "AgIC", "output_format": "png", "prompt": "a hat"})
    );
    let styled = editing("stability.stable-style-transfer-v1:0", &["image", "image"]);
    assert_eq!(
        body_of(&sent(&styled, &json!({"prompt": "p"}))),
        json!({"init_image": "AQEB", "style_image": "AgIC", "prompt": "p"})
    );
    let wordless = editing("stability.stable-image-remove-background-v1:0", &["image"]);
    assert_eq!(
        body_of(&sent(&wordless, &json!({"prompt": "p"}))),
        json!({"image": "AQEB"})
    );
    let twice = Bedrock::start(&masked, &json!({"prompt": "p", "n": 2}).to_string());
    assert!(matches!(twice.unwrap(), Step::SendAll(all) if all.len() == 2));
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let plain = editing(CANVAS, &["image"]);
    for (call, body, want) in [
        (&plain, json!({}), kind::INVALID_REQUEST),
        (
            &plain,
            json!({"prompt": "p", "taskType": "INPAINTING"}),
            kind::INVALID_REQUEST,
        ),
        (
            &plain,
            json!({"prompt": "p", "taskType": "DREAM"}),
            kind::INVALID_REQUEST,
        ),
        (
            &plain,
            json!({"prompt": "p", "cfgScale": "much"}),
            kind::INVALID_REQUEST,
        ),
        (
            &plain,
            json!({"prompt": "p", "response_format": "url"}),
            kind::UNSUPPORTED,
        ),
        (
            &editing(CANVAS, &[]),
            json!({"prompt": "p"}),
            kind::INVALID_REQUEST,
        ),
        (
            &editing(CANVAS, &["image", "image", "mask"]),
            json!({"prompt": "p"}),
            kind::UNSUPPORTED,
        ),
        (
            &editing(INPAINT, &["image", "image"]),
            json!({"prompt": "p"}),
            kind::UNSUPPORTED,
        ),
        (
            &editing(INPAINT, &["image"]),
            json!({"prompt": "p", "size": "512x512"}),
            kind::UNSUPPORTED,
        ),
        (
            &editing("anthropic.claude-opus-4-8", &["image"]),
            json!({"prompt": "p"}),
            kind::UNSUPPORTED,
        ),
    ] {
        assert_eq!(refused(call, &body), want, "{} {body}", call.model);
    }
}

#[test]
fn a_changed_image_is_paid_by_the_image_and_a_filtered_one_says_so() {
    let asked = editing(INPAINT, &["image"]);
    let answered = |body: &str| {
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: Payload::Text(body.to_owned()),
            state: String::new(),
        };
        Bedrock::resume(&asked, vec![reply])
    };
    let made = r#"{"seeds": [2130420379], "finish_reasons": [null], "images": ["QUJD"]}"#;
    let Step::Respond(response) = answered(made).unwrap() else {
        panic!()
    };
    assert_eq!(
        response.body,
        Payload::Text("{\"data\":[{\"b64_json\":\"QUJD\"}]}".into())
    );
    assert_eq!(response.usage.as_deref(), Some("{\"images\":1}"));
    for (body, want) in [
        (
            r#"{"finish_reasons": ["Filter reason: prompt"]}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"images": [], "finish_reasons": [null]}"#,
            kind::UPSTREAM,
        ),
        ("{}", kind::UPSTREAM),
        (r#"{"images": ["QU"#, kind::UPSTREAM),
    ] {
        assert_eq!(answered(body).unwrap_err().kind, want, "{body}");
    }
}
