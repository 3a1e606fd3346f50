//! A provider: Acme's service takes `{"turns": [{"from", "text"}]}` and answers `{"text", "stopped", "asked",
//! "answered"}`, or, where a stream is asked for, lines of `{"text"}` and at last one of the rest.

use sluice_sdk::chat::{ChatAnswer, ChatRequest, Part, usage};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Step, described, event, fault,
    provider,
};

/// The provider.
pub struct Acme;

const FIXTURES: [&str; 2] = [
    include_str!("../fixtures/conversation.json"),
    include_str!("../fixtures/stream.json"),
];

impl Provider for Acme {
    fn describe() -> String {
        // The fixtures are run before a new version serves: a version that fails them never does.
        described(include_str!("../describe.json"), &FIXTURES)
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let chat = ChatRequest::parse(body)?;
        let mut turns = Vec::new();
        for message in chat.messages() {
            if !message.parts().iter().all(|it| matches!(it, Part::Text(_))) {
                return Err(fault::invalid_request("this provider takes text only"));
            }
            turns.push(json!({"from": message.role(), "text": message.text()}));
        }
        let mut asked = json!({"turns": turns, "stream": call.streaming});
        for (name, theirs) in [("temperature", "temperature"), ("max_tokens", "limit")] {
            if let Some(value) = chat.get(name) {
                asked[theirs] = value.clone();
            }
        }
        // The path is joined to the deployment's base URL; the host adds the key.
        let request = Outbound::post(format!("/ask/{}", call.model)).json(&asked);
        Ok(match call.streaming {
            true => request.option("framing", "lines").frames().send(),
            false => request.send(),
        })
    }

    fn resume(_call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let reply = replies.first().ok_or_else(|| fault::internal("no reply"))?;
        let said = reply.json()?;
        let answer = ChatAnswer::new().content(said["text"].as_str().unwrap_or_default());
        let answer = answer.finish_reason(finish(&said)).usage(tokens(&said));
        Ok(answer.respond())
    }

    fn decode(
        _: Option<Head>,
        _: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        let mut decoded = Decoded::more(String::new());
        for frame in &frames {
            let line = frame.parse()?;
            if line["stopped"].is_string() {
                let end = decoded.event(event::finish(finish(&line)));
                return Ok(end.usage(&tokens(&line)).done());
            }
            let text = line["text"].as_str().unwrap_or_default();
            decoded = decoded.event(event::content(text));
        }
        // An answer that was cut off is never presented as complete.
        decoded.failure = last.then(|| fault::upstream("the stream ended early"));
        Ok(decoded)
    }
}

fn finish(said: &Value) -> &'static str {
    if said["stopped"] == "limit" {
        "length"
    } else {
        "stop"
    }
}

fn tokens(said: &Value) -> Value {
    let count = |member: &str| said[member].as_u64().unwrap_or(0);
    usage(count("asked"), count("answered"))
}

provider!(Acme);

#[test]
fn fixtures_are_translated() {
    sluice_sdk::testing::run_dir::<Acme>("fixtures");
}
