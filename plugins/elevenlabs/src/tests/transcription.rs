//! Speech to text, and errors.

use super::*;

#[test]
fn an_upload_is_a_form_with_its_file() {
    let outbound = sent("audio.transcribe", json!({"language": "en", "temperature": 0, "keyterms[]": ["a", "b"], "response_format": "diarized_json"})).unwrap();
    let Body::Multipart(parts) = outbound.body else {
        panic!()
    };
    let read = |part: &Part| match &part.data {
        PartData::Text(text) => (part.name.clone(), text.clone()),
        PartData::File(id) => (
            part.name.clone(),
            format!("{id} {:?} {:?}", part.filename, part.content_type),
        ),
        PartData::Bytes(_) => panic!(),
    };
    let parts: Vec<(String, String)> = parts.iter().map(read).collect();
    let want = [
        ("model_id", "m"),
        ("language_code", "en"),
        ("diarize", "true"),
        ("temperature", "0"),
        ("keyterms", "a"),
        ("keyterms", "b"),
        ("file", "7 Some(\"a.wav\") Some(\"audio/wav\")"),
    ];
    assert_eq!(
        parts,
        want.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(outbound.url, "/v1/speech-to-text");
    assert!(sent("audio.transcribe", json!({"response_format": "docx"})).is_err());
    let without = Call {
        files: Vec::new(),
        ..call("audio.transcribe")
    };
    assert!(ElevenLabs::start(&without, "{}").is_err());
    assert!(sent("chat", json!({})).is_err());
}

fn transcribed(format: &str, answer: Value) -> Result<(String, Option<String>), Error> {
    let state = sent("audio.transcribe", json!({ "response_format": format }))?.state;
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state,
    };
    let step = ElevenLabs::resume(&call("audio.transcribe"), vec![reply])?;
    let Step::Respond(response) = step else {
        panic!("{step:?}")
    };
    let Payload::Text(text) = response.body else {
        panic!()
    };
    Ok((text, response.usage))
}

fn said() -> Value {
    let word = |text: &str, kind: &str, start: f64, end: f64, who: &str| json!({"text": text, "type": kind, "start": start, "end": end, "speaker_id": who});
    json!({"language_code": "eng", "text": "Hi. (laughs) Yes", "new": 1, "words": [word("Hi.", "word", 0.0, 0.5, "s0"), word(" ", "spacing", 0.5, 0.6, "s0"),
        word("(laughs)", "audio_event", 0.6, 0.9, "s0"), word("Yes", "word", 1.0, 1.5, "s1")]})
}

#[test]
fn transcripts_come_in_every_format() {
    let (text, usage) = transcribed("verbose_json", said()).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (
            document["words"].as_array().unwrap().len(),
            document["segments"].as_array().unwrap().len()
        ),
        (2, 2)
    );
    assert_eq!(
        (
            &document["words"][1]["speaker"],
            &document["language"],
            &document["duration"]
        ),
        (&json!("s1"), &json!("eng"), &json!(1.5))
    );
    assert_eq!(
        usage.as_deref(),
        Some("{\"type\":\"duration\",\"seconds\":1.5}")
    );
    assert!(
        transcribed("srt", said())
            .unwrap()
            .0
            .contains("00:00:01,000 --> 00:00:01,500\nYes")
    );
    let mut longer = said();
    longer["audio_duration_secs"] = json!(9.25);
    assert!(
        transcribed("json", longer)
            .unwrap()
            .1
            .unwrap()
            .contains("9.25")
    );
    let channels = json!({"transcripts": [said(), {"text": "b", "words": null}]});
    assert_eq!(
        transcribed("text", channels).unwrap().0,
        "Hi. (laughs) Yes\nb\n"
    );
}

#[test]
fn what_is_no_transcript_is_the_providers_failure() {
    for answer in [
        json!({}),
        json!({"message": "Request processed", "request_id": "r"}),
        json!({"text": null}),
        json!([]),
    ] {
        assert_eq!(
            transcribed("json", answer.clone()).unwrap_err().kind,
            fault::kind::UPSTREAM,
            "{answer}"
        );
    }
}

#[test]
fn errors_have_their_kinds() {
    for (status, word, want) in [
        (400, "invalid", fault::kind::INVALID_REQUEST),
        (
            400,
            "max_character_limit_exceeded",
            fault::kind::CONTEXT_WINDOW,
        ),
        (401, "invalid_api_key", fault::kind::AUTHENTICATION),
        (401, "quota_exceeded", fault::kind::QUOTA),
        (401, "missing_permissions", fault::kind::PERMISSION),
        (403, "", fault::kind::PERMISSION),
        (400, "voice_not_found", fault::kind::NOT_FOUND),
        (429, "too_many_concurrent_requests", fault::kind::RATE_LIMIT),
        (429, "system_busy", fault::kind::OVERLOADED),
        (500, "", fault::kind::UPSTREAM),
    ] {
        let body = json!({"detail": {"status": word, "message": "m"}}).to_string();
        let reply = Reply {
            status,
            headers: vec![("retry-after".into(), "2".into())],
            body: Payload::Text(body),
            state: String::new(),
        };
        let error = ElevenLabs::map_error(&call("audio.speech"), &reply).unwrap();
        assert_eq!(
            (
                error.kind.as_str(),
                error.message.as_str(),
                error.retry_after_ms
            ),
            (want, "m", Some(2000)),
            "{word}"
        );
    }
}
