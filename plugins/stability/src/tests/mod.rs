//! The forms that are sent, and what is made of written answers: nothing was recorded of Stability.

mod answers;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{self, Outcome};
use sluice_sdk::{Body, File, Outbound, Part, PartData};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Stability>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(operation: &str, model: &str, fields: &[&str]) -> Call {
    let file = |(id, field): (usize, &&str)| File {
        id: id as u32,
        field: (*field).into(),
        filename: "a.png".into(),
        content_type: "image/png".into(),
        size: 4,
    };
    Call {
        id: "1".into(),
        operation: operation.into(),
        provider: "stability".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: fields.iter().enumerate().map(file).collect(),
        context: "{}".into(),
    }
}

fn sent(call: &Call, body: Value) -> Result<(String, Vec<String>), Error> {
    let step = Stability::start(call, &body.to_string())?;
    let Step::Send(Outbound {
        url,
        body: Body::Multipart(parts),
        ..
    }) = step
    else {
        panic!("{step:?}")
    };
    let read = |part: &Part| match &part.data {
        PartData::Text(text) => format!("{}={text}", part.name),
        PartData::File(id) => format!("{}=file {id}", part.name),
        PartData::Bytes(_) => panic!(),
    };
    Ok((url, parts.iter().map(read).collect()))
}

fn making(model: &str, body: Value) -> Result<(String, Vec<String>), Error> {
    sent(&call("images.generate", model, &[]), body)
}

#[test]
fn models_have_their_paths_and_shapes() {
    let (url, parts) = making(
        "sd3.5-large",
        json!({"prompt": "cat", "size": "1792x1024", "seed": 7, "negative_prompt": null}),
    )
    .unwrap();
    assert_eq!(url, "/v2beta/stable-image/generate/sd3");
    assert_eq!(
        parts,
        [
            "prompt=cat",
            "output_format=png",
            "model=sd3.5-large",
            "mode=text-to-image",
            "aspect_ratio=16:9",
            "seed=7"
        ]
    );
    let (url, parts) = making("stable-image-core", json!({"prompt": "cat", "output_format": "webp", "style_preset": "anime", "response_format": "b64_json"})).unwrap();
    assert_eq!(
        (url.as_str(), parts),
        (
            "/v2beta/stable-image/generate/core",
            ["prompt=cat", "output_format=webp", "style_preset=anime"]
                .map(String::from)
                .to_vec()
        )
    );
    for (size, ratio) in [
        ("1024x1024", "1:1"),
        ("1024x1536", "2:3"),
        ("1536x1024", "3:2"),
        ("640x480", "4:3"),
        ("3000x1000", "21:9"),
    ] {
        let (_, parts) =
            making("stable-image-ultra", json!({"prompt": "cat", "size": size})).unwrap();
        assert_eq!(
            parts.last().unwrap(),
            &format!("aspect_ratio={ratio}"),
            "{size}"
        );
    }
}

#[test]
fn edits_have_the_fields_of_their_form() {
    for (model, fields, body, want, form) in [
        (
            "inpaint",
            &["image", "mask"][..],
            json!({"prompt": "p", "grow_mask": "5"}),
            "edit/inpaint",
            vec![
                "prompt=p",
                "output_format=png",
                "grow_mask=5",
                "image=file 0",
                "mask=file 1",
            ],
        ),
        (
            "outpaint",
            &["image"],
            json!({"prompt": "p", "left": 10}),
            "edit/outpaint",
            vec!["prompt=p", "output_format=png", "left=10", "image=file 0"],
        ),
        (
            "remove-background",
            &["image[]"],
            json!({"prompt": "p"}),
            "edit/remove-background",
            vec!["output_format=png", "image=file 0"],
        ),
        (
            "style-transfer",
            &["image[]", "image[]"],
            json!({}),
            "control/style-transfer",
            vec![
                "output_format=png",
                "init_image=file 0",
                "style_image=file 1",
            ],
        ),
        (
            "style",
            &["image"],
            json!({"size": "512x512"}),
            "control/style",
            vec!["output_format=png", "aspect_ratio=1:1", "image=file 0"],
        ),
        (
            "replace-background-and-relight",
            &["image"],
            json!({"prompt": "p"}),
            "edit/replace-background-and-relight",
            vec![
                "background_prompt=p",
                "output_format=png",
                "subject_image=file 0",
            ],
        ),
        (
            "sd3.5-large",
            &["image"],
            json!({"prompt": "p", "strength": 0.5}),
            "generate/sd3",
            vec![
                "prompt=p",
                "output_format=png",
                "model=sd3.5-large",
                "mode=image-to-image",
                "strength=0.5",
                "image=file 0",
            ],
        ),
        (
            "sd3.5-large",
            &["image"],
            json!({"prompt": "p"}),
            "edit/inpaint",
            vec!["prompt=p", "output_format=png", "image=file 0"],
        ),
        (
            "fast",
            &["image"],
            json!({}),
            "upscale/fast",
            vec!["output_format=png", "image=file 0"],
        ),
    ] {
        let (url, parts) = sent(&call("images.edit", model, fields), body).unwrap();
        assert_eq!(
            (url, parts),
            (
                format!("/v2beta/stable-image/{want}"),
                form.into_iter().map(String::from).collect()
            ),
            "{model}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    for body in [
        json!({}),
        json!({"prompt": "p", "n": 0}),
        json!({"prompt": "p", "n": 11}),
        json!({"prompt": "p", "size": "big"}),
        json!({"prompt": "p", "response_format": "url"}),
    ] {
        assert!(making("sd3", body.clone()).is_err(), "{body}");
    }
    for (model, fields, body) in [
        ("inpaint", &[][..], json!({})),
        ("inpaint", &["image", "image"], json!({})),
        ("outpaint", &["image", "mask"], json!({})),
        ("inpaint", &["image"], json!({"size": "512x512"})),
    ] {
        assert!(
            sent(&call("images.edit", model, fields), body).is_err(),
            "{model}"
        );
    }
    assert!(sent(&call("chat", "m", &[]), json!({})).is_err());
}
