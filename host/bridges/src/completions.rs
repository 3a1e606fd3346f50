//! Clients of OpenAI's text completions: the prompt becomes one message of the user's, the answer's
//! text is all they get.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::object::{Object, given, items, set, text};
use crate::plan::{Identity, Plan};
use crate::refusal::{Notes, Refusal};
use crate::stream::Writer;
use crate::{Bridged, Dialect, Event, Keep, Options};

pub fn request(body: &Object, options: &Options<'_>) -> Result<Bridged, Refusal> {
    let mut notes = Notes::new(options.drop_params);
    let streams = body.get("stream") == Some(&true.into());
    let mut plan = Plan::of(Dialect::Completions, options.streaming.unwrap_or(streams));
    let prompt = prompt(body)?;
    if body.get("echo") == Some(&true.into()) {
        plan.prefix.clone_from(&prompt);
    }
    let mut chat = Object::new();
    chat.insert(
        "messages".into(),
        json!([{"role": "user", "content": prompt}]),
    );
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "prompt" | "echo" | "stream" => {}
            "suffix" => {
                if value != "" {
                    notes.refuse(name, "chat has no text that follows")?;
                }
            }
            "best_of" => {
                let same = value.as_u64().unwrap_or(0)
                    <= given(body, "n").and_then(Value::as_u64).unwrap_or(1);
                if !same {
                    notes.refuse(name, "chat gives as many answers as it makes")?;
                }
            }
            "logprobs" => {
                let Some(top) = value.as_u64() else {
                    return Err(Refusal::invalid(name, "`logprobs` is not a whole number"));
                };
                chat.insert("logprobs".into(), true.into());
                if top > 0 {
                    chat.insert("top_logprobs".into(), top.into());
                }
            }
            "messages" | "tools" | "tool_choice" | "functions" | "function_call" => {
                notes.dropped(name, "text completions have no such member");
            }
            // Unknown members go on: a provider may know them.
            _ => drop(chat.insert(name.clone(), value.clone())),
        }
    }
    if plan.streaming {
        chat.insert("stream".into(), true.into());
    }
    if let Some(wanted) = body
        .get("stream_options")
        .and_then(|it| it.get("include_usage"))
    {
        plan.echo.insert("include_usage".into(), wanted.clone());
    }
    options.target.fit(&mut chat, &mut notes);
    Ok(Bridged {
        chat,
        plan,
        notes: notes.into_list(),
        soft: Vec::new(),
        keep: Keep::default(),
    })
}

fn prompt(body: &Object) -> Result<String, Refusal> {
    match given(body, "prompt") {
        Some(Value::String(prompt)) => Ok(prompt.clone()),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(one)] => Ok(one.clone()),
            [Value::String(_), ..] => Err(Refusal::unsupported(
                "prompt",
                "chat answers one prompt at a time",
            )),
            [Value::Number(_) | Value::Array(_), ..] => Err(Refusal::unsupported(
                "prompt",
                "chat takes text, not tokens",
            )),
            _ => Err(Refusal::invalid(
                "prompt",
                "`prompt` is neither a text nor a list of texts",
            )),
        },
        _ => Err(Refusal::invalid(
            "prompt",
            "`prompt` is neither a text nor a list of texts",
        )),
    }
}

pub fn answer(plan: &Plan, identity: &Identity, answer: &Value) -> Result<Value, Failure> {
    if let Some(error) = answer.get("error").filter(|it| !it.is_null()) {
        return Err(Failure::of(error));
    }
    let choices = items(answer.get("choices"));
    if choices.is_empty() {
        return Err(Failure::upstream("the provider's answer has no choices"));
    }
    let mut given = Vec::with_capacity(choices.len());
    for (at, choice) in choices.iter().enumerate() {
        if text(choice, "finish_reason").is_empty() {
            return Err(Failure::cut());
        }
        let said = choice
            .pointer("/message/content")
            .and_then(Value::as_str)
            .unwrap_or_default();
        given.push(written(
            choice,
            at,
            format!("{}{said}", plan.prefix),
            plan.prefix.chars().count(),
        ));
    }
    let mut out = shell(identity, given);
    if let Some(usage) = answer.get("usage") {
        set(&mut out, "usage", usage.clone());
    }
    Ok(out)
}

