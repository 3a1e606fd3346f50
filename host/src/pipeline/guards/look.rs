//! One look of one guardrail: within its time, and by its policy where it does not come to a
//! decision.

use std::time::Duration;

use sluice_engine::contract::{Decision, Error, Inspection, Piece, Refusal, StreamVerdict};
use sluice_engine::{CallError, Session};
use tokio::time::Instant;

use super::call::Guarded;
use super::report::Decided;
use super::set::Ready;
use crate::config::Stage;
use crate::domain::{At, ErrorKind, Fault};
use crate::pipeline::accounting::now_ms;
use crate::pipeline::outside::{self, Whose};
use crate::plugins::Outcome;

/// Why a guardrail came to no decision.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    #[error("it did not decide within {} ms", .0.as_millis())]
    Late(Duration),
    #[error("{0}")]
    Broke(#[from] CallError),
    #[error("it failed: {}", .0.message)]
    Failed(Error),
    #[error("{}", .0.message)]
    NotReady(Fault),
    /// It decided what cannot be.
    #[error("its decision cannot be used: {0}")]
    Wrong(String),
    #[error("{0}")]
    Unreadable(&'static str),
}

/// A look that has ended.
pub struct Looked<T> {
    pub came: Result<T, Silence>,
    pub stage: Stage,
    pub started_ms: i64,
    pub took: Duration,
}

impl<T> Looked<T> {
    /// One that could not be.
    pub fn none(stage: Stage, why: Silence) -> Self {
        Self {
            came: Err(why),
            stage,
            started_ms: now_ms(),
            took: Duration::ZERO,
        }
    }
}

/// What is asked of a guardrail.
pub enum Question<'q> {
    Inspect(&'q Inspection),
    Open(&'q Inspection),
    Feed(&'q str, &'q [Piece], bool),
}

/// What it says.
pub enum Said {
    Decision(Decision),
    Opened(String),
    Fed(StreamVerdict),
}

impl Guarded {
    /// Asks one of the call's guardrails.
    pub(super) async fn ask(
        &self,
        at: usize,
        stage: Stage,
        question: Question<'_>,
    ) -> Looked<Said> {
        let (started_ms, began) = (now_ms(), Instant::now());
        let came = self.answer(at, question).await;
        Looked {
            came,
            stage,
            started_ms,
            took: began.elapsed(),
        }
    }

    async fn answer(&self, at: usize, question: Question<'_>) -> Result<Said, Silence> {
        let Some(part) = self.parts.get(at) else {
            return Err(Silence::Unreadable("there is no such guardrail"));
        };
        let ready = match &part.choice.guard.ready {
            Ok(ready) => ready,
            Err(fault) => return Err(Silence::NotReady(fault.clone())),
        };
        let time = part.choice.guard.entry.timeout;
        let mut session = self.session(ready);
        let asked = async {
            Ok::<_, CallError>(match question {
                Question::Inspect(inspection) => {
                    session.inspect(inspection).await?.map(Said::Decision)
                }
                Question::Open(inspection) => session.open(inspection).await?.map(Said::Opened),
                Question::Feed(state, pieces, last) => {
                    session.feed(state, pieces, last).await?.map(Said::Fed)
                }
            })
        };
        let said = tokio::time::timeout(time, asked).await;
        let said = match said {
            Err(_) => Err(Silence::Late(time)),
            Ok(Err(cause)) => Err(Silence::Broke(cause)),
            Ok(Ok(Err(error))) => Err(Silence::Failed(error)),
            Ok(Ok(Ok(said))) => Ok(said),
        };
        let broke = matches!(&said, Err(Silence::Broke(it)) if it.is_plugins_fault());
        let outcome = if broke {
            Outcome::Failed
        } else {
            Outcome::Fine
        };
        self.house.plugins.report(&ready.hook.generation, outcome);
        said
    }

    fn session(&self, ready: &Ready) -> Session {
        let plugin = &ready.hook.generation.plugin;
        let whose = Whose {
            plugin: plugin.name(),
            call_id: self.call.id.as_str(),
            tenant: &self.call.tenant,
        };
        let house = &self.house;
        let outside = outside::of(&house.upstream, &ready.target, &house.shelves, &whose);
        let session = plugin.session().for_call(self.call.id.as_str());
        session.with_outside(outside)
    }

    /// Counts what a guardrail decided, and keeps it for the call's row.
    pub(super) fn note<T>(
        &self,
        at: usize,
        looked: &Looked<T>,
        (decision, findings, code): (&'static str, Option<&str>, Option<&str>),
    ) {
        let Some(part) = self.parts.get(at) else {
            return;
        };
        let entry = &part.choice.guard.entry;
        let metrics = &self.house.metrics;
        metrics.guardrail((&entry.name, looked.stage.as_str()), decision, looked.took);
        let took_ms = looked.took.as_secs_f64() * 1000.0;
        self.report.note(&Decided {
            name: &entry.name,
            kind: &entry.kind,
            mode: looked.stage.mode(),
            decision,
            findings,
            code,
            started_ms: looked.started_ms,
            took_ms,
        });
        tracing::debug!(
            call.id = %self.call.id, guardrail = %entry.name, stage = looked.stage.as_str(),
            decision, duration_ms = took_ms, "a guardrail decided"
        );
    }

    /// It came to no decision: its policy decides. `may_pass`: what it was to look at is whole.
    ///
    /// # Errors
    /// It fails closed.
    pub(super) fn silent<T>(
        &self,
        at: usize,
        looked: &Looked<T>,
        why: &Silence,
        may_pass: bool,
    ) -> Result<(), Fault> {
        let Some(part) = self.parts.get(at) else {
            return Ok(());
        };
        let entry = &part.choice.guard.entry;
        let opens = entry.fails_open && may_pass;
        let decision = if opens {
            "failed_open"
        } else {
            "failed_closed"
        };
        self.note(at, looked, (decision, None, None));
        tracing::warn!(
            call.id = %self.call.id, guardrail = %entry.name, stage = looked.stage.as_str(),
            decision, cause = %why, "a guardrail came to no decision"
        );
        if opens {
            return Ok(());
        }
        let what = match why {
            Silence::Late(_) => why.to_string(),
            Silence::Unreadable(text) => (*text).to_owned(),
            Silence::NotReady(_) => "it is not set up".to_owned(),
            // What it was about is in the log.
            Silence::Broke(_) | Silence::Failed(_) | Silence::Wrong(_) => "it failed".to_owned(),
        };
        let text = format!(
            "Guardrail `{}` could not look at the call, and nothing passes without it: {what}",
            entry.name
        );
        let kind = match why {
            Silence::Late(_) => ErrorKind::Timeout,
            _ => ErrorKind::Internal,
        };
        Err(Fault::operator(kind, text)
            .at(At::Door)
            .with_status(500)
            .with_log(format!("guardrail `{}`: {why}", entry.name)))
    }

    /// It refuses.
    pub(super) fn refused<T>(&self, at: usize, looked: &Looked<T>, refusal: &Refusal) -> Fault {
        let name = self
            .parts
            .get(at)
            .map_or("", |it| it.choice.guard.entry.name.as_str());
        let detail = refusal.detail.as_deref();
        self.note(at, looked, ("block", detail, Some(&refusal.code)));
        tracing::info!(
            call.id = %self.call.id, guardrail = name, stage = looked.stage.as_str(),
            code = %refusal.code, "a guardrail refused"
        );
        let shown = |text: &str, most: usize| {
            let end = text.floor_char_boundary(most);
            text.get(..end).unwrap_or_default().to_owned()
        };
        let message = shown(&refusal.message, LONGEST_MESSAGE);
        let text = format!("Guardrail raised an exception, Guardrail: {name}, Message: {message}");
        let mut fault = Fault::caller(ErrorKind::ContentPolicy, text);
        fault.detail = Some(serde_json::json!({
            "guardrail_name": name, "code": shown(&refusal.code, LONGEST_CODE)}));
        fault.with_log(format!("guardrail `{name}` refused: {}", refusal.code))
    }
}

const LONGEST_MESSAGE: usize = 2000;
const LONGEST_CODE: usize = 128;
