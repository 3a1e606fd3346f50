//! `generationConfig`: sampling, limits, formats, thinking.

use sluice_sdk::serde_json::{Map, Value, json};
use sluice_sdk::{Call, Error, fault};

use crate::gemini::models;

pub fn config(call: &Call, chat: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
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
    if let Some(thinking) = thinking(&call.model, chat)? {
        config.insert("thinkingConfig".into(), thinking);
    }
    Ok(config)
}

fn format(chat: &Map<String, Value>, config: &mut Map<String, Value>) {
    let Some(format) = chat.get("response_format") else {
        return;
    };
    match format.get("type").and_then(Value::as_str) {
        Some("json_object") => {
            config.insert("responseMimeType".into(), "application/json".into());
            // As LiteLLM's clients give a schema to Google's models.
            if let Some(schema) = format.get("response_schema").filter(|it| it.is_object()) {
                config.insert("responseJsonSchema".into(), schema.clone());
            }
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
fn thinking(model: &str, chat: &Map<String, Value>) -> Result<Option<Value>, Error> {
    let third = models::is_third(model);
    let off = if third {
        json!({"thinkingLevel": models::lowest_level(model), "includeThoughts": false})
    } else if models::always_thinks(model) {
        json!({"thinkingBudget": models::least_budget(model), "includeThoughts": false})
    } else {
        json!({"thinkingBudget": 0, "includeThoughts": false})
    };
    if let Some(asked) = chat.get("thinking").filter(|it| it.is_object()) {
        let budget = asked.get("budget_tokens").and_then(Value::as_u64);
        return Ok(Some(match budget {
            _ if asked.get("type") == Some(&"disabled".into()) => off,
            Some(budget) if !third => json!({"thinkingBudget": budget, "includeThoughts": true}),
            _ => json!({"includeThoughts": true}),
        }));
    }
    let Some(asked) = chat.get("reasoning_effort").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let effort = asked
        .as_str()
        .or_else(|| asked.get("effort").and_then(Value::as_str));
    let (level, budget) = match effort.unwrap_or_default() {
        "none" | "disable" => return Ok(Some(off)),
        "minimal" => (models::lowest_level(model), models::least_budget(model)),
        "low" => ("low", 1024),
        "medium" => ("medium", 2048),
        "high" | "xhigh" | "max" => ("high", 4096),
        _ => {
            return Err(fault::invalid_request(format!(
                "`reasoning_effort` is {asked}, which is none of none, minimal, low, medium, high, xhigh, max"
            )));
        }
    };
    Ok(Some(if third {
        json!({"thinkingLevel": level, "includeThoughts": true})
    } else {
        json!({"thinkingBudget": budget, "includeThoughts": true})
    }))
}
