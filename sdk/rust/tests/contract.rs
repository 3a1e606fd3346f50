//! The contract, proven on its hard cases: written natively against its types, with no host. What
//! a case needs of the host is played by the test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test tells what is wrong by panicking"
)]

use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Body, Call, Error, Outbound, Payload, Provider, Reply, Response, Step, fault};

fn call(operation: &str, model: &str) -> Call {
    Call {
        id: "c".into(),
        operation: operation.into(),
        provider: "p".into(),
        model: model.into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
    }
}

fn reply(body: Value, state: &str) -> Reply {
    Reply {
        status: 200,
        headers: Vec::new(),
        body: Payload::Text(body.to_string()),
        state: state.into(),
    }
}

fn answer(step: Step) -> Value {
    let Step::Respond(Response {
        body: Payload::Text(text),
        ..
    }) = step
    else {
        panic!("no answer")
    };
    serde_json::from_str(&text).unwrap()
}

/// Bedrock Titan embeds one text a call.
struct Titan;

impl Provider for Titan {
    fn describe() -> String {
        String::new()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Value = sluice_sdk::parse_body(body)?;
        let inputs = body["input"]
            .as_array()
            .ok_or_else(|| fault::invalid_request("`input` is no list"))?;
        let one = |text: &Value| {
            Outbound::post(format!("/model/{}/invoke", call.model))
                .json(&json!({"inputText": text}))
        };
        Ok(Step::SendAll(inputs.iter().map(one).collect()))
    }

    fn resume(_: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let (mut data, mut tokens) = (Vec::new(), 0);
        for (index, reply) in replies.iter().enumerate() {
            let answer = reply.json()?;
            tokens += answer["inputTextTokenCount"].as_u64().unwrap_or(0);
            data.push(
                json!({"object": "embedding", "index": index, "embedding": answer["embedding"]}),
            );
        }
        let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        Ok(Response::json(&json!({"object": "list", "data": data, "usage": usage})).respond())
    }
}

#[test]
fn a_hundred_texts_are_a_hundred_calls_and_one_answer_in_order() {
    let inputs: Vec<String> = (0..100).map(|number| format!("text {number}")).collect();
    let call = call("embeddings", "amazon.titan-embed-text-v2:0");
    let Step::SendAll(sent) = Titan::start(&call, &json!({"input": inputs}).to_string()).unwrap()
    else {
        panic!()
    };
    assert_eq!(sent.len(), 100);
    let replies = (0..100)
        .map(|number| reply(json!({"embedding": [number], "inputTextTokenCount": 2}), ""))
        .collect();
    let answer = answer(Titan::resume(&call, replies).unwrap());
    assert_eq!(
        (
            &answer["data"][99]["embedding"],
            &answer["usage"]["prompt_tokens"]
        ),
        (&json!([99]), &json!(200))
    );
}

/// Replicate answers with an address to ask again at.
struct Replicate;

impl Provider for Replicate {
    fn describe() -> String {
        String::new()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Value = sluice_sdk::parse_body(body)?;
        let input = json!({"input": {"prompt": body["messages"][0]["content"]}});
        Ok(
            Outbound::post(format!("/v1/models/{}/predictions", call.model))
                .json(&input)
                .send(),
        )
    }

