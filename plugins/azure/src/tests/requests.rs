//! Addresses, credentials, and what is changed in a body.

use sluice_sdk::{Auth, Body, Outbound, PartData};

use super::*;

struct Asked<'a> {
    provider: &'a str,
    operation: &'a str,
    model: &'a str,
    streaming: bool,
    config: Value,
    secrets: &'a [&'a str],
    base: &'a str,
}

impl<'a> Asked<'a> {
    fn of(provider: &'a str, operation: &'a str, model: &'a str) -> Self {
        let base = match provider {
            "azure" => "https://r.openai.azure.com",
            _ => "https://r.services.ai.azure.com",
        };
        Self {
            provider,
            operation,
            model,
            streaming: false,
            config: json!({}),
            secrets: &["api_key"],
            base,
        }
    }

    fn start(&self, body: &Value) -> Result<Outbound, Error> {
        let call = Call {
            id: "t".into(),
            operation: self.operation.into(),
            provider: self.provider.into(),
            model: self.model.into(),
            streaming: self.streaming,
            config: self.config.to_string(),
            secrets: self.secrets.iter().map(|it| (*it).to_owned()).collect(),
            params: Vec::new(),
            headers: Vec::new(),
            files: vec![sluice_sdk::File {
                id: 3,
                field: "file".into(),
                filename: "a.wav".into(),
                content_type: "audio/wav".into(),
                size: 9,
            }],
            context: json!({"base_url": self.base}).to_string(),
        };
        match Azure::start(&call, &body.to_string())? {
            Step::Send(outbound) => Ok(outbound),
            other => panic!("{other:?}"),
        }
    }

    fn url(&self) -> String {
        self.start(&json!({"model": "m", "messages": []}))
            .unwrap()
            .url
    }
}

/// Cut, patched.
fn patched(outbound: &Outbound, body: &Value) -> Value {
    let Body::Patch(members) = &outbound.body else {
        panic!("{:?}", outbound.body);
    };
    let mut body = body.clone();
    let all = body.as_object_mut().unwrap();
    for (name, value) in members {
        match value {
            Some(value) => drop(all.insert(name.clone(), serde_json::from_str(value).unwrap())),
            None => drop(all.shift_remove(name)),
        }
    }
    body
}

#[test]
fn every_operation_of_azure_has_its_address_by_both_routes() {
    for (operation, path, shared) in [
        ("chat", "chat/completions", false),
        ("completions", "completions", false),
        ("embeddings", "embeddings", false),
        ("images.generate", "images/generations", false),
        ("images.edit", "images/edits", false),
        ("audio.speech", "audio/speech", false),
        ("audio.transcribe", "audio/transcriptions", false),
        ("audio.translate", "audio/translations", false),
        ("responses", "responses", true),
        ("models", "models", true),
    ] {
        let at = |version: &str| {
            let config = json!({ "api_version": version });
            Asked {
                config,
                ..Asked::of("azure", operation, "my-dep")
            }
            .url()
        };
        let dated = if shared {
            format!("/openai/{path}?api-version=2025-04-01-preview")
        } else {
            format!("/openai/deployments/my-dep/{path}?api-version=2025-04-01-preview")
        };
        assert_eq!(at("2025-04-01-preview"), dated);
        for first in ["v1", "latest", "preview"] {
            assert_eq!(at(first), format!("/openai/v1/{path}"));
        }
    }
    // Responses are younger than the version that is asked for by default.
    assert_eq!(
        Asked::of("azure", "responses", "d").url(),
        "/openai/v1/responses"
    );
}

