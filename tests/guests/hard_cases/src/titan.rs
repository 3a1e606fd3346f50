//! Bedrock's Titan embeds one text a call; a client sends a hundred at once.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Call, Error, Outbound, Reply, Response, Step, fault};

pub fn start(call: &Call, body: &Value) -> Result<Step, Error> {
    let inputs = match body.get("input") {
        Some(Value::Array(texts)) => texts.as_slice(),
        Some(text @ Value::String(_)) => std::slice::from_ref(text),
        _ => return Err(fault::invalid_request("`input` is no text and no list")),
    };
    let one = |text: &Value| {
        Outbound::post(format!("/model/{}/invoke", call.model)).json(&json!({"inputText": text}))
    };
    Ok(Step::SendAll(inputs.iter().map(one).collect()))
}

pub fn resume(replies: &[Reply]) -> Result<Step, Error> {
    let (mut data, mut tokens) = (Vec::new(), 0);
    for (index, reply) in replies.iter().enumerate() {
        let answer = reply.json()?;
        let count = answer.get("inputTextTokenCount").and_then(Value::as_u64);
        tokens += count.unwrap_or(0);
        let embedding = answer.get("embedding");
        let embedding = embedding.ok_or_else(|| fault::upstream("an answer has no `embedding`"))?;
        data.push(json!({"object": "embedding", "index": index, "embedding": embedding}));
    }
    let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
    Ok(Response::json(&json!({"object": "list", "data": data, "usage": usage})).respond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer, call, reply};

    #[test]
    fn a_hundred_texts_are_a_hundred_requests_and_one_answer_in_order() {
        let texts: Vec<String> = (0..100).map(|number| format!("text {number}")).collect();
        let step = start(
            &call("case-titan", "embeddings"),
            &json!({ "input": texts }),
        );
        let Ok(Step::SendAll(sent)) = step else {
            panic!()
        };
        assert_eq!(sent.len(), 100);
        let replies: Vec<Reply> = (0..100)
            .map(|number| reply(&json!({"embedding": [number], "inputTextTokenCount": 2})))
            .collect();
        let answer = answer(resume(&replies).unwrap());
        assert_eq!(answer["data"][99]["embedding"], json!([99]));
        assert_eq!(answer["usage"]["prompt_tokens"], 200);
    }
}
