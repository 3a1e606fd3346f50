//! What Google Cloud has beside chats. Ranks: googleapis' discoveryengine/v1/rank_service.proto;
//! speech: texttospeech/v1/cloud_tts.proto; transcripts: speech/v2/cloud_speech.proto; Imagen's
//! edits: cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api-edit.

use sluice_sdk::fault::kind;
use sluice_sdk::{File, Outbound, Payload, Response};

use super::asked::body_of;
use super::*;

fn call(operation: &str, model: &str, files: &[&str]) -> Call {
    let file = |(at, field): (usize, &&str)| File {
        id: at as u32 + 1,
        field: (*field).into(),
        filename: "a.wav".into(),
        content_type: String::new(),
        size: 3,
    };
    Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "vertex_ai".into(),
        model: model.into(),
        streaming: false,
        config: json!({"vertex_project": "p"}).to_string(),
        secrets: vec!["vertex_credentials".into()],
        params: Vec::new(),
        headers: Vec::new(),
        files: files.iter().enumerate().map(file).collect(),
        context: "{}".into(),
    }
}

fn sent(call: &Call, body: &Value) -> Result<Outbound, Error> {
    match VertexAi::start(call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn answered(call: &Call, state: &str, body: &str) -> Result<Response, Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(body.to_owned()),
        state: state.to_owned(),
    };
    match VertexAi::resume(call, vec![reply])? {
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

#[test]
fn documents_are_ranked_by_number_and_a_query_is_paid() {
    let asked = call("rerank", "semantic-ranker-default-004", &[]);
    let body = json!({"query": "why blue?", "documents": ["sky", {"title": "t", "text": "sea"}],
        "top_n": 1, "return_documents": true});
    let outbound = sent(&asked, &body).unwrap();
    assert_eq!(
        outbound.url,
        "https://discoveryengine.googleapis.com/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank"
    );
    assert_eq!(
        body_of(&outbound),
        json!({"model": "semantic-ranker-default-004", "query": "why blue?", "topN": 1,
            "records": [{"id": "0", "content": "sky"}, {"id": "1", "title": "t", "content": "sea"}],
            "ignoreRecordDetailsInResponse": true})
    );
    let said = r#"{"records": [{"id": "1", "score": 0.82}, {"id": "0"}]}"#;
    let document = json_of(&answered(&asked, &outbound.state, said).unwrap());
    assert_eq!(
        document,
        json!({"results": [
            {"index": 1, "relevance_score": 0.82, "document": {"title": "t", "text": "sea"}},
            {"index": 0, "relevance_score": 0.0, "document": {"text": "sky"}}],
            "meta": {"billed_units": {"search_units": 1}}})
    );
    for said in [
        r#"{"records": [{"id": "2", "score": 1}]}"#,
        r#"{"records": [{"score": 1}]}"#,
        r#"{}"#,
        r#"{"records": [{"id"#,
    ] {
        let error = answered(&asked, &outbound.state, said).unwrap_err();
        assert_eq!(error.kind, kind::UPSTREAM, "{said}");
    }
}

#[test]
fn each_hundred_documents_are_a_query_that_is_paid() {
    let asked = call("rerank", "semantic-ranker-default-004", &[]);
    for (count, units) in [(1, 1), (100, 1), (101, 2), (200, 2), (1000, 10)] {
        let body = json!({"query": "q", "documents": vec!["a"; count], "top_n": 1});
        let outbound = sent(&asked, &body).unwrap();
        let said = r#"{"records": [{"id": "0", "score": 0.5}]}"#;
        let document = json_of(&answered(&asked, &outbound.state, said).unwrap());
        assert_eq!(document["meta"]["billed_units"]["search_units"], units);
    }
}

/// Vertex AI's hosts have models only: docs.cloud.google.com/text-to-speech/docs/endpoints,
/// /speech-to-text/v2/docs/locations, and discoveryengine's service document.
#[test]
fn a_base_at_a_host_of_vertex_leaves_other_services_at_theirs() {
    let rank = json!({"query": "q", "documents": ["a"]});
    let url = |operation: &str, model: &str, base: &str, body: &Value| {
        let mut asked = call(operation, model, &["file"]);
        asked.context = json!({ "base_url": base }).to_string();
        sent(&asked, body).unwrap().url
    };
    for base in [
        "https://aiplatform.googleapis.com",
        "https://us-central1-aiplatform.googleapis.com/v1",
        "https://aiplatform.eu.rep.googleapis.com",
        "https://AIPLATFORM.googleapis.com:443/",
    ] {
        let ranked = url("rerank", "semantic-ranker-default-004", base, &rank);
        assert!(ranked.starts_with("https://discoveryengine.googleapis.com/v1/"));
        let spoken = url("audio.speech", "chirp", base, &json!({"input": "Hi"}));
        assert!(spoken.starts_with("https://texttospeech.googleapis.com/v1/"));
        let heard = url("audio.transcribe", "chirp_3", base, &json!({}));
        assert!(heard.starts_with("https://us-speech.googleapis.com/v2/"));
    }
    for base in [
        "http://here",
        "https://aiplatform.googleapis.com.elsewhere.test",
        "https://elsewhere.test/aiplatform.googleapis.com",
        "http://aiplatform.googleapis.com",
    ] {
        let ranked = url("rerank", "semantic-ranker-default-004", base, &rank);
        assert!(ranked.starts_with("/v1/projects/"), "{base}");
    }
}

#[test]
fn what_cannot_be_ranked_is_refused() {
    let asked = call("rerank", "semantic-ranker-default-004", &[]);
    for body in [
        json!({"documents": ["a"]}),
        json!({"query": "q"}),
        json!({"query": "q", "documents": []}),
        json!({"query": "q", "documents": [1]}),
        json!({"query": "q", "documents": ["a"], "top_n": 0}),
        json!({"query": "q", "documents": vec!["a"; 1001]}),
    ] {
        let error = sent(&asked, &body).unwrap_err();
        assert_eq!(error.kind, kind::INVALID_REQUEST, "{body}");
    }
    let body = json!({"query": "q", "documents": ["a"]});
    let chat = call("rerank", "gemini-2.5-pro", &[]);
    assert_eq!(sent(&chat, &body).unwrap_err().kind, kind::UNSUPPORTED);
    let mut homeless = call("rerank", "semantic-ranker-default-004", &[]);
    homeless.config = "{}".into();
    let error = sent(&homeless, &body).unwrap_err();
    assert!(error.message.contains("vertex_project"));
    let mut based = call("rerank", "semantic-ranker-default-004", &[]);
    based.context = json!({"base_url": "http://here"}).to_string();
    assert!(
        sent(&based, &body)
            .unwrap()
            .url
            .starts_with("/v1/projects/")
    );
}

#[test]
fn a_voice_is_googles_own_or_the_one_for_openais_name() {
    let asked = call("audio.speech", "chirp", &[]);
    let of = |more: Value| {
        let mut body = json!({"input": "Hi"});
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        sent(&asked, &body)
    };
    let outbound = of(json!({"voice": "fable", "response_format": "mp3", "speed": 1.5})).unwrap();
    assert_eq!(
        outbound.url,
        "https://texttospeech.googleapis.com/v1/text:synthesize"
    );
    assert_eq!(
        body_of(&outbound),
        json!({"input": {"text": "Hi"}, "voice": {"languageCode": "en-GB", "name": "en-GB-Studio-B"},
            "audioConfig": {"audioEncoding": "MP3", "speakingRate": 1.5}})
    );
    assert!(
        outbound
            .headers
            .contains(&("x-goog-user-project".into(), "p".into()))
    );
    let own = json!({"languageCode": "de-DE", "ssmlGender": "FEMALE"});
    assert_eq!(body_of(&of(json!({ "voice": own })).unwrap())["voice"], own);
    let marked = of(json!({"input": "<speak>Hi</speak>", "voice": "de-DE-Neural2-B"})).unwrap();
    assert_eq!(
        body_of(&marked)["input"],
        json!({"ssml": "<speak>Hi</speak>"})
    );
    assert_eq!(body_of(&marked)["voice"]["languageCode"], "de-DE");
    for (more, want) in [
        (json!({"input": null}), kind::INVALID_REQUEST),
        (json!({"response_format": "flac"}), kind::UNSUPPORTED),
    ] {
        assert_eq!(of(more.clone()).unwrap_err().kind, want, "{more}");
    }
}

#[test]
fn sound_is_taken_out_of_its_document() {
    let asked = call("audio.speech", "chirp", &[]);
    let bytes = |state: &str, said: &str| match answered(&asked, state, said)?.body {
        Payload::Bytes(bytes) => Ok::<_, Error>(bytes),
        other => panic!("{other:?}"),
    };
    let file = sluice_wire::wav::of_pcm(&[1, 2], 24_000);
    let said = json!({"audioContent": sluice_wire::base64::encoded(&file)}).to_string();
    assert_eq!(bytes("wav", &said).unwrap(), file);
    assert_eq!(bytes("pcm", &said).unwrap(), [1, 2]);
    for said in [
        "{}",
        r#"{"audioContent": ""}"#,
        r#"{"audioContent": "*"}"#,
        r#"{"audio"#,
    ] {
        let error = bytes("wav", said).unwrap_err();
        assert_eq!(error.kind, kind::UPSTREAM, "{said}");
    }
}

#[test]
fn geminis_voices_are_asked_for_where_models_are() {
    let asked = call("audio.speech", "gemini-2.5-flash-tts", &[]);
    let outbound = sent(&asked, &json!({"input": "Hi"})).unwrap();
    assert_eq!(
        outbound.url,
        "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-flash-tts:generateContent"
    );
    let said = r#"{"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AQI="}}]}}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 25}}"#;
    let response = answered(&asked, &outbound.state, said).unwrap();
    let usage: Value = serde_json::from_str(&response.usage.unwrap()).unwrap();
    assert_eq!(usage["completion_tokens_details"]["audio_tokens"], 25);
    for model in ["gemini-2.5-pro", "claude-opus-4-6", "lyria-002"] {
        let other = call("audio.speech", model, &[]);
        let error = sent(&other, &json!({"input": "Hi"})).unwrap_err();
        assert_eq!(error.kind, kind::UNSUPPORTED, "{model}");
    }
}

#[test]
fn chirp_hears_and_is_paid_by_the_second() {
    let asked = call("audio.transcribe", "chirp_3", &["file"]);
    let outbound = sent(&asked, &json!({"language": "de"})).unwrap();
    assert_eq!(
        outbound.url,
        "https://us-speech.googleapis.com/v2/projects/p/locations/us/recognizers/_:recognize"
    );
    assert_eq!(
        body_of(&outbound),
        json!({"config": {"model": "chirp_3", "languageCodes": ["de-DE"],
            "features": {"enableAutomaticPunctuation": true}, "autoDecodingConfig": {}}, "content": "AQEB"})
    );
    let said = r#"{"results": [{"alternatives": [{"transcript": "Guten Tag.", "confidence": 0.9}], "languageCode": "de-DE"},
        {"alternatives": [{"transcript": " Ja."}]}], "metadata": {"totalBilledDuration": "15s"}}"#;
    let response = answered(&asked, &outbound.state, said).unwrap();
    assert_eq!(
        json_of(&response),
        json!({"text": "Guten Tag. Ja.", "usage": {"type": "duration", "seconds": 15.0}})
    );
    assert_eq!(
        response.usage.as_deref(),
        Some("{\"type\":\"duration\",\"seconds\":15.0}")
    );
    let silence = answered(&asked, &outbound.state, "{}").unwrap();
    assert_eq!(json_of(&silence), json!({"text": ""}));
    let error = answered(&asked, &outbound.state, r#"{"res"#).unwrap_err();
    assert_eq!(error.kind, kind::UPSTREAM);
    let auto = sent(&asked, &json!({"response_format": "vtt"})).unwrap();
    let config = &body_of(&auto)["config"];
    assert_eq!(config["languageCodes"], json!(["auto"]));
    assert_eq!(config["features"]["enableWordTimeOffsets"], true);
    let speakers = sent(&asked, &json!({"response_format": "diarized_json"}));
    assert_eq!(speakers.unwrap_err().kind, kind::UNSUPPORTED);
    let without = call("audio.transcribe", "chirp_3", &[]);
    let error = sent(&without, &json!({})).unwrap_err();
    assert_eq!(error.kind, kind::INVALID_REQUEST);
}

#[test]
fn geminis_transcripts_are_asked_for_everywhere_at_once() {
    let asked = call("audio.transcribe", "gemini-3.5-transcribe", &["file"]);
    let outbound = sent(&asked, &json!({})).unwrap();
    assert_eq!(
        outbound.url,
        "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/publishers/google/models/gemini-3.5-transcribe:generateContent"
    );
    assert_eq!(
        body_of(&outbound)["contents"][0]["parts"][0]["inlineData"]["mimeType"],
        "audio/wav"
    );
    let chat = call("audio.transcribe", "gemini-2.5-pro", &["file"]);
    assert_eq!(sent(&chat, &json!({})).unwrap_err().kind, kind::UNSUPPORTED);
}

#[test]
fn imagen_changes_what_a_mask_shows_or_all_of_it() {
    let model = "imagen-3.0-capability-001";
    let masked = call("images.edit", model, &["image", "mask"]);
    let outbound = sent(&masked, &json!({"prompt": "a hat", "n": 2})).unwrap();
    assert!(outbound.url.ends_with("/imagen-3.0-capability-001:predict"));
    assert_eq!(
        body_of(&outbound),
        json!({"instances": [{"prompt": "a hat", "referenceImages": [
            {"referenceType": "REFERENCE_TYPE_RAW", "referenceId": 1, "referenceImage": {"bytesBase64Encoded": "AQEB"}},
            {"referenceType": "REFERENCE_TYPE_MASK", "referenceId": 2, "referenceImage": {"bytesBase64Encoded": "AgIC"},
                "maskImageConfig": {"maskMode": "MASK_MODE_USER_PROVIDED", "dilation": 0.03}}]}],
            "parameters": {"editMode": "EDIT_MODE_INPAINT_INSERTION", "sampleCount": 2}})
    );
    let plain = call("images.edit", model, &["image"]);
    let outbound = sent(&plain, &json!({"prompt": "a hat"})).unwrap();
    let body = body_of(&outbound);
    assert_eq!(body["parameters"]["editMode"], "EDIT_MODE_DEFAULT");
    let own = sent(
        &plain,
        &json!({"prompt": "a hat", "editMode": "EDIT_MODE_BGSWAP"}),
    );
    assert_eq!(
        body_of(&own.unwrap())["parameters"]["editMode"],
        "EDIT_MODE_BGSWAP"
    );
    let error = sent(&plain, &json!({})).unwrap_err();
    assert_eq!(error.kind, kind::INVALID_REQUEST);
    let said = r#"{"predictions": [{"bytesBase64Encoded": "QUJD", "mimeType": "image/png"}]}"#;
    let document = json_of(&answered(&plain, "", said).unwrap());
    assert_eq!(document, json!({"data": [{"b64_json": "QUJD"}]}));
    let refused = r#"{"predictions": [{"raiFilteredReason": "blocked"}]}"#;
    let error = answered(&plain, "", refused).unwrap_err();
    assert_eq!(error.kind, kind::CONTENT_POLICY);
}

#[test]
fn vectors_are_packed_for_clients_that_ask_for_base64() {
    for (model, said) in [
        (
            "text-embedding-005",
            r#"{"predictions": [{"embeddings": {"values": [1.0, -2.5, 0.0], "statistics": {"token_count": 1}}}]}"#,
        ),
        (
            "multimodalembedding",
            r#"{"predictions": [{"textEmbedding": [1.0, -2.5, 0.0]}]}"#,
        ),
        (
            "gemini-embedding-2",
            r#"{"embedding": {"values": [1.0, -2.5, 0.0]}}"#,
        ),
    ] {
        let asked = call("embeddings", model, &[]);
        let body = json!({"input": "a", "encoding_format": "base64"});
        let state = sent(&asked, &body).unwrap().state;
        let document = json_of(&answered(&asked, &state, said).unwrap());
        assert_eq!(
            document["data"][0]["embedding"], "AACAPwAAIMAAAAAA",
            "{model}"
        );
    }
}
