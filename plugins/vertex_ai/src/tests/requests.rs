//! Requests as the API takes them: addresses, credentials, bodies.

use sluice_sdk::{Auth, Body, Outbound};

use super::*;

pub struct Asked<'a> {
    pub operation: &'a str,
    pub model: &'a str,
    pub streaming: bool,
    pub config: Value,
    pub secrets: &'a [&'a str],
    pub base: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub fn of(operation: &'a str, model: &'a str) -> Self {
        Self {
            operation,
            model,
            streaming: false,
            config: json!({"vertex_project": "p", "vertex_location": "us-east5"}),
            secrets: &["vertex_credentials"],
            base: None,
        }
    }

    pub fn start(&self, body: &Value) -> Result<Step, Error> {
        let context = match self.base {
            Some(base) => json!({ "base_url": base }),
            None => json!({}),
        };
        let call = Call {
            id: "t".into(),
            operation: self.operation.into(),
            provider: "vertex_ai".into(),
            model: self.model.into(),
            streaming: self.streaming,
            config: self.config.to_string(),
            secrets: self.secrets.iter().map(|it| (*it).to_owned()).collect(),
            params: Vec::new(),
            headers: Vec::new(),
            files: Vec::new(),
            context: context.to_string(),
        };
        VertexAi::start(&call, &body.to_string())
    }

    pub fn sent(&self, body: &Value) -> Outbound {
        match self.start(body).unwrap() {
            Step::Send(outbound) => outbound,
            other => panic!("{other:?}"),
        }
    }

    fn url(&self) -> String {
        self.sent(&question()).url
    }
}

fn question() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "input": "a", "prompt": "p"})
}

fn body_of(outbound: &Outbound) -> Value {
    match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn patch_of(outbound: &Outbound) -> Value {
    let Body::Patch(members) = &outbound.body else {
        panic!("{:?}", outbound.body);
    };
    let read = |text: &Option<String>| {
        text.as_ref()
            .map_or(Value::Null, |it| serde_json::from_str(it).unwrap())
    };
    members
        .iter()
        .map(|(name, value)| (name.clone(), read(value)))
        .collect()
}

#[test]
fn every_family_and_operation_has_its_address() {
    let site = "https://us-east5-aiplatform.googleapis.com";
    let within = "projects/p/locations/us-east5";
    for (operation, model, streaming, want) in [
        (
            "chat",
            "gemini-2.5-pro",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:generateContent",
        ),
        (
            "chat",
            "gemini-2.5-pro",
            true,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        ),
        (
            "generate-content",
            "gemini-2.5-pro",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:generateContent",
        ),
        (
            "count-tokens",
            "gemini-2.5-pro",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:countTokens",
        ),
        (
            "chat",
            "4965075652664360960",
            false,
            "v1beta1/IN/endpoints/4965075652664360960:generateContent",
        ),
        (
            "chat",
            "claude-opus-4-6",
            false,
            "v1/IN/publishers/anthropic/models/claude-opus-4-6:rawPredict",
        ),
        (
            "chat",
            "claude-opus-4-6",
            true,
            "v1/IN/publishers/anthropic/models/claude-opus-4-6:streamRawPredict",
        ),
        (
            "messages",
            "claude-opus-4-6",
            true,
            "v1/IN/publishers/anthropic/models/claude-opus-4-6:streamRawPredict",
        ),
        (
            "count-tokens",
            "claude-opus-4-6",
            false,
            "v1/IN/publishers/anthropic/models/count-tokens:rawPredict",
        ),
        (
            "chat",
            "mistral-large@2411",
            true,
            "v1/IN/publishers/mistralai/models/mistral-large@2411:streamRawPredict",
        ),
        (
            "chat",
            "jamba-1.5-mini@001",
            false,
            "v1/IN/publishers/ai21/models/jamba-1.5-mini@001:rawPredict",
        ),
        (
            "chat",
            "qwen/qwen3-coder-480b-a35b-instruct-maas",
            true,
            "v1/IN/endpoints/openapi/chat/completions",
        ),
        (
            "chat",
            "openai/5464397967697903616",
            false,
            "v1beta1/IN/endpoints/5464397967697903616/chat/completions",
        ),
        (
            "embeddings",
            "text-embedding-005",
            false,
            "v1beta1/IN/publishers/google/models/text-embedding-005:predict",
        ),
        (
            "embeddings",
            "gemini-embedding-2",
            false,
            "v1beta1/IN/publishers/google/models/gemini-embedding-2:embedContent",
        ),
        (
            "images.generate",
            "imagen-4.0-generate-001",
            false,
            "v1beta1/IN/publishers/google/models/imagen-4.0-generate-001:predict",
        ),
        (
            "images.generate",
            "gemini-2.5-flash-image",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-flash-image:generateContent",
        ),
    ] {
        let asked = Asked {
            streaming,
            ..Asked::of(operation, model)
        };
        let want = format!("{site}/{}", want.replace("IN", within));
        assert_eq!(asked.url(), want, "{operation} {model}");
    }
}

#[test]
fn locations_have_their_hosts_and_a_base_url_stands_instead() {
    let at = |location: &str, base: Option<&'static str>| {
        let config = json!({"vertex_ai_project": "p", "vertex_ai_location": location});
        Asked {
            config,
            base,
            ..Asked::of("chat", "gemini-2.5-pro")
        }
        .url()
    };
    let model = "publishers/google/models/gemini-2.5-pro:generateContent";
    assert_eq!(
        at("global", None),
        format!("https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/{model}")
    );
    assert_eq!(
        at("eu", None),
        format!("https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu/{model}")
    );
    assert_eq!(
        at("eu", Some("https://proxy.test")),
        format!("/v1beta1/projects/p/locations/eu/{model}")
    );
    assert_eq!(
        at("eu", Some("https://proxy.test/v1")),
        format!("/projects/p/locations/eu/{model}")
    );
    let whole = "https://proxy.test/v1/projects/q/locations/l/publishers/google";
    assert_eq!(
        at("eu", Some(whole)),
        "/models/gemini-2.5-pro:generateContent"
    );
}

