//! Azure OpenAI: deployments of a resource, by the dated route or by `/openai/v1`.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, fault};

use crate::auth;
use crate::base::Base;
use crate::files;
use crate::patch::{self, Patch};

/// What LiteLLM asks for where the deployment says nothing.
const DEFAULT_VERSION: &str = "2025-02-01-preview";

/// The first version whose dated route has responses.
const FIRST_RESPONSES: &str = "2025-03-01";

/// Words before a deployment's name that say what its model is.
const SERIES: [&str; 2] = ["o_series", "gpt5_series"];

struct Deployment<'n> {
    name: &'n str,
    reasoning: bool,
}

pub fn outbound(call: &Call, head: &Value) -> Result<Outbound, Error> {
    let config = call.config();
    let setting = |name: &str| config.get(name).and_then(Value::as_str);
    let base = Base::of(call);
    let site = Site {
        version: setting("api_version"),
        base: &base,
    };
    if call.operation == "models" {
        return Ok(finished(call, Outbound::get(site.shared("models")?)));
    }
    if files::knows(&call.operation) {
        let outbound = files::outbound(call, head, |path| site.shared(path))?;
        return Ok(finished(call, outbound));
    }
    let deployment = deployment(&call.model, setting("base_model"))?;
    let renamed: Patch = if deployment.name == call.model || head.get("model").is_none() {
        Vec::new()
    } else {
        vec![("model".into(), Some(json!(deployment.name).to_string()))]
    };
    let post = |operation: &str| {
        site.deployed(deployment.name, operation)
            .map(Outbound::post)
    };
    let patched = |operation: &str, mut patch: Patch| {
        patch.extend(renamed.clone());
        Ok::<_, Error>(post(operation)?.patch(patch))
    };
    let outbound = match call.operation.as_str() {
        "chat" => patched(
            "chat/completions",
            patch::chat(call, head, deployment.reasoning),
        )?,
        "completions" => patched("completions", patch::stream(call, head))?,
        "embeddings" => patched("embeddings", Vec::new())?,
        "images.generate" => patched("images/generations", Vec::new())?,
        "audio.speech" => patched("audio/speech", Vec::new())?,
        "images.edit" => post("images/edits")?.form(call, head),
        "audio.transcribe" => post("audio/transcriptions")?.form(call, head),
        "audio.translate" => post("audio/translations")?.form(call, head),
        "responses" => Outbound::post(site.responses()?).patch(renamed),
        "realtime" => site.session(call, deployment.name)?,
        about if about.starts_with("responses.") => {
            Outbound::stored_response(about, head, &site.responses()?)?
        }
        other => {
            let message = format!("azure has no operation `{other}`");
            return Err(fault::unsupported(message));
        }
    };
    Ok(finished(call, outbound))
}

fn finished(call: &Call, outbound: Outbound) -> Outbound {
    let mut outbound = outbound.canonical();
    outbound.auth = auth::of(call, Some("api-key"));
    outbound
}

/// The name may be the client's, so nothing that would lead elsewhere is let through.
fn deployment<'n>(model: &'n str, base_model: Option<&str>) -> Result<Deployment<'n>, Error> {
    let (series, name) = match model.split_once('/') {
        Some((series, name)) if SERIES.contains(&series) => (true, name),
        _ => (false, model),
    };
    let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(letter) {
        let message = format!("`{model}` is no name of a deployment at Azure");
        return Err(fault::invalid_request(message));
    }
    let reasoning = series || patch::is_reasoning(base_model.unwrap_or(name));
    Ok(Deployment { name, reasoning })
}

struct Site<'b> {
    version: Option<&'b str>,
    base: &'b Base,
}

impl Site<'_> {
    fn is_v1(&self) -> bool {
        let named = matches!(self.version, Some("v1" | "latest" | "preview"));
        named || self.base.path.ends_with("openai/v1")
    }

    fn deployed(&self, name: &str, operation: &str) -> Result<String, Error> {
        let path = if self.is_v1() {
            format!("/openai/v1/{operation}")
        } else {
            let version = self.dated()?;
            format!("/openai/deployments/{name}/{operation}?api-version={version}")
        };
        Ok(self.base.rest_of(&path).to_owned())
    }

    /// What is no deployment's own.
    fn shared(&self, operation: &str) -> Result<String, Error> {
        let path = if self.is_v1() {
            format!("/openai/v1/{operation}")
        } else {
            format!("/openai/{operation}?api-version={}", self.dated()?)
        };
        Ok(self.base.rest_of(&path).to_owned())
    }

    /// Versions before it had none: those deployments have it by the other route.
    fn responses(&self) -> Result<String, Error> {
        if self.version.is_some_and(|it| it >= FIRST_RESPONSES) {
            return self.shared("responses");
        }
        Ok(self.base.rest_of("/openai/v1/responses").to_owned())
    }

    /// Where a socket is opened. A session of transcripts has its model in its settings.
    fn session(&self, call: &Call, name: &str) -> Result<Outbound, Error> {
        let transcribes = call.param("intent") == Some("transcription");
        let path = match (self.is_v1(), transcribes) {
            (true, true) => "/openai/v1/realtime?intent=transcription".to_owned(),
            (true, false) => format!("/openai/v1/realtime?model={name}"),
            (false, true) => {
                let version = self.dated()?;
                format!("/openai/realtime?api-version={version}&intent=transcription")
            }
            (false, false) => {
                let version = self.dated()?;
                format!("/openai/realtime?api-version={version}&deployment={name}")
            }
        };
        let outbound = Outbound::get(self.base.rest_of(&path));
        Ok(match call.header("openai-beta") {
            Some(beta) => outbound.header("openai-beta", beta),
            None => outbound,
        })
    }

    fn dated(&self) -> Result<&str, Error> {
        let version = self.version.unwrap_or(DEFAULT_VERSION);
        let fine = |it: char| it.is_ascii_alphanumeric() || it == '-';
        if version.chars().all(fine) {
            return Ok(version);
        }
        let message = format!("`api_version` is no version: `{version}`");
        Err(fault::invalid_request(message))
    }
}
