//! No stream that breaks off is taken for a whole one: every recorded stream once more, cut half way,
//! before the event that tells why its answer ends, and in the middle of that event. Each cut must
//! fail, or end without a reason, which the gateway takes for an interruption; a chat's must fail in
//! every dialect that it goes out in.

use std::ops::Range;

use sluice_bridges::Dialect;
use sluice_fixture::sluice_framing::{Framing, Splitter};
use sluice_fixture::{Recorded, framing_of};
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::{Continuation, Frame, Head, Outbound, Payload, ReplyMode};

use crate::bridged;
use crate::judge::holds;
use crate::play::{Cast, asked, cast};
use crate::{components, list, recordings, text};

/// The marker of an end, which is no frame.
const DONE: &str = "[DONE]";

/// Longest frame, in bytes.
const MOST: usize = 64 << 20;

/// Kinds of events that end a stream.
const ENDS: [&str; 8] = [
    "error",
    "message-end",
    "message_stop",
    "response.completed",
    "response.failed",
    "response.incomplete",
    "speech.audio.done",
    "transcript.text.done",
];

/// Whether an event tells why the answer ends, in whichever dialect.
fn tells_end(said: &Value) -> bool {
    // Claude's own events come in bytes at Bedrock.
    if said["bytes"].is_string() {
        let held = json!({"status": 200, "body": {"base64": said["bytes"]}});
        let held: Recorded = serde_json::from_value(held).unwrap();
        return serde_json::from_slice(&held.bytes()).is_ok_and(|it| tells_end(&it));
    }
    // Enums may be numbers.
    let reason = |it: &Value| {
        let word = it.as_str();
        it.is_u64() || word.is_some_and(|it| !matches!(it, "" | "not_finished"))
    };
    let each = |all: &str, name: &str| list(&said[all]).iter().any(|it| reason(&it[name]));
    said == DONE
        || said["done"] == true
        // The last event of Cloudflare's own dialect.
        || (said["response"].is_string() && said["usage"].is_object())
        || !said["promptFeedback"]["blockReason"].is_null()
        || reason(&said["stopReason"])
        || reason(&said["delta"]["stop_reason"])
        || each("choices", "finish_reason")
        || each("candidates", "finishReason")
        || each("results", "stop_reason")
        || ENDS.contains(&text(said, "type"))
}

/// The events of a stream, by their bytes; the marker of its end is one.
fn events(bytes: &[u8], framing: Framing) -> Vec<(Range<usize>, Value)> {
    let mut splitter = Splitter::new(framing, MOST);
    let (mut found, mut frames, mut from) = (Vec::new(), Vec::new(), 0);
    for (at, byte) in bytes.iter().enumerate() {
        splitter
            .push(std::slice::from_ref(byte), &mut frames)
            .unwrap();
        let read = frames.drain(..);
        let read = read.map(|it| serde_json::from_slice(&it.data).unwrap_or_default());
        let marker = splitter.done().then(|| DONE.into());
        for event in read.chain(marker) {
            found.push((from..at + 1, event));
            from = at + 1;
        }
        if splitter.done() {
            return found;
        }
    }
    splitter.finish(&mut frames).unwrap();
    let read = frames.into_iter();
    let read = read.map(|it| serde_json::from_slice(&it.data).unwrap_or_default());
    found.extend(read.map(|it| (from..bytes.len(), it)));
    found
}

/// Where a stream is cut.
fn places(bytes: &[u8], framing: Framing) -> [usize; 3] {
    let events = events(bytes, framing);
    let end = events.into_iter().find(|(_, event)| tells_end(event));
    // One that was recorded without its end has none as it is.
    let end = end.map_or(bytes.len()..bytes.len(), |it| it.0);
    [end.start / 2, end.start, end.start + end.len() / 2]
}

