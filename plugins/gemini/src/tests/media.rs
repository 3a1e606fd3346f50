//! Images, speech and transcripts. The bytes are those of Google's documents: Imagen
//! (ai.google.dev/gemini-api/docs/imagen), Gemini's images (/image-generation), speech
//! (/speech-generation) and transcripts (/generate-content/transcribe).

use sluice_sdk::fault::kind;
use sluice_sdk::{Body, File, Payload};

use super::*;

fn call(operation: &str, model: &str, files: &[(&str, &str)]) -> Call {
    let file = |(at, (field, name)): (usize, &(&str, &str))| File {
        id: at as u32 + 1,
        field: (*field).into(),
        filename: (*name).into(),
        content_type: "application/octet-stream".into(),
        size: 3,
    };
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "gemini".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: files.iter().enumerate().map(file).collect(),
        context: "{}".into(),
    }
}

fn all(call: &Call, body: &Value) -> Result<Vec<Outbound>, Error> {
    match Gemini::start(call, &body.to_string())? {
        Step::Send(one) => Ok(vec![one]),
        Step::SendAll(several) => Ok(several),
        other => panic!("{other:?}"),
    }
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn refused(call: &Call, body: &Value) -> String {
    all(call, body).unwrap_err().kind
}

/// The plugin's answer to an upstream's.
fn answered(call: &Call, state: &str, bodies: &[&str]) -> Result<Response, Error> {
    let reply = |body: &&str| Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text((*body).to_owned()),
        state: state.to_owned(),
    };
    match Gemini::resume(call, bodies.iter().map(reply).collect())? {
        Step::Respond(response) => Ok(response),
        other => panic!("{other:?}"),
    }
}

fn json_of(response: &Response) -> Value {
    match &response.body {
        Payload::Text(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn error_of(call: &Call, state: &str, body: &str) -> String {
    answered(call, state, &[body]).unwrap_err().kind
}

const IMAGEN: &str = "imagen-4.0-generate-001";
const DRAWS: &str = "gemini-2.5-flash-image";
const SPEAKS: &str = "gemini-2.5-flash-preview-tts";
const HEARS: &str = "gemini-3.5-transcribe";

const DRAWN: &str = r#"{"candidates": [{"content": {"role": "model", "parts": [
    {"inlineData": {"mimeType": "image/png", "data": "c2tldGNo"}, "thought": true},
    {"text": "Here."}, {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 1300, "totalTokenCount": 1308,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}],
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}, {"modality": "TEXT", "tokenCount": 10}]}}"#;

#[test]
fn imagen_is_asked_to_predict_and_is_paid_by_the_image() {
    let asked = call("images.generate", IMAGEN, &[]);
    let body = json!({"model": IMAGEN, "prompt": "Robot holding a red skateboard", "n": 4,
        "size": "1024x1024", "personGeneration": "allow_adult"});
    let sent = all(&asked, &body).unwrap();
    assert_eq!(
        sent[0].url,
        "/v1beta/models/imagen-4.0-generate-001:predict"
    );
    assert_eq!(
        body_of(&sent[0]),
        json!({"instances": [{"prompt": "Robot holding a red skateboard"}],
            "parameters": {"aspectRatio": "1:1", "personGeneration": "allow_adult", "sampleCount": 4}})
    );
    let said = r#"{"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": "QUJD"}, {"raiFilteredReason": "no"}]}"#;
    let response = answered(&asked, "", &[said]).unwrap();
    // Without a usage the gateway counts the images of the answer.
    assert_eq!(json_of(&response), json!({"data": [{"b64_json": "QUJD"}]}));
    let more = json!({"model": IMAGEN, "prompt": "p", "n": 6});
    assert_eq!(all(&asked, &more).unwrap().len(), 2);
}

