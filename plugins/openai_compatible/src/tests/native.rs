//! Anthropic's messages at providers that have them beside OpenAI's dialect.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Body, Outbound, ReplyMode};

use super::sounds::{call, sent};
use super::*;

const COPILOT: &str = "https://api.githubcopilot.com";

fn asked(provider: &str, model: &str, base: &str) -> Call {
    Call {
        files: Vec::new(),
        context: json!({"base_url": base}).to_string(),
        config: json!({"aws_region_name": "us-east-1"}).to_string(),
        ..call(provider, "messages", model)
    }
}

fn messages(provider: &str, model: &str, base: &str) -> Outbound {
    let body = json!({"model": model, "max_tokens": 9, "messages": []});
    sent(&asked(provider, model, base), &body)
}

/// Addresses: api-docs.deepseek.com/guides/anthropic_api, docs.databricks.com (query with the Anthropic
/// Messages API), platform.minimax.io, alibabacloud.com/help/model-studio/anthropic-api-messages, and
/// LiteLLM's own of November 2026 for the others.
#[test]
fn messages_go_to_the_providers_own_address_for_them() {
    for (provider, base, url) in [
        ("aiand", "https://api.aiand.com/v1", "/messages"),
        (
            "bigmodel",
            "https://open.bigmodel.cn/api/paas/v4",
            "https://open.bigmodel.cn/api/anthropic/v1/messages",
        ),
        (
            "dashscope",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
            "https://dashscope-intl.aliyuncs.com/apps/anthropic/v1/messages",
        ),
        (
            "databricks",
            "https://w.cloud.databricks.com/serving-endpoints",
            "https://w.cloud.databricks.com/serving-endpoints/anthropic/v1/messages",
        ),
        (
            "deepseek",
            "https://api.deepseek.com/beta",
            "https://api.deepseek.com/anthropic/v1/messages",
        ),
        (
            "deepseek",
            "https://api.deepseek.com/v1",
            "https://api.deepseek.com/anthropic/v1/messages",
        ),
        (
            "edenai",
            "https://api.edenai.run/v3",
            "https://api.edenai.run/v3/v1/messages",
        ),
        (
            "minimax",
            "https://api.minimax.io/v1",
            "https://api.minimax.io/anthropic/v1/messages",
        ),
        (
            "bedrock_mantle",
            "",
            "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages",
        ),
    ] {
        let model = match provider {
            "minimax" => "MiniMax-M2.1",
            "dashscope" => "qwen3.7-plus",
            _ => "claude-opus-4-6",
        };
        let mut asked = asked(provider, model, base);
        if base.is_empty() {
            asked.context = "{}".into();
        }
        let outbound = sent(&asked, &json!({"model": model, "messages": []}));
        assert_eq!(outbound.url, url, "{provider}");
        assert_eq!(outbound.reply, ReplyMode::Canonical, "{provider}");
        assert!(matches!(&outbound.body, Body::Patch(patch) if patch.is_empty()));
    }
}

