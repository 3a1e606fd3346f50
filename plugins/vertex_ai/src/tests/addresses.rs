//! Where requests go, and with which credential.

use sluice_sdk::Auth;

use super::asked::{Asked, question};
use super::*;

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
            "count-chat",
            "gemini-2.5-pro",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:countTokens",
        ),
        (
            "count-contents",
            "gemini-2.5-pro",
            false,
            "v1beta1/IN/publishers/google/models/gemini-2.5-pro:countTokens",
        ),
        (
            "count-chat",
            "claude-opus-4-6",
            false,
            "v1/IN/publishers/anthropic/models/count-tokens:rawPredict",
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
