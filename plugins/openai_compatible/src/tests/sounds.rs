//! Sound: speech as text in JSON, and transcripts of words.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Body, Call, File, Outbound, Part, PartData, Payload, Reply, Step};

use super::super::*;

pub fn call(provider: &str, operation: &str, model: &str) -> Call {
    let file = File {
        id: 7,
        field: "file".into(),
        filename: "a.wav".into(),
        content_type: "audio/wav".into(),
        size: 3,
    };
    Call {
        id: "c".into(),
        operation: operation.into(),
        provider: provider.into(),
        model: model.into(),
        streaming: false,
        config: r#"{"account_id": "a"}"#.into(),
        secrets: vec!["api_key".into()],
        params: Vec::new(),
        headers: Vec::new(),
        files: vec![file],
        context: "{}".into(),
    }
}

pub fn sent(call: &Call, body: &Value) -> Outbound {
    match OpenAiCompatible::start(call, &body.to_string()).unwrap() {
        Step::Send(outbound) => outbound,
        other => panic!("{other:?}"),
    }
}

fn answered(
    call: &Call,
    state: &str,
    answer: &Value,
) -> Result<(Payload, Option<String>, Option<String>), Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(answer.to_string()),
        state: state.to_owned(),
    };
    match OpenAiCompatible::resume(call, vec![reply])? {
        Step::Respond(response) => Ok((response.body, response.content_type, response.usage)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn speech_in_a_document_becomes_sound() {
    let call = call("mistral", "audio.speech", "voxtral-mini-tts-latest");
    let body = json!({"model": "voxtral-mini-tts-latest", "input": "x", "voice": {"id": "en_paul_neutral"},
        "response_format": "wav", "stream_format": "audio"});
    let outbound = sent(&call, &body);
    assert_eq!((&*outbound.url, &*outbound.state), ("/audio/speech", "wav"));
    let Body::Patch(patch) = &outbound.body else {
        panic!("{outbound:?}")
    };
    let want = [
        ("stream_format".to_owned(), None),
        ("voice".to_owned(), Some(r#""en_paul_neutral""#.to_owned())),
    ];
    assert_eq!(patch, &want);
    let (sound, kind, _) = answered(&call, "wav", &json!({"audio_data": "QUJD"})).unwrap();
    assert!(matches!(&sound, Payload::Bytes(bytes) if bytes == b"ABC"));
    assert_eq!(kind.as_deref(), Some("audio/wav"));
    for broken in [
        json!({}),
        json!({"audio_data": ""}),
        json!({"audio_data": "?"}),
        json!({"audio_data": 5}),
    ] {
        assert_eq!(
            answered(&call, "mp3", &broken).unwrap_err().kind,
            "upstream",
            "{broken}"
        );
    }
    let midi = json!({"input": "x", "response_format": "midi"}).to_string();
    let refused = OpenAiCompatible::start(&call, &midi).unwrap_err();
    assert!(refused.message.contains("midi"), "{}", refused.message);
}

#[test]
fn a_sound_goes_to_xai_after_its_fields_and_comes_back_in_every_form() {
    let call = call("xai", "audio.transcribe", "stt");
    let body = json!({"model": "stt", "language": "en", "response_format": "verbose_json", "format": true});
    let outbound = sent(&call, &body);
    assert_eq!((&*outbound.url, &*outbound.state), ("/stt", "verbose_json"));
    let Body::Multipart(parts) = &outbound.body else {
        panic!("{outbound:?}")
    };
    let named = |part: &Part| match &part.data {
        PartData::Text(text) => format!("{}={text}", part.name),
        other => format!("{}: {other:?}", part.name),
    };
    let named: Vec<String> = parts.iter().map(named).collect();
    assert_eq!(
        named,
        ["language=en", "format=true", "file: PartData::File(7)"]
    );
    let answer = json!({"text": "Ruby is.", "language": "en", "duration": 3.7, "words": [
        {"text": "Ruby", "start": 0.1, "end": 0.4, "speaker": 0}, {"text": "is.", "start": 0.7, "end": 0.9, "speaker": 0}]});
    let text = |format: &str| match answered(&call, format, &answer).unwrap() {
        (Payload::Text(text), _, usage) => (text, usage),
        other => panic!("{other:?}"),
    };
    let (verbose, usage) = text("verbose_json");
    let verbose: Value = sluice_sdk::serde_json::from_str(&verbose).unwrap();
    assert_eq!(
        (&verbose["duration"], &verbose["words"][1]["word"]),
        (&json!(3.7), &json!("is."))
    );
    assert_eq!(
        usage.as_deref(),
        Some(r#"{"type":"duration","seconds":3.7}"#)
    );
    assert!(
        text("srt")
            .0
            .contains("00:00:00,100 --> 00:00:00,900\nRuby is.")
    );
    assert_eq!(
        answered(&call, "json", &json!({"error": "no"}))
            .unwrap_err()
            .kind,
        "upstream"
    );
    let bad = json!({"response_format": "yaml"}).to_string();
    let refused = OpenAiCompatible::start(&call, &bad).unwrap_err();
    assert!(refused.message.contains("`response_format`"));
}

#[test]
fn whisper_at_cloudflare_hears_the_sound_itself_or_its_base64() {
    let whisper = call("cloudflare", "audio.transcribe", "@cf/openai/whisper");
    let outbound = sent(&whisper, &json!({"model": "m"}));
    assert_eq!(outbound.url, "/accounts/a/ai/run/@cf/openai/whisper");
    assert!(matches!(outbound.body, Body::File(7)));
    let prompt = json!({"prompt": "names"}).to_string();
    assert!(
        OpenAiCompatible::start(&whisper, &prompt)
            .unwrap_err()
            .message
            .contains("`prompt`")
    );
    let turbo = call(
        "cloudflare",
        "audio.transcribe",
        "@cf/openai/whisper-large-v3-turbo",
    );
    let outbound = sent(
        &turbo,
        &json!({"model": "m", "language": "de", "prompt": "names", "vad_filter": true}),
    );
    let Body::Json(body) = &outbound.body else {
        panic!("{outbound:?}")
    };
    let body: Value = sluice_sdk::serde_json::from_str(body).unwrap();
    // In a native build the bytes of an upload are its number.
    let want =
        json!({"audio": "BwcH", "language": "de", "initial_prompt": "names", "vad_filter": true});
    assert_eq!(body, want);
    let answer = json!({"success": true, "result": {"text": " Guten Tag.", "word_count": 2,
        "transcription_info": {"language": "de", "duration": 1.5},
        "segments": [{"text": " Guten Tag.", "start": 0.0, "end": 1.5, "words": [
            {"word": " Guten", "start": 0.0, "end": 0.5}, {"word": " Tag.", "start": 0.6, "end": 1.5}]}]}});
    let (body, _, usage) = answered(&turbo, "verbose_json", &answer).unwrap();
    let Payload::Text(body) = body else { panic!() };
    let body: Value = sluice_sdk::serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&body["text"], &body["language"]),
        (&json!("Guten Tag."), &json!("de"))
    );
    assert_eq!(body["words"][1]["word"], "Tag.");
    assert!(usage.unwrap().contains("1.5"));
}