#[test]
fn the_clients_version_and_betas_go_on() {
    let plain = messages("aiand", "m", "https://api.aiand.com/v1");
    assert!(
        plain
            .headers
            .contains(&("anthropic-version".into(), "2023-06-01".into()))
    );
    let headers = [("anthropic-version", "2024-01-01"), ("anthropic-beta", "x")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let asked = Call {
        headers: headers.to_vec(),
        ..asked("aiand", "m", "https://api.aiand.com/v1")
    };
    let outbound = sent(&asked, &json!({"model": "m", "messages": []}));
    for header in &headers {
        assert!(outbound.headers.contains(header), "{:?}", outbound.headers);
    }
}

#[test]
fn a_model_or_an_address_without_messages_is_left_to_chat() {
    for (provider, model, base) in [
        (
            "databricks",
            "databricks-llama",
            "https://w.cloud.databricks.com/serving-endpoints",
        ),
        (
            "databricks",
            "claude",
            "https://w.cloud.databricks.com/ai-gateway/mlflow/v1",
        ),
        (
            "hostinger_router",
            "gpt-5.2",
            "https://router.hostinger.com/v1",
        ),
        (
            "dashscope",
            "kimi-k2.7-code",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ),
        (
            "dashscope",
            "qwen3.8-omni-flash",
            "https://dashscope.aliyuncs.com/compatible-mode/v1",
        ),
        ("github_copilot", "gpt-5.2", COPILOT),
        ("github_copilot", "claude-haiku-4.5", COPILOT),
        ("github_copilot", "claude-sonnet-5", "http://127.0.0.1:9000"),
        (
            "opencode_go",
            "minimax-m3.1-flash",
            "https://opencode.ai/inference/go/anthropic/v1",
        ),
        ("deepseek", "deepseek-chat", "http://127.0.0.1:9000/v1"),
        ("aiand", "m", "http://127.0.0.1:9000/v1"),
        ("minimax", "MiniMax-M2.1", "http://127.0.0.1:9000/v1"),
        ("minimax", "MiniMax-Text-01", "https://api.minimax.io/v1"),
        (
            "bedrock_mantle",
            "anthropic.claude",
            "http://127.0.0.1:9000/v1",
        ),
        ("edenai", "m", "http://127.0.0.1:9000/v3"),
    ] {
        let body = json!({"model": model, "messages": []}).to_string();
        let refused = OpenAiCompatible::start(&asked(provider, model, base), &body).unwrap_err();
        assert_eq!(refused.kind, kind::UNSUPPORTED, "{provider} {base}");
    }
}

/// opencode.ai/docs/console/api/inference and /harnesses/claude-code: an address for each dialect.
#[test]
fn models_of_opencode_go_are_asked_at_the_address_of_their_dialect() {
    let base = "https://opencode.ai/inference/go/anthropic/v1";
    for model in ["claude-haiku-5-5", "minimax-m3", "qwen3.8-max"] {
        assert_eq!(messages("opencode_go", model, base).url, "/messages");
    }
    for (operation, end) in [("chat", "chat/completions"), ("responses", "responses")] {
        let call = Call {
            operation: operation.into(),
            ..asked("opencode_go", "glm-5.3", base)
        };
        let url = sent(&call, &json!({"model": "glm-5.3", "messages": []})).url;
        assert_eq!(
            url,
            format!("https://opencode.ai/inference/go/openai/v1/{end}")
        );
    }
}

/// As opencode's and other clients of Copilot ask it: Claude at `/v1/messages`, and whose turn it is.
#[test]
fn copilot_has_claudes_messages_and_is_told_of_the_conversation() {
    let call = asked("github_copilot", "claude-sonnet-5", COPILOT);
    let of = |messages: Value| {
        sent(
            &call,
            &json!({"model": "claude-sonnet-5", "messages": messages}),
        )
    };
    let first = of(json!([{"role": "user", "content": "hi"}]));
    assert_eq!(first.url, "/v1/messages");
    assert_eq!(first.reply, ReplyMode::Canonical);
    let headers = |outbound: &Outbound| {
        let value = |name: &str| {
            let found = outbound.headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone())
        };
        (value("x-initiator"), value("copilot-vision-request"))
    };
    assert_eq!(headers(&first), (Some("user".into()), None));
    let image = json!({"type": "image", "source": {"type": "url", "url": "https://a.test/b.png"}});
    let shown = of(json!([{"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [image]}]}]));
    let told = (Some("agent".into()), Some("true".into()));
    assert_eq!(headers(&shown), told);
    let plain = ("copilot-integration-id".into(), "vscode-chat".into());
    assert!(shown.headers.contains(&plain), "{:?}", shown.headers);
    let document = describe::document();
    let providers = document["providers"].as_array().unwrap();
    let copilot = providers
        .iter()
        .find(|it| it["name"] == "github_copilot")
        .unwrap();
    // The conversation has to be there to be read.
    assert_eq!(copilot["operations"]["messages"], json!({"stream": true}));
}
