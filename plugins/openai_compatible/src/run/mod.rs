//! Cloudflare's own dialect, `/ai/run/{model}`: one address a model, a body as the model's task
//! wants it, and an answer in an envelope. Its address in OpenAI's dialect has chats and embeddings
//! of most models; a name that begins with `run/` asks here instead, and images and transcripts are
//! here only.

mod chat;
mod hearing;
mod pictures;

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};

use crate::errors;
use crate::object::Object;
use crate::place::Base;
use crate::row::Row;
use crate::vectors;

pub use chat::chunk;

/// What a model's name begins with that is asked here.
const PREFIX: &str = "run/";

/// Ends of an operator's base URL, and where models run there.
const ROOTS: [(&str, &str); 4] = [
    ("/ai/run", "/ai/run"),
    ("/ai/v1", "/ai/run"),
    ("/workers-ai/v1", "/workers-ai"),
    ("/workers-ai", "/workers-ai"),
];

/// Whether the call is asked in this dialect.
pub fn serves(call: &Call, row: &Row) -> bool {
    let here_only = matches!(&*call.operation, "images.generate" | "audio.transcribe");
    row.run && (here_only || call.model.starts_with(PREFIX)) && call.operation != "models"
}

/// Where the model runs: a path, or a whole URL where the base is another one.
pub fn url(call: &Call, base: &Base) -> Result<String, Error> {
    let model = call.model.strip_prefix(PREFIX).unwrap_or(&call.model);
    let plain = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'@');
    let fine = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain);
    if !model.split('/').all(fine) {
        return Err(fault::invalid_request(format!(
            "`{model}` is no name of a model at Cloudflare"
        )));
    }
    let own = base.url.as_deref().filter(|_| base.own);
    let root = own.and_then(|url| {
        let (end, root) = ROOTS.iter().find(|(end, _)| url.ends_with(end))?;
        Some(format!("{}{root}", url.strip_suffix(end)?))
    });
    if let Some(root) = root {
        return Ok(format!("{root}/{model}"));
    }
    // An operator's base URL may hold the account.
    if own.is_some_and(|it| it.contains("/accounts/")) {
        return Ok(format!("/ai/run/{model}"));
    }
    let config = call.config();
    let account = config.get("account_id").and_then(Value::as_str);
    let account = account
        .filter(|it| !it.is_empty() && fine(it))
        .ok_or_else(|| {
            fault::invalid_request(
                "provider `cloudflare` needs `account_id` in the deployment's `litellm_params`",
            )
        })?;
    Ok(format!("/accounts/{account}/ai/run/{model}"))
}

/// The request's body, and what becomes of the answer.
pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    match call.operation.as_str() {
        "chat" => chat::request(call, row, outbound, body),
        "embeddings" => {
            let (sent, state) = vectors::of_texts(body, "text")?;
            Ok(outbound.json(&sent).state(state))
        }
        "images.generate" => pictures::request(outbound, body),
        "audio.transcribe" => hearing::request(call, outbound, body),
        other => Err(fault::unsupported(format!(
            "cloudflare has no operation `{other}` for `{}`",
            call.model
        ))),
    }
}

pub fn respond(call: &Call, row: &Row, reply: &Reply) -> Result<Step, Error> {
    match call.operation.as_str() {
        "chat" => chat::respond(row, reply, &call.id),
        "embeddings" => {
            result(reply)?;
            vectors::respond(reply)
        }
        "images.generate" => pictures::respond(reply),
        _ => hearing::respond(reply),
    }
}

/// What stands in an answer's envelope, or the error that is there instead.
fn result(reply: &Reply) -> Result<Value, Error> {
    let answer = reply.json()?;
    let refused = reply.text().and_then(Object::parse);
    if let Some(error) = refused.and_then(|it| errors::in_answer(&it)) {
        return Err(error);
    }
    Ok(answer.get("result").cloned().unwrap_or(answer))
}

/// Cloudflare's list of models in OpenAI's form.
pub fn models(reply: &Reply) -> Result<Step, Error> {
    let listed = result(reply)?;
    let listed = listed.as_array();
    let listed =
        listed.ok_or_else(|| fault::upstream("the provider's answer is no list of models"))?;
    let named = listed.iter().filter_map(|it| it.get("name")?.as_str());
    let data: Vec<Value> = named
        .map(|it| json!({"id": it, "object": "model", "owned_by": "cloudflare"}))
        .collect();
    Ok(Response::json(&json!({"object": "list", "data": data})).respond())
}