/// Reads bytes as the gateway does: the events, and whether it would take them for a whole answer.
///
/// # Errors
/// It fails.
fn read(cast: &Cast<'_>, sent: &Outbound, bytes: &[u8]) -> Result<(Vec<Value>, bool), String> {
    let mut splitter = Splitter::new(framing(cast, sent), MOST);
    let mut frames = Vec::new();
    splitter
        .push(bytes, &mut frames)
        .and_then(|()| splitter.finish(&mut frames))
        .map_err(|cause| cause.to_string())?;
    let frames = frames.into_iter().map(|it| Frame {
        event: it.event,
        data: String::from_utf8(it.data)
            .map_or_else(|it| Payload::Bytes(it.into_bytes()), Payload::Text),
    });
    let (events, done) = match sent.reply {
        ReplyMode::Frames => decoded(cast, sent, frames.collect())?,
        _ => (frames.map(value).collect::<Result<_, _>>()?, false),
    };
    let whole = done || splitter.done() || events.iter().any(tells_end);
    Ok((events, whole))
}

/// What the component makes of frames, after which nothing comes; and whether it says that the
/// answer is complete.
fn decoded(
    cast: &Cast<'_>,
    sent: &Outbound,
    frames: Vec<Frame>,
) -> Result<(Vec<Value>, bool), String> {
    let mut head = Some(Head {
        status: cast.reply().status,
        headers: cast.reply().header_pairs(),
    });
    let (mut state, mut events) = (sent.state.clone(), Vec::new());
    for (frames, last) in [(frames, false), (Vec::new(), true)] {
        let decoded = (cast.component.decode)(head.take(), state, frames, last);
        let decoded = decoded.map_err(|error| error.message)?;
        for event in decoded.events {
            events.push(value(event)?);
        }
        if let Some(usage) = decoded.usage {
            let usage: Value = serde_json::from_str(&usage).unwrap();
            events.push(json!({"choices": [], "usage": usage}));
        }
        if let Some(error) = decoded.failure {
            return Err(error.message);
        }
        state = decoded.state;
        match decoded.next {
            Continuation::More => {}
            Continuation::Done => return Ok((events, true)),
            // It asks for the rest.
            Continuation::ThenSend(_) => break,
        }
    }
    Ok((events, false))
}

fn value(frame: Frame) -> Result<Value, String> {
    match frame.data {
        Payload::Text(text) => serde_json::from_str(&text).map_err(|cause| cause.to_string()),
        _ => Err("an event that is no text".to_owned()),
    }
}

/// How the gateway cuts a recorded answer.
fn framing(cast: &Cast<'_>, sent: &Outbound) -> Framing {
    match sent.reply {
        ReplyMode::Frames => cast.reply().framing(framing_of(&sent.options)),
        _ => Framing::Sse,
    }
}

/// Whether the whole of it is taken for whole.
fn judge(cast: &Cast<'_>) -> Result<bool, String> {
    let sent = asked(cast)?;
    let bytes = cast.reply().bytes();
    for place in places(&bytes, framing(cast, &sent)) {
        let Ok((events, whole)) = read(cast, &sent, &bytes[..place]) else {
            continue;
        };
        let cut = format!("cut at {place} of {} bytes", bytes.len());
        holds(!whole, &format!("{cut}, it is taken for whole"))?;
        let dialects = Dialect::ALL.into_iter();
        for dialect in dialects.filter(|_| cast.operation == "chat") {
            let failed = bridged::out(dialect, cast, &events, false).is_err();
            holds(failed, &format!("{cut}, it ends well in {dialect:?}"))?;
        }
    }
    Ok(read(cast, &sent, &bytes).is_ok_and(|it| it.1))
}

#[test]
fn no_stream_that_breaks_off_is_taken_for_whole() {
    let components = components::all();
    let (mut seen, mut whole, mut wrong) = (0, 0, Vec::new());
    for recording in recordings::all() {
        let streams = recording.is_stream() && recording.status() == 200;
        let Ok(cast) = cast(&components, &recording) else {
            continue;
        };
        if !streams {
            continue;
        }
        seen += 1;
        match judge(&cast) {
            Ok(is_whole) => whole += usize::from(is_whole),
            Err(what) => wrong.push(format!("{} {}: {what}", recording.provider, recording.id)),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(seen > 500 && whole + 20 > seen, "{whole} of {seen}");
}
