//! An answer that guardrails look at as it passes: text whole, events as they come. What cannot be
//! looked at does not pass.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use sluice_framing::{Frame, Framing, Splitter};
use tokio::time::Instant;

use super::relay::{CutOff, PassedBytes, Relay};
use super::run::{Passed, PassedBody};
use super::watch::Watch;
use super::{Order, Route, headers};
use crate::domain::{ErrorKind, Fault};
use crate::pipeline::fleet::Line;
use crate::pipeline::guards::{Guarded, Passing, UNREADABLE};
use crate::pipeline::settle::Settlement;
use crate::pipeline::source::Events;
use crate::pipeline::writer::Event;
use crate::upstream::UpstreamReply;

/// Longest event that is looked at, in bytes.
const MAX_EVENT: usize = 16 << 20;

/// What a request that passes asks for, by its path: the shape in which guardrails find its texts.
pub fn shape(route: Route, path: &str) -> &'static str {
    let ends = |it: &str| path.trim_end_matches('/').ends_with(it);
    let known = match route {
        Route::Provider("anthropic") => [("/messages", "messages")].as_slice(),
        Route::Provider("gemini" | "vertex_ai") => &[
            (":generateContent", "generate-content"),
            (":streamGenerateContent", "generate-content"),
        ],
        Route::Provider("openai" | "azure" | "azure_ai" | "mistral") => &[
            ("/chat/completions", "chat"),
            ("/completions", "completions"),
            ("/responses", "responses"),
            ("/embeddings", "embeddings"),
            ("/moderations", "moderations"),
            ("/images/generations", "images.generate"),
        ],
        // Nobody knows their shapes: every text in them is one.
        Route::Provider(_) | Route::Endpoint(_) => &[],
    };
    let mut known = known.iter();
    known
        .find(|(end, _)| ends(end))
        .map_or("pass-through", |it| it.1)
}

/// Whether an answer is of a kind that has no text.
fn is_media(kind: &str) -> bool {
    let kinds = ["audio/", "image/", "video/"];
    kinds.iter().any(|it| kind.starts_with(it))
}

/// A whole answer, looked at.
pub async fn whole(
    reply: UpstreamReply,
    (order, line): (&Order, &Line),
    mut guarded: Guarded,
    mut settlement: Box<Settlement>,
) -> Result<Passed, Box<(Fault, Box<Settlement>)>> {
    let kind = reply.content_type().to_owned();
    let (status, all) = (reply.status, reply.headers.clone());
    let mut watch = Watch::new(&kind, &all, false);
    let began = Instant::now();
    let read = reply.read_whole(line.target.max_reply_bytes).await;
    settlement.trail().upstream_time += began.elapsed();
    let mut body = match read {
        Ok(body) => body,
        Err(fault) => return Err(Box::new((fault, settlement))),
    };
    watch.see(&body);
    settlement.wrote(watch.end());
    let trail = settlement.trail();
    trail.usage = watch.usage();
    trail.provider_id = watch.id().map(str::to_owned);
    let is_packed = all.contains_key(CONTENT_ENCODING);
    if !is_media(&kind) {
        // What is packed is shown as the bytes that it is, and so is no text.
        let shown: &[u8] = if is_packed { UNREADABLE } else { &body };
        match guarded.after(order.shown(), shown).await {
            Ok(changed) => body = changed.unwrap_or(body),
            Err(fault) => return Err(Box::new((fault, settlement))),
        }
    }
    let mut headers = headers::to_client(&all);
    // It is written anew by the length that it has.
    headers.remove(CONTENT_LENGTH);
    settlement.answered(&body);
    settlement.done(status);
    Ok(Passed {
        status,
        headers,
        body: PassedBody::Whole(body),
        trail: settlement.trail().clone(),
    })
}

/// Whether it comes in events.
pub fn is_events(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/event-stream")
}

/// Events that are looked at on their way.
pub struct Watching {
    relay: Relay,
    passing: Passing,
    splitter: Splitter,
    frames: Vec<Frame>,
}

impl Watching {
    pub fn new(relay: Relay, passing: Passing) -> Self {
        Self {
            relay,
            passing,
            splitter: Splitter::new(Framing::Sse, MAX_EVENT),
            frames: Vec::new(),
        }
    }

    pub fn into_bytes(mut self) -> PassedBytes {
        Box::pin(async_stream::stream! {
            loop {
                let next = self.relay.next().await;
                let last = !matches!(next, Ok(Some(_)));
                let passed = match next {
                    Ok(piece) => self.pass(piece).await,
                    Err(fault) => Err(fault),
                };
                match passed {
                    Ok(out) if !last => {
                        self.relay.sent(&out);
                        if !out.is_empty() {
                            yield Ok(out);
                        }
                    }
                    Ok(out) => {
                        self.relay.sent(&out);
                        self.relay.done();
                        if !out.is_empty() {
                            yield Ok(out);
                        }
                        break;
                    }
                    Err(fault) => {
                        match self.relay.fail(&fault) {
                            Some(event) => yield Ok(event),
                            None => yield Err(CutOff),
                        }
                        break;
                    }
                }
            }
        })
    }

    /// What the client may get of more of the answer; None: it has ended.
    async fn pass(&mut self, piece: Option<Bytes>) -> Result<Bytes, Fault> {
        let broken = |cause: sluice_framing::FramingError| {
            let text = "the upstream sent events that cannot be read";
            Fault::upstream(ErrorKind::Upstream, text).with_log(cause.to_string())
        };
        match &piece {
            Some(piece) => {
                self.relay.look(piece)?;
                self.splitter
                    .push(piece, &mut self.frames)
                    .map_err(broken)?;
            }
            None => self.splitter.finish(&mut self.frames).map_err(broken)?,
        }
        let marked = self.splitter.done();
        let frames = std::mem::take(&mut self.frames).into_iter();
        let event = |frame: Frame| Event {
            name: frame.event,
            data: String::from_utf8_lossy(&frame.data).into_owned(),
        };
        let events = Events {
            events: frames.map(event).collect(),
            last: piece.is_none(),
            ..Events::default()
        };
        if events.events.is_empty() && !events.last {
            return Ok(Bytes::new());
        }
        let passed = self.passing.pass(events).await?;
        let mut out = String::new();
        for Event { name, data } in passed.events {
            if !name.is_empty() {
                out.push_str(&format!("event: {name}\n"));
            }
            out.push_str(&format!("data: {data}\n\n"));
        }
        if piece.is_none() && marked {
            out.push_str("data: [DONE]\n\n");
        }
        Ok(Bytes::from(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_shape_of_what_passes() {
        for (provider, path, shape_of) in [
            ("anthropic", "/v1/messages", "messages"),
            ("openai", "/v1/chat/completions", "chat"),
            ("azure", "/openai/deployments/d/completions", "completions"),
            (
                "gemini",
                "/v1beta/models/g:streamGenerateContent",
                "generate-content",
            ),
            ("bedrock", "/model/m/converse", "pass-through"),
        ] {
            assert_eq!(shape(Route::Provider(provider), path), shape_of, "{path}");
        }
        assert_eq!(shape(Route::Endpoint(0), "/v1/messages"), "pass-through");
    }

    #[test]
    fn sound_and_pictures_have_no_text_and_everything_else_may() {
        assert!(is_media("audio/mpeg") && is_media("image/png"));
        assert!(!is_media("application/vnd.amazon.eventstream") && !is_media(""));
    }
}
