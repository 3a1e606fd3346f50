//! Recorded answers of Anthropic and Google, as their plugins give them: the canonical answers and
//! streams that the bridges are tried on.

use sluice_plugin_anthropic::Anthropic;
use sluice_plugin_gemini::Gemini;

use super::*;

/// A canonical answer, whole or streamed, and what it was.
pub struct Case {
    pub id: String,
    pub provider: &'static str,
    /// The provider's own answer: one document, or the events of a stream.
    pub theirs: Vec<Value>,
    /// The canonical answer.
    pub answer: Option<Value>,
    /// Canonical chunks, the usage in the last one.
    pub chunks: Vec<Value>,
}

pub fn all() -> Vec<Case> {
    let mut cases = of::<Anthropic>(
        "anthropic",
        "claude-x",
        include_str!("../../../../plugins/anthropic/fixtures/corpus.jsonl"),
    );
    cases.extend(of::<Gemini>(
        "gemini",
        "gemini-2.5-flash",
        include_str!("../../../../plugins/gemini/fixtures/corpus.jsonl"),
    ));
    assert!(cases.len() > 180, "{}", cases.len());
    cases
}

fn of<P: Provider>(provider: &'static str, model: &str, corpus: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for item in lines(corpus) {
        let streaming = item["kind"] == "chat-stream";
        if !streaming && item["kind"] != "chat" {
            continue;
        }
        let fixture = json!({
            "name": item["id"], "provider": provider, "operation": "chat", "model": model, "streaming": streaming,
            "body": {"model": model, "messages": [{"role": "user", "content": "x"}]},
            "exchanges": [{"reply": {"status": item["status"], "headers": item["headers"], "body": item["body"]}}],
            "expect": {}
        });
        let outcome: Outcome =
            testing::replay::<P>(&serde_json::from_value(fixture).unwrap()).unwrap();
        if outcome.error.is_some() || outcome.relayed {
            continue;
        }
        let mut chunks = outcome.events;
        if let Some(usage) = outcome.usage {
            chunks.push(json!({"choices": [], "usage": usage}));
        }
        cases.push(Case {
            id: text(&item, "id").into(),
            provider,
            theirs: theirs(text(&item, "body")),
            answer: outcome.response,
            chunks,
        });
    }
    cases
}

fn theirs(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => {
            let lines = body.lines().filter_map(|it| it.strip_prefix("data:"));
            lines
                .filter_map(|it| serde_json::from_str(it.trim()).ok())
                .collect()
        }
    }
}

/// The answer that canonical chunks come to: text and arguments are joined, lists go by `index`.
pub fn gathered(chunks: &[Value]) -> Value {
    let choice = testing::gathered(chunks, 0).unwrap();
    let usage = chunks.iter().rev().find(|it| it["usage"].is_object());
    let mut answer = json!({"choices": [choice], "usage": usage.map(|it| it["usage"].clone())});
    for name in [
        "vertex_ai_grounding_metadata",
        "vertex_ai_url_context_metadata",
        "vertex_ai_safety_results",
        "vertex_ai_citation_metadata",
    ] {
        let last = chunks.iter().rev().find(|it| it[name].is_array());
        if let Some(chunk) = last {
            answer[name] = chunk[name].clone();
        }
    }
    answer
}
