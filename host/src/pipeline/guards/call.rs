//! The guardrails of one call, from its request to its answer.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use sluice_engine::contract::{Inspection, Span};

use super::choose::Choice;
use super::look::{Looked, Question, Said, Silence};
use super::report::Report;
use super::texts::{Texts, Way};
use crate::auth::Caller;
use crate::config::Stage;
use crate::domain::{CallId, Fault};
use crate::pipeline::cached;
use crate::pipeline::outside::Shelves;
use crate::pipeline::request::{ClientRequest, Controls, Operation};
use crate::plugins::Plugins;
use crate::telemetry::metrics::Metrics;
use crate::upstream::Upstream;

/// The services that guardrails use.
#[derive(Clone)]
pub struct House {
    pub upstream: Upstream,
    pub plugins: Plugins,
    pub shelves: Shelves,
    pub metrics: Metrics,
}

/// What guardrails are told of a call.
#[derive(Clone)]
pub struct Call {
    pub id: CallId,
    pub operation: Operation,
    /// The contract's name of what is asked for; of what passes through, that of its shape.
    pub shape: &'static str,
    pub model: String,
    pub tenant: String,
    subject: Map<String, Value>,
}

/// One guardrail in this call.
#[derive(Clone)]
pub struct Part {
    pub choice: Choice,
    config: String,
    subject: String,
    /// What it returned at its last stage.
    pub state: String,
}

/// The guardrails that look at a call. A clone shares their report.
#[derive(Clone)]
pub struct Guarded {
    pub(super) house: Arc<House>,
    pub(super) call: Arc<Call>,
    pub(super) parts: Vec<Part>,
    pub report: Report,
}

impl Call {
    pub fn of(caller: &Caller, request: &ClientRequest) -> Self {
        let controls = &request.controls;
        let holder = cached::holder(caller);
        Self {
            id: request.id.clone(),
            operation: request.operation,
            shape: request.operation.as_str(),
            model: controls.asked.clone(),
            tenant: holder.unwrap_or_else(|| "operator".to_owned()),
            subject: subject(caller, controls),
        }
    }
}

impl Call {
    /// Of a question about an answer that was made.
    pub fn about(caller: &Caller, id: &CallId, (operation, model): (Operation, &str)) -> Self {
        let holder = cached::holder(caller);
        let shape = match operation {
            Operation::Chat | Operation::Completions | Operation::Embeddings => operation,
            _ => Operation::Responses,
        };
        Self {
            id: id.clone(),
            operation,
            shape: shape.as_str(),
            model: model.to_owned(),
            tenant: holder.unwrap_or_else(|| "operator".to_owned()),
            subject: subject(caller, &Controls::default()),
        }
    }
}