#[test]
fn without_a_location_new_models_are_global_and_others_central() {
    let at = |model: &str| {
        let config = json!({"vertex_project": "p"});
        Asked {
            config,
            ..Asked::of("chat", model)
        }
        .url()
    };
    assert!(
        at("gemini-3-pro-preview")
            .starts_with("https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/")
    );
    assert!(at("gemini-2.5-pro").starts_with("https://us-central1-aiplatform.googleapis.com/"));
}

#[test]
fn a_key_means_express_mode() {
    let express = Asked {
        config: json!({}),
        secrets: &["api_key"],
        ..Asked::of("chat", "gemini-2.5-flash")
    };
    let outbound = express.sent(&question());
    assert!(
        outbound.url.ends_with(
            "googleapis.com/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent"
        ),
        "{}",
        outbound.url
    );
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let want = Auth {
        scheme: "header".into(),
        params: vec![pair("name", "x-goog-api-key"), pair("secret", "api_key")],
    };
    assert_eq!(outbound.auth, [want]);
    assert!(
        Asked::of("chat", "gemini-2.5-flash")
            .sent(&question())
            .auth
            .is_empty()
    );
    for model in ["claude-opus-4-6", "meta/llama-3.3-70b-instruct-maas"] {
        let asked = Asked {
            model,
            ..Asked {
                config: json!({}),
                secrets: &["api_key"],
                ..Asked::of("chat", model)
            }
        };
        assert_eq!(
            asked.start(&question()).unwrap_err().kind,
            fault::kind::INVALID_REQUEST,
            "{model}"
        );
    }
}

#[test]
fn what_is_missing_or_leads_elsewhere_is_named() {
    let of = |config: Value| {
        Asked {
            config,
            ..Asked::of("chat", "gemini-2.5-pro")
        }
        .start(&question())
        .unwrap_err()
    };
    assert!(of(json!({})).message.contains("vertex_project"));
    assert!(
        of(json!({"vertex_project": "p/../q"}))
            .message
            .contains("vertex_project")
    );
    assert!(
        of(json!({"vertex_project": "p", "vertex_location": "evil.test/"}))
            .message
            .contains("vertex_location")
    );
    for (operation, model) in [
        ("messages", "gemini-2.5-pro"),
        ("generate-content", "claude-opus-4-6"),
        ("count-tokens", "mistral-large"),
        ("embeddings", "claude-opus-4-6"),
        ("images.generate", "meta/llama-3.3-70b-instruct-maas"),
        ("audio.speech", "gemini-2.5-pro"),
    ] {
        let error = Asked::of(operation, model).start(&question()).unwrap_err();
        assert_eq!(error.kind, fault::kind::UNSUPPORTED, "{operation} {model}");
        assert!(error.message.contains(operation), "{}", error.message);
    }
}

