//! Requests as the API takes them.

use sluice_sdk::Body;

use super::*;

fn started(
    operation: &str,
    model: &str,
    config: Value,
    secret: &str,
    body: &Value,
) -> Result<Outbound, Error> {
    let call = Call {
        id: "t".into(),
        operation: operation.into(),
        provider: "watsonx".into(),
        model: model.into(),
        streaming: body["stream"] == true,
        config: config.to_string(),
        secrets: vec![secret.into()],
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    };
    match Watsonx::start(&call, &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn sent(operation: &str, body: Value) -> Result<Value, Error> {
    let outbound = started(operation, "m", json!({"project_id": "p"}), "token", &body)?;
    Ok(body_of(&outbound))
}

/// ibm.github.io/watsonx-ai-node-sdk: TranscribeAudioParams, AudioTranscriptionResult.
#[test]
fn a_sound_goes_in_a_form_with_who_pays() {
    let sound = sluice_sdk::File {
        id: 7,
        field: "file".into(),
        filename: "a.mp3".into(),
        content_type: "audio/mpeg".into(),
        size: 3,
    };
    let call = |model: &str, files| Call {
        id: "t".into(),
        operation: "audio.transcribe".into(),
        provider: "watsonx".into(),
        model: model.into(),
        streaming: false,
        config: json!({"space_id": "s"}).to_string(),
        secrets: vec!["token".into()],
        params: Vec::new(),
        headers: Vec::new(),
        files,
        context: "{}".into(),
    };
    let whisper = call("openai/whisper-large-v3-turbo", vec![sound.clone()]);
    let body = r#"{"model": "w", "language": "fr", "response_format": "text"}"#;
    let Step::Send(outbound) = Watsonx::start(&whisper, body).unwrap() else {
        panic!()
    };
    assert_eq!(
        outbound.url,
        "/ml/v1/audio/transcriptions?version=2024-03-13"
    );
    let Body::Multipart(parts) = &outbound.body else {
        panic!("{outbound:?}")
    };
    let mut names: Vec<&str> = parts.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["file", "language", "model", "space_id"]);
    let answered = |state: &str, answer: Value| {
        let reply = Reply {
            status: 200,
            headers: Vec::new(),
            body: sluice_sdk::Payload::Text(answer.to_string()),
            state: state.to_owned(),
        };
        Watsonx::resume(&whisper, vec![reply])
    };
    let said = json!({"created_at": "2026-01-01T00:00:00Z", "model": "w", "text": "Bonjour.", "token_count": 2});
    for (state, want) in [("json", r#"{"text":"Bonjour."}"#), ("text", "Bonjour.\n")] {
        let Step::Respond(response) = answered(state, said.clone()).unwrap() else {
            panic!()
        };
        assert!(matches!(response.body, sluice_sdk::Payload::Text(text) if text == want));
    }
    assert_eq!(
        answered("json", json!({})).unwrap_err().kind,
        kind::UPSTREAM
    );
    for (call, body, want) in [
        (call("w", Vec::new()), "{}", kind::INVALID_REQUEST),
        (
            whisper.clone(),
            r#"{"response_format": "srt"}"#,
            kind::UNSUPPORTED,
        ),
        (call("deployment/d", vec![sound]), "{}", kind::UNSUPPORTED),
    ] {
        assert_eq!(
            Watsonx::start(&call, body).unwrap_err().kind,
            want,
            "{body}"
        );
    }
}

fn hi() -> Value {
    json!({"messages": [{"role": "user", "content": "x"}]})
}

/// The same conversations that go to every provider, as this one takes them. Parameters that
/// `describe` calls unsupported are gone before a plugin sees them.
#[test]
fn canonical_requests_are_what_the_api_takes() {
    let rows = include_str!("../../fixtures/requests.jsonl").lines();
    for row in rows.map(|it| serde_json::from_str::<Value>(it).unwrap()) {
        let (case, config) = (text(&row, "case"), json!({"project_id": "p"}));
        let outbound = started(
            "chat",
            "ibm/granite-3-8b-instruct",
            config,
            "token",
            &row["body"],
        );
        match row["refused"].as_str() {
            Some(word) => assert!(outbound.unwrap_err().message.contains(word), "{case}"),
            None => assert_eq!(body_of(&outbound.unwrap()), row["sent"], "{case}"),
        }
    }
}

#[test]
fn the_path_is_the_models_or_the_deployments() {
    let space = json!({"space_id": "s", "api_version": "2025-01-01"});
    let outbound = started("chat", "m", space, "token", &hi()).unwrap();
    assert_eq!(outbound.url, "/ml/v1/text/chat?version=2025-01-01");
    assert_eq!(body_of(&outbound)["space_id"], "s");
    let mut streamed = hi();
    streamed["stream"] = json!(true);
    let outbound = started("chat", "deployment/d-1", json!({}), "token", &streamed).unwrap();
    assert_eq!(
        outbound.url,
        "/ml/v1/deployments/d-1/text/chat_stream?version=2024-03-13"
    );
    assert_eq!(
        body_of(&outbound),
        json!({"messages": [{"role": "user", "content": "x"}]})
    );
    for (model, config) in [
        ("m", json!({})),
        ("deployment/../x", json!({})),
        ("m", json!({"project_id": "p", "api_version": "1&x=2"})),
    ] {
        assert!(
            started("chat", model, config, "token", &hi()).is_err(),
            "{model}"
        );
    }
    assert!(
        started(
            "rerank",
            "deployment/d",
            json!({}),
            "token",
            &json!({"query": "q", "documents": ["a"]})
        )
        .is_err()
    );
}

#[test]
fn each_kind_of_key_has_its_way_in() {
    let auth = |secret: &str, config: Value| {
        started("chat", "deployment/d", config, secret, &hi()).map(|it| it.auth[0].clone())
    };
    assert_eq!(auth("token", json!({})).unwrap().scheme, "bearer");
    let zen = auth("zen_api_key", json!({})).unwrap();
    assert!(zen.scheme == "header" && zen.params.contains(&("prefix".into(), "ZenApiKey ".into())));
    let key = auth("api_key", json!({"iam_url": "https://iam.test/token"})).unwrap();
    assert_eq!(key.scheme, "oauth2");
    assert!(
        key.params
            .contains(&("token-url".into(), "https://iam.test/token".into()))
    );
    assert_eq!(
        auth("other", json!({})).unwrap_err().kind,
        kind::AUTHENTICATION
    );
}

#[test]
fn text_generation_has_names_of_its_own() {
    let asked = json!({"prompt": "x", "max_tokens": 5, "stop": "END", "seed": 7, "temperature": 0.5, "top_k": 3});
    let want = json!({"max_new_tokens": 5, "stop_sequences": ["END"], "random_seed": 7, "temperature": 0.5, "top_k": 3, "decoding_method": "sample"});
    let body = sent("completions", asked).unwrap();
    assert_eq!((&body["input"], &body["parameters"]), (&json!("x"), &want));
    let cold = sent("completions", json!({"prompt": ["x"], "temperature": 0})).unwrap();
    assert!(cold["parameters"]["decoding_method"].is_null());
    for prompt in [json!(["a", "b"]), json!([1]), Value::Null] {
        assert!(sent("completions", json!({ "prompt": prompt })).is_err());
    }
}

#[test]
fn vectors_and_ranks_are_asked_for_with_their_options() {
    let body = sent(
        "embeddings",
        json!({"input": "a", "encoding_format": "base64", "truncate_input_tokens": 9}),
    )
    .unwrap();
    assert_eq!(
        body,
        json!({"model_id": "m", "project_id": "p", "inputs": ["a"], "parameters": {"truncate_input_tokens": 9}})
    );
    let asked = json!({"query": "q", "documents": ["a", {"text": "b"}], "top_n": 1, "return_documents": true});
    let body = sent("rerank", asked).unwrap();
    assert_eq!(body["inputs"], json!([{"text": "a"}, {"text": "b"}]));
    assert_eq!(
        body["parameters"],
        json!({"return_options": {"inputs": true, "top_n": 1}})
    );
    assert!(sent("embeddings", json!({"input": [[1]]})).is_err());
    for documents in [json!([]), json!([1]), json!("a")] {
        assert!(sent("rerank", json!({"query": "q", "documents": documents})).is_err());
    }
}

#[test]
fn what_the_deployment_names_wins_over_the_environment() {
    let env = json!({"default_project_id": "ep", "default_space_id": "es"});
    for (own, member, value) in [
        (json!({}), "project_id", "ep"),
        (json!({"space_id": "s"}), "space_id", "s"),
        (json!({"watsonx_deployment_space_id": "s"}), "space_id", "s"),
        (json!({"project_id": "p"}), "project_id", "p"),
    ] {
        let mut config = env.clone();
        let own = own.as_object().unwrap().clone();
        config.as_object_mut().unwrap().extend(own);
        let outbound = started("chat", "m", config, "token", &hi()).unwrap();
        let body = body_of(&outbound);
        assert_eq!(body[member], value, "{body}");
        let both = body.get("project_id").is_some() && body.get("space_id").is_some();
        assert!(!both, "{body}");
    }
}
