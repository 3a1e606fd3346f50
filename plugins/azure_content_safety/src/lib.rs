//! Azure AI Content Safety: `azure.prompt_shield` blocks attacks on the model, `azure.text_moderations`
//! blocks what is severe or stands on a blocklist.
//!
//! The wire is that of Azure's own specification: repository `Azure/azure-rest-api-specs`,
//! `specification/cognitiveservices/data-plane/ContentSafety/stable/2024-09-01/contentsafety.json`.
//! The settings are LiteLLM's: repository `BerriAI/litellm-docs`,
//! `docs/proxy/guardrails/azure_content_guardrail.md`.

mod describe;
mod moderation;
mod pieces;
mod shield;

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Decision, Error, FetchRequest, Guardrail, Inspection, fault, guardrail};

/// The guardrails.
pub struct AzureContentSafety;

impl Guardrail for AzureContentSafety {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        match inspection.guardrail().as_str() {
            describe::SHIELD => shield::inspect(inspection),
            describe::MODERATION => moderation::inspect(inspection),
            other => Err(fault::internal(format!("there is no guardrail `{other}`"))),
        }
    }
}

/// Where nothing else is said, as LiteLLM has it.
fn api_version() -> String {
    "2024-09-01".to_owned()
}

/// Asks an operation of the service.
fn ask(operation: &str, version: &str, body: &Value) -> Result<Value, Error> {
    let path = format!("/contentsafety/text:{operation}?api-version={version}");
    FetchRequest::post(path).json(body).send()?.ok()?.json()
}

guardrail!(AzureContentSafety);

#[cfg(test)]
mod tests;