#[test]
fn anthropics_dialect_has_its_version_in_the_body_and_no_model() {
    let sent = body_of(&Asked::of("chat", "claude-opus-4-6").sent(&question()));
    assert_eq!(sent["anthropic_version"], "vertex-2023-10-16");
    assert!(sent.get("model").is_none());
    let native = patch_of(&Asked::of("messages", "claude-opus-4-6").sent(&question()));
    assert_eq!(
        native,
        json!({"model": null, "anthropic_version": "vertex-2023-10-16"})
    );
    let count = patch_of(&Asked::of("count-tokens", "anthropic/claude-opus-4-6").sent(&question()));
    assert_eq!(
        count,
        json!({"model": "claude-opus-4-6", "anthropic_version": "vertex-2023-10-16"})
    );
}

#[test]
fn partners_get_the_names_they_know() {
    let mut body = question();
    body["max_completion_tokens"] = json!(9);
    body["seed"] = json!(7);
    body["stream_options"] = json!({"include_usage": true});
    let patch = |model: &str| {
        let asked = Asked {
            streaming: true,
            ..Asked::of("chat", model)
        };
        patch_of(&asked.sent(&body))
    };
    let limit = json!({"max_completion_tokens": null, "max_tokens": 9});
    let with = |more: Value| {
        let mut all = limit.clone();
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        all
    };
    let mistral =
        json!({"model": "mistral-large", "stream_options": null, "random_seed": 7, "seed": null});
    assert_eq!(patch("mistral-large@2411"), with(mistral));
    let open = json!({"model": "meta/llama-3.3-70b-instruct-maas", "stream_options": {"include_usage": true}});
    assert_eq!(patch("meta/llama-3.3-70b-instruct-maas"), with(open));
    assert_eq!(
        patch("jamba-1.5-mini@001"),
        with(json!({"model": "jamba-1.5-mini", "stream_options": null}))
    );
}

