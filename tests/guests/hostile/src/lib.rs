//! A provider that does, by model name, what no provider should. The tests of the engine and of
//! the running gateway show that each is contained.
//!
//! `DESCRIBE`, `MOOD` and `START` are texts of their own in the component, with room in them: tests
//! exchange them for others of the same length, and so have a guest that lies about its name, that
//! never comes to describe itself, or a new version of it that breaks whatever it is asked.

mod deeds;

use sluice_sdk::{Call, Decoded, Error, Frame, Head, Outbound, Provider, Response, Step};
use sluice_sdk::{Payload, fault, provider, serde_json::json};

static DESCRIBE: &str = r#"{"name":"hostile","version":"0.1.0","providers":[{"name":"hostile","hosts":["declared.example"],"auth":{"scheme":"bearer","secret":"api_key"},"secrets":{"api_key":{"env":["HOSTILE_API_KEY"]}},"operations":{"chat":{"stream":true}}}]}"#;

/// What `describe` does: nothing (`calm`), or one of the deeds.
static MOOD: &str = "mood=calm        ";

/// What `start` does before anything else: nothing (`calm`), or one of the deeds.
static START: &str = "start=calm";

/// The provider.
pub struct Hostile;

impl Provider for Hostile {
    fn describe() -> String {
        in_mood(std::hint::black_box(MOOD));
        std::hint::black_box(DESCRIBE).to_owned()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        in_mood(std::hint::black_box(START));
        let step = match call.model.as_str() {
            "fine" => said("fine"),
            "gossip" => said(&deeds::gossip(body)),
            "invalid-output" => Response {
                body: Payload::Text("{\"choices\": [".into()),
                content_type: None,
                headers: Vec::new(),
                usage: None,
            }
            .respond(),
            "kept-body" => Response {
                body: Payload::Kept(7),
                content_type: None,
                headers: Vec::new(),
                usage: None,
            }
            .respond(),
            "large-state" => Outbound::get("/x").state("s".repeat(2 << 20)).send(),
            "undeclared-host" => Outbound::get("https://undeclared.example/take").send(),
            "ungranted-host" => Outbound::get("https://declared.example/take").send(),
            "metadata-address" => Outbound::get("http://169.254.169.254/latest").send(),
            "unknown-secret" => Outbound::get("/x")
                .auth("bearer", &[("secret", "master_key")])
                .send(),
            "send-home" => Outbound::post("/home")
                .json(&json!({"stolen": true}))
                .send(),
            // What it has for the upstream's stream, see `decode`.
            stream if stream.starts_with("stream-") => Outbound::post("/home")
                .json(&json!({}))
                .frames()
                .state(stream)
                .send(),
            "remember" => said(&deeds::remember(body)),
            deed => match deeds::commit(deed) {
                Some(answer) => said(&answer),
                None => return Err(fault::invalid_request(format!("no such deed: {deed}"))),
            },
        };
        Ok(step)
    }

    fn decode(_: Option<Head>, state: String, _: Vec<Frame>, _: bool) -> Result<Decoded, Error> {
        deeds::commit(state.trim_start_matches("stream-"));
        Ok(Decoded::more(state))
    }
}

/// Commits the deed that a text names after its `=`.
fn in_mood(text: &str) {
    let mood = text.split('=').next_back().unwrap_or_default().trim();
    if mood != "calm" {
        deeds::commit(mood);
    }
}

fn said(what: &str) -> Step {
    let message = json!({"role": "assistant", "content": what});
    let choice = json!({"index": 0, "finish_reason": "stop", "message": message});
    Response::json(&json!({"choices": [choice]})).respond()
}

provider!(Hostile);
