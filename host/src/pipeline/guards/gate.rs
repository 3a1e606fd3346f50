//! Where the pipeline asks who looks at a call.

use std::sync::Arc;

use bytes::Bytes;

use super::call::{Call, Guarded, House};
use super::choose::{Naming, Wanted, choose};
use crate::auth::Caller;
use crate::config::Stage;
use crate::domain::json::Document;
use crate::domain::{CallId, Fault};
use crate::pipeline::fleet::Fleet;
use crate::pipeline::request::{ClientRequest, Operation};
use crate::pipeline::run::Pipeline;

impl Pipeline {
    /// Who looks at a call; None: nobody. `more`: names of guardrails that its model or its endpoint
    /// has.
    ///
    /// # Errors
    /// One is named that is not there.
    pub(in crate::pipeline) fn guarded(
        &self,
        fleet: &Fleet,
        (caller, request): (&Caller, &ClientRequest),
        more: Vec<&str>,
    ) -> Result<Option<Guarded>, Fault> {
        let wanted = &request.controls.guardrails;
        if wanted.0.is_empty() && !may_look(fleet, caller, &more) {
            return Ok(None);
        }
        let own = caller.grant().into_iter().flat_map(|it| &it.tags);
        let asked = request.controls.tags.iter().cloned();
        let tags: Vec<String> = asked.chain(own.map(ToString::to_string)).collect();
        let naming = Naming {
            caller,
            wanted,
            tags: &tags,
            more,
        };
        let chosen = choose(&fleet.guards, &naming)?;
        Ok(Guarded::of(self.house(), Call::of(caller, request), chosen))
    }

    pub(super) fn house(&self) -> House {
        let inner = self.inner();
        House {
            upstream: inner.upstream.clone(),
            plugins: inner.plugins.clone(),
            shelves: inner.shelves.clone(),
            metrics: inner.watchers.metrics.clone(),
        }
    }

    /// An answer that is given again, or that was made in the background: those that look at answers
    /// look at it as at any other.
    ///
    /// # Errors
    /// A guardrail refuses it, or fails closed.
    pub(in crate::pipeline) async fn guard_again(
        &self,
        (caller, id): (&Caller, &CallId),
        (operation, model): (Operation, &str),
        answer: Bytes,
    ) -> Result<Bytes, Fault> {
        let fleet = self.fleet();
        let wanted = Wanted::default();
        let own = caller.grant().into_iter().flat_map(|it| &it.tags);
        let tags: Vec<String> = own.map(ToString::to_string).collect();
        let naming = Naming {
            caller,
            wanted: &wanted,
            tags: &tags,
            more: of_model(&fleet, model),
        };
        let chosen = choose(&fleet.guards, &naming)?;
        let call = Call::about(caller, id, (operation, model));
        let Some(mut guarded) = Guarded::of(self.house(), call, chosen) else {
            return Ok(answer);
        };
        let changed = guarded.after(&[], &answer).await?;
        Ok(changed.unwrap_or(answer))
    }
}

/// Whether anybody may look at what this caller asks, unasked. One that is named and not there counts:
/// nothing goes by it.
pub fn may_look(fleet: &Fleet, caller: &Caller, more: &[&str]) -> bool {
    let of_key = caller.grant().is_some_and(|it| !it.guardrails.is_empty());
    of_key || !more.is_empty() || !fleet.guards.all().is_empty()
}

/// The guardrails that the deployments of a model have.
pub fn of_model<'f>(fleet: &'f Fleet, model: &str) -> Vec<&'f str> {
    let resolved = fleet.config.groups.find(model);
    let deployments = resolved.into_iter().flat_map(|it| it.deployments);
    let mut names: Vec<&str> = Vec::new();
    for name in deployments.flat_map(|it| &it.guardrails) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

impl Guarded {
    /// The request as its guardrails let it go to the model.
    ///
    /// # Errors
    /// A guardrail refuses it, or fails closed.
    pub async fn go(
        &mut self,
        mut request: Box<ClientRequest>,
    ) -> Result<Box<ClientRequest>, Fault> {
        let body = Arc::clone(&request.body);
        if let Some(changed) = self.before(body.text().as_bytes()).await? {
            let body = Document::parse(changed).map_err(|cause| {
                let text = "a guardrail made a request that cannot be sent";
                Fault::ours(text, cause.to_string())
            })?;
            request.body = Arc::new(body);
        }
        Ok(request)
    }

    /// Whether any of them looks at answers.
    pub fn looks_at_answers(&self) -> bool {
        self.has(Stage::Post)
    }
}