#[test]
fn texts_are_sent_in_as_many_requests_as_the_model_needs() {
    let count = |model: &str, location: &str| {
        let config = json!({"vertex_project": "p", "vertex_location": location});
        let body = json!({"model": model, "input": vec!["a"; 6], "dimensions": 8, "task_type": "CLUSTERING"});
        match (Asked {
            config,
            ..Asked::of("embeddings", model)
        })
        .start(&body)
        .unwrap()
        {
            Step::Send(_) => 1,
            Step::SendAll(all) => all.len(),
            Step::Respond(_) => 0,
        }
    };
    assert_eq!(count("text-embedding-005", "us-central1"), 1);
    assert_eq!(count("text-embedding-005", "europe-west1"), 2);
    assert_eq!(count("gemini-embedding-001", "us-central1"), 6);
    let one = json!({"input": "a", "dimensions": 8, "task_type": "CLUSTERING", "title": "t"});
    let of = |model: &str| body_of(&Asked::of("embeddings", model).sent(&one));
    assert_eq!(
        of("text-embedding-005"),
        json!({"instances": [{"content": "a", "task_type": "CLUSTERING", "title": "t"}], "parameters": {"outputDimensionality": 8}})
    );
    assert_eq!(
        of("multimodalembedding@001"),
        json!({"instances": [{"text": "a"}], "parameters": {"dimension": 8}})
    );
    assert_eq!(
        of("gemini-embedding-2"),
        json!({"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 8, "taskType": "CLUSTERING", "title": "t"})
    );
    for bad in [json!([]), json!([1, 2]), json!(null)] {
        assert!(
            Asked::of("embeddings", "text-embedding-005")
                .start(&json!({ "input": bad }))
                .is_err()
        );
    }
}

#[test]
fn media_are_embedded_by_what_they_are() {
    for (input, want) in [
        (
            "data:image/png;base64,QUJD",
            json!({"image": {"bytesBase64Encoded": "QUJD"}}),
        ),
        ("gs://b/a.png", json!({"image": {"gcsUri": "gs://b/a.png"}})),
        ("gs://b/a.MP4", json!({"video": {"gcsUri": "gs://b/a.MP4"}})),
    ] {
        let sent = body_of(
            &Asked::of("embeddings", "multimodalembedding").sent(&json!({ "input": input })),
        );
        assert_eq!(sent["instances"], json!([want]));
    }
}

#[test]
fn images_are_asked_for_by_ratio_and_number() {
    let of = |more: Value| {
        let mut body = json!({"prompt": "p"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Asked::of("images.generate", "imagen-4.0-generate-001").start(&body)
    };
    let sent = |more: Value| match of(more).unwrap() {
        Step::Send(outbound) => body_of(&outbound),
        other => panic!("{other:?}"),
    };
    let want = json!({"instances": [{"prompt": "p"}], "parameters": {"sampleCount": 2, "aspectRatio": "16:9", "outputOptions": {"mimeType": "image/jpeg"}, "personGeneration": "dont_allow"}});
    assert_eq!(
        sent(
            json!({"n": 2, "size": "1792x1024", "output_format": "jpeg", "personGeneration": "dont_allow"})
        ),
        want
    );
    assert_eq!(
        sent(json!({"size": "auto"}))["parameters"],
        json!({"sampleCount": 1})
    );
    assert!(matches!(of(json!({"n": 9})).unwrap(), Step::SendAll(all) if all.len() == 3));
    for bad in [
        json!({"n": 0}),
        json!({"n": 11}),
        json!({"n": "2"}),
        json!({"size": "big"}),
        json!({"size": "0x5"}),
        json!({"response_format": "url"}),
        json!({"prompt": 5}),
    ] {
        assert!(of(bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn a_request_of_anthropics_form_is_counted_by_what_it_says() {
    let body = json!({"model": "m", "system": "Be brief.", "messages": [
        {"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}, {"type": "text", "text": "what"}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {"city": "Oslo"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "cold"}]}]}],
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]});
    let want = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}, {"text": "what"}]},
            {"role": "model", "parts": [{"text": "f\nOslo"}]},
            {"role": "user", "parts": [{"text": "cold"}]}],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "d", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}]}]});
    assert_eq!(
        body_of(&Asked::of("count-tokens", "gemini-2.5-pro").sent(&body)),
        want
    );
}

/// `cases.jsonl`: a chat, and the bodies that a Google and an Anthropic model get for it; or the
/// kind of the refusal.
#[test]
fn canonical_chats_become_what_the_models_take() {
    let lines = include_str!("../../fixtures/cases.jsonl").lines();
    let mut seen = 0;
    for line in lines {
        let case: Value = serde_json::from_str(line).unwrap();
        for (name, model) in [
            ("google", "gemini-2.5-pro"),
            ("claude", "claude-sonnet-4-5"),
        ] {
            assert_eq!(
                body_for(&case, model),
                case[name],
                "{} {name}",
                case["case"]
            );
        }
        seen += 1;
    }
    assert_eq!(seen, 25);
}

/// As the host hands it on: without what `describe` says is not taken.
fn body_for(case: &Value, model: &str) -> Value {
    let mut asked = Asked::of("chat", model);
    asked.streaming = case["chat"]["stream"] == true;
    let mut chat = case["chat"].clone();
    let (lacks, ignored): (&[&str], &[&str]) = if model.starts_with("claude") {
        (&anthropic::UNSUPPORTED, &["stream_options", "service_tier"])
    } else {
        (&gemini::UNSUPPORTED, &gemini::IGNORED)
    };
    let left_out = |name: &str| lacks.contains(&name) || ignored.contains(&name);
    chat.as_object_mut()
        .unwrap()
        .retain(|name, _| !left_out(name));
    match asked.start(&chat) {
        Ok(Step::Send(outbound)) => body_of(&outbound),
        Ok(other) => panic!("{other:?}"),
        Err(error) => error.kind.into(),
    }
}
