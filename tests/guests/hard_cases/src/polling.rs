//! Replicate answers with an address to ask again at, and now and then with a 503 there.

use sluice_sdk::chat::{ChatAnswer, ChatRequest};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault};

pub fn start(call: &Call, request: &ChatRequest) -> Result<Step, Error> {
    let prompt = request.messages().last().map(|it| it.text());
    let path = format!("/v1/models/{}/predictions", call.model);
    Ok(Outbound::post(path)
        .json(&json!({"input": {"prompt": prompt}}))
        .send())
}

pub fn resume(reply: &Reply) -> Result<Step, Error> {
    let prediction = reply.json()?;
    let text = |pointer: &str| prediction.pointer(pointer).and_then(Value::as_str);
    match text("/status") {
        Some("succeeded") => {
            let pieces = prediction.get("output").and_then(Value::as_array);
            let pieces = pieces.into_iter().flatten().filter_map(Value::as_str);
            Ok(ChatAnswer::new()
                .content(pieces.collect::<String>())
                .respond())
        }
        Some("failed" | "canceled") => Err(fault::upstream(text("/error").unwrap_or("it failed"))),
        _ => {
            let again = text("/urls/get");
            let again = again.ok_or_else(|| fault::upstream("no address to ask again at"))?;
            // A poll is a GET: the host repeats it when the upstream has a hiccup, so the 503 is
            // never seen here, and what was begun and paid for is not begun again.
            Ok(Outbound::get(again).option("delay_ms", 20).send())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer, call, reply};

    #[test]
    fn each_poll_is_the_same_get_until_the_prediction_is_there() {
        let body = json!({"messages": [{"role": "user", "content": "hi"}]}).to_string();
        let request = ChatRequest::parse(&body).unwrap();
        let Ok(Step::Send(first)) = start(&call("case-polling", "chat"), &request) else {
            panic!()
        };
        assert_eq!(
            (first.method.as_str(), first.url.as_str()),
            ("POST", "/v1/models/m/predictions")
        );
        let running = json!({"status": "processing", "urls": {"get": "https://a.example/p/1"}});
        let polls = [running.clone(), running].map(|it| resume(&reply(&it)).unwrap());
        let Step::Send(poll) = &polls[0] else {
            panic!()
        };
        assert_eq!(
            (poll.method.as_str(), poll.url.as_str()),
            ("GET", "https://a.example/p/1")
        );
        assert_eq!(polls[0], polls[1]);
        let done = json!({"status": "succeeded", "output": ["he", "llo"]});
        let answer = answer(resume(&reply(&done)).unwrap());
        assert_eq!(answer["choices"][0]["message"]["content"], "hello");
    }

    #[test]
    fn a_failed_prediction_says_why() {
        let failed = json!({"status": "failed", "error": "out of paper"});
        assert_eq!(resume(&reply(&failed)).unwrap_err().message, "out of paper");
    }
}
