//! fal: pictures made and edited, and questions about a picture, each at the path of its model. The
//! answer comes with the connection, without a queue.

mod chat;
mod describe;
mod errors;
mod images;

use sluice_sdk::chat::ChatRequest;
use sluice_sdk::{
    Call, Error, Outbound, Provider, Reply, Response, Step, fault, parse_body, provider,
};

/// The provider.
pub struct Fal;

impl Provider for Fal {
    fn describe() -> String {
        describe::document().to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let path = path(&call.model)?;
        let (path, body) = match call.operation.as_str() {
            "chat" => (path, chat::request(ChatRequest::parse(body)?)?),
            "images.generate" => (path, images::request(call, parse_body(body)?)?),
            "images.edit" => {
                // Models that edit stand beside those that make.
                let edits = path.ends_with("/edit");
                let path = if edits { path } else { format!("{path}/edit") };
                (path, images::edit(call, parse_body(body)?)?)
            }
            other => {
                return Err(fault::unsupported(format!(
                    "fal_ai has no operation `{other}`"
                )));
            }
        };
        Ok(Outbound::post(path).json(&body).send())
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let answer = reply.json()?;
        match call.operation.as_str() {
            "chat" => Ok(Response::json(&chat::answer(&answer)?).respond()),
            _ => images::answer(&answer),
        }
    }

    fn map_error(_call: &Call, reply: &Reply) -> Option<Error> {
        errors::of_reply(reply)
    }
}

fn path(model: &str) -> Result<String, Error> {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '/');
    let odd = |it: &str| matches!(it, "" | "." | "..");
    if model.chars().all(plain) && !model.split('/').any(odd) {
        return Ok(format!("/{model}"));
    }
    Err(fault::invalid_request(format!(
        "`{model}` is not the name of a model of fal's"
    )))
}

provider!(Fal);

#[cfg(test)]
mod tests;
