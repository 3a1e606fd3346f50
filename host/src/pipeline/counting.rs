//! Requests that only ask how many tokens there are: the provider counts where it can, in the dialect
//! that was asked or as a chat; else the gateway does.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_bridges::{Dialect, Options, Target, to_count};

use super::course::Course;
use super::fleet::Line;
use super::reached::Reached;
use super::request::{ClientRequest, Operation};
use super::run::Pipeline;
use super::seen::TraceHeaders;
use super::settle::Settlement;
use super::tokens;
use crate::domain::json::Document;
use crate::domain::{ErrorKind, Fault};

/// Members of a chat that are counted.
const COUNTED: [&str; 3] = ["messages", "tools", "tool_choice"];

impl Course<'_> {
    /// Counts the tokens of a request at a deployment.
    ///
    /// # Errors
    /// The provider can count, and fails.
    pub(super) async fn count(
        &self,
        request: &ClientRequest,
        line: &Arc<Line>,
        how: (&str, u32, bool, Option<TraceHeaders>),
        settlement: &mut Settlement,
    ) -> Result<Reached, Fault> {
        let operations = &line.provider.describe.operations;
        let has = |operation: Operation| operations.contains_key(operation.contract());
        let has_chat = asks_of_chat(request);
        if has(request.operation) && has_chat {
            let counted = self.reach_as(request, line, how.clone(), settlement).await;
            if !counted.as_ref().is_err_and(cannot) {
                return counted;
            }
        }
        let as_chat = request.operation != Operation::CountChat && has(Operation::CountChat);
        if let Some(chat) = as_chat.then(|| chat_of(request, line, how.0)).flatten() {
            let counted = self.reach_as(&chat, line, how.clone(), settlement).await;
            match counted {
                Ok(Reached::Whole { body, .. }) => {
                    let told: Map<String, Value> =
                        serde_json::from_slice(&body).unwrap_or_default();
                    let tokens = told.get("input_tokens").and_then(Value::as_u64);
                    let tokens = tokens.ok_or_else(|| {
                        let message = "the upstream's answer has no `input_tokens`";
                        Fault::upstream(ErrorKind::Upstream, message)
                    })?;
                    return Ok(answer(request.operation, tokens));
                }
                Err(fault) if cannot(&fault) => {}
                counted => return counted,
            }
        }
        settlement.trail().counted_here = true;
        let tokens = tokens::count(how.0, &request.body).await?;
        Ok(answer(request.operation, tokens))
    }
}

impl Pipeline {
    /// The tokens of a request to a model group, by the gateway's own count.
    ///
    /// # Errors
    /// They cannot be counted.
    pub async fn count_here(&self, request: &ClientRequest) -> Result<u64, Fault> {
        let fleet = self.fleet();
        let resolved = fleet.config.groups.resolve(&request.controls.model);
        let first = resolved.and_then(|it| it.deployments.into_iter().next());
        let model = first.map_or_else(|| request.controls.model.clone(), |it| it.1);
        tokens::count(&model, &request.body).await
    }
}

/// Whether it has what a provider counts: a text alone is the gateway's to count.
fn asks_of_chat(request: &ClientRequest) -> bool {
    let mut names = request.body.names();
    request.operation != Operation::CountChat || names.any(|it| it == "messages")
}

/// Of a provider's models, some are counted and others are not.
fn cannot(fault: &Fault) -> bool {
    fault.kind == ErrorKind::Unsupported && fault.param.is_none()
}

/// The request as a chat to count. None: it cannot be said as one.
fn chat_of(request: &ClientRequest, line: &Line, model: &str) -> Option<ClientRequest> {
    let dialect = match request.operation {
        Operation::CountTokens => Dialect::Messages,
        Operation::CountContents => Dialect::GenerateContent,
        _ => return None,
    };
    let body: Map<String, Value> = serde_json::from_str(request.body.text()).ok()?;
    let options = Options {
        target: Target::of(&line.provider.described_as, model),
        drop_params: true,
        ..Options::default()
    };
    let mut chat = to_count(dialect, &body, &options).ok()?.chat;
    chat.retain(|name, _| COUNTED.contains(&name.as_str()));
    let chat = Document::parse(Bytes::from(Value::Object(chat).to_string())).ok()?;
    Some(ClientRequest {
        id: request.id.clone(),
        operation: Operation::CountChat,
        body: Arc::new(chat),
        controls: request.controls.clone(),
        // They are for providers of the client's own dialect.
        headers: Vec::new(),
        files: request.files.clone(),
        params: Vec::new(),
    })
}

fn answer(operation: Operation, tokens: u64) -> Reached {
    let dialect = match operation {
        Operation::CountContents => Dialect::GenerateContent,
        _ => Dialect::Messages,
    };
    let told = sluice_bridges::counted(dialect, tokens);
    Reached::Whole {
        body: Bytes::from(told.to_string()),
        content_type: None,
    }
}
