//! A streamed chat completion in canonical form, event by event.

use serde::{Deserialize, Serialize};
use sluice_sdk::{Continuation, Decoded, Error, Frame, Payload, fault, parse_state, write_json};

use crate::finish::{self, Finish};
use crate::message::{self, Progress};
use crate::object::{Object, items, list, says_nothing};
use crate::row::Row;
use crate::{answer, errors, fim, run, structured, usage};

/// What has to be known from one event to the next.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stream {
    think_tags: bool,
    reasoning_outside: bool,
    finish_optional: bool,
    /// The id of the call.
    call: String,
    /// The id of the first event, for all of them; empty: it had none, and none has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    choices: Vec<Progress>,
    /// The answer comes as a call of [`structured::JSON_TOOL`].
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub json_tool: bool,
    /// Events are Cloudflare's own, of an answer of at most so many tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<u64>,
    /// Events go out as those of a text completion, with this before the text of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<String>,
}

impl Stream {
    /// The state before the first event of the answer to the call of this id.
    pub fn begin(row: &Row, call: &str) -> Self {
        Self {
            think_tags: row.think_tags,
            reasoning_outside: row.reasoning_outside,
            finish_optional: row.finish_optional,
            call: call.to_owned(),
            ..Self::default()
        }
    }

    pub fn state(&self) -> String {
        write_json(self)
    }
}

/// The next frames.
pub fn decode(state: &str, frames: &[Frame], last: bool) -> Result<Decoded, Error> {
    let mut stream: Stream = parse_state(state)?;
    let mut out = Decoded::more(String::new());
    for frame in frames {
        if let Err(error) = stream.frame(frame, &mut out) {
            out.failure = Some(error);
            break;
        }
    }
    if last && out.failure.is_none() {
        stream.end(&mut out);
    }
    if let Some(echo) = &mut stream.completion {
        let events = std::mem::take(&mut out.events);
        let texts = events.iter().filter_map(|it| fim::event(it, echo));
        out.events = texts.collect();
    }
    out.state = stream.state();
    Ok(out)
}

