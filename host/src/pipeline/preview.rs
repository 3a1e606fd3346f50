//! What a provider would be sent for a request: the plugin is asked, and nothing goes out. Pictures
//! that the provider takes as bytes only are fetched, as they are part of the body.

use std::sync::Arc;

use serde_json::Value;
use sluice_engine::contract::Step;

use super::attempt::Attempt;
use super::plugin_faults::{broke, refused};
use super::request::{ClientRequest, Operation};
use super::run::Pipeline;
use crate::domain::{ErrorKind, Fault};
use crate::upstream::Request;

/// The first request of a call, as the provider would get it. Its credential and the operator's
/// own headers are not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preview {
    /// Without its query. None: the plugin answers by itself.
    pub address: Option<String>,
    pub headers: Vec<(String, String)>,
    /// JSON, or a text of another type.
    pub body: Value,
}

impl Operation {
    /// The operation that LiteLLM gives this name.
    pub fn of_call_type(name: &str) -> Option<Self> {
        Some(match name {
            "completion" | "acompletion" => Self::Chat,
            "text_completion" | "atext_completion" => Self::Completions,
            "embedding" | "aembedding" => Self::Embeddings,
            "responses" | "aresponses" => Self::Responses,
            "anthropic_messages" => Self::Messages,
            _ => return None,
        })
    }
}

impl Pipeline {
    /// What the first deployment that can would send for a request.
    ///
    /// # Errors
    /// No deployment can, or the provider refuses the request.
    pub async fn preview(&self, request: &ClientRequest) -> Result<Preview, Fault> {
        let fleet = self.fleet();
        let drop_params = fleet.config.general.drop_params;
        let resolved = fleet.config.groups.resolve(&request.controls.model);
        let mut why = None;
        for (deployment, model) in resolved.into_iter().flat_map(|it| it.deployments) {
            let line = fleet.line(&deployment.id)?;
            let attempt = Attempt::new(
                self.upstream(),
                request,
                line,
                &model,
                (0, drop_params),
                None,
            );
            let told = match attempt.await {
                Ok((attempt, guest_body)) => told(attempt, guest_body).await,
                Err(fault) => Err(fault),
            };
            match told {
                Ok(preview) => return Ok(preview),
                Err(fault) => why = why.or(Some(fault)),
            }
        }
        Err(why.unwrap_or_else(|| {
            let message = format!("there is no model `{}`", request.controls.model);
            Fault::caller(ErrorKind::NotFound, message).with_param("model")
        }))
    }
}

async fn told(mut attempt: Box<Attempt>, guest_body: String) -> Result<Preview, Fault> {
    let line = Arc::clone(&attempt.line);
    let redacted = |mut fault: Fault| {
        line.target.redact(&mut fault);
        fault
    };
    let step = attempt.session.start(&attempt.call, &guest_body).await;
    let step = step
        .map_err(broke)
        .and_then(|step| step.map_err(|it| refused(it, &line)));
    let outbound = match step.map_err(redacted)? {
        Step::Respond(_) => return Ok(Preview::default()),
        Step::Send(outbound) => outbound,
        Step::SendAll(list) => {
            let first = list.into_iter().next();
            first.ok_or_else(|| Fault::plugin("the plugin sends a list of no requests"))?
        }
    };
    let headers = outbound.headers.clone();
    let kept = (&mut attempt.bodies, &attempt.captures);
    let request = Request::build(&line.target, outbound, kept).map_err(redacted)?;
    let text = String::from_utf8_lossy(request.body().map_or(&[][..], AsRef::as_ref));
    Ok(Preview {
        address: Some(request.address()),
        headers,
        body: serde_json::from_str(&text).unwrap_or_else(|_| text.into_owned().into()),
    })
}
