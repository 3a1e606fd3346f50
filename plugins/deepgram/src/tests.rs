//! Recorded results through the plugin, and the addresses that are asked.

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Body, File, Outbound, Payload, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Deepgram>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call() -> Call {
    let file = File {
        id: 7,
        field: "file".into(),
        filename: "a.wav".into(),
        content_type: "audio/wav".into(),
        size: 9,
    };
    Call {
        id: "1".into(),
        operation: "audio.transcribe".into(),
        provider: "deepgram".into(),
        model: "nova-3".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: vec![file],
        context: "{}".into(),
    }
}

fn sent(body: Value) -> Result<Outbound, Error> {
    match Deepgram::start(&call(), &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn answered(
    body: Value,
    status: u16,
    answer: &str,
) -> Result<(String, String, Option<Value>), Error> {
    let state = sent(body)?.state;
    let reply = Reply {
        status,
        headers: Vec::new(),
        body: Payload::Text(answer.into()),
        state,
    };
    if status >= 400 {
        return Err(Deepgram::map_error(&call(), &reply).unwrap());
    }
    let step = Deepgram::resume(&call(), vec![reply])?;
    let Step::Respond(response) = step else {
        panic!("{step:?}")
    };
    let Payload::Text(text) = response.body else {
        panic!()
    };
    Ok((
        text,
        response.content_type.unwrap(),
        response.usage.map(|it| serde_json::from_str(&it).unwrap()),
    ))
}

fn corpus() -> Vec<Value> {
    let all = include_str!("../fixtures/corpus.jsonl").lines();
    all.map(|it| serde_json::from_str(it).unwrap()).collect()
}

#[test]
fn the_upload_is_the_body_and_options_are_the_address() {
    let outbound = sent(json!({"model": "nova-3", "language": "pt-BR", "diarize": "true", "keyterm[]": ["a b", "ü"], "smart_format": true})).unwrap();
    assert_eq!(
        outbound.url,
        "/listen?model=nova-3&language=pt-BR&diarize=true&keyterm=a%20b&keyterm=%C3%BC&smart_format=true&punctuate=true"
    );
    assert_eq!(
        (outbound.method.as_str(), outbound.body),
        ("POST", Body::File(7))
    );
    let timed = sent(json!({"response_format": "diarized_json", "punctuate": false})).unwrap();
    assert_eq!(
        timed.url,
        "/listen?model=nova-3&punctuate=false&utterances=true&diarize=true"
    );
}

#[test]
fn recorded_results_come_through_in_every_format() {
    for item in corpus() {
        let body = item["body"].as_str().unwrap();
        let answer: Value = serde_json::from_str(body).unwrap();
        let best = &answer["results"]["channels"][0]["alternatives"][0];
        for format in sluice_transcript::FORMATS {
            let (text, kind, usage) = answered(
                json!({"response_format": format, "language": "en"}),
                200,
                body,
            )
            .unwrap();
            assert!(text.contains("Ruby is a programming language"), "{format}");
            assert_eq!(
                usage.unwrap(),
                json!({"type": "duration", "seconds": answer["metadata"]["duration"]})
            );
            assert_eq!(kind == "application/json", format.ends_with("json"));
            let Ok(document) = serde_json::from_str::<Value>(&text) else {
                continue;
            };
            assert_eq!(document["text"], best["transcript"]);
            if format != "verbose_json" {
                continue;
            }
            let words = document["words"].as_array().unwrap();
            assert_eq!(words.len(), best["words"].as_array().unwrap().len());
            for (got, want) in words.iter().zip(best["words"].as_array().unwrap()) {
                assert_eq!(
                    (&got["word"], &got["start"], &got["end"]),
                    (&want["word"], &want["start"], &want["end"])
                );
                let speaker = want["speaker"].as_u64().map(|it| it.to_string());
                assert_eq!(got["speaker"].as_str(), speaker.as_deref());
            }
            assert_eq!(
                (&document["segments"][0]["text"], &document["language"]),
                (&best["transcript"], &json!("en"))
            );
        }
    }
}

#[test]
fn several_channels_and_missing_members_are_read() {
    let answer = json!({"results": {"channels": [{"detected_language": "de", "alternatives": [{"transcript": "a", "words": [{"word": "a"}], "paragraphs": {"paragraphs": [
        {"speaker": 1, "sentences": [{"text": "A.", "start": 1, "end": 2}]}]}}]}, {"alternatives": []}, {"alternatives": [{"transcript": "b"}]}], "new": 1}});
    let (text, _, usage) = answered(
        json!({"response_format": "verbose_json"}),
        200,
        &answer.to_string(),
    )
    .unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (
            &document["text"],
            &document["language"],
            &document["duration"]
        ),
        (&json!("a\nb"), &json!("de"), &Value::Null)
    );
    assert_eq!(
        (
            &document["segments"][0]["text"],
            &document["segments"][0]["speaker"]
        ),
        (&json!("A."), &json!("1"))
    );
    assert_eq!(usage, None);
}

#[test]
fn what_is_no_result_is_the_providers_failure() {
    for answer in [
        "{}",
        "{\"request_id\":\"callback\"}",
        "<html>",
        "{\"err_msg\":\"no\"}",
        "{\"results\":{\"channels\":null}}",
    ] {
        assert_eq!(
            answered(json!({}), 200, answer).unwrap_err().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
}

#[test]
fn errors_have_their_kinds() {
    for (status, code, want) in [
        (400, "Bad Request", fault::kind::INVALID_REQUEST),
        (401, "INVALID_AUTH", fault::kind::AUTHENTICATION),
        (402, "ASR_PAYMENT_REQUIRED", fault::kind::QUOTA),
        (403, "INSUFFICIENT_PERMISSIONS", fault::kind::PERMISSION),
        (404, "", fault::kind::NOT_FOUND),
        (429, "TOO_MANY_REQUESTS", fault::kind::RATE_LIMIT),
        (500, "", fault::kind::UPSTREAM),
        (503, "", fault::kind::OVERLOADED),
        (504, "", fault::kind::TIMEOUT),
    ] {
        let error = answered(
            json!({}),
            status,
            &json!({"err_code": code, "err_msg": "m"}).to_string(),
        )
        .unwrap_err();
        assert_eq!(
            (error.kind.as_str(), error.message.as_str(), error.status),
            (want, "m", Some(status)),
            "{code}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_refused() {
    for body in [
        json!({"response_format": "docx"}),
        json!({"response_format": 5}),
        json!({"extra": {"a": 1}}),
    ] {
        assert_eq!(
            sent(body.clone()).unwrap_err().kind,
            fault::kind::INVALID_REQUEST,
            "{body}"
        );
    }
    let without = Call {
        files: Vec::new(),
        ..call()
    };
    assert!(request::transcribe(&without, &Map::new()).is_err());
    assert!(
        Deepgram::start(
            &Call {
                operation: "chat".into(),
                ..call()
            },
            "{}"
        )
        .is_err()
    );
}
