//! A plugin's fixtures, run through the component: its own examples before it serves, and an
//! author's by `sluice plugin test`.

use serde_json::Value;
use sluice_engine::contract::{Call, Decoded, Error, Frame, Head, Reply, Step};
use sluice_engine::{Plugin, Session};
use sluice_fixture::{Chunking, Fixture};

use super::describe::Describe;

/// The one runner of fixtures, over components.
pub mod driver {
    sluice_fixture::runner!(sluice_engine::contract);
}

/// Runs every example of `describe`; the first one that is not as expected is named.
pub async fn run(plugin: &Plugin, describe: &Describe) -> Result<(), String> {
    for example in &describe.examples {
        run_one(plugin, describe, example).await?;
    }
    Ok(())
}

/// Runs one of them; what is not as expected is named.
pub async fn run_one(plugin: &Plugin, describe: &Describe, example: &Value) -> Result<(), String> {
    if !describe.guardrails.is_empty() || !describe.callbacks.is_empty() {
        return super::hook_examples::run(plugin, example).await;
    }
    let fixture: Fixture = serde_json::from_value(example.clone())
        .map_err(|cause| format!("is no fixture: {cause}"))?;
    let mut exports = Component(plugin.session().for_call("self-test"));
    let ran = driver::run(&mut exports, &fixture, Chunking::Whole).await;
    ran.map_err(|what| format!("`{}` fails: {what}", fixture.name))
}

/// A component's functions, called within one session.
pub struct Component(pub Session);

impl driver::Exports for Component {
    async fn start(&mut self, call: &Call, body: &str) -> Result<Result<Step, Error>, String> {
        let started = self.0.start(call, &body.to_owned()).await;
        started.map_err(|cause| cause.to_string())
    }

    async fn resume(
        &mut self,
        call: &Call,
        replies: Vec<Reply>,
    ) -> Result<Result<Step, Error>, String> {
        let resumed = self.0.resume(call, &replies).await;
        resumed.map_err(|cause| cause.to_string())
    }

    async fn decode(
        &mut self,
        head: Option<Head>,
        state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Result<Decoded, Error>, String> {
        let decoded = self.0.decode(head.as_ref(), &state, &frames, last).await;
        decoded.map_err(|cause| cause.to_string())
    }

    async fn map_error(&mut self, call: &Call, reply: &Reply) -> Result<Option<Error>, String> {
        let mapped = self.0.map_error(call, reply).await;
        mapped.map_err(|cause| cause.to_string())
    }
}
