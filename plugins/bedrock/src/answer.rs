//! Vectors, pictures and ranks: answers of several requests, put together.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Error, Outbound, Reply, Step, fault};

/// One request, or several side by side.
pub fn many(mut requests: Vec<Outbound>) -> Result<Step, Error> {
    match requests.pop() {
        Some(only) if requests.is_empty() => Ok(only.send()),
        Some(last) => {
            requests.push(last);
            Ok(Step::SendAll(requests))
        }
        None => Err(fault::invalid_request("`input` is an empty list")),
    }
}

/// The tokens of the input as Bedrock counts them for every model.
pub fn counted(reply: &Reply) -> Option<u64> {
    let header = reply.header("x-amzn-bedrock-input-token-count")?;
    header.trim().parse().ok()
}

/// A list in an answer; without it, it is none.
pub fn list<'v>(answer: &'v Value, name: &str) -> Result<&'v [Value], Error> {
    let list = answer.get(name).and_then(Value::as_array);
    let missing = || fault::upstream(format!("the provider's answer has no list `{name}`"));
    list.map(Vec::as_slice).ok_or_else(missing)
}
