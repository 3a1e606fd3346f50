//! Text completions through `/api/generate`.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, Frame, fault};

use crate::options::{self, present};
use crate::response;

/// Members that go on as they are, from the call or else from the deployment.
const OWN: [&str; 5] = ["context", "raw", "system", "template", "think"];

pub fn from_completion(call: &Call, mut asked: Map<String, Value>) -> Result<Value, Error> {
    let prompt = prompt(asked.shift_remove("prompt"))?;
    let config = call.config();
    let mut body = Map::new();
    body.insert("model".into(), call.model.clone().into());
    body.insert("prompt".into(), prompt.into());
    body.insert("stream".into(), call.streaming.into());
    if let Some(suffix) = present(&mut asked, "suffix") {
        body.insert("suffix".into(), suffix);
    }
    if let Some(format) = options::format(&mut asked)? {
        body.insert("format".into(), format);
    }
    for name in OWN {
        let default = || config.get(name).filter(|it| !it.is_null()).cloned();
        if let Some(value) = present(&mut asked, name).or_else(default) {
            body.insert(name.to_owned(), value);
        }
    }
    // OpenAI's completions count the alternatives in `logprobs`; Ollama has a switch and a number.
    if let Some(count) = present(&mut asked, "logprobs") {
        body.insert("logprobs".into(), (count != false).into());
        if count.is_u64() {
            body.insert("top_logprobs".into(), count);
        }
    }
    let options = options::take(call, &mut asked)?;
    if !options.is_empty() {
        body.insert("options".into(), options.into());
    }
    options::beside(call, &mut asked, &mut body);
    for name in ["model", "stream", "metadata"] {
        asked.shift_remove(name);
    }
    body.extend(asked.into_iter().filter(|(_, value)| !value.is_null()));
    Ok(body.into())
}

fn prompt(prompt: Option<Value>) -> Result<String, Error> {
    match prompt {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(only)] => Ok(only.clone()),
            _ => Err(fault::unsupported(
                "ollama takes one text as `prompt`, no list and no tokens",
            )),
        },
        _ => Err(fault::invalid_request("`prompt` is not a text")),
    }
}

pub fn to_completion(answer: &Value) -> Result<Value, Error> {
    if answer.get("done") != Some(&true.into()) {
        return Err(fault::upstream("the provider's answer is not complete"));
    }
    let mut document = json!({"object": "text_completion", "choices": [choice(answer, true)?]});
    if let Some(usage) = response::usage(answer) {
        document["usage"] = usage;
    }
    Ok(document)
}

/// A piece of a stream.
pub fn piece(line: &Value, done: bool) -> Result<Frame, Error> {
    let choice = choice(line, done)?;
    Ok(Frame::json(
        &json!({"object": "text_completion", "choices": [choice]}),
    ))
}

fn choice(answer: &Value, done: bool) -> Result<Value, Error> {
    let text = answer.get("response").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the provider's answer has no `response`"))?;
    let finish = done.then(|| response::finish_reason(answer, false));
    let mut choice = json!({"text": text, "index": 0, "logprobs": response::logprobs(answer), "finish_reason": finish});
    let thoughts = response::text(answer, "thinking");
    if !thoughts.is_empty() {
        choice["reasoning_content"] = thoughts.into();
    }
    Ok(choice)
}
