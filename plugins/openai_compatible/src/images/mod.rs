//! Images of providers that have another dialect for them than OpenAI's.

mod dashscope;
mod edits;
mod modelscope;
mod workflows;

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::{Call, Error, File, Outbound, Reply, Response, Step, fault};
use sluice_wire::uploads;

use crate::row::Row;

/// What is not sent on under its own name: it is read here, or for the gateway alone.
const READ: [&str; 8] = [
    "image",
    "image[]",
    "mask",
    "metadata",
    "model",
    "prompt",
    "response_format",
    "user",
];

/// Whether the call is asked in a dialect of its own.
pub fn serves(call: &Call, row: &Row) -> bool {
    let served: &[&str] = match row.images.as_deref() {
        Some("dashscope") => &["images.generate", "images.edit"],
        Some("modelscope" | "workflows") => &["images.generate"],
        Some(_) => &["images.edit"],
        None => &[],
    };
    served.contains(&call.operation.as_str())
}

pub fn request(call: &Call, row: &Row, outbound: Outbound, body: &str) -> Result<Outbound, Error> {
    let asked: Map<String, Value> = sluice_sdk::parse_body(body)?;
    match row.images.as_deref().unwrap_or_default() {
        "dashscope" => dashscope::request(call, row, outbound, &asked),
        "modelscope" => modelscope::request(call, row, outbound, &asked),
        "workflows" => workflows::request(call, row, outbound, &asked),
        "recraft" => edits::by_form(call, row, outbound, asked),
        dialect => edits::by_address(dialect, call, row, outbound, &asked),
    }
}

/// What comes of an answer that is not relayed.
pub fn respond(row: &Row, reply: &Reply) -> Result<Step, Error> {
    match row.images.as_deref().unwrap_or_default() {
        "modelscope" => modelscope::respond(reply),
        "workflows" => workflows::respond(reply),
        _ => dashscope::respond(reply),
    }
}

fn prompt(asked: &Map<String, Value>) -> Result<&str, Error> {
    let prompt = asked.get("prompt").and_then(Value::as_str);
    prompt.ok_or_else(|| fault::invalid_request("`prompt` is missing, or no text"))
}

/// Refuses a format of the answer that the provider has not.
fn only(asked: &Map<String, Value>, format: &str, row: &Row) -> Result<(), Error> {
    let given = asked.get("response_format").filter(|it| !it.is_null());
    match given {
        Some(given) if given != format => Err(fault::unsupported(format!(
            "`response_format` is `{format}` only at {}",
            row.title
        ))),
        _ => Ok(()),
    }
}

/// The members that go on. Fields of a form are texts, and numbers and flags are meant as such.
fn own(asked: &Map<String, Value>) -> impl Iterator<Item = (&String, Value)> {
    let own = asked
        .iter()
        .filter(|(name, value)| !READ.contains(&name.as_str()) && !value.is_null());
    own.map(|(name, value)| {
        let meant = value.as_str().and_then(|it| serde_json::from_str(it).ok());
        let meant = meant.filter(|it: &Value| it.is_number() || it.is_boolean());
        (name, meant.unwrap_or_else(|| value.clone()))
    })
}

/// Width and height of `1024x768`. None: the provider is to choose.
fn sides(asked: &Map<String, Value>) -> Result<Option<(u32, u32)>, Error> {
    let Some(size) = asked.get("size").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    if size == "auto" {
        return Ok(None);
    }
    let pair = size.as_str().and_then(|it| it.split_once(['x', '*']));
    let side = |it: &str| it.parse::<u32>().ok().filter(|it| *it > 0);
    let pair = pair.and_then(|(width, height)| Some((side(width)?, side(height)?)));
    let pair = pair
        .ok_or_else(|| fault::invalid_request("`size` is a width and a height, as `1024x1024`"))?;
    Ok(Some(pair))
}

/// The images that came with the call, as data in an address. There is one at least.
fn uploaded(call: &Call) -> Result<Vec<String>, Error> {
    if call.files.iter().any(|it| it.field == "mask") {
        return Err(fault::unsupported(
            "`mask` cannot be served: the provider takes images and a text",
        ));
    }
    let images = call.files.iter().map(data_uri);
    let images = images.collect::<Result<Vec<String>, Error>>()?;
    if images.is_empty() {
        return Err(fault::invalid_request(
            "`image` is missing: the picture to edit",
        ));
    }
    Ok(images)
}

fn data_uri(file: &File) -> Result<String, Error> {
    let kind = match file.content_type.as_str() {
        "" | "application/octet-stream" => "image/png",
        kind => kind,
    };
    Ok(format!("data:{kind};base64,{}", uploads::base64(file)?))
}

/// The answer to the client.
fn made(data: Vec<Value>) -> Result<Step, Error> {
    if data.is_empty() {
        return Err(fault::upstream("the provider's answer has no image"));
    }
    let usage = json!({"images": data.len()});
    Ok(Response::json(&json!({ "data": data }))
        .usage(&usage)
        .respond())
}
