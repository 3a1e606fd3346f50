//! What every shipped plugin says of itself.

use serde_json::Value;
use sluice_sdk::{Callback, Guardrail, Provider};

/// The `describe` documents of the providers, by name of plugin.
pub fn documents() -> Vec<Value> {
    let texts = [
        sluice_plugin_anthropic::Anthropic::describe(),
        sluice_plugin_azure::Azure::describe(),
        sluice_plugin_bedrock::Bedrock::describe(),
        sluice_plugin_black_forest_labs::BlackForestLabs::describe(),
        sluice_plugin_cohere::Cohere::describe(),
        sluice_plugin_deepgram::Deepgram::describe(),
        sluice_plugin_echo::Echo::describe(),
        sluice_plugin_elevenlabs::ElevenLabs::describe(),
        sluice_plugin_gemini::Gemini::describe(),
        sluice_plugin_ollama::Ollama::describe(),
        sluice_plugin_openai::OpenAi::describe(),
        sluice_plugin_openai_compatible::OpenAiCompatible::describe(),
        sluice_plugin_replicate::Replicate::describe(),
        sluice_plugin_rerankers::Rerankers::describe(),
        sluice_plugin_sagemaker::SageMaker::describe(),
        sluice_plugin_stability::Stability::describe(),
        sluice_plugin_vertex_ai::VertexAi::describe(),
        sluice_plugin_watsonx::Watsonx::describe(),
    ];
    parsed(&texts)
}

/// The `describe` documents of guardrails and callbacks, by name of plugin.
pub fn hooks() -> Vec<Value> {
    parsed(&[
        sluice_plugin_azure_content_safety::AzureContentSafety::describe(),
        sluice_plugin_bedrock_guardrails::BedrockGuardrails::describe(),
        sluice_plugin_clickhouse::ClickHouse::describe(),
        sluice_plugin_datadog::Datadog::describe(),
        sluice_plugin_generic_api::GenericApi::describe(),
        sluice_plugin_keywords::Keywords::describe(),
        sluice_plugin_lakera::Lakera::describe(),
        sluice_plugin_langfuse::Langfuse::describe(),
        sluice_plugin_langsmith::LangSmith::describe(),
        sluice_plugin_openai_moderation::OpenAiModeration::describe(),
        sluice_plugin_pii::Pii::describe(),
        sluice_plugin_presidio::Presidio::describe(),
        sluice_plugin_prompt_injection::PromptInjection::describe(),
        sluice_plugin_s3::S3::describe(),
        sluice_plugin_slack::Slack::describe(),
        sluice_plugin_webhook::Webhook::describe(),
    ])
}

fn parsed(texts: &[String]) -> Vec<Value> {
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}