/// Everything that a guardrail may be told of a caller.
fn subject(caller: &Caller, controls: &Controls) -> Map<String, Value> {
    let grant = caller.grant();
    let key = grant.and_then(|it| it.key.as_ref());
    let team = grant.and_then(|it| it.team.as_ref());
    let own = grant
        .into_iter()
        .flat_map(|it| it.tags.iter().map(AsRef::as_ref));
    let mut tags: Vec<&str> = controls.tags.iter().map(String::as_str).collect();
    tags.extend(own);
    let metadata = controls.metadata.as_deref();
    let metadata = metadata.and_then(|it| serde_json::from_str::<Value>(it).ok());
    let all = json!({
        "key_alias": key.and_then(|it| it.alias.as_deref()),
        "key_hash": key.map(|it| it.hash.as_str()),
        "user_id": caller.user_id(),
        "team_id": caller.team_id(),
        "team_alias": team.and_then(|it| it.alias.as_deref()),
        "organization_id": grant.and_then(|it| Some(it.organization.as_ref()?.id.as_ref())),
        "end_user": controls.user,
        "tags": tags,
        "metadata": metadata,
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

impl Guarded {
    /// None: nobody looks.
    pub fn of(house: House, call: Call, chosen: Vec<Choice>) -> Option<Self> {
        if chosen.is_empty() {
            return None;
        }
        let names = chosen.iter().map(|it| it.guard.entry.name.clone());
        let report = Report::of(names.collect());
        let parts = chosen.into_iter().map(|choice| part(choice, &call));
        Some(Self {
            parts: parts.collect(),
            house: Arc::new(house),
            call: Arc::new(call),
            report,
        })
    }

    /// The same, of what has this shape.
    #[must_use]
    pub fn shaped(mut self, shape: &'static str) -> Self {
        let call = Call::clone(&self.call);
        self.call = Arc::new(Call { shape, ..call });
        self
    }

    /// Those that look at a stage.
    pub(super) fn at(&self, stage: Stage) -> Vec<usize> {
        let parts = self.parts.iter().enumerate();
        let looks = parts.filter(|(_, part)| part.choice.stages.contains(&stage));
        looks.map(|(at, _)| at).collect()
    }

    /// Whether anybody looks at a stage.
    pub fn has(&self, stage: Stage) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.choice.stages.contains(&stage))
    }

    /// The request as it goes to the model.
    ///
    /// # Errors
    /// A guardrail refuses it, or fails closed.
    pub async fn before(&mut self, body: &[u8]) -> Result<Option<Bytes>, Fault> {
        self.change(Stage::Pre, Way::In, body, None).await
    }

    /// None of what they are to look at, before, beside and after the model, can be shown to them.
    ///
    /// # Errors
    /// One of them fails closed; `why` is for the client.
    pub fn unseen(&mut self, why: &'static str) -> Result<(), Fault> {
        for stage in [Stage::Pre, Stage::During, Stage::Post] {
            for at in self.at(stage) {
                self.decided(at, Looked::none(stage, Silence::Unreadable(why)), None)?;
            }
        }
        Ok(())
    }

    /// Does the work beside what the guardrails of `during` find; who is refused waits for none of it.
    ///
    /// # Errors
    /// A guardrail refuses the request, or fails closed.
    pub async fn beside<T>(
        &mut self,
        body: &[u8],
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let looking = self.at(Stage::During);
        if looking.is_empty() {
            return Ok(work.await);
        }
        let mut work = pin!(work);
        let looks = {
            let looks = self.look_all(&looking, body);
            let mut looks = pin!(looks);
            tokio::select! {
                biased;
                looks = &mut looks => (looks, None),
                done = &mut work => (looks.await, Some(done)),
            }
        };
        let (looks, done) = looks;
        for (at, looked) in looking.into_iter().zip(looks) {
            let Some(looked) = looked else { continue };
            self.decided(at, looked, None)?;
        }
        Ok(match done {
            Some(done) => done,
            None => work.await,
        })
    }

    /// What those of `during` say of the request, side by side.
    async fn look_all(&self, looking: &[usize], body: &[u8]) -> Vec<Option<Looked<Said>>> {
        let Some(texts) = Texts::of(self.call.shape, Way::In, body) else {
            let none = || Some(Looked::none(Stage::During, UNREADABLE));
            return looking.iter().map(|_| none()).collect();
        };
        let asks = looking.iter().map(|at| {
            let inspection = self.inspection(*at, Stage::During, (&texts, None));
            async move {
                let inspection = inspection?;
                Some(
                    self.ask(*at, Stage::During, Question::Inspect(&inspection))
                        .await,
                )
            }
        });
        join_all(asks).await
    }

    /// The whole answer as it goes to the client.
    ///
    /// # Errors
    /// A guardrail refuses it, or fails closed.
    pub async fn after(&mut self, request: &[u8], body: &[u8]) -> Result<Option<Bytes>, Fault> {
        let request = self.wants("request").then_some(request);
        self.change(Stage::Post, Way::Out, body, request).await
    }

    fn wants(&self, what: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| {
            let ready = part.choice.guard.ready.as_ref();
            ready.is_ok_and(|it| it.hook.describe.wants(what))
        })
    }

    /// Lets those of a stage change a document, one after the other. None: it is as it was.
    pub(super) async fn change(
        &mut self,
        stage: Stage,
        way: Way,
        body: &[u8],
        request: Option<&[u8]>,
    ) -> Result<Option<Bytes>, Fault> {
        let looking = self.at(stage);
        if looking.is_empty() || body.is_empty() {
            return Ok(None);
        }
        let mut texts = Texts::of(self.call.shape, way, body);
        let request = request.and_then(|it| String::from_utf8(it.to_vec()).ok());
        for at in looking {
            let Some(texts) = &mut texts else {
                self.decided(at, Looked::none(stage, UNREADABLE), None)?;
                continue;
            };
            let Some(inspection) = self.inspection(at, stage, (texts, request.clone())) else {
                continue;
            };
            let looked = self.ask(at, stage, Question::Inspect(&inspection)).await;
            self.decided(at, looked, Some(texts))?;
        }
        Ok(texts.and_then(Texts::changed))
    }

    /// What a guardrail is asked; None: there is nothing to look at.
    pub(super) fn inspection(
        &self,
        at: usize,
        stage: Stage,
        (texts, request): (&Texts, Option<String>),
    ) -> Option<Inspection> {
        let part = self.parts.get(at)?;
        let ready = part.choice.guard.ready.as_ref().ok();
        let wants = |what: &str| ready.is_some_and(|it| it.hook.describe.wants(what));
        let (request, response) = match stage {
            Stage::Pre | Stage::During => (wants("request").then(|| texts.document()), None),
            Stage::Post | Stage::Log => (
                request.filter(|_| wants("request")),
                wants("response").then(|| texts.document()),
            ),
        };
        let spans = texts.spans();
        let nothing = spans.is_empty() && request.is_none() && response.is_none();
        (!nothing).then(|| self.asked(part, stage, spans, (request, response)))
    }

    pub(super) fn asked(
        &self,
        part: &Part,
        stage: Stage,
        spans: Vec<Span>,
        (request, response): (Option<String>, Option<String>),
    ) -> Inspection {
        Inspection {
            id: self.call.id.as_str().to_owned(),
            stage: stage.as_str().to_owned(),
            operation: self.call.operation.as_str().to_owned(),
            model: self.call.model.clone(),
            config: part.config.clone(),
            subject: part.subject.clone(),
            spans,
            request,
            response,
            state: part.state.clone(),
            files: Vec::new(),
        }
    }
}

/// What cannot be looked at.
pub(super) const UNREADABLE: Silence = Silence::Unreadable("it is neither JSON nor text");

/// A guardrail as this call has it.
fn part(choice: Choice, call: &Call) -> Part {
    let ready = choice.guard.ready.as_ref().ok();
    let mut config = ready.map_or_else(Map::new, |it| it.settings.clone());
    // A plugin may have several.
    config.insert(
        "guardrail".to_owned(),
        choice.guard.entry.kind.clone().into(),
    );
    if let Some(extra) = &choice.extra {
        // Beside the operator's settings, never over them.
        config.insert("extra_body".to_owned(), extra.clone());
    }
    let told = choice.guard.entry.subject.iter();
    let told = told.filter_map(|name| call.subject.get_key_value(name));
    let told = told.filter(|(_, value)| !value.is_null());
    let subject: Map<String, Value> = told.map(|(k, v)| (k.clone(), v.clone())).collect();
    Part {
        choice,
        config: Value::from(config).to_string(),
        subject: Value::from(subject).to_string(),
        state: String::new(),
    }
}
