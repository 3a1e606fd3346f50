//! Answers that are relayed byte for byte: each must be what OpenAI's clients read already.

use sluice_sdk::serde_json::{self, Value};

use crate::judge::{Verdict, holds};
use crate::recordings::Recording;
use crate::{list, text};

pub fn judge(recording: &Recording, operation: &str) -> Verdict {
    let reply = recording.reply.as_ref().unwrap();
    let kind = text(&reply["headers"], "content-type");
    if operation == "audio.speech" {
        let bytes = reply["body"]["base64"]
            .as_str()
            .is_some_and(|it| !it.is_empty());
        return holds(bytes && kind.starts_with("audio/"), "no audio");
    }
    if recording.is_stream() || kind.starts_with("text/event-stream") {
        return stream(recording, operation);
    }
    let answer = recording.json();
    let texts = |part: &Value| part["choices"].as_array().is_some_and(|it| !it.is_empty());
    match operation {
        "chat" => {
            holds(texts(&answer), "no choice")?;
            for choice in list(&answer["choices"]) {
                // Azure leaves the message out of an answer that its filter took away.
                let filtered = choice["finish_reason"] == "content_filter";
                holds(
                    choice["message"].is_object() || filtered,
                    "a choice without message",
                )?;
                holds(is_reason(&choice["finish_reason"]), "no finish reason")?;
            }
            holds(answer["usage"]["prompt_tokens"].is_u64(), "no usage")
        }
        "completions" => {
            holds(texts(&answer), "no choice")?;
            holds(
                list(&answer["choices"])
                    .iter()
                    .all(|it| it["text"].is_string()),
                "no text",
            )
        }
        "responses" | "responses.get" => {
            holds(answer["object"] == "response", "no response")?;
            holds(
                answer["output"].is_array() && answer["status"].is_string(),
                "no output",
            )
        }
        "embeddings" => {
            let vector = |it: &Value| it["embedding"].is_array() || it["embedding"].is_string();
            holds(list(&answer["data"]).iter().all(vector), "no vector")?;
            holds(!list(&answer["data"]).is_empty(), "no vector at all")
        }
        "moderations" => {
            let judged = |it: &Value| it["flagged"].is_boolean();
            holds(list(&answer["results"]).iter().all(judged), "no judgement")
        }
        "images.generate" | "images.edit" | "images.vary" => {
            let made = |it: &Value| it["url"].is_string() || it["b64_json"].is_string();
            let data = list(&answer["data"]);
            holds(!data.is_empty() && data.iter().all(made), "no image")
        }
        "audio.transcribe" | "audio.translate" => {
            let plain = kind.starts_with("text/") && !recording.body().is_empty();
            holds(answer["text"].is_string() || plain, "no text")
        }
        "rerank" => {
            let rank = |it: &Value| it["index"].is_u64() && it["relevance_score"].is_number();
            holds(list(&answer["results"]).iter().all(rank), "no rank")?;
            holds(answer["results"].is_array(), "no ranks")
        }
        "models" => {
            let named = |it: &Value| it["id"].is_string();
            let data = list(&answer["data"]);
            holds(
                !data.is_empty() && data.iter().all(named),
                "no list of models",
            )
        }
        "count-tokens" => holds(answer["input_tokens"].is_u64(), "no count"),
        "count-response" => {
            let counts = answer["object"] == "response.input_tokens";
            holds(counts && answer["input_tokens"].is_u64(), "no count")
        }
        "responses.input_items" => {
            let item = |it: &Value| it["type"].is_string();
            let data = list(&answer["data"]);
            holds(!data.is_empty() && data.iter().all(item), "no items")
        }
        "files.create" | "files.get" => {
            holds(answer["object"] == "file", "no file")?;
            let told = answer["bytes"].is_u64() && answer["purpose"].is_string();
            holds(told && answer["id"].is_string(), "nothing of the file")
        }
        "files.delete" => holds(
            answer["deleted"] == true && answer["id"].is_string(),
            "nothing deleted",
        ),
        // Lines of JSON, as batches and fine-tuning have them.
        "files.content" => {
            let mut lines = recording.body().lines();
            let whole = lines.all(|it| serde_json::from_str::<Value>(it).is_ok());
            holds(whole && !recording.body().is_empty(), "no content")
        }
        "batches.create" | "batches.get" => {
            holds(answer["object"] == "batch", "no batch")?;
            let told = answer["id"].is_string() && answer["status"].is_string();
            holds(told, "nothing of the batch")
        }
        other => Err(format!("nobody judges a relayed `{other}`")),
    }
}

/// A reason of OpenAI's, or one that its clients were given by the provider.
fn is_reason(reason: &Value) -> bool {
    let known = [
        "stop",
        "length",
        "tool_calls",
        "content_filter",
        "function_call",
    ];
    reason.as_str().is_some_and(|it| known.contains(&it))
}

/// The host takes a stream for whole at `[DONE]`, or at the event that ends a response.
fn stream(recording: &Recording, operation: &str) -> Verdict {
    let body = recording.body().replace("\r\n", "\n");
    let data = body.lines().filter_map(|it| it.strip_prefix("data:"));
    let data: Vec<&str> = data.map(str::trim).collect();
    let events: Vec<Value> = data
        .iter()
        .filter_map(|it| serde_json::from_str(it).ok())
        .collect();
    holds(!events.is_empty(), "no event")?;
    let types = events.iter().map(|it| text(it, "type"));
    match operation {
        "responses" => {
            let ends = [
                "response.completed",
                "response.incomplete",
                "response.failed",
                "error",
            ];
            let mut ended = types.filter(|it| ends.contains(it));
            holds(ended.next().is_some(), "no end")
        }
        "audio.transcribe" => {
            let mut ended = types.filter(|it| *it == "transcript.text.done");
            holds(ended.next().is_some(), "no end")
        }
        "chat" | "completions" => {
            let failed = events.iter().any(|it| it["error"].is_object());
            let choices = || events.iter().flat_map(|it| list(&it["choices"]));
            let part = |it: &Value| it["delta"].is_object() || it["text"].is_string();
            let ended = choices().any(|it| is_reason(&it["finish_reason"]));
            holds(failed || choices().any(part), "no choice")?;
            holds(failed || ended, "no finish reason")?;
            holds(failed || data.contains(&"[DONE]"), "no `[DONE]`")
        }
        other => Err(format!("nobody judges a relayed stream of `{other}`")),
    }
}
