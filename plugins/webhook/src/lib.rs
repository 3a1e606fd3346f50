//! A guardrail of the operator's own, behind an HTTP address: LiteLLM's "Generic Guardrail API".
//!
//! The wire is that of LiteLLM's documentation: repository `BerriAI/litellm-docs`,
//! `docs/adding_provider/generic_guardrail_api.md`, and of its reference server, repository
//! `BerriAI/litellm`, `cookbook/mock_guardrail_server/mock_bedrock_guardrail_server.py`.

mod describe;
mod request;
mod settings;
mod verdict;

use sluice_sdk::{Decision, Error, FetchRequest, FetchResponse, Guardrail, Inspection, fault};
use sluice_sdk::{guardrail, stage};
use sluice_texts::Sheet;

use settings::{Auth, Settings};
use verdict::Verdict;

/// The guardrail.
pub struct Webhook;

impl Guardrail for Webhook {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        let settings: Settings = inspection.settings()?;
        let spans = inspection.spans.iter();
        let sheet = Sheet::of(spans.map(|it| (it.channel.as_str(), it.text.as_str())));
        request::judge(inspection, sheet.bytes())?;
        let body = request::body(inspection, &settings, &sheet.texts());
        let answer = ask(&settings, request::of(&settings, &body)?)?;
        let verdict = Verdict::read(&answer.ok()?.json()?, &body)?;
        let may_change = inspection.stage != stage::DURING;
        Ok(verdict.decision(&sheet, may_change))
    }
}

/// Sends it with the key, and without one where the operator has given none: a component does not
/// see which secrets there are.
fn ask(settings: &Settings, request: FetchRequest) -> Result<FetchResponse, Error> {
    let keyless = || request.clone().auth("none", &[]).send();
    if settings.auth == Auth::None {
        return keyless();
    }
    let keyed = request.clone().secret_header("x-api-key", "api_key");
    match keyed.send() {
        // A refusal of the service's own has a status.
        Err(error) if error.kind == fault::kind::AUTHENTICATION && error.status.is_none() => {
            keyless()
        }
        answered => answered,
    }
}

guardrail!(Webhook);

#[cfg(test)]
mod tests;
