//! What is sent, and what is refused.

use sluice_sdk::{Body, PartData};

use super::asked::{Asked, patched};
use super::*;

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
