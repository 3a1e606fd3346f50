//! Which complete answers are worth keeping. One that stopped where the request said (`length`) is
//! what was asked for; one that a filter cut short, or that is to be gone on with, is not.

use serde::Deserialize;

use super::super::request::{Dialect, Operation};
use super::super::writer::Event;

/// Finish and stop reasons of answers that somebody else would not get again.
const NOT_KEPT: [&str; 5] = [
    "content_filter",
    "error",
    "refusal",
    "pause_turn",
    "insufficient_system_resource",
];

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ended {
    choices: Option<Vec<Choice>>,
    stop_reason: Option<String>,
    status: Option<String>,
    incomplete_details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choice {
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    reason: Option<String>,
}

impl Ended {
    fn is_kept(&self, operation: Operation) -> bool {
        let good = |reason: &Option<String>| {
            reason
                .as_ref()
                .is_none_or(|it| !NOT_KEPT.contains(&it.as_str()))
        };
        match operation {
            Operation::Responses => match self.status.as_deref() {
                Some("completed") => true,
                Some("incomplete") => {
                    let details = self.incomplete_details.as_ref();
                    details.and_then(|it| it.reason.as_deref()) == Some("max_output_tokens")
                }
                _ => false,
            },
            _ => {
                let mut choices = self.choices.iter().flatten();
                choices.all(|it| good(&it.finish_reason)) && good(&self.stop_reason)
            }
        }
    }
}

/// Whether a whole answer is kept.
pub fn whole(operation: Operation, body: &str) -> bool {
    serde_json::from_str::<Ended>(body).is_ok_and(|it| it.is_kept(operation))
}

/// Whether a whole answer that is no JSON is kept: what was heard, as a text or as subtitles.
pub fn plain(operation: Operation, body: &str) -> bool {
    operation == Operation::Transcribe && !body.trim().is_empty()
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Step {
    #[serde(rename = "type")]
    kind: Option<String>,
    choices: Option<Vec<Choice>>,
    delta: Option<Delta>,
    response: Option<Ended>,
}

/// In other dialects than Anthropic's `delta` may be a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Delta {
    Members { stop_reason: Option<String> },
    Other(serde::de::IgnoredAny),
}

/// Whether a complete stream is kept.
pub fn stream(operation: Operation, events: &[(String, String)]) -> bool {
    match operation.dialect() {
        Dialect::Responses => events.iter().any(|(_, data)| {
            let ends = ["response.completed", "response.incomplete"];
            ends.iter().any(|it| data.contains(it))
                && serde_json::from_str::<Step>(data).is_ok_and(|step| {
                    let ended = step.kind.is_some_and(|it| ends.contains(&it.as_str()));
                    ended && step.response.is_some_and(|it| it.is_kept(operation))
                })
        }),
        Dialect::OpenAi | Dialect::Anthropic | Dialect::Google | Dialect::Realtime => {
            let suspect = |data: &str| NOT_KEPT.iter().any(|it| data.contains(it));
            events.iter().all(|(_, data)| !suspect(data) || step(data))
        }
    }
}

/// Whether one event says nothing against keeping the stream.
fn step(data: &str) -> bool {
    let Ok(step) = serde_json::from_str::<Step>(data) else {
        return false;
    };
    let stop_reason = match step.delta {
        Some(Delta::Members { stop_reason }) => stop_reason,
        Some(Delta::Other(_)) | None => None,
    };
    let ended = Ended {
        choices: step.choices,
        stop_reason,
        ..Ended::default()
    };
    ended.is_kept(Operation::Chat)
}

/// An event as it is kept.
pub fn pair(event: &Event) -> (String, String) {
    (event.name.clone(), event.data.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_came_to_their_own_end_are_kept() {
        use Operation::{Chat, Messages, Responses};
        for (operation, body, kept) in [
            (Chat, r#"{"choices":[{"finish_reason":"stop"}]}"#, true),
            (Chat, r#"{"choices":[{"finish_reason":"length"}]}"#, true),
            (
                Chat,
                r#"{"choices":[{"finish_reason":"stop"},{"finish_reason":"content_filter"}]}"#,
                false,
            ),
            (Messages, r#"{"stop_reason":"tool_use"}"#, true),
            (Messages, r#"{"stop_reason":"pause_turn"}"#, false),
            (Responses, r#"{"status":"completed"}"#, true),
            (
                Responses,
                r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#,
                true,
            ),
            (
                Responses,
                r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#,
                false,
            ),
            (Responses, r#"{"status":"queued"}"#, false),
            (Responses, r#"{"output":[]}"#, false),
        ] {
            assert_eq!(whole(operation, body), kept, "{body}");
        }
    }

    #[test]
    fn streams_are_kept_as_whole_answers_are() {
        use Operation::{Chat, Messages, Responses};
        for (operation, data, kept) in [
            (
                Chat,
                r#"{"choices":[{"delta":{"content":"a content_filter"},"finish_reason":null}]}"#,
                true,
            ),
            (
                Chat,
                r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#,
                false,
            ),
            (
                Messages,
                r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#,
                false,
            ),
            (
                Messages,
                r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"refusal"}}"#,
                true,
            ),
            (
                Responses,
                r#"{"type":"response.completed","response":{"status":"completed"}}"#,
                true,
            ),
            (
                Responses,
                r#"{"type":"response.output_text.delta","delta":"response.completed"}"#,
                false,
            ),
            (
                Responses,
                r#"{"type":"response.failed","response":{"status":"failed"}}"#,
                false,
            ),
        ] {
            let events = [(String::new(), data.to_owned())];
            assert_eq!(stream(operation, &events), kept, "{data}");
        }
    }
}