#[test]
fn geminis_images_tell_which_of_their_tokens_are_image() {
    let asked = call("images.generate", DRAWS, &[]);
    let body = json!({"model": DRAWS, "prompt": "a cat", "n": 2, "size": "1536x1024"});
    let sent = all(&asked, &body).unwrap();
    assert_eq!(sent.len(), 2);
    assert_eq!(
        sent[0].url,
        "/v1beta/models/gemini-2.5-flash-image:generateContent"
    );
    assert_eq!(
        body_of(&sent[0]),
        json!({"contents": [{"role": "user", "parts": [{"text": "a cat"}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "3:2"}}})
    );
    let said = json_of(&answered(&asked, "", &[DRAWN, DRAWN]).unwrap());
    assert_eq!(
        said["data"],
        json!([{"b64_json": "QUJD"}, {"b64_json": "QUJD"}])
    );
    let usage = &said["usage"];
    assert_eq!(
        (
            &usage["input_tokens"],
            &usage["output_tokens"],
            &usage["total_tokens"]
        ),
        (&json!(16), &json!(2600), &json!(2616))
    );
    assert_eq!(usage["output_tokens_details"]["image_tokens"], 2580);
    assert_eq!(usage["output_tokens_details"]["text_tokens"], 20);
}

/// ai.google.dev/gemini-api/docs/image-generation: sides and size alone.
#[test]
fn geminis_models_take_their_own_configuration_and_describe_says_what_they_do_not() {
    let asked = call("images.generate", DRAWS, &[]);
    let body = json!({"model": DRAWS, "prompt": "p", "size": "1024x1024", "user": "u", "output_format": null,
        "imageConfig": {"imageSize": "2K"}});
    let sent = all(&asked, &body).unwrap();
    assert_eq!(
        body_of(&sent[0])["generationConfig"]["imageConfig"],
        json!({"imageSize": "2K", "aspectRatio": "1:1"})
    );
    for operation in ["images.generate", "images.edit"] {
        let document = describe::document();
        let rule = &document["providers"][0]["operations"][operation]["models"][0];
        assert_eq!(rule["match"], json!(["*gemini*"]));
        let lacks = rule["unsupported"].as_array().unwrap();
        assert!(lacks.contains(&json!("output_format")), "{lacks:?}");
    }
}

#[test]
fn an_image_is_changed_by_what_stands_inline() {
    let asked = call("images.edit", DRAWS, &[("image", "a.jpg"), ("image", "b")]);
    let body = json!({"model": DRAWS, "prompt": "a hat", "size": "auto"});
    let sent = all(&asked, &body).unwrap();
    // In tests a file's bytes are its number.
    assert_eq!(
        body_of(&sent[0])["contents"],
        json!([{"role": "user", "parts": [
            {"inlineData": {"mimeType": "image/jpeg", "data": "AQEB"}},
            {"inlineData": {"mimeType": "image/png", "data": "AgIC"}},
            {"text": "a hat"}]}])
    );
    let said = json_of(&answered(&asked, "", &[DRAWN]).unwrap());
    assert_eq!(said["data"][0]["b64_json"], "QUJD");
    let without = call("images.edit", DRAWS, &[]);
    assert_eq!(refused(&without, &body), kind::INVALID_REQUEST);
    let masked = call(
        "images.edit",
        DRAWS,
        &[("image", "a.png"), ("mask", "m.png")],
    );
    assert_eq!(refused(&masked, &body), kind::UNSUPPORTED);
    let imagen = call("images.edit", IMAGEN, &[("image", "a.png")]);
    assert_eq!(refused(&imagen, &body), kind::UNSUPPORTED);
    let mut large = call("images.edit", DRAWS, &[("image", "a.png")]);
    large.files[0].size = 8 << 20;
    let twice = json!({"model": DRAWS, "prompt": "a hat", "n": 2});
    assert_eq!(refused(&large, &twice), kind::INVALID_REQUEST);
}

#[test]
fn what_asks_for_no_image_is_refused() {
    let asked = call("images.generate", DRAWS, &[]);
    for (more, want) in [
        (json!({}), kind::INVALID_REQUEST),
        (json!({"prompt": ""}), kind::INVALID_REQUEST),
        (json!({"prompt": "p", "n": 0}), kind::INVALID_REQUEST),
        (json!({"prompt": "p", "size": "big"}), kind::INVALID_REQUEST),
        (
            json!({"prompt": "p", "response_format": "url"}),
            kind::UNSUPPORTED,
        ),
        (
            json!({"prompt": "p", "imageConfig": "2K"}),
            kind::INVALID_REQUEST,
        ),
    ] {
        assert_eq!(refused(&asked, &more), want, "{more}");
    }
}

#[test]
fn an_answer_without_an_image_says_why() {
    let asked = call("images.generate", DRAWS, &[]);
    for (said, want) in [
        (
            r#"{"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"finishReason": "IMAGE_SAFETY"}]}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"content": {"parts": [{"text": "I cannot."}]}, "finishReason": "STOP"}]}"#,
            kind::UPSTREAM,
        ),
        (r#"{"candidates": [{"content": {"par"#, kind::UPSTREAM),
        (
            r#"{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}"#,
            kind::RATE_LIMIT,
        ),
    ] {
        assert_eq!(error_of(&asked, "", said), want, "{said}");
    }
}

const SPOKEN: &str = r#"{"candidates": [{"content": {"role": "model", "parts": [
    {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=16000", "data": "AQI="}},
    {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=16000", "data": "AwQ="}}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 8, "candidatesTokenCount": 48, "totalTokenCount": 56,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 48}]}}"#;

fn sound(state: &str) -> (Vec<u8>, Option<String>, Value) {
    let asked = call("audio.speech", SPEAKS, &[]);
    let response = answered(&asked, state, &[SPOKEN]).unwrap();
    let usage = serde_json::from_str(&response.usage.unwrap()).unwrap();
    match response.body {
        Payload::Bytes(bytes) => (bytes, response.content_type, usage),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bare_samples_become_a_wav_file_unless_they_are_asked_for() {
    let asked = call("audio.speech", SPEAKS, &[]);
    let body =
        json!({"model": SPEAKS, "input": "Say cheerfully: Have a wonderful day!", "voice": "Kore"});
    let sent = all(&asked, &body).unwrap();
    assert_eq!(
        sent[0].url,
        "/v1beta/models/gemini-2.5-flash-preview-tts:generateContent"
    );
    assert_eq!(
        body_of(&sent[0]),
        json!({"contents": [{"role": "user", "parts": [{"text": "Say cheerfully: Have a wonderful day!"}]}],
            "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": {"voiceConfig":
                {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}}})
    );
    let (file, kind, usage) = sound(&sent[0].state);
    assert_eq!(kind.as_deref(), Some("audio/wav"));
    assert_eq!(
        (file.len(), &file[..4], &file[24..28], &file[44..]),
        (
            48,
            &b"RIFF"[..],
            &16_000u32.to_le_bytes()[..],
            &[1, 2, 3, 4][..]
        )
    );
    assert_eq!(
        (
            &usage["prompt_tokens"],
            &usage["completion_tokens_details"]["audio_tokens"]
        ),
        (&json!(8), &json!(48))
    );
    let (samples, kind, _) = sound("pcm");
    assert_eq!(
        (samples, kind.as_deref()),
        (vec![1, 2, 3, 4], Some("audio/pcm"))
    );
    let named = all(&asked, &json!({"input": "x", "voice": {"id": "alloy"}})).unwrap();
    let voice = "/generationConfig/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName";
    assert_eq!(body_of(&named[0]).pointer(voice), Some(&json!("Kore")));
}

#[test]
fn speech_that_cannot_be_is_refused_or_says_why() {
    let asked = call("audio.speech", SPEAKS, &[]);
    for (body, want) in [
        (json!({}), kind::INVALID_REQUEST),
        (json!({"input": ""}), kind::INVALID_REQUEST),
        (
            json!({"input": "x", "response_format": "mp3"}),
            kind::UNSUPPORTED,
        ),
    ] {
        assert_eq!(refused(&asked, &body), want, "{body}");
    }
    for (said, want) in [
        (
            r#"{"promptFeedback": {"blockReason": "SAFETY"}}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"finishReason": "OTHER"}]}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"content": {"parts": [{"text": "x"}]}}]}"#,
            kind::UPSTREAM,
        ),
        (
            r#"{"candidates": [{"content": {"parts": [{"inlineData": {"data": "*"}}]}}]}"#,
            kind::UPSTREAM,
        ),
        (
            r#"{"candidates": [{"content": {"parts": [{"inlineData": {"data": "AQI="}}]}, "finishReason": "MAX_TOKENS"}]}"#,
            kind::CONTEXT_WINDOW,
        ),
        (r#"{"candidates": [{"con"#, kind::UPSTREAM),
    ] {
        assert_eq!(error_of(&asked, "wav", said), want, "{said}");
    }
}

#[test]
fn a_transcript_is_paid_by_its_tokens() {
    let asked = call("audio.transcribe", HEARS, &[("file", "a.mp3")]);
    let sent = all(&asked, &json!({"model": HEARS, "language": "en"})).unwrap();
    assert_eq!(
        body_of(&sent[0]),
        json!({"contents": [{"role": "user", "parts": [{"inlineData": {"mimeType": "audio/mp3", "data": "AQEB"}}]}],
            "generationConfig": {"audioTranscriptionConfig": {"languageCodes": ["en-US"]}}})
    );
    let said = r#"{"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello there."}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 50, "candidatesTokenCount": 4, "totalTokenCount": 54,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 50}]}}"#;
    let response = answered(&asked, &sent[0].state, &[said]).unwrap();
    let usage: Value = serde_json::from_str(response.usage.as_deref().unwrap()).unwrap();
    let document = json_of(&response);
    assert_eq!(document["text"], "Hello there.");
    assert_eq!(document["usage"], usage);
    assert_eq!(
        (
            &usage["input_tokens"],
            &usage["output_tokens"],
            &usage["input_token_details"]["audio_tokens"]
        ),
        (&json!(50), &json!(4), &json!(50))
    );
}

#[test]
fn words_have_times_where_the_format_needs_them() {
    let asked = call("audio.transcribe", HEARS, &[("file", "a.wav")]);
    let sent = all(&asked, &json!({"response_format": "srt"})).unwrap();
    assert_eq!(
        body_of(&sent[0])["generationConfig"]["audioTranscriptionConfig"],
        json!({"wordTimestamp": true})
    );
    let said = r#"{"candidates": [{"content": {"parts": [{"audioTranscription": {"speakerLabel": "spk_1", "text": "Hello there.",
        "words": [{"word": "Hello", "startOffset": "0s", "endOffset": "0.5s"}, {"word": "there.", "startOffset": "0.5s", "endOffset": "1.250s"}]}}]},
        "finishReason": "STOP"}]}"#;
    let response = answered(&asked, &sent[0].state, &[said]).unwrap();
    assert_eq!(
        response.body,
        Payload::Text("1\n00:00:00,000 --> 00:00:01,250\nHello there.\n\n".into())
    );
    let speakers = all(&asked, &json!({"response_format": "diarized_json"})).unwrap();
    let document = json_of(&answered(&asked, &speakers[0].state, &[said]).unwrap());
    assert_eq!(document["segments"][0]["speaker"], "spk_1");
}

