//! A whole answer as a response.

use serde_json::Value;

use super::output::{closing, ended, id, response, shapes};
use crate::block::Kind;
use crate::failure::Failure;
use crate::object::set;
use crate::plan::{Identity, Plan};
use crate::reader::Reader;

pub fn answer(plan: &Plan, identity: &Identity, answer: &Value) -> Result<Value, Failure> {
    let mut reader = Reader::default();
    let blocks = reader.whole(answer)?;
    let mut output = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let fills = matches!(block.kind, Kind::Text | Kind::Refusal | Kind::Call);
        let cut = reader.is_cut() && fills && at + 1 == blocks.len();
        let shapes = shapes(block, plan);
        for shape in shapes {
            let id = id(shape, identity, output.len() as u64);
            output.push(closing(shape, &id, block, plan, cut)?);
        }
    }
    logprobs(&mut output, &reader.finish.logprobs);
    let mut response = response(plan, identity, "completed", output);
    ended(
        &mut response,
        &reader.finish,
        &reader.usage.unwrap_or_default(),
    );
    Ok(response)
}

/// Log probabilities belong to the last text.
pub fn logprobs(output: &mut [Value], logprobs: &[Value]) {
    if logprobs.is_empty() {
        return;
    }
    let mut parts = output
        .iter_mut()
        .rev()
        .filter_map(|it| it.pointer_mut("/content/0"));
    if let Some(part) = parts.find(|it| it["type"] == "output_text") {
        set(part, "logprobs", logprobs.to_vec());
    }
}
