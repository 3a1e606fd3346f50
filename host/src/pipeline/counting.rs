//! Requests that only ask how many tokens there are: the provider counts where it can, in the dialect
//! that was asked or as a chat; else the gateway does.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};
use sluice_bridges::{Dialect, Options, Refusal, RefusalKind, Target, to_count};

use super::bridge::{broken, impossible};
use super::course::Course;
use super::fleet::Line;
use super::reached::Reached;
use super::request::{ClientRequest, Operation, wrong_type};
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
    /// The provider can count, and fails; or what is to be counted is no request.
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
            if !counted.as_ref().is_err_and(|it| cannot(request, it)) {
                return counted;
            }
            settlement.trail().dropped.clear();
        }
        let is_read = has(Operation::CountChat) || request.operation == Operation::CountResponse;
        let chat = match is_read {
            true => chat_of(request, line, how.0)?,
            false => None,
        };
        if let Some(chat) = chat.as_ref().filter(|_| has(Operation::CountChat)) {
            let counted = self.reach_as(chat, line, how.clone(), settlement).await;
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
                Err(fault) if cannot(request, &fault) => settlement.trail().dropped.clear(),
                counted => return counted,
            }
        }
        judge_contents(&request.body, request.operation == Operation::CountContents)?;
        settlement.trail().counted_here = true;
        // What a response is asked with is read as the chat that it stands for.
        let chat = chat.filter(|_| request.operation == Operation::CountResponse);
        let body = chat.as_ref().map_or(&request.body, |it| &it.body);
        let tokens = tokens::count(how.0, body).await?;
        Ok(answer(request.operation, tokens))
    }
}

impl Pipeline {
    /// The tokens of a request to a model group, by the gateway's own count.
    ///
    /// # Errors
    /// They cannot be counted.
    pub async fn count_here(&self, request: &ClientRequest) -> Result<u64, Fault> {
        judge_contents(&request.body, false)?;
        let fleet = self.fleet();
        let resolved = fleet.config.groups.resolve(&request.controls.model);
        let first = resolved.and_then(|it| it.deployments.into_iter().next());
        let model = first.map_or_else(|| request.controls.model.clone(), |it| it.1);
        tokens::count(&model, &request.body).await
    }
}

/// Refuses what is asked in Google's words, if it is asked so or has to be, and has no turns to count.
fn judge_contents(body: &Document, is_needed: bool) -> Result<(), Fault> {
    let body: Value = serde_json::from_str(body.text()).unwrap_or_default();
    let inner = ["generateContentRequest", "generate_content_request"];
    let inner = inner.iter().find_map(|it| body.get(*it));
    let is_fine = match inner.unwrap_or(&body).get("contents") {
        Some(Value::Array(turns)) => !turns.is_empty() && turns.iter().all(Value::is_object),
        // As answers are asked for, too.
        Some(Value::String(text)) => !text.is_empty(),
        Some(turn) => turn.is_object(),
        None => !is_needed,
    };
    let expected = "an array of contents, one of them, or its text";
    let refused = || wrong_type("contents", expected);
    is_fine.then_some(()).ok_or_else(refused)
}

/// Whether it has what a provider counts: a text alone is the gateway's to count.
fn asks_of_chat(request: &ClientRequest) -> bool {
    let mut names = request.body.names();
    request.operation != Operation::CountChat || names.any(|it| it == "messages")
}

/// Of a provider's models, some are counted and others are not; and what has OpenAI's responses has
/// not always its route to count them.
fn cannot(request: &ClientRequest, fault: &Fault) -> bool {
    let is_missing = fault.kind == ErrorKind::NotFound || matches!(fault.status, Some(405 | 501));
    let no_route = request.operation == Operation::CountResponse && is_missing;
    no_route || fault.kind == ErrorKind::Unsupported && fault.param.is_none()
}

/// The request as a chat to count. None: it cannot be said as one, or is one.
///
/// # Errors
/// It is no request of its dialect.
fn chat_of(
    request: &ClientRequest,
    line: &Line,
    model: &str,
) -> Result<Option<ClientRequest>, Fault> {
    let dialect = match request.operation {
        Operation::CountTokens => Dialect::Messages,
        Operation::CountContents => Dialect::GenerateContent,
        Operation::CountResponse => Dialect::Responses,
        _ => return Ok(None),
    };
    let body: Map<String, Value> = serde_json::from_str(request.body.text()).map_err(broken)?;
    let options = Options {
        target: Target::of(&line.provider.described_as, model),
        drop_params: true,
        ..Options::default()
    };
    let mut chat = match to_count(dialect, &body, &options) {
        Ok(bridged) => bridged.chat,
        Err(refusal) if refusal.kind == RefusalKind::Unsupported => return Ok(None),
        Err(refusal) if refusal.kind == RefusalKind::NotFound && keeps(line) => {
            return Err(impossible(out_of_reach(&refusal)));
        }
        Err(refusal) => return Err(impossible(refusal)),
    };
    chat.retain(|name, _| COUNTED.contains(&name.as_str()));
    let chat = Document::parse(Bytes::from(Value::Object(chat).to_string())).map_err(broken)?;
    Ok(Some(ClientRequest {
        id: request.id.clone(),
        operation: Operation::CountChat,
        body: Arc::new(chat),
        controls: request.controls.clone(),
        // They are for providers of the client's own dialect.
        headers: Vec::new(),
        files: request.files.clone(),
        params: Vec::new(),
    }))
}

/// Whether its provider keeps responses.
fn keeps(line: &Line) -> bool {
    let operations = &line.provider.describe.operations;
    operations.contains_key(Operation::Responses.contract())
}

/// What was said before is kept by a provider that does not count it.
fn out_of_reach(refusal: &Refusal) -> Refusal {
    let why = "it keeps what was said before and has no route that counts it; send all of the \
               conversation as `input` to have it counted";
    Refusal::unsupported(refusal.param.as_deref().unwrap_or("input"), why)
}

fn answer(operation: Operation, tokens: u64) -> Reached {
    let dialect = match operation {
        Operation::CountContents => Dialect::GenerateContent,
        Operation::CountResponse => Dialect::Responses,
        _ => Dialect::Messages,
    };
    let told = sluice_bridges::counted(dialect, tokens);
    Reached::Whole {
        body: Bytes::from(told.to_string()),
        content_type: None,
    }
}