#[test]
fn a_base_may_have_the_route_already() {
    let at = |provider: &'static str, base: &'static str| {
        Asked {
            base,
            ..Asked::of(provider, "chat", "d")
        }
        .url()
    };
    assert_eq!(
        at("azure", "https://r.openai.azure.com/openai/v1"),
        "/chat/completions"
    );
    assert_eq!(
        at("azure", "https://r.openai.azure.com/openai/deployments/d"),
        "/chat/completions?api-version=2025-02-01-preview"
    );
    assert_eq!(
        at("azure_ai", "https://r.services.ai.azure.com/models"),
        "/chat/completions?api-version=2024-05-01-preview"
    );
    assert_eq!(
        at("azure_ai", "https://r.services.ai.azure.com/openai/v1"),
        "/chat/completions"
    );
    assert_eq!(
        at("azure_ai", "https://r.openai.azure.com"),
        "/openai/v1/chat/completions"
    );
    assert_eq!(
        at("azure_ai", "https://m.eastus2.models.ai.azure.com"),
        "/chat/completions"
    );
    let claude = |base: &'static str| {
        Asked {
            base,
            ..Asked::of("azure_ai", "messages", "claude-opus-4-6")
        }
        .url()
    };
    assert_eq!(
        claude("https://r.services.ai.azure.com"),
        "/anthropic/v1/messages"
    );
    assert_eq!(
        claude("https://r.services.ai.azure.com/anthropic"),
        "/v1/messages"
    );
    assert_eq!(
        claude("https://r.services.ai.azure.com/anthropic/v1/messages"),
        ""
    );
}

#[test]
fn every_operation_of_foundry_has_its_address() {
    for (operation, model, want) in [
        (
            "chat",
            "grok-4",
            "/models/chat/completions?api-version=2024-05-01-preview",
        ),
        (
            "embeddings",
            "embed-v-4-0",
            "/models/embeddings?api-version=2024-05-01-preview",
        ),
        ("responses", "gpt-5-nano", "/openai/v1/responses"),
        (
            "images.generate",
            "gpt-image-2",
            "/openai/v1/images/generations",
        ),
        ("images.edit", "gpt-image-2", "/openai/v1/images/edits"),
        (
            "audio.transcribe",
            "whisper",
            "/openai/v1/audio/transcriptions",
        ),
        ("models", "", "/openai/v1/models"),
        ("chat", "claude-opus-4-6", "/anthropic/v1/messages"),
        ("messages", "claude-opus-4-6", "/anthropic/v1/messages"),
        (
            "count-tokens",
            "claude-opus-4-6",
            "/anthropic/v1/messages/count_tokens",
        ),
    ] {
        assert_eq!(
            Asked::of("azure_ai", operation, model).url(),
            want,
            "{operation} {model}"
        );
    }
    let base = "https://rerank.eastus.models.ai.azure.com";
    assert_eq!(
        Asked {
            base,
            ..Asked::of("azure_ai", "rerank", "m")
        }
        .url(),
        "/v1/rerank"
    );
}

#[test]
fn credentials_are_a_key_a_token_or_what_the_host_can_get() {
    let auth = |provider: &'static str,
                secrets: &'static [&'static str],
                base: &'static str,
                model: &'static str| {
        let config = json!({});
        let asked = Asked {
            secrets,
            base,
            config,
            ..Asked::of(provider, "chat", model)
        };
        asked.start(&json!({"messages": []})).unwrap().auth
    };
    let of = |scheme: &str, params: &[(&str, &str)]| Auth {
        scheme: scheme.into(),
        params: params
            .iter()
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect(),
    };
    let (azure, foundry) = (
        "https://r.openai.azure.com",
        "https://r.services.ai.azure.com",
    );
    let key = of("header", &[("name", "api-key"), ("secret", "api_key")]);
    assert_eq!(
        auth("azure", &["api_key", "azure_ad_token"], azure, "d"),
        *std::slice::from_ref(&key)
    );
    assert_eq!(auth("azure_ai", &["api_key"], foundry, "m"), [key]);
    let bearer = of("bearer", &[("secret", "api_key")]);
    assert_eq!(
        auth("azure_ai", &["api_key"], "https://elsewhere.test", "m"),
        [bearer]
    );
    let token = of("bearer", &[("secret", "azure_ad_token")]);
    assert_eq!(auth("azure", &["azure_ad_token"], azure, "d"), [token]);
    let entra = of(
        "azure",
        &[("scope", "https://cognitiveservices.azure.com/.default")],
    );
    assert_eq!(
        auth(
            "azure",
            &["tenant_id", "client_id", "client_secret"],
            azure,
            "d"
        ),
        *std::slice::from_ref(&entra)
    );
    assert_eq!(
        auth("azure_ai", &["client_id"], foundry, "claude-opus-4-6"),
        [entra]
    );
    let claude = of("header", &[("name", "x-api-key"), ("secret", "api_key")]);
    assert_eq!(
        auth("azure_ai", &["api_key"], foundry, "claude-opus-4-6"),
        [claude]
    );
}

