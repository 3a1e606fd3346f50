//! A whole chat completion in canonical form.

use sluice_sdk::{Error, Reply, fault};

use crate::cited::Source;
use crate::finish::{self, Finish};
use crate::object::{Object, items, list};
use crate::row::Row;
use crate::structured::{self, JSON_TOOL};
use crate::{cited, errors, message, usage};

/// The canonical answer to the call of this id, or the error that a status of 200 hides.
pub fn canonical(row: &Row, reply: &Reply, call: &str) -> Result<String, Error> {
    let raw = reply
        .text()
        .ok_or_else(|| fault::upstream("the provider's answer is not text"))?;
    let mut answer = Object::parse(raw)
        .ok_or_else(|| fault::upstream("the provider's answer is no JSON object"))?;
    if let Some(error) = errors::in_answer(&answer) {
        return Err(error);
    }
    let choices = answer
        .get("choices")
        .and_then(items)
        .ok_or_else(|| fault::upstream("the provider's answer has no choices"))?;
    let salt = salt(&answer, call);
    let sources = match row.citations {
        true => cited::sources(&answer),
        false => Vec::new(),
    };
    let json_tool = reply.state == JSON_TOOL;
    let mut changed = false;
    let mut out = Vec::with_capacity(choices.len());
    for raw in choices {
        let edited = choice(row, raw, out.len(), &salt, &sources, json_tool)?;
        changed |= edited.is_some();
        out.push(edited.unwrap_or_else(|| raw.to_owned()));
    }
    if changed {
        let choices = list(&out);
        answer.set("choices", choices);
    }
    envelope(&mut answer, "chat.completion");
    let cost = answer
        .get("cost")
        .and_then(Object::parse)
        .and_then(|it| it.get("usd").map(str::to_owned));
    match answer
        .get("usage")
        .map(|raw| (raw.to_owned(), usage::canonical(raw, row.reasoning_outside)))
    {
        Some((_, Some(mut usage))) => {
            if let Some(cost) = cost {
                usage = with_cost(&usage, &cost);
            }
            answer.set("usage", usage);
        }
        Some((_, None)) => drop(answer.take("usage")),
        None => {}
    }
    Ok(answer.write())
}

/// `usage` with the price that stands beside it (venice).
pub fn with_cost(usage: &str, dollars: &str) -> String {
    let mut usage = Object::parse(usage).unwrap_or_default();
    if usage.get("cost").is_none() {
        usage.set("cost", dollars);
    }
    usage.write()
}

fn choice(
    row: &Row,
    raw: &str,
    at: usize,
    salt: &str,
    sources: &[Source],
    json_tool: bool,
) -> Result<Option<String>, Error> {
    let mut choice =
        Object::parse(raw).ok_or_else(|| fault::upstream("a choice of the answer is no object"))?;
    if let Some(error) = choice.get("error") {
        return Err(errors::of_text(error));
    }
    if choice.count("index").is_none() {
        choice.put("index", at);
    }
    // Perplexity repeats the message as an empty delta.
    if choice.has("delta") && choice.has("message") {
        choice.take("delta");
    }
    let text = choice.get("message").unwrap_or("{}").to_owned();
    let mut message = Object::parse(&text)
        .ok_or_else(|| fault::upstream("a message of the answer is no object"))?;
    message::whole(&mut message, row.think_tags, salt);
    let answered = json_tool && structured::whole(&mut message);
    let said = message.text("content").unwrap_or_default();
    let marks = cited::annotations(&said, sources).filter(|_| !message.has("annotations"));
    if let Some(marks) = marks {
        message.put("annotations", marks);
    }
    let calls = message.get("tool_calls").is_some();
    if let Some(message) = message.rewritten() {
        choice.set("message", message);
    }
    let reason = choice.text("finish_reason").unwrap_or_default();
    match finish::read(&reason) {
        Finish::Known => {}
        Finish::Means(other) => native_reason(&mut choice, &reason, other),
        Finish::Failed => return Err(errors::stopped_by(&reason)),
        Finish::Blank => choice.put("finish_reason", if calls { "tool_calls" } else { "stop" }),
    }
    if answered {
        structured::reason(&mut choice, calls);
    }
    Ok(choice.rewritten())
}

/// Sets a reason and keeps the provider's own beside it.
pub fn native_reason(choice: &mut Object<'_>, native: &str, reason: &str) {
    choice.put("finish_reason", reason);
    let fields = choice.get("provider_specific_fields").map(str::to_owned);
    let mut fields = fields
        .as_deref()
        .and_then(Object::parse)
        .unwrap_or_default();
    fields.put("native_finish_reason", native);
    let fields = fields.write();
    choice.set("provider_specific_fields", fields);
}

/// Takes out what the gateway fills in better: empty names, other shapes, times that are none.
pub fn envelope(answer: &mut Object<'_>, object: &str) {
    if answer.has("object") && answer.text("object").as_deref() != Some(object) {
        answer.take("object");
    }
    if answer.has("created") && answer.count("created").is_none() {
        let seconds: Option<f64> = answer.get("created").and_then(|raw| raw.parse().ok());
        match seconds {
            Some(seconds) => answer.put("created", seconds as u64),
            None => drop(answer.take("created")),
        }
    }
}

/// What ids that are made here are told apart by: the end of the answer's own id, or of the call's
/// where it has none.
pub fn salt(answer: &Object<'_>, call: &str) -> String {
    let own = answer.text("id").filter(|id| !id.is_empty());
    let id = own.as_deref().unwrap_or(call);
    let letters: Vec<char> = id.chars().filter(char::is_ascii_alphanumeric).collect();
    let skipped = letters.len().saturating_sub(8);
    letters.into_iter().skip(skipped).collect()
}
