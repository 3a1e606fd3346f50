//! What is sent, and what is made of written answers: nothing was recorded of ElevenLabs.

mod speech;
mod transcription;

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, File, Outbound, Part, PartData, Payload, ReplyMode, testing};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<ElevenLabs>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

fn call(operation: &str) -> Call {
    let file = File {
        id: 7,
        field: "file".into(),
        filename: "a.wav".into(),
        content_type: "audio/wav".into(),
        size: 9,
    };
    Call {
        id: "1".into(),
        operation: operation.into(),
        provider: "elevenlabs".into(),
        model: "m".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: vec![file],
        context: "{}".into(),
    }
}

fn sent(operation: &str, body: Value) -> Result<Outbound, Error> {
    match ElevenLabs::start(&call(operation), &body.to_string())? {
        Step::Send(outbound) => Ok(outbound),
        other => panic!("{other:?}"),
    }
}

fn spoken(body: Value) -> Result<(Outbound, Value), Error> {
    let outbound = sent("audio.speech", body)?;
    let Body::Json(text) = &outbound.body else {
        panic!()
    };
    let body = serde_json::from_str(text).unwrap();
    Ok((outbound, body))
}