#[test]
fn canonical_chats_are_sent_as_they_came() {
    for line in include_str!("../../fixtures/cases.jsonl").lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let streaming = case["chat"]["stream"] == true;
        for (provider, model) in [("azure", "gpt-4o"), ("azure_ai", "mistral-large")] {
            let asked = Asked {
                streaming,
                ..Asked::of(provider, "chat", model)
            };
            let outbound = asked.start(&case["chat"]).unwrap();
            assert_eq!(
                patched(&outbound, &case["chat"]),
                case["chat"],
                "{}",
                case["case"]
            );
        }
    }
}

#[test]
fn reasoning_models_get_the_limit_by_the_name_they_take() {
    let body = json!({"model": "m", "messages": [], "max_tokens": 9});
    let of = |model: &str, config: Value| {
        let asked = Asked {
            config,
            ..Asked::of("azure", "chat", model)
        };
        patched(&asked.start(&body).unwrap(), &body)
    };
    let renamed = |name: &str| json!({"model": name, "messages": [], "max_completion_tokens": 9});
    assert_eq!(of("gpt-5-mini", json!({})), renamed("m"));
    assert_eq!(
        of("mine", json!({"base_model": "azure/o4-mini"})),
        renamed("m")
    );
    assert_eq!(of("o_series/mine", json!({})), renamed("mine"));
    assert_eq!(of("gpt5_series/mine", json!({})), renamed("mine"));
    for plain in ["gpt-4o", "gpt-5-chat", "mine"] {
        assert_eq!(of(plain, json!({})), body, "{plain}");
    }
}

#[test]
fn forms_go_on_with_their_files() {
    for provider in ["azure", "azure_ai"] {
        let asked = Asked::of(provider, "audio.transcribe", "whisper");
        let outbound = asked
            .start(&json!({"model": "whisper", "language": "en"}))
            .unwrap();
        let Body::Multipart(parts) = outbound.body else {
            panic!("{:?}", outbound.body);
        };
        let names: Vec<&str> = parts.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["model", "language", "file"]);
        assert!(matches!(parts[2].data, PartData::File(3)));
    }
}

#[test]
fn what_leads_elsewhere_or_is_not_there_is_refused() {
    for bad in [
        "",
        "../x",
        "a/b",
        "a?b",
        "a#b",
        "a%2f",
        "o_series/",
        ".hidden",
    ] {
        let error = Asked::of("azure", "chat", bad)
            .start(&json!({}))
            .unwrap_err();
        assert_eq!(error.kind, fault::kind::INVALID_REQUEST, "{bad}");
    }
    for provider in ["azure", "azure_ai"] {
        let config = json!({"api_version": "2024&x=1"});
        let asked = Asked {
            config,
            ..Asked::of(provider, "chat", "m")
        };
        assert!(
            asked
                .start(&json!({}))
                .unwrap_err()
                .message
                .contains("api_version")
        );
    }
    for (provider, operation, model) in [
        ("azure", "rerank", "m"),
        ("azure_ai", "messages", "grok-4"),
        ("azure_ai", "count-tokens", "grok-4"),
        ("azure_ai", "rerank", "claude-opus-4-6"),
    ] {
        let error = Asked::of(provider, operation, model)
            .start(&json!({}))
            .unwrap_err();
        assert_eq!(error.kind, fault::kind::UNSUPPORTED, "{operation} {model}");
        assert!(error.message.contains(operation), "{}", error.message);
    }
}
