//! Speech and transcripts of other dialects and at other hosts than OpenAI's, and files and ranks that
//! are as elsewhere but for their address. The answers are written: nothing was recorded of these.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, Outbound, Payload, Response};

use super::sounds::{call, sent};
use super::*;

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn answered(call: &Call, state: &str, body: Payload) -> Result<Step, Error> {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body,
        state: state.to_owned(),
    };
    OpenAiCompatible::resume(call, vec![reply])
}

fn told(value: &Value) -> Payload {
    Payload::Text(value.to_string())
}

/// alibabacloud.com/help/en/model-studio/qwen-tts.
#[test]
fn speech_of_model_studio_is_fetched_without_the_key() {
    let call = Call {
        context: json!({"base_url": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"})
            .to_string(),
        ..call("dashscope", "audio.speech", "qwen3-tts-flash")
    };
    let body = json!({"model": "qwen3-tts-flash", "input": "Hi.", "voice": "Cherry", "language_type": "English"});
    let outbound = sent(&call, &body);
    assert!(
        outbound
            .url
            .ends_with("/api/v1/services/aigc/multimodal-generation/generation")
    );
    let want = json!({"model": "qwen3-tts-flash", "input": {"text": "Hi.", "voice": "Cherry", "language_type": "English"}});
    assert_eq!(body_of(&outbound), want);
    let at = |url: &str| {
        json!({"output": {"audio": {"data": "", "expires_at": 1, "id": "a", "url": url}, "finish_reason": "stop"},
            "usage": {"characters": 3}, "request_id": "r"})
    };
    let url = "http://dashscope-result-bj.oss-cn-beijing.aliyuncs.com/a.wav?Signature=x";
    let Step::Send(fetch) = answered(&call, "", told(&at(url))).unwrap() else {
        panic!()
    };
    assert_eq!(fetch.url, url.replace("http://", "https://"));
    assert_eq!((&*fetch.method, &*fetch.auth[0].scheme), ("GET", "none"));
    let sound = Payload::Bytes(b"RIFF".to_vec());
    let Step::Respond(Response { body, usage, .. }) = answered(&call, &fetch.state, sound).unwrap()
    else {
        panic!()
    };
    assert!(matches!(body, Payload::Bytes(bytes) if bytes == b"RIFF"));
    assert_eq!(usage.as_deref(), Some(r#"{"characters":3}"#));
    for url in [
        "https://evil.test/a.wav",
        "https://evil.test?.aliyuncs.com",
        "ftp://x.aliyuncs.com",
    ] {
        let error = answered(&call, "", told(&at(url))).unwrap_err();
        assert_eq!(error.kind, kind::UPSTREAM, "{url}");
    }
    let mp3 = json!({"input": "x", "response_format": "mp3"}).to_string();
    assert_eq!(
        OpenAiCompatible::start(&call, &mp3).unwrap_err().kind,
        kind::UNSUPPORTED
    );
}

/// platform.minimax.io/docs/api-reference/speech-t2a-http.
#[test]
fn speech_of_minimax_is_digits() {
    let call = call("minimax", "audio.speech", "speech-2.6-hd");
    let body = json!({"model": "speech-2.6-hd", "input": "Hi.", "voice": "alloy", "speed": 1.5, "response_format": "wav",
        "audio_setting": {"sample_rate": 32000}, "language_boost": "auto"});
    let outbound = sent(&call, &body);
    assert_eq!((&*outbound.url, &*outbound.state), ("/t2a_v2", "wav"));
    let want = json!({"model": "speech-2.6-hd", "text": "Hi.", "stream": false, "output_format": "hex",
        "voice_setting": {"voice_id": "male-qn-qingse", "speed": 1.5},
        "audio_setting": {"format": "wav", "sample_rate": 32000}, "language_boost": "auto"});
    assert_eq!(body_of(&outbound), want);
    let answer = json!({"data": {"audio": "524946", "status": 2}, "extra_info": {"usage_characters": 3},
        "trace_id": "t", "base_resp": {"status_code": 0, "status_msg": "success"}});
    let Step::Respond(response) = answered(&call, "wav", told(&answer)).unwrap() else {
        panic!()
    };
    assert!(matches!(response.body, Payload::Bytes(bytes) if bytes == b"RIF"));
    assert_eq!(response.content_type.as_deref(), Some("audio/wav"));
    assert_eq!(response.usage.as_deref(), Some(r#"{"characters":3}"#));
    for (answer, want) in [
        (
            json!({"base_resp": {"status_code": 1004, "status_msg": "login"}}),
            kind::AUTHENTICATION,
        ),
        (
            json!({"data": {"audio": "5x"}, "base_resp": {"status_code": 0}}),
            kind::UPSTREAM,
        ),
        (
            json!({"data": {"audio": "123"}, "base_resp": {"status_code": 0}}),
            kind::UPSTREAM,
        ),
    ] {
        assert_eq!(
            answered(&call, "mp3", told(&answer)).unwrap_err().kind,
            want
        );
    }
    let opus = json!({"input": "x", "response_format": "opus"}).to_string();
    assert_eq!(
        OpenAiCompatible::start(&call, &opus).unwrap_err().kind,
        kind::UNSUPPORTED
    );
}

/// docs.fireworks.ai/guides/querying-asr-models.
#[test]
fn fireworks_hears_at_hosts_of_its_own() {
    for (model, host) in [
        ("whisper-v3", "https://audio-prod.api.fireworks.ai/v1"),
        (
            "whisper-v3-turbo",
            "https://audio-turbo.api.fireworks.ai/v1",
        ),
    ] {
        let call = Call {
            context: json!({"base_url": "https://api.fireworks.ai/inference/v1"}).to_string(),
            ..call("fireworks_ai", "audio.transcribe", model)
        };
        let outbound = sent(&call, &json!({"model": model}));
        assert_eq!(outbound.url, format!("{host}/audio/transcriptions"));
        let Body::Multipart(parts) = outbound.body else {
            panic!()
        };
        let named = parts.iter().find(|it| it.name == "model").unwrap();
        assert_eq!(
            format!("{:?}", named.data),
            format!("PartData::Text({model:?})")
        );
    }
}

/// assemblyai.com/docs/api-reference/openapi.json.
#[test]
fn assemblyai_uploads_makes_and_asks_after_a_transcript() {
    let call = Call {
        context: json!({"base_url": "https://llm-gateway.assemblyai.com/v1"}).to_string(),
        ..call("assemblyai", "audio.transcribe", "universal-2")
    };
    let one = |step: Step| match step {
        Step::Send(outbound) => {
            let key = ("prefix".to_owned(), String::new());
            assert!(outbound.auth[0].params.contains(&key), "{outbound:?}");
            outbound
        }
        other => panic!("{other:?}"),
    };
    let body =
        json!({"model": "universal-2", "response_format": "diarized_json", "punctuate": "true"});
    let upload = one(OpenAiCompatible::start(&call, &body.to_string()).unwrap());
    assert_eq!(upload.url, "https://api.assemblyai.com/v2/upload");
    assert!(matches!(upload.body, Body::File(7)));
    let url = json!({"upload_url": "https://cdn.assemblyai.com/upload/a"});
    let make = one(answered(&call, &upload.state, told(&url)).unwrap());
    assert_eq!(make.url, "https://api.assemblyai.com/v2/transcript");
    let want = json!({"speech_models": ["universal-2"], "language_detection": true, "speaker_labels": true,
        "punctuate": true, "audio_url": "https://cdn.assemblyai.com/upload/a"});
    assert_eq!(body_of(&make), want);
    let queued = json!({"id": "9a27-d0", "status": "queued"});
    let look = one(answered(&call, &make.state, told(&queued)).unwrap());
    assert_eq!(
        (&*look.method, &*look.url),
        ("GET", "https://api.assemblyai.com/v2/transcript/9a27-d0")
    );
    let done = json!({"id": "9a27-d0", "status": "completed", "text": "Hello there.", "language_code": "en_us",
        "audio_duration": 52, "words": [{"text": "Hello", "start": 0, "end": 520, "confidence": 0.9, "speaker": "A"},
        {"text": "there.", "start": 520, "end": 780, "confidence": 0.9, "speaker": "B"}]});
    let Step::Respond(response) = answered(&call, &look.state, told(&done)).unwrap() else {
        panic!()
    };
    let Payload::Text(text) = response.body else {
        panic!()
    };
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["segments"][1]["speaker"], "B", "{answer}");
    assert_eq!(answer["segments"][1]["end"], 0.78);
    assert_eq!(
        response.usage.as_deref(),
        Some(r#"{"type":"duration","seconds":52.0}"#)
    );
    for (state, answer, want) in [
        (&upload.state, json!({}), kind::UPSTREAM),
        (
            &make.state,
            json!({"id": "../x", "status": "queued"}),
            kind::UPSTREAM,
        ),
        (
            &look.state,
            json!({"id": "9a27-d0", "status": "error", "error": "no sound"}),
            kind::UPSTREAM,
        ),
        (
            &look.state.replace("\"polls\":1", "\"polls\":590"),
            queued,
            kind::TIMEOUT,
        ),
    ] {
        assert_eq!(
            answered(&call, state, told(&answer)).unwrap_err().kind,
            want,
            "{answer}"
        );
    }
}

/// AssemblyAI refuses a language beside the wish to find it out.
#[test]
fn assemblyai_finds_a_language_out_only_where_none_is_given() {
    let call = Call {
        context: json!({"base_url": "https://llm-gateway.assemblyai.com/v1"}).to_string(),
        ..call("assemblyai", "audio.transcribe", "universal-2")
    };
    for (given, code, detection) in [
        (json!({}), json!(null), json!(true)),
        (json!({"language": ""}), json!(null), json!(true)),
        (json!({"language": "de"}), json!("de"), json!(null)),
        (
            json!({"language_code": "en_us"}),
            json!("en_us"),
            json!(null),
        ),
    ] {
        let Step::Send(upload) = OpenAiCompatible::start(&call, &given.to_string()).unwrap() else {
            panic!()
        };
        let state: Value = serde_json::from_str(&upload.state).unwrap();
        assert_eq!(state["asked"]["language_code"], code, "{given}");
        assert_eq!(state["asked"]["language_detection"], detection, "{given}");
    }
}

/// novita.ai/docs/api-reference/model-apis-llm-create-rerank, help.aliyun.com/zh/model-studio/text-rerank-api,
/// docs.x.ai/developers/rest-api-reference/files.
#[test]
fn ranks_and_files_are_at_their_addresses() {
    let at = |provider: &str, operation: &str, base: &str| {
        let call = Call {
            context: json!({"base_url": base}).to_string(),
            params: vec![("id".into(), "file-1".into())],
            ..call(provider, operation, "m")
        };
        sent(
            &call,
            &json!({"model": "m", "query": "q", "documents": ["a"]}),
        )
        .url
    };
    let novita = at("novita", "rerank", "https://api.novita.ai/v3/openai");
    assert_eq!(novita, "https://api.novita.ai/openai/v1/rerank");
    for provider in ["dashscope", "qwencloud", "qwen_ai_platform"] {
        let url = at(
            provider,
            "rerank",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
        );
        assert_eq!(
            url,
            "https://dashscope.aliyuncs.com/compatible-api/v1/reranks"
        );
    }
    let file = at("xai", "files.content", "https://api.x.ai/v1");
    assert_eq!(file, "/files/file-1/content");
}
