//! What is asked about a response that was made: it is answered from what is kept, or by the
//! deployment that has it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::super::attempt::{Attempt, Outcome};
use super::super::fleet::Line;
use super::super::request::{ClientRequest, Operation};
use super::super::run::Pipeline;
use super::items;
use crate::auth::Caller;
use crate::domain::{CallId, DeploymentId, ErrorKind, Fault, ResponsePlace, StoredResponse};
use crate::upstream::splice;

impl Pipeline {
    /// Answers a question about a response of the caller's: one of the operations on responses that
    /// were made, with what its query says. `call`: the id of the request.
    ///
    /// # Errors
    /// The caller has no such response, the query cannot be, or its provider refuses.
    pub async fn about_response(
        &self,
        (caller, call): (&Caller, &CallId),
        id: &str,
        (operation, query): (Operation, Map<String, Value>),
    ) -> Result<Bytes, Fault> {
        let changes = matches!(
            operation,
            Operation::ResponsesDelete | Operation::ResponsesCancel
        );
        let accounting = self.accounting();
        let found = accounting.find_response(caller, id, changes).await?;
        let stored = found.ok_or_else(|| unknown(id))?;
        let answer = match &stored.place {
            ResponsePlace::There { deployment, model } => {
                let line = self.line_of(deployment, id)?;
                if operation == Operation::ResponsesDelete && stored.account.is_some() {
                    self.charge_before_its_end((call, &line), &stored, model)
                        .await?;
                }
                let asked = (operation, query);
                self.ask_there((call, line), &stored, (model, asked)).await
            }
            ResponsePlace::Here { input, response } => {
                here(operation, &query, (input, response), id)
            }
        };
        let model = stored.model_group.as_str();
        let answer = match answer {
            Ok(answer) => {
                let asked = (operation, model);
                self.guard_again((caller, call), asked, answer).await
            }
            Err(fault) => Err(fault),
        };
        if operation == Operation::ResponsesDelete {
            let gone = |fault: &Fault| fault.kind == ErrorKind::NotFound;
            if answer.is_ok() || answer.as_ref().is_err_and(gone) {
                accounting.forget_response(id).await?;
            }
        }
        answer
    }

    fn line_of(&self, deployment: &DeploymentId, id: &str) -> Result<Arc<Line>, Fault> {
        let fleet = self.fleet();
        let mut known = fleet.config.groups.deployments();
        if !known.any(|it| it.id == *deployment) {
            let message =
                format!("the deployment that has the response '{id}' is not there any more");
            return Err(Fault::caller(ErrorKind::NotFound, message).with_status(404));
        }
        fleet.line(deployment)
    }

    /// What was made in the background and never looked at is charged before nobody knows of it.
    async fn charge_before_its_end(
        &self,
        (call, line): (&CallId, &Arc<Line>),
        stored: &StoredResponse,
        model: &str,
    ) -> Result<(), Fault> {
        let asked = (Operation::ResponsesGet, Map::new());
        let line = (call, Arc::clone(line));
        match self.ask_there(line, stored, (model, asked)).await {
            Err(fault) if fault.kind == ErrorKind::NotFound => Ok(()),
            asked => asked.map(drop),
        }
    }

    /// The way of an attempt, to one deployment alone.
    async fn ask_there(
        &self,
        (call, line): (&CallId, Arc<Line>),
        stored: &StoredResponse,
        (model, (operation, mut body)): (&str, (Operation, Map<String, Value>)),
    ) -> Result<Bytes, Fault> {
        body.insert("model".to_owned(), model.into());
        body.insert("response_id".to_owned(), stored.id.as_str().into());
        let body = Bytes::from(Value::Object(body).to_string());
        let mut request = ClientRequest::parse(operation, body, None, Vec::new())?;
        request.id = call.clone();
        let asked = self.ask_line(&line, model, &request).await;
        let outcome = asked.as_ref().err().map_or("ok", |it| it.kind.as_str());
        self.metrics().attempt(&line.provider.name, outcome);
        let answer = asked.map_err(|mut fault| {
            line.target.redact(&mut fault);
            fault
        })?;
        let text = std::str::from_utf8(&answer).map_err(|cause| no_json(&cause))?;
        let tells = matches!(
            operation,
            Operation::ResponsesGet | Operation::ResponsesCancel
        );
        if tells && stored.account.is_some() {
            let response = serde_json::from_str(text).map_err(|cause| no_json(&cause))?;
            self.charge_response(stored, (&line, model), &response)
                .await?;
        }
        let mut edits = Vec::new();
        if tells {
            let group = Value::from(stored.model_group.as_str()).to_string();
            edits.push(("model".to_owned(), Some(group)));
        }
        let told = splice::patch(text, &edits).map_err(|cause| no_json(&cause))?;
        Ok(Bytes::from(told))
    }

    async fn ask_line(
        &self,
        line: &Arc<Line>,
        model: &str,
        request: &ClientRequest,
    ) -> Result<Bytes, Fault> {
        let attempt = Attempt::new(
            self.upstream(),
            request,
            Arc::clone(line),
            model,
            (0, false),
            None,
        );
        let (attempt, guest_body) = attempt.await?;
        let (outcome, _) = attempt.run(guest_body).await;
        match outcome? {
            Outcome::Whole { body, .. } => Ok(body),
            Outcome::Stream(_) => Err(no_json(&"a stream")),
            Outcome::Sound(_) => Err(no_json(&"sound")),
            Outcome::Bytes(_) => Err(no_json(&"a file")),
            Outcome::Live(_) => Err(no_json(&"a session")),
        }
    }
}

/// What is kept says it.
fn here(
    operation: Operation,
    query: &Map<String, Value>,
    (input, response): (&str, &str),
    id: &str,
) -> Result<Bytes, Fault> {
    match operation {
        Operation::ResponsesInputItems => {
            let input = serde_json::from_str(input).map_err(|cause| no_json(&cause))?;
            Ok(Bytes::from(items::page(input, query)?.to_string()))
        }
        Operation::ResponsesDelete => {
            let gone = json!({"id": id, "object": "response", "deleted": true});
            Ok(Bytes::from(gone.to_string()))
        }
        Operation::ResponsesCancel => {
            let message = "Cannot cancel a synchronous response.";
            Err(Fault::caller(ErrorKind::InvalidRequest, message))
        }
        _ => Ok(Bytes::copy_from_slice(response.as_bytes())),
    }
}

/// A response that is not there, or somebody else's: nobody can tell which.
fn unknown(id: &str) -> Fault {
    let message = format!("Response with id '{id}' not found.");
    Fault::caller(ErrorKind::NotFound, message).with_status(404)
}

fn no_json(cause: &dyn std::fmt::Display) -> Fault {
    let message = "the answer about the response is not the JSON it should be";
    Fault::upstream(ErrorKind::Upstream, message).with_log(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_answered_from_what_is_kept() {
        let of = |operation| {
            let kept = (r#"[{"id":"msg_1"}]"#, r#"{"id":"resp_1","output":[]}"#);
            here(operation, &Map::new(), kept, "resp_1")
        };
        let json = |operation| serde_json::from_slice::<Value>(&of(operation).unwrap()).unwrap();
        assert_eq!(json(Operation::ResponsesGet)["id"], "resp_1");
        assert_eq!(json(Operation::ResponsesInputItems)["first_id"], "msg_1");
        assert_eq!(json(Operation::ResponsesDelete)["deleted"], true);
        let cancelled = of(Operation::ResponsesCancel).unwrap_err();
        assert_eq!(cancelled.kind, ErrorKind::InvalidRequest);
    }
}