impl Stream {
    fn frame(&mut self, frame: &Frame, out: &mut Decoded) -> Result<(), Error> {
        let text = frame
            .text()
            .ok_or_else(|| fault::upstream("the provider sent an event that is not text"))?;
        if frame.event == "error" {
            return Err(errors::of_text(text));
        }
        let native = self.native(text);
        let text = native.as_deref().unwrap_or(text);
        let Some(mut chunk) = Object::parse(text) else {
            if text.trim().is_empty() {
                return Ok(());
            }
            return Err(fault::upstream(
                "the provider sent an event that is no JSON object",
            ));
        };
        self.usage(&mut chunk, out);
        if let Some(error) = errors::in_answer(&chunk) {
            return Err(error);
        }
        let salt = answer::salt(&chunk, &self.call);
        let (choices, changed) = self.choices(&chunk, &salt)?;
        self.envelope(&mut chunk);
        if choices.is_empty() {
            // Facts that stand alone get a choice, because clients look into the first one.
            if chunk
                .members()
                .any(|(name, raw)| is_fact(name) && !says_nothing(raw))
            {
                let begun = std::mem::replace(&mut self.progress(0).begun, true);
                let delta = if begun {
                    "{}"
                } else {
                    r#"{"role":"assistant"}"#
                };
                chunk.set(
                    "choices",
                    format!(r#"[{{"index":0,"delta":{delta},"finish_reason":null}}]"#),
                );
                out.events.push(event(chunk.write()));
            }
            return Ok(());
        }
        if changed {
            chunk.set("choices", list(&choices));
        }
        out.events
            .push(event(chunk.rewritten().unwrap_or_else(|| text.to_owned())));
        Ok(())
    }

    /// An event of a dialect of its own as a chunk.
    fn native(&self, text: &str) -> Option<String> {
        let limit = self.run?;
        let called = self.choices.iter().any(|it| !it.tools.is_empty());
        run::chunk(&Object::parse(text)?, called, limit)
    }

    /// Usage is the gateway's to give: it goes out of the events, and the last one counts.
    fn usage(&self, chunk: &mut Object<'_>, out: &mut Decoded) {
        let own = if chunk.has("usage") {
            chunk.take("usage")
        } else {
            None
        };
        let groq = chunk
            .get("x_groq")
            .and_then(Object::parse)
            .and_then(|it| it.get("usage").map(str::to_owned));
        let found = own
            .or(groq)
            .and_then(|raw| usage::canonical(&raw, self.reasoning_outside));
        let cost = chunk
            .get("cost")
            .and_then(Object::parse)
            .and_then(|it| it.get("usd").map(str::to_owned));
        if let Some(usage) = found {
            out.usage = Some(match cost {
                Some(cost) => answer::with_cost(&usage, &cost),
                None => usage,
            });
        }
    }

    fn choices(&mut self, chunk: &Object<'_>, salt: &str) -> Result<(Vec<String>, bool), Error> {
        let raw = chunk.get("choices").unwrap_or("[]");
        let raw =
            items(raw).ok_or_else(|| fault::upstream("the choices of an event are no list"))?;
        let mut changed = false;
        let mut out = Vec::with_capacity(raw.len());
        for (at, raw) in raw.into_iter().enumerate() {
            let mut choice = Object::parse(raw)
                .ok_or_else(|| fault::upstream("a choice of an event is no object"))?;
            if let Some(error) = choice.get("error") {
                return Err(errors::of_text(error));
            }
            if !self.choice(&mut choice, at as u64, salt)? {
                changed = true;
                continue;
            }
            let rewritten = choice.rewritten();
            changed |= rewritten.is_some();
            out.push(rewritten.unwrap_or_else(|| raw.to_owned()));
        }
        Ok((out, changed))
    }

    /// Brings one choice into form; false if nothing of it is left.
    fn choice(&mut self, choice: &mut Object<'_>, at: u64, salt: &str) -> Result<bool, Error> {
        let (think_tags, json_tool) = (self.think_tags, self.json_tool);
        let progress = self.progress(choice.count("index").unwrap_or(at));
        if choice.count("index").is_none() {
            choice.put("index", progress.index);
        }
        // Either the whole text so far beside the delta (perplexity), or an answer that came whole.
        let message = if choice.has("message") {
            choice.take("message")
        } else {
            None
        };
        let text = choice
            .get("delta")
            .map(str::to_owned)
            .or(message)
            .unwrap_or_else(|| "{}".into());
        let mut delta = Object::parse(&text)
            .ok_or_else(|| fault::upstream("a delta of an event is no object"))?;
        message::delta(&mut delta, progress, think_tags, salt);
        let mut finish = reason(choice, progress)?;
        if finish {
            let (reasoning, text) = progress.think.finish();
            for (name, more) in [("reasoning_content", reasoning), ("content", text)] {
                if !more.is_empty() {
                    let known = delta.text(name).unwrap_or_default();
                    delta.put(name, known + &more);
                }
            }
        }
        if json_tool {
            structured::delta(&mut delta, progress, finish);
            structured::reason(choice, structured::calls(progress, json_tool));
        }
        let says = delta.members().any(|(_, raw)| !says_nothing(raw));
        if progress.finished && finish {
            choice.set("finish_reason", "null");
            finish = false;
        }
        let facts = choice.members().any(|(name, raw)| {
            !matches!(
                name,
                "index" | "delta" | "finish_reason" | "native_finish_reason"
            ) && !says_nothing(raw)
        });
        let first = !progress.begun;
        if !says && !finish && !facts && !first {
            return Ok(false);
        }
        progress.finished |= finish;
        progress.begun = true;
        if first {
            let mut named = Object::default();
            named.put("role", "assistant");
            for (name, raw) in delta.members() {
                named.set(name, raw);
            }
            let named = named.write();
            if named != text || !choice.has("delta") {
                choice.set("delta", named);
            }
        } else if let Some(delta) = delta.rewritten() {
            choice.set("delta", delta);
        } else if !choice.has("delta") {
            choice.set("delta", delta.write());
        }
        Ok(true)
    }

    fn progress(&mut self, index: u64) -> &mut Progress {
        let known = self.choices.iter().position(|it| it.index == index);
        let at = known.unwrap_or_else(|| {
            self.choices.push(Progress {
                index,
                ..Progress::default()
            });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    /// One id for the whole stream.
    fn envelope(&mut self, chunk: &mut Object<'_>) {
        answer::envelope(chunk, "chat.completion.chunk");
        let own = chunk.text("id").unwrap_or_default();
        let id = self.id.get_or_insert_with(|| own.clone());
        if *id != own {
            if id.is_empty() {
                chunk.take("id");
            } else {
                chunk.put("id", id.clone());
            }
        }
    }

    /// The stream is over: an answer without a reason for its end is not complete.
    fn end(&mut self, out: &mut Decoded) {
        for progress in self.choices.iter_mut().filter(|it| !it.finished) {
            let reason = match structured::calls(progress, self.json_tool) {
                _ if !progress.blank => "null",
                true => r#""tool_calls""#,
                false => r#""stop""#,
            };
            let mut delta = Object::default();
            if progress.blank || self.finish_optional {
                structured::let_go(&mut delta, progress);
            }
            if progress.blank || delta.has("content") {
                out.events.push(event(format!(
                    r#"{{"choices":[{{"index":{},"delta":{},"finish_reason":{reason}}}]}}"#,
                    progress.index,
                    delta.write()
                )));
            }
            progress.finished = progress.blank;
        }
        if !self.choices.is_empty() && self.choices.iter().all(|it| it.finished) {
            out.next = Continuation::Done;
        } else if !self.finish_optional {
            let message = "the upstream's stream ended before its answer was complete";
            out.failure = Some(fault::upstream(message));
        }
    }
}

/// Reads the reason of a choice; true if it has one.
fn reason(choice: &mut Object<'_>, progress: &mut Progress) -> Result<bool, Error> {
    let Some(reason) = choice.text("finish_reason") else {
        return Ok(false);
    };
    progress.blank = reason.is_empty();
    match finish::read(&reason) {
        Finish::Known => Ok(true),
        Finish::Means(other) => {
            answer::native_reason(choice, &reason, other);
            Ok(true)
        }
        Finish::Failed => Err(errors::stopped_by(&reason)),
        Finish::Blank => {
            choice.set("finish_reason", "null");
            Ok(false)
        }
    }
}

/// Whether a member of an event is more than its envelope.
fn is_fact(name: &str) -> bool {
    !matches!(
        name,
        "id" | "object"
            | "created"
            | "model"
            | "choices"
            | "system_fingerprint"
            | "service_tier"
            | "provider"
            | "obfuscation"
            | "p"
            | "x_groq"
    )
}

fn event(text: String) -> Frame {
    Frame {
        event: String::new(),
        data: Payload::Text(text),
    }
}