    fn resume(_: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        let prediction = replies[0].json()?;
        match prediction["status"].as_str() {
            Some("succeeded") => {
                let text: String = prediction["output"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .collect();
                let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
                Ok(Response::json(&json!({"choices": [choice]})).respond())
            }
            Some("failed" | "canceled") => Err(fault::upstream(
                prediction["error"].as_str().unwrap_or("failed"),
            )),
            // A poll is a GET: the host sends it again in place when the upstream has a hiccup.
            _ => Ok(
                Outbound::get(prediction["urls"]["get"].as_str().unwrap_or_default())
                    .option("delay_ms", 500)
                    .send(),
            ),
        }
    }
}

#[test]
fn polling_survives_a_503_because_the_host_repeats_the_get_and_no_state_is_lost() {
    let call = call("chat", "meta/llama");
    let body = json!({"messages": [{"role": "user", "content": "hi"}]}).to_string();
    let Step::Send(first) = Replicate::start(&call, &body).unwrap() else {
        panic!()
    };
    assert_eq!(first.method, "POST");
    let running = json!({"status": "processing", "urls": {"get": "https://api.replicate.com/v1/predictions/x"}});
    let Step::Send(poll) = Replicate::resume(&call, vec![reply(running.clone(), "")]).unwrap()
    else {
        panic!()
    };
    assert_eq!(
        (poll.method.as_str(), poll.options[0].0.as_str()),
        ("GET", "delay_ms")
    );
    // The 503 in between is the host's affair: the plugin is asked again only with an answer.
    let Step::Send(again) = Replicate::resume(&call, vec![reply(running, "")]).unwrap() else {
        panic!()
    };
    assert_eq!(again, poll);
    let done = json!({"status": "succeeded", "output": ["he", "llo"]});
    assert_eq!(
        answer(Replicate::resume(&call, vec![reply(done, "")]).unwrap())["choices"][0]["message"]["content"],
        "hello"
    );
}

#[test]
fn a_large_document_goes_through_a_plugin_as_a_word() {
    // 20 MB in base64 stay in the host; the plugin moves the word that stands for them.
    let word = "sluice-media-0123456789abcdef0123456789abcdef";
    let part = json!({"type": "file", "file": {"file_data": format!("data:application/pdf;base64,{word}")}});
    let data = part["file"]["file_data"]
        .as_str()
        .unwrap()
        .split_once(";base64,")
        .unwrap()
        .1;
    let outbound = Outbound::post("/x")
        .json(&json!({"inlineData": {"mimeType": "application/pdf", "data": data}}));
    let Body::Json(sent) = outbound.body else {
        panic!()
    };
    assert!(sent.contains(word) && sent.len() < 200);
}

/// The guardrail's side of the contract.
mod guardrail {
    wit_bindgen::generate!({
        world: "guardrail-stream-plugin",
        path: "../../wit",
        additional_derives: [PartialEq],
        generate_all,
    });

    pub use exports::sluice::plugin::guardrail_stream::{Passed, Piece, StreamVerdict};
}

use guardrail::{Passed, Piece, StreamVerdict};

/// Puts names back into a streamed answer, in which a mask may be cut in two. What may be the
/// beginning of a mask is held back in the state.
fn unmask(state: &str, pieces: Vec<Piece>, last: bool) -> StreamVerdict {
    let state: Value = serde_json::from_str(state).unwrap();
    let mut held: serde_json::Map<String, Value> =
        state["held"].as_object().cloned().unwrap_or_default();
    let names = state["names"].as_object().unwrap();
    let mut passed: Vec<Piece> = Vec::new();
    for mut piece in pieces {
        let key = format!("{}/{}/{}", piece.choice, piece.channel, piece.call);
        let before = held
            .remove(&key)
            .and_then(|it| it.as_str().map(str::to_owned))
            .unwrap_or_default();
        let mut text = before + &piece.text;
        for (mask, name) in names {
            text = text.replace(mask, name.as_str().unwrap());
        }
        let open = text
            .rfind('<')
            .filter(|at| !last && !text[*at..].contains('>'));
        if let Some(at) = open {
            held.insert(key, text[at..].into());
            text.truncate(at);
        }
        piece.text = text;
        passed.push(piece);
    }
    StreamVerdict::Pass(Passed {
        pieces: passed,
        findings: None,
        state: json!({"names": names, "held": held}).to_string(),
    })
}

#[test]
fn a_mask_in_streamed_tool_arguments_is_reversed_wherever_it_is_cut() {
    let whole = r#"{"to":"<NAME_1>","cc":"<NAME_2>"}"#;
    for cut in 0..whole.len() {
        let mut state = json!({"names": {"<NAME_1>": "Ada", "<NAME_2>": "Grace"}}).to_string();
        let mut out = String::new();
        let (a, b) = whole.split_at(cut);
        for (text, last) in [(a, false), (b, true)] {
            let piece = Piece {
                choice: 0,
                channel: "tool-arguments".into(),
                call: "t1".into(),
                text: text.into(),
            };
            let StreamVerdict::Pass(passed) = unmask(&state, vec![piece], last) else {
                panic!()
            };
            passed.pieces.iter().for_each(|piece| out += &piece.text);
            state = passed.state;
        }
        assert_eq!(out, r#"{"to":"Ada","cc":"Grace"}"#, "cut at {cut}");
    }
}
