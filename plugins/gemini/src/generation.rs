//! `generationConfig`: sampling, limits, formats, thinking.

use sluice_sdk::Call;
use sluice_sdk::serde_json::{Map, Value, json};

pub fn config(call: &Call, chat: &Map<String, Value>) -> Map<String, Value> {
    let mut config = Map::new();
    let mut copy = |from: &str, to: &str| {
        if let Some(value) = chat.get(from).filter(|it| !it.is_null()) {
            config.insert(to.into(), value.clone());
        }
    };
    copy("temperature", "temperature");
    copy("top_p", "topP");
    copy("top_k", "topK");
    copy("n", "candidateCount");
    copy("seed", "seed");
    copy("presence_penalty", "presencePenalty");
    copy("frequency_penalty", "frequencyPenalty");
    copy("logprobs", "responseLogprobs");
    copy("top_logprobs", "logprobs");
    copy("max_tokens", "maxOutputTokens");
    copy("max_completion_tokens", "maxOutputTokens");
    match chat.get("stop") {
        Some(Value::String(one)) => drop(config.insert("stopSequences".into(), json!([one]))),
        Some(Value::Array(list)) => {
            drop(config.insert("stopSequences".into(), list.clone().into()))
        }
        _ => {}
    }
    if let Some(list) = chat.get("modalities").and_then(Value::as_array) {
        let upper = list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_uppercase)
            .collect::<Vec<_>>();
        config.insert("responseModalities".into(), upper.into());
    }
    if let Some(voice) = chat.get("audio").and_then(|it| it.get("voice")) {
        config.insert(
            "speechConfig".into(),
            json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}}),
        );
    }
    format(chat, &mut config);
    if let Some(thinking) = thinking(&call.model, chat) {
        config.insert("thinkingConfig".into(), thinking);
    }
    config
}

fn format(chat: &Map<String, Value>, config: &mut Map<String, Value>) {
    let Some(format) = chat.get("response_format") else {
        return;
    };
    match format.get("type").and_then(Value::as_str) {
        Some("json_object") => {
            drop(config.insert("responseMimeType".into(), "application/json".into()))
        }
        Some("json_schema") => {
            config.insert("responseMimeType".into(), "application/json".into());
            if let Some(schema) = format.pointer("/json_schema/schema") {
                config.insert("responseJsonSchema".into(), schema.clone());
            }
        }
        _ => {}
    }
}

/// Gemini 3 takes a level, earlier models a budget of tokens; never both.
fn thinking(model: &str, chat: &Map<String, Value>) -> Option<Value> {
    let by_level = model.contains("gemini-3");
    if let Some(asked) = chat.get("thinking").filter(|it| it.is_object()) {
        let off = asked.get("type") == Some(&"disabled".into());
        let budget = asked.get("budget_tokens").and_then(Value::as_u64);
        return Some(match (off, budget) {
            (true, _) if by_level => json!({"thinkingLevel": "low", "includeThoughts": false}),
            (true, _) => json!({"thinkingBudget": 0, "includeThoughts": false}),
            (false, Some(budget)) if !by_level => {
                json!({"thinkingBudget": budget, "includeThoughts": true})
            }
            (false, _) => json!({"includeThoughts": true}),
        });
    }
    let effort = chat.get("reasoning_effort")?;
    let effort = effort.as_str().or_else(|| effort.get("effort")?.as_str())?;
    if by_level {
        let lowest = if model.contains("flash") {
            "minimal"
        } else {
            "low"
        };
        return Some(match effort {
            "none" | "disable" => json!({"thinkingLevel": lowest, "includeThoughts": false}),
            "minimal" => json!({"thinkingLevel": lowest, "includeThoughts": true}),
            "low" | "medium" => json!({"thinkingLevel": effort, "includeThoughts": true}),
            _ => json!({"thinkingLevel": "high", "includeThoughts": true}),
        });
    }
    let minimal = if model.contains("flash-lite") {
        512
    } else if model.contains("flash") {
        1
    } else {
        128
    };
    let budget = match effort {
        "none" | "disable" => return Some(json!({"thinkingBudget": 0, "includeThoughts": false})),
        "minimal" => minimal,
        "low" => 1024,
        "medium" => 2048,
        _ => 4096,
    };
    Some(json!({"thinkingBudget": budget, "includeThoughts": true}))
}
