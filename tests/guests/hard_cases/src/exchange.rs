//! A provider that trades its key for a token of half an hour, as GitHub's Copilot does. The
//! component says where the token stands and never sees it.

use sluice_sdk::chat::{ChatAnswer, ChatRequest};
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Step, fault};

pub fn start(call: &Call, request: &ChatRequest) -> Result<Step, Error> {
    let prompt = request.messages().last().map(|it| it.text());
    let capture = json!({"secret": "session", "pointer": "/token", "expires": "/expires_in", "once": "session"});
    // The model's name says what the case is about.
    let capture = match call.model.as_str() {
        "each" => json!({"secret": "session", "pointer": "/token"}),
        "shadow" => json!({"secret": "api_key", "pointer": "/token"}),
        _ => capture,
    };
    Ok(Outbound::post("/token")
        .json(&json!({"grant": "session"}))
        .auth("bearer", &[("secret", "api_key")])
        .option("capture", capture)
        .state(prompt.unwrap_or_default())
        .send())
}

pub fn resume(call: &Call, reply: &Reply) -> Result<Step, Error> {
    let body = reply.json()?;
    if let Some(text) = body.get("text").and_then(Value::as_str) {
        return Ok(ChatAnswer::new().content(text).respond());
    }
    let seen = body.get("token").and_then(Value::as_str);
    if seen != Some("***") || !call.has_secret("session") {
        return Err(fault::internal("the token was not captured"));
    }
    let endpoint = body.get("endpoint").and_then(Value::as_str);
    let endpoint = endpoint.ok_or_else(|| fault::upstream("no endpoint"))?;
    Ok(Outbound::post(endpoint)
        .json(&json!({"prompt": reply.state}))
        .auth("bearer", &[("secret", "session")])
        .send())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer, call, reply};

    #[test]
    fn the_token_is_named_and_never_seen() {
        let mut call = call("case-exchange", "chat");
        let body = json!({"messages": [{"role": "user", "content": "hi"}]}).to_string();
        let request = ChatRequest::parse(&body).unwrap();
        let Ok(Step::Send(first)) = start(&call, &request) else {
            panic!()
        };
        let (name, capture) = &first.options[0];
        assert_eq!(name, "capture");
        assert!(capture.contains("\"/token\"") && !first.state.is_empty());
        let blanked = json!({"token": "***", "endpoint": "/chat"});
        assert!(resume(&call, &reply(&blanked)).is_err());
        call.secrets.push("session".into());
        let Ok(Step::Send(second)) = resume(&call, &reply(&blanked)) else {
            panic!()
        };
        assert_eq!(second.url, "/chat");
        assert_eq!(second.auth[0].params[0].1, "session");
        assert!(resume(&call, &reply(&json!({"token": "t0ken", "endpoint": "/"}))).is_err());
        let done = resume(&call, &reply(&json!({"text": "hello"}))).unwrap();
        assert_eq!(answer(done)["choices"][0]["message"]["content"], "hello");
    }
}