fn shell(identity: &Identity, choices: Vec<Value>) -> Value {
    json!({"id": format!("cmpl-{}", identity.id), "object": "text_completion", "created": identity.created,
        "model": identity.model, "choices": choices})
}

fn written(choice: &Value, at: usize, text: String, offset: usize) -> Value {
    let index = choice.get("index").cloned().unwrap_or_else(|| at.into());
    let reason = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("tool_calls" | "function_call") => "stop".into(),
        Some(reason) if !reason.is_empty() => reason.into(),
        _ => Value::Null,
    };
    let tokens = items(choice.pointer("/logprobs/content"));
    json!({"text": text, "index": index, "logprobs": logprobs(tokens, offset), "finish_reason": reason})
}

fn logprobs(tokens: &[Value], from: usize) -> Value {
    if tokens.is_empty() {
        return Value::Null;
    }
    let mut offset = from;
    let mut offsets = Vec::with_capacity(tokens.len());
    for token in tokens {
        offsets.push(offset);
        offset += text(token, "token").chars().count();
    }
    let each = |name: &str| {
        tokens
            .iter()
            .map(|it| it.get(name).cloned())
            .collect::<Vec<_>>()
    };
    let top = tokens.iter().map(|token| {
        let top = items(token.get("top_logprobs")).iter();
        let top = top.map(|it| {
            (
                text(it, "token").to_owned(),
                it.get("logprob").cloned().unwrap_or_default(),
            )
        });
        Value::Object(top.collect())
    });
    json!({"tokens": each("token"), "token_logprobs": each("logprob"),
        "top_logprobs": top.collect::<Vec<_>>(), "text_offset": offsets})
}

/// Canonical chunks as chunks of text.
pub struct TextStream {
    plan: Plan,
    identity: Identity,
    choices: Vec<Progress>,
    usage: Option<Value>,
}

struct Progress {
    index: u64,
    said: usize,
    finished: bool,
}

/// Most choices of one answer.
const MOST: usize = 128;

impl TextStream {
    pub const fn new(plan: Plan, identity: Identity) -> Self {
        Self {
            plan,
            identity,
            choices: Vec::new(),
            usage: None,
        }
    }

    fn choice(&mut self, choice: &Value, at: usize) -> Option<Value> {
        let index = choice
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(at as u64);
        let known = self.choices.iter().position(|it| it.index == index);
        let mut said = String::new();
        let place = match known {
            Some(place) => place,
            None if self.choices.len() >= MOST => return None,
            None => {
                said.push_str(&self.plan.prefix);
                self.choices.push(Progress {
                    index,
                    said: 0,
                    finished: false,
                });
                self.choices.len() - 1
            }
        };
        let progress = self.choices.get_mut(place)?;
        let from = progress.said + said.chars().count();
        said.push_str(
            choice
                .pointer("/delta/content")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        );
        progress.said += said.chars().count();
        let ends = !text(choice, "finish_reason").is_empty();
        progress.finished |= ends;
        (ends || !said.is_empty()).then(|| written(choice, at, said, from))
    }
}

impl Writer for TextStream {
    fn push(&mut self, chunk: &Value, out: &mut Vec<Event>) -> Result<(), Failure> {
        if let Some(error) = chunk.get("error").filter(|it| !it.is_null()) {
            return Err(Failure::of(error));
        }
        if let Some(usage) = chunk.get("usage").filter(|it| it.is_object()) {
            self.usage = Some(usage.clone());
        }
        for (at, choice) in items(chunk.get("choices")).iter().enumerate() {
            if let Some(choice) = self.choice(choice, at) {
                out.push(Event::Data(shell(&self.identity, vec![choice])));
            }
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<Event>) -> Result<(), Failure> {
        if self.choices.is_empty() || self.choices.iter().any(|it| !it.finished) {
            return Err(Failure::cut());
        }
        let wanted = self.plan.echo.get("include_usage") == Some(&true.into());
        if let Some(usage) = self.usage.take().filter(|_| wanted) {
            let mut last = shell(&self.identity, Vec::new());
            set(&mut last, "usage", usage);
            out.push(Event::Data(last));
        }
        out.push(Event::Done);
        Ok(())
    }

    fn fail(&mut self, failure: &Failure, out: &mut Vec<Event>) {
        out.push(failure.event(Dialect::Completions));
    }
}
