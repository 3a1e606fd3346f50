//! Everything that is no chat: text completions, images, transcripts, lists of models, counts.

use sluice_sdk::serde_json::{self, Value};
use sluice_sdk::testing::Outcome;

use crate::judge::{Verdict, holds, same};
use crate::recordings::Recording;
use crate::{list, text};

fn answer(outcome: &Outcome) -> Result<&Value, String> {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    outcome
        .response
        .as_ref()
        .ok_or_else(|| "no answer".to_owned())
}

/// The last look at a prediction is the answer, whatever it had before.
pub fn prediction(recording: &Recording, outcome: &Outcome) -> Verdict {
    let said = recording.json();
    let whole: String = list(&said["output"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let want = if said["status"] == "succeeded" {
        whole.as_str()
    } else {
        "the end"
    };
    let content = text(&answer(outcome)?["choices"][0]["message"], "content");
    same("the end of the prediction", &want, &content)
}

/// Ollama says `response`, watsonx `results`.
pub fn completion(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let lines = recording.body().lines();
    let lines = lines.map(|it| it.strip_prefix("data: ").unwrap_or(it));
    let read = lines.filter_map(|it| serde_json::from_str::<Value>(it).ok());
    let mut said: Vec<Value> = read.filter(Value::is_object).collect();
    if said.is_empty() {
        said.push(recording.json());
    }
    let part = |it: &Value| match it["results"][0].is_object() {
        true => text(&it["results"][0], "generated_text").to_owned(),
        false => text(it, "response").to_owned(),
    };
    let want: String = said.iter().map(part).collect();
    let mut counts = said.iter().filter_map(|it| {
        let own = it["eval_count"].as_u64();
        own.or(it["results"][0]["generated_token_count"].as_u64())
    });
    let (got, usage): (String, Option<&Value>) = match &outcome.response {
        Some(response) => (
            text(&response["choices"][0], "text").into(),
            response.get("usage"),
        ),
        None => {
            let events = outcome.events.iter();
            let got = events.map(|it| text(&it["choices"][0], "text")).collect();
            (got, outcome.usage.as_ref())
        }
    };
    same("text", &want, &got)?;
    let got = usage.and_then(|it| it["completion_tokens"].as_u64());
    same("tokens", &counts.next_back(), &got)
}

/// What was made, by address or bytes, or the address where it will be.
pub fn images(recording: &Recording, outcome: &Outcome) -> Verdict {
    let made = recording.json();
    let got = &answer(outcome)?["data"][0];
    let places = ["/output/0", "/result/sample"];
    let want = places.iter().find_map(|it| made.pointer(it)?.as_str());
    same(
        "image",
        &want.unwrap_or("https://the.end"),
        &text(got, "url"),
    )
}

/// Deepgram's first alternative, or the text beside its words.
pub fn transcript(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let said = recording.json();
    let want = said.pointer("/results/channels/0/alternatives/0/transcript");
    let want = want.or_else(|| said.get("text"));
    holds(want.is_some(), "no transcript was recorded")?;
    same("text", &want, &answer.get("text"))?;
    let seconds = said.pointer("/metadata/duration");
    let seconds = seconds.or_else(|| said.get("duration"));
    same("seconds", &seconds, &answer["usage"].get("seconds"))
}

/// Mistral's job that waits for its turn.
pub fn job(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let said = recording.json();
    same("status", &"QUEUED", &text(&said, "status"))?;
    same("status", &"validating", &text(answer, "status"))?;
    same("id", &said["id"], &answer["id"])?;
    same("input", &said["input_files"][0], &answer["input_file_id"])
}

/// Anthropic's batch, which has an output once it has ended.
pub fn batch(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let said = recording.json();
    let (counts, got) = (&said["request_counts"], &answer["request_counts"]);
    same("id", &said["id"], &answer["id"])?;
    same("answered", &counts["succeeded"], &got["completed"])?;
    let all = counts.as_object().into_iter().flatten();
    let all: u64 = all.filter_map(|(_, count)| count.as_u64()).sum();
    same("requests", &Some(all), &got["total"].as_u64())?;
    let ended = said["processing_status"] == "ended";
    let want = if ended { "completed" } else { "in_progress" };
    same("status", &want, &text(answer, "status"))?;
    same("output", &ended, &answer["output_file_id"].is_string())
}

/// Google's batch: its requests are counted in texts, and zeroes left out.
pub fn google_batch(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let said = recording.json();
    let metadata = &said["metadata"];
    let counted = |name: &str| Some(text(&metadata["batchStats"], name).parse().unwrap_or(0));
    let got = &answer["request_counts"];
    same("requests", &counted("requestCount"), &got["total"].as_u64())?;
    let answered = got["completed"].as_u64();
    same("answered", &counted("successfulRequestCount"), &answered)?;
    let id = text(&said, "name").trim_start_matches("batches/");
    same("id", &id, &text(answer, "id"))?;
    let ended = said["done"] == true;
    let want = match text(metadata, "state") {
        "BATCH_STATE_PENDING" => "validating",
        "BATCH_STATE_SUCCEEDED" => "completed",
        other => return Err(format!("nobody judges `{other}`")),
    };
    same("status", &want, &text(answer, "status"))?;
    same("end", &ended, &answer["completed_at"].is_u64())?;
    same("output", &ended, &answer["output_file_id"].is_string())
}

/// Anthropic's results, each an answer in OpenAI's line.
pub fn results(recording: &Recording, outcome: &Outcome) -> Verdict {
    holds(outcome.error.is_none(), &format!("{:?}", outcome.error))?;
    let said: Vec<Value> = recording
        .body()
        .lines()
        .filter_map(|it| serde_json::from_str(it).ok())
        .collect();
    same("lines", &said.len(), &outcome.events.len())?;
    for (said, got) in said.iter().zip(&outcome.events) {
        let (message, body) = (&said["result"]["message"], &got["response"]["body"]);
        same("name", &said["custom_id"], &got["custom_id"])?;
        let (want, got) = (&message["content"][0], &body["choices"][0]["message"]);
        same("text", &want["text"], &got["content"])?;
        let (want, got) = (&message["usage"], &body["usage"]);
        same("input", &want["input_tokens"], &got["prompt_tokens"])?;
        same("output", &want["output_tokens"], &got["completion_tokens"])?;
    }
    holds(!said.is_empty(), "no results were recorded")
}

/// Anthropic's file, or that it is gone.
pub fn file(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let said = recording.json();
    same("id", &said["id"], &answer["id"])?;
    if said["type"] == "file_deleted" {
        return same("deleted", &Some(true), &answer["deleted"].as_bool());
    }
    same("bytes", &said["size_bytes"], &answer["bytes"])?;
    same("name", &said["filename"], &answer["filename"])?;
    holds(answer["created_at"].is_u64(), "no time")
}

/// The bytes that were recorded as base64 in a document.
pub fn sound(recording: &Recording, outcome: &Outcome) -> Verdict {
    let answer = answer(outcome)?;
    let bytes = list(&answer["bytes"]).iter().filter_map(Value::as_u64);
    let bytes: Vec<u8> = bytes.filter_map(|it| u8::try_from(it).ok()).collect();
    let said = recording.json();
    let want = text(&said, "audio_data");
    holds(!want.is_empty(), "no sound was recorded")?;
    same(
        "sound",
        &want,
        &sluice_wire::base64::encoded(&bytes).as_str(),
    )
}

pub fn models(recording: &Recording, outcome: &Outcome) -> Verdict {
    let said = recording.json();
    let places = ["models", "data", "resources", "result"].map(|it| &said[it]);
    let one = [said.clone()];
    let listed = places.into_iter().find(|it| it.is_array());
    let listed = listed.map_or(&one[..], list);
    let name = |it: &Value| {
        let names = ["id", "name", "model_id"].map(|name| text(it, name).to_owned());
        let name = names.into_iter().find(|it| !it.is_empty()).unwrap();
        name.trim_start_matches("models/").to_owned()
    };
    let want: Vec<String> = listed.iter().map(name).collect();
    let got = list(&answer(outcome)?["data"])
        .iter()
        .map(|it| text(it, "id").to_owned());
    same("models", &want, &got.collect())
}

pub fn count(recording: &Recording, outcome: &Outcome) -> Verdict {
    let said = recording.json();
    let named = ["totalTokens", "inputTokens"];
    let told = named.iter().find_map(|it| said[*it].as_u64());
    // Cohere gives the tokens themselves.
    let want = told.unwrap_or(list(&said["tokens"]).len() as u64);
    holds(want > 0, "no count was recorded")?;
    let got = answer(outcome)?["input_tokens"].as_u64();
    same("count", &Some(want), &got)
}
