//! Claude in Anthropic's own dialect over InvokeModel (`bedrock/invoke/…`): the same bodies, with a
//! version and betas in them; a stream's events come in base64, one a frame.

use sluice_sdk::serde_json::{Map, Value};
use sluice_sdk::{Call, Decoded, Error, Frame, Payload, Reply, Step, fault, parse_state};
use sluice_wire::anthropic::{Envelope, betas, request, response, stream as anthropic};
use sluice_wire::base64;

use crate::claude;
use crate::place::Place;
use crate::stream::{self, Dialect};

/// The version of the dialect here.
pub const VERSION: &str = "bedrock-2023-05-31";

pub fn chat(call: &Call, place: &Place, mut body: Map<String, Value>) -> Result<Step, Error> {
    if body.get("web_search_options").is_some_and(Value::is_object) {
        return Err(fault::unsupported(
            "Claude at Bedrock does not search the web: `web_search_options` cannot be served",
        ));
    }
    // A header says the tier here; InvokeModel refuses members that it does not know.
    body.shift_remove("service_tier");
    let own = claude::call(call, place);
    let mut translated = request::from_chat(&own, body)?;
    let needed = betas(call, std::mem::take(&mut translated.betas));
    if let Some(members) = translated.body.as_object_mut() {
        members.shift_remove("model");
        members.shift_remove("stream");
        members.insert("anthropic_version".into(), VERSION.into());
        if !needed.is_empty() {
            members.insert("anthropic_beta".into(), needed.into());
        }
    }
    let verb = if call.streaming {
        "invoke-with-response-stream"
    } else {
        "invoke"
    };
    let envelope = Envelope::new(place.model(verb));
    let outbound = place.sign(translated.outbound(envelope, call.streaming));
    if !call.streaming {
        return Ok(outbound.send());
    }
    let state = outbound.state.clone();
    Ok(stream::framed(outbound, &Dialect::Anthropic(state)).send())
}

pub fn answer(reply: &Reply) -> Result<Step, Error> {
    response::to_chat(&reply.json()?, parse_state(&reply.state)?)
}

/// Anthropic's events out of the frames, read as Anthropic's.
pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut events = Vec::with_capacity(frames.len());
    let mut failure = None;
    for frame in frames {
        match event(frame) {
            Ok(event) => events.extend(event),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    let decoded = anthropic::decode(state, &events, last && failure.is_none())?;
    Ok(match failure {
        Some(error) if decoded.failure.is_none() => decoded.failed(error),
        _ => decoded,
    })
}

fn event(frame: &Frame) -> Result<Option<Frame>, Error> {
    let document = stream::document(frame)?;
    let Some(bytes) = document.get("bytes").and_then(Value::as_str) else {
        return Ok(None);
    };
    let text = base64::decoded(bytes).and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| fault::upstream("the provider's event is no text in base64"))?;
    Ok(Some(Frame {
        event: String::new(),
        data: Payload::Text(text),
    }))
}
