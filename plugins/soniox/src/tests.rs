//! The turns of a transcription, with written answers: nothing was recorded of Soniox.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, File, Outbound, Payload, Response, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Soniox>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call() -> Call {
    Call {
        id: "t".into(),
        operation: "audio.transcribe".into(),
        provider: "soniox".into(),
        model: "stt-async-v4".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: vec![File {
            id: 7,
            field: "file".into(),
            filename: "a.wav".into(),
            content_type: "audio/wav".into(),
            size: 9,
        }],
        context: "{}".into(),
    }
}

fn one(step: Step) -> Outbound {
    match step {
        Step::Send(outbound) => outbound,
        other => panic!("{other:?}"),
    }
}

/// What comes after an answer to a request.
fn then(asked: &Outbound, answer: Value) -> Result<Step, Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state: asked.state.clone(),
    };
    Soniox::resume(&call(), vec![reply])
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The question after a transcription that was made.
fn asked_after(body: Value) -> Outbound {
    let upload = one(Soniox::start(&call(), &body.to_string()).unwrap());
    let made = one(then(&upload, json!({"id": "f-1"})).unwrap());
    one(then(&made, json!({"id": "j-1", "status": "queued"})).unwrap())
}

#[test]
fn a_file_goes_through_every_turn_and_nothing_is_left() {
    let asked = json!({"language": "en", "response_format": "diarized_json", "context": "medical", "language_hints_strict": "true"});
    let upload = one(Soniox::start(&call(), &asked.to_string()).unwrap());
    assert!(upload.url == "/v1/files" && matches!(upload.body, Body::Multipart(_)));
    let made = one(then(&upload, json!({"id": "f-1"})).unwrap());
    assert_eq!(made.url, "/v1/transcriptions");
    assert_eq!(
        body_of(&made),
        json!({"model": "stt-async-v4", "language_hints": ["en"], "enable_speaker_diarization": true,
        "context": "medical", "language_hints_strict": true, "file_id": "f-1"})
    );
    let look = one(then(&made, json!({"id": "j-1", "status": "queued"})).unwrap());
    assert_eq!(
        (look.method.as_str(), look.url.as_str()),
        ("GET", "/v1/transcriptions/j-1")
    );
    assert!(look.options.contains(&("delay_ms".into(), "1000".into())));
    let said = one(then(
        &look,
        json!({"id": "j-1", "status": "completed", "audio_duration_ms": 2500}),
    )
    .unwrap());
    assert_eq!(said.url, "/v1/transcriptions/j-1/transcript");
    let token = |text: &str, start: u64, speaker: &str| json!({"text": text, "start_ms": start, "end_ms": start + 400, "speaker": speaker, "language": "en"});
    let transcript = json!({"id": "j-1", "text": "Hello there. Yes.", "tokens": [
        token("Hel", 0, "1"), token("lo", 400, "1"), token(" there.", 800, "1"), token(" Yes.", 1500, "2"), {"text": " Ja.", "translation_status": "translation"}]});
    let Step::SendAll(deletions) = then(&said, transcript).unwrap() else {
        panic!()
    };
    let gone: Vec<(&str, &str)> = deletions
        .iter()
        .map(|it| (it.method.as_str(), it.url.as_str()))
        .collect();
    assert_eq!(
        gone,
        [
            ("DELETE", "/v1/transcriptions/j-1"),
            ("DELETE", "/v1/files/f-1")
        ]
    );
    let Step::Respond(Response {
        body: Payload::Text(text),
        usage,
        ..
    }) = then(&deletions[0], json!({"error": "gone"})).unwrap()
    else {
        panic!()
    };
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["text"], "Hello there. Yes.");
    assert_eq!(answer["segments"].as_array().unwrap().len(), 2, "{answer}");
    assert_eq!(answer["segments"][0]["text"], "Hello there.");
    let usage: Value = serde_json::from_str(&usage.unwrap()).unwrap();
    assert_eq!(usage["seconds"], 2.5);
}

#[test]
fn a_transcription_that_fails_is_told() {
    let failed =
        json!({"status": "error", "error_type": "invalid_audio", "error_message": "no sound"});
    let error = then(&asked_after(json!({})), failed).unwrap_err();
    assert_eq!(
        (error.kind.as_str(), error.message.as_str()),
        (kind::UPSTREAM, "no sound")
    );
    for answer in [json!({}), json!({"status": "new"})] {
        assert_eq!(
            then(&asked_after(json!({})), answer).unwrap_err().kind,
            kind::UPSTREAM
        );
    }
    let upload = one(Soniox::start(&call(), "{}").unwrap());
    assert_eq!(
        then(&upload, json!({"id": "../x"})).unwrap_err().kind,
        kind::UPSTREAM
    );
    let mut late = asked_after(json!({}));
    late.state = late.state.replace("\"polls\":1", "\"polls\":60");
    let slower = one(then(&late, json!({"status": "processing"})).unwrap());
    assert!(slower.options.contains(&("delay_ms".into(), "3000".into())));
    late.state = late.state.replace("\"polls\":60", "\"polls\":590");
    let error = then(&late, json!({"status": "processing"})).unwrap_err();
    assert_eq!(error.kind, kind::TIMEOUT);
}

#[test]
fn what_cannot_be_transcribed_is_refused() {
    assert!(Soniox::start(&call(), r#"{"response_format": "docx"}"#).is_err());
    let without = Call {
        files: Vec::new(),
        ..call()
    };
    assert!(Soniox::start(&without, "{}").is_err());
    let speech = Call {
        operation: "audio.speech".into(),
        ..call()
    };
    assert_eq!(
        Soniox::start(&speech, "{}").unwrap_err().kind,
        kind::UNSUPPORTED
    );
}
