//! Whether a component's answer has everything that the recorded one has.

use std::fmt::Debug;

use crate::play::Played;
use crate::recordings::Recording;
use crate::text;
use crate::{
    anthropic, bedrock, canonical, cohere, compatible, gemini, gigachat, media, ollama, refusals,
    vectors,
};

/// Nothing, or what is lost.
pub type Verdict = Result<(), String>;

pub fn judge(recording: &Recording, played: &Played) -> Verdict {
    if recording.status() >= 400 {
        return refusals::judge(recording, played);
    }
    let outcome = &played.outcome;
    if outcome.relayed {
        return canonical::judge(recording, played.operation);
    }
    let plugin = text(&played.component.document, "name");
    match (plugin, played.operation) {
        ("openai_compatible", "chat") => compatible::judge(recording, &played.provider, outcome),
        ("vertex_ai", "chat") if recording.model.starts_with("claude") => {
            anthropic::judge(recording.body(), outcome)
        }
        ("anthropic", "chat") => anthropic::judge(recording.body(), outcome),
        ("gemini" | "vertex_ai", "chat") => gemini::judge(recording, outcome),
        ("bedrock", "chat") => bedrock::judge(recording, outcome),
        ("cohere", "chat") => cohere::judge(recording, outcome),
        ("ollama", "chat") => ollama::judge(recording, outcome),
        ("gigachat", "chat") => gigachat::judge(recording, outcome),
        ("replicate", "chat") => media::prediction(recording, outcome),
        (_, "completions") => media::completion(recording, outcome),
        (_, "embeddings") => vectors::judge(recording, outcome),
        (_, "rerank") => vectors::ranks(recording, outcome),
        (_, "models") => media::models(recording, outcome),
        (_, "images.generate" | "images.edit") => media::images(recording, outcome),
        ("anthropic", "batches.create" | "batches.get") => media::batch(recording, outcome),
        ("gemini", "batches.create" | "batches.get") => media::google_batch(recording, outcome),
        ("anthropic", "files.content") => media::results(recording, outcome),
        (_, "batches.create") => media::job(recording, outcome),
        ("anthropic", "files.create" | "files.get" | "files.delete") => {
            media::file(recording, outcome)
        }
        (_, "audio.speech") => media::sound(recording, outcome),
        (_, "audio.transcribe") => media::transcript(recording, outcome),
        (_, "count-tokens") => media::count(recording, outcome),
        (plugin, operation) => Err(format!("nobody judges `{operation}` of {plugin}")),
    }
}

/// The same, or both.
pub fn same<T: PartialEq + Debug>(what: &str, want: &T, got: &T) -> Verdict {
    match want == got {
        true => Ok(()),
        false => Err(format!("{what}: want {want:?}, got {got:?}")),
    }
}

/// Holds, or what does not.
pub fn holds(fact: bool, what: &str) -> Verdict {
    fact.then_some(()).ok_or_else(|| what.to_owned())
}
