//! What is sent, and what written errors come to: nothing was recorded of Polly.

use sluice_sdk::serde_json;
use sluice_sdk::{Body, Payload, ReplyMode, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Polly>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(model: &str, config: Value, context: Value) -> Call {
    Call {
        id: "t".into(),
        operation: "audio.speech".into(),
        provider: "aws_polly".into(),
        model: model.into(),
        streaming: false,
        config: config.to_string(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: context.to_string(),
    }
}

fn sent(call: &Call, body: Value) -> Result<Outbound, Error> {
    match Polly::start(call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_region_is_signed_for_and_may_be_elsewhere() {
    let body = json!({"input": "<speak>Hi</speak>", "voice": {"id": "Vicki"}, "response_format": "pcm", "sample_rate": "8000"});
    let frankfurt = call(
        "neural",
        json!({"aws_region_name": "eu-central-1"}),
        json!({}),
    );
    let outbound = sent(&frankfurt, body.clone()).unwrap();
    assert_eq!(
        outbound.url,
        "https://polly.eu-central-1.amazonaws.com/v1/speech"
    );
    assert_eq!(outbound.reply, ReplyMode::Canonical);
    let params = [
        ("service".to_owned(), "polly".to_owned()),
        ("region".to_owned(), "eu-central-1".to_owned()),
    ];
    assert_eq!(
        (
            outbound.auth[0].scheme.as_str(),
            &outbound.auth[0].params[..]
        ),
        ("sigv4", &params[..])
    );
    let Body::Json(text) = &outbound.body else {
        panic!()
    };
    let want = json!({"Engine": "neural", "OutputFormat": "pcm", "Text": "<speak>Hi</speak>", "TextType": "ssml", "VoiceId": "Vicki", "SampleRate": "8000"});
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), want);
    let own = call("neural", json!({}), json!({"base_url": "https://own.test"}));
    assert_eq!(sent(&own, body.clone()).unwrap().url, "/v1/speech");
    let china = call(
        "neural",
        json!({"aws_region_name": "cn-north-1"}),
        json!({}),
    );
    assert!(
        sent(&china, body.clone())
            .unwrap()
            .url
            .starts_with("https://polly.cn-north-1.amazonaws.com.cn/")
    );
    let odd = call(
        "neural",
        json!({"aws_region_name": "a.evil.test/"}),
        json!({}),
    );
    assert!(sent(&odd, body).is_err());
}

#[test]
fn what_cannot_be_spoken_is_refused() {
    let neural = call("neural", json!({}), json!({}));
    for (body, says) in [
        (json!({}), "`input`"),
        (json!({"input": ""}), "`input`"),
        (json!({"input": "x", "response_format": "wav"}), "mp3"),
    ] {
        let error = sent(&neural, body).unwrap_err();
        assert!(error.message.contains(says), "{}", error.message);
    }
    let error = sent(&call("gpt-4o", json!({}), json!({})), json!({"input": "x"})).unwrap_err();
    assert!(error.kind == kind::NOT_FOUND && error.message.contains("long-form"));
}

#[test]
fn aws_names_what_went_wrong() {
    let reply = |name: &str| Reply {
        status: 400,
        headers: vec![(
            "x-amzn-ErrorType".into(),
            format!("{name}:http://internal.amazon.com/"),
        )],
        body: Payload::Text(json!({"message": "no"}).to_string()),
        state: String::new(),
    };
    let neural = call("neural", json!({}), json!({}));
    for (name, want) in [
        ("TextLengthExceededException", kind::CONTEXT_WINDOW),
        ("ThrottlingException", kind::RATE_LIMIT),
        ("UnrecognizedClientException", kind::AUTHENTICATION),
    ] {
        let error = Polly::map_error(&neural, &reply(name)).unwrap();
        assert_eq!((error.kind.as_str(), error.message.as_str()), (want, "no"));
    }
    assert!(Polly::map_error(&neural, &reply("InvalidSsmlException")).is_none());
}
