//! Tokens of a request in Anthropic's form: counted as InvokeModel would be asked it, in that very
//! form. Claude alone can be counted for.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault, write_json};
use sluice_wire::anthropic::betas;
use sluice_wire::base64;

use crate::family::Family;
use crate::invoke::VERSION;
use crate::place::Place;

pub fn request(call: &Call, place: &Place, mut body: Map<String, Value>) -> Result<Step, Error> {
    if place.family != Family::Claude {
        return Err(fault::unsupported(format!(
            "tokens of `{}` cannot be counted: Bedrock counts for Claude only",
            place.name
        )));
    }
    if !body.get("messages").is_some_and(Value::is_array) {
        return Err(fault::invalid_request("`messages` is no list"));
    }
    for name in ["model", "stream"] {
        body.shift_remove(name);
    }
    body.insert("anthropic_version".into(), VERSION.into());
    // InvokeModel wants a limit, which a request to count has not.
    body.entry("max_tokens").or_insert_with(|| 1.into());
    let betas = betas(call, Vec::new());
    if !betas.is_empty() {
        body.insert("anthropic_beta".into(), betas.into());
    }
    let document = base64::encoded(write_json(&body).as_bytes());
    let asked = json!({"input": {"invokeModel": {"body": document}}});
    Ok(place
        .sign(Outbound::post(place.counter()).json(&asked))
        .send())
}

pub fn answer(reply: &Reply) -> Result<Step, Error> {
    let answer = reply.json()?;
    let tokens = answer.get("inputTokens").and_then(Value::as_u64);
    let tokens =
        tokens.ok_or_else(|| fault::upstream("the provider's answer has no `inputTokens`"))?;
    Ok(Response::json(&json!({"input_tokens": tokens})).respond())
}
