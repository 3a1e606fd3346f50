//! Where requests go, and with which credential.

use sluice_sdk::Auth;

use super::asked::Asked;
use super::*;

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
        ("files.create", "files", true),
        ("files.get", "files/file-1", true),
        ("files.content", "files/file-1/content", true),
        ("files.delete", "files/file-1", true),
        ("batches.create", "batches", true),
        ("batches.get", "batches/file-1", true),
        ("batches.cancel", "batches/file-1/cancel", true),
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
fn a_session_is_opened_by_both_routes() {
    let at = |version: &str, intent: Option<&'static str>| {
        let config = json!({ "api_version": version });
        Asked {
            config,
            intent,
            ..Asked::of("azure", "realtime", "my-dep")
        }
        .url()
    };
    let transcribes = Some("transcription");
    for (version, intent, url) in [
        ("v1", None, "/openai/v1/realtime?model=my-dep"),
        (
            "v1",
            transcribes,
            "/openai/v1/realtime?intent=transcription",
        ),
        (
            "2025-04-01-preview",
            None,
            "/openai/realtime?api-version=2025-04-01-preview&deployment=my-dep",
        ),
        (
            "2025-04-01-preview",
            transcribes,
            "/openai/realtime?api-version=2025-04-01-preview&intent=transcription",
        ),
    ] {
        assert_eq!(at(version, intent), url);
    }
}

#[test]
fn a_response_that_was_made_is_asked_for_where_responses_are_made() {
    let body = json!({"model": "my-dep", "response_id": "resp_1", "limit": "2"});
    let at = |provider: &'static str, version: Value| {
        let config = json!({ "api_version": version });
        let asked = Asked {
            config,
            ..Asked::of(provider, "responses.input_items", "my-dep")
        };
        asked.start(&body).unwrap().url
    };
    let dated = at("azure", json!("2025-04-01-preview"));
    let path = "responses/resp_1/input_items";
    let want = format!("/openai/{path}?api-version=2025-04-01-preview&limit=2");
    assert_eq!(dated, want);
    for (provider, version) in [
        ("azure", json!("v1")),
        ("azure", json!(null)),
        ("azure_ai", json!(null)),
    ] {
        assert_eq!(at(provider, version), format!("/openai/v1/{path}?limit=2"));
    }
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
    // The gateway reads a token that is there, or where it is.
    let token = auth("azure", &["azure_ad_token"], azure, "d");
    assert_eq!(token, auth("azure", &[], azure, "d"));
    assert_eq!(token[0].scheme, "azure");
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