#[test]
fn what_cannot_be_transcribed_is_refused_or_says_why() {
    let asked = call("audio.transcribe", HEARS, &[("file", "a.wav")]);
    let without = call("audio.transcribe", HEARS, &[]);
    assert_eq!(refused(&without, &json!({})), kind::INVALID_REQUEST);
    let format = json!({"response_format": "docx"});
    assert_eq!(refused(&asked, &format), kind::INVALID_REQUEST);
    for model in ["gemini-2.5-flash", "gemini-3.5-transcribe-live"] {
        let other = call("audio.transcribe", model, &[("file", "a.wav")]);
        assert_eq!(refused(&other, &json!({})), kind::UNSUPPORTED, "{model}");
    }
    let state = all(&asked, &json!({})).unwrap()[0].state.clone();
    for (said, want) in [
        (
            r#"{"promptFeedback": {"blockReason": "SAFETY"}}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"finishReason": "SAFETY"}]}"#,
            kind::CONTENT_POLICY,
        ),
        (
            r#"{"candidates": [{"content": {"parts": [{"text": "Hel"}]}, "finishReason": "MAX_TOKENS"}]}"#,
            kind::CONTEXT_WINDOW,
        ),
        ("{}", kind::UPSTREAM),
        (r#"{"candidates": [{"con"#, kind::UPSTREAM),
    ] {
        assert_eq!(error_of(&asked, &state, said), want, "{said}");
    }
    let silence = r#"{"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]}"#;
    let response = answered(&asked, &state, &[silence]).unwrap();
    assert_eq!(json_of(&response)["text"], "");
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    let asked = call("embeddings", "gemini-embedding-001", &[]);
    let sent = all(
        &asked,
        &json!({"input": ["a"], "encoding_format": "base64"}),
    )
    .unwrap();
    let said = r#"{"embeddings": [{"values": [1.0, -2.5, 0.0]}]}"#;
    let document = json_of(&answered(&asked, &sent[0].state, &[said]).unwrap());
    assert_eq!(document["data"][0]["embedding"], "AACAPwAAIMAAAAAA");
}
