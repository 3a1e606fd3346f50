//! `logging_only`: what is stored of a call's bodies is looked at on its way there, beside the call.

use serde_json::value::RawValue;

use super::call::Guarded;
use super::texts::Way;
use crate::config::Stage;
use crate::domain::{CallBodies, Fault};

/// The guardrails of a call that look at what is stored of it.
#[derive(Clone)]
pub struct LogGuard(Guarded);

impl Guarded {
    /// None: none of them looks at what is stored.
    pub fn of_log(&self) -> Option<LogGuard> {
        self.has(Stage::Log).then(|| LogGuard(self.clone()))
    }
}

impl LogGuard {
    /// Bodies as they may be stored. One that cannot be looked at, or that is refused, is not.
    pub async fn masked(mut self, mut bodies: CallBodies) -> CallBodies {
        bodies.request = self.one(bodies.request, Way::In).await;
        bodies.response = self.one(bodies.response, Way::Out).await;
        bodies
    }

    async fn one(&mut self, body: Option<Box<RawValue>>, way: Way) -> Option<Box<RawValue>> {
        let body = body?;
        let text = body.get().as_bytes();
        match self.0.change(Stage::Log, way, text, None).await {
            Ok(None) => Some(body),
            Ok(Some(changed)) => raw(std::str::from_utf8(&changed).ok()?),
            Err(fault) => left_out(&fault),
        }
    }
}

fn raw(text: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(text.to_owned()).ok()
}

fn left_out(fault: &Fault) -> Option<Box<RawValue>> {
    tracing::debug!(fault = %fault, "a body is not stored: its guardrail has the word");
    raw(r#"{"sluice.skipped":"a guardrail of `logging_only` did not let it pass"}"#)
}
