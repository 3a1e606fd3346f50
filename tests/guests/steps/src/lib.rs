//! A provider that takes several steps to an answer, by model name: many requests at once, a job
//! that is polled, a paused turn that goes on. The gateway's tests show that each comes to its end.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{
    Call, Continuation, Decoded, Error, Frame, Head, Outbound, Provider, Reply, Response, Step,
    fault, parse_body, provider,
};

/// The provider.
pub struct Steps;

impl Provider for Steps {
    fn describe() -> String {
        json!({"name": "steps", "version": "0.1.0", "providers": [{
            "name": "steps", "operations": {"chat": {"stream": true}, "embeddings": {}}
        }]})
        .to_string()
    }

    fn start(call: &Call, body: &str) -> Result<Step, Error> {
        let body: Value = parse_body(body)?;
        Ok(match call.model.as_str() {
            "one-text-a-call" => Step::SendAll(one_a_text(&body)?),
            "job" | "job-elsewhere" => Outbound::post("/jobs").json(&body).send(),
            "job-once-more" => Outbound::post("/jobs")
                .json(&body)
                .option("idempotent", true)
                .send(),
            "paused" => Outbound::post("/turn")
                .json(&json!({"messages": body["messages"], "stream": true}))
                .frames()
                .send(),
            "headers" => {
                let mut response = Response::json(&chat("hello"));
                response.headers = vec![
                    ("x-region".into(), "eu".into()),
                    ("set-cookie".into(), "a=b".into()),
                ];
                response.respond()
            }
            other => return Err(fault::invalid_request(format!("no such model: {other}"))),
        })
    }

    fn resume(call: &Call, replies: Vec<Reply>) -> Result<Step, Error> {
        if call.operation == "embeddings" {
            let vectors: Result<Vec<Value>, Error> = replies.iter().map(Reply::json).collect();
            let data: Vec<Value> = vectors?.into_iter().enumerate().map(vector).collect();
            return Ok(Response::json(&json!({"object": "list", "data": data})).respond());
        }
        let job = replies
            .first()
            .ok_or_else(|| fault::internal("no reply"))?
            .json()?;
        if job["status"] == "lost" {
            // Nobody works on it any more, so another deployment may.
            let lost = fault::upstream("the job was lost");
            return Err(Error {
                retry: Some(call.model == "job-elsewhere"),
                ..lost
            });
        }
        Ok(match job["text"].as_str() {
            Some(text) => Response::json(&chat(text)).respond(),
            None => Outbound::get("/jobs/1").option("delay_ms", 1).send(),
        })
    }

    fn decode(
        _head: Option<Head>,
        _state: String,
        frames: Vec<Frame>,
        last: bool,
    ) -> Result<Decoded, Error> {
        let mut decoded = Decoded::more(String::new());
        for frame in &frames {
            let event: Value = parse_body(frame.text().unwrap_or_default())?;
            if event["pause"].is_object() {
                let more = vec![("/messages/-".to_owned(), Some(event["pause"].to_string()))];
                let again = Outbound::post("/turn").amend(more).frames();
                decoded.next = Continuation::ThenSend(again);
                return Ok(decoded);
            }
            decoded
                .events
                .push(Frame::json(&json!({"choices": [event]})));
        }
        if last {
            decoded.next = Continuation::Done;
        }
        Ok(decoded)
    }
}

fn one_a_text(body: &Value) -> Result<Vec<Outbound>, Error> {
    let texts = body["input"].as_array();
    let texts = texts.ok_or_else(|| fault::invalid_request("`input` must be a list"))?;
    let one = |text: &Value| Outbound::post("/embed").json(&json!({ "text": text }));
    Ok(texts.iter().map(one).collect())
}

fn vector((index, answer): (usize, Value)) -> Value {
    json!({"object": "embedding", "index": index, "embedding": answer["vector"]})
}

fn chat(text: &str) -> Value {
    json!({"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]})
}

provider!(Steps);
