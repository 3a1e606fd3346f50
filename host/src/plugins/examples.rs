//! A plugin's own examples, run through the component before it serves.

use serde_json::Value;
use sluice_engine::{Plugin, Session};
use sluice_fixture::{Chunking, Fixture};

use super::describe::Describe;

mod driver {
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

struct Component(Session);

impl driver::Exports for Component {
    async fn start(
        &mut self,
        call: &sluice_engine::contract::Call,
        body: &str,
    ) -> Result<Result<sluice_engine::contract::Step, sluice_engine::contract::Error>, String> {
        self.0
            .start(call, &body.to_owned())
            .await
            .map_err(|cause| cause.to_string())
    }

    async fn resume(
        &mut self,
        call: &sluice_engine::contract::Call,
        replies: Vec<sluice_engine::contract::Reply>,
    ) -> Result<Result<sluice_engine::contract::Step, sluice_engine::contract::Error>, String> {
        self.0
            .resume(call, &replies)
            .await
            .map_err(|cause| cause.to_string())
    }

    async fn decode(
        &mut self,
        head: Option<sluice_engine::contract::Head>,
        state: String,
        frames: Vec<sluice_engine::contract::Frame>,
        last: bool,
    ) -> Result<Result<sluice_engine::contract::Decoded, sluice_engine::contract::Error>, String>
    {
        self.0
            .decode(head.as_ref(), &state, &frames, last)
            .await
            .map_err(|cause| cause.to_string())
    }

    async fn map_error(
        &mut self,
        call: &sluice_engine::contract::Call,
        reply: &sluice_engine::contract::Reply,
    ) -> Result<Option<sluice_engine::contract::Error>, String> {
        self.0
            .map_error(call, reply)
            .await
            .map_err(|cause| cause.to_string())
    }
}
