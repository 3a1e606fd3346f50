//! A `generateContent` request as a chat request.

use serde_json::{Value, json};

use super::contents::{self, Reader};
use super::{camel, listed, member, number, schema, tools, within, word};
use crate::chat;
use crate::object::Object;
use crate::plan::Plan;
use crate::refusal::{Notes, Refusal};
use crate::{Bridged, Dialect, Keep, Options};

/// Wishes that Gemini CLI always sends, whatever the model.
const SOFT: &[&str] = &[
    "top_k",
    "reasoning_effort",
    "thinking",
    "service_tier",
    "safety_settings",
];

/// A member, whether a value has its type, and how the type is called.
type Typed = (&'static str, fn(&Value) -> bool, &'static str);

/// Members that are read if they have this type: what has another one would be overheard.
const TYPES: [Typed; 4] = [
    (
        "systemInstruction",
        |it| it.is_object() || it.is_string(),
        "a content",
    ),
    // Google takes one where a list is written.
    (
        "tools",
        |it| it.is_object() || is_list_of_objects(it),
        "a list of objects",
    ),
    ("toolConfig", Value::is_object, "an object"),
    ("generationConfig", Value::is_object, "an object"),
];

fn is_list_of_objects(value: &Value) -> bool {
    let list = value.as_array();
    list.is_some_and(|list| list.iter().all(Value::is_object))
}

/// The same of members of `generationConfig` that are no numbers.
const CONFIGURED: [Typed; 6] = [
    ("responseMimeType", Value::is_string, "a text"),
    ("responseSchema", Value::is_object, "an object"),
    (
        "responseJsonSchema",
        |it| it.is_object() || it.is_boolean(),
        "a schema",
    ),
    (
        "responseModalities",
        |it| listed(Some(it)).iter().all(Value::is_string),
        "a list of texts",
    ),
    ("responseLogprobs", Value::is_boolean, "true or false"),
    ("thinkingConfig", Value::is_object, "an object"),
];

fn check_config(config: &Object) -> Result<(), Refusal> {
    let wrong = |name: &str, why: &str| {
        let place = format!("generationConfig.{name}");
        let message = format!("`{place}` {why}");
        Err(Refusal::invalid(&place, message))
    };
    for (name, is_right, expected) in CONFIGURED {
        if member(config, name).is_some_and(|it| !is_right(it)) {
            return wrong(name, &format!("is not {expected}"));
        }
    }
    let thinking = member(config, "thinkingConfig");
    let budget = thinking.and_then(|it| within(it, "thinkingBudget"));
    if budget.is_some_and(|it| number(it).is_none()) {
        return wrong("thinkingConfig.thinkingBudget", "is not a number");
    }
    let has = |name: &str| member(config, name).is_some();
    if has("responseSchema") && has("responseJsonSchema") {
        return wrong("responseSchema", "stands beside `responseJsonSchema`");
    }
    let plain = matches!(
        member(config, "responseMimeType").and_then(Value::as_str),
        None | Some("" | "text/plain")
    );
    let schema = ["responseSchema", "responseJsonSchema"];
    match schema.iter().find(|it| has(it)) {
        Some(name) if plain => wrong(name, "needs `responseMimeType` `application/json`"),
        _ => Ok(()),
    }
}

fn check_types(body: &Object) -> Result<(), Refusal> {
    for (name, is_right, expected) in TYPES {
        if member(body, name).is_some_and(|it| !is_right(it)) {
            return Err(Refusal::invalid(
                name,
                format!("`{name}` is not {expected}"),
            ));
        }
    }
    let parts = member(body, "systemInstruction").and_then(|it| within(it, "parts"));
    if parts.is_some_and(|it| !it.is_object() && !is_list_of_objects(it)) {
        let name = "systemInstruction.parts";
        return Err(Refusal::invalid(name, format!("`{name}` is not a list")));
    }
    let config = member(body, "generationConfig").and_then(Value::as_object);
    config.map_or(Ok(()), check_config)
}

pub fn request(body: &Object, options: &Options<'_>) -> Result<Bridged, Refusal> {
    check_types(body)?;
    let mut notes = Notes::new(options.drop_params);
    let mut plan = Plan::of(Dialect::GenerateContent, options.streaming.unwrap_or(false));
    plan.thoughts = false;
    let mut chat = Object::new();
    if let Some(model) = member(body, "model").and_then(Value::as_str) {
        let model = model.strip_prefix("models/").unwrap_or(model);
        chat.insert("model".into(), model.into());
    }
    let system = member(body, "systemInstruction").and_then(contents::system);
    let Some(contents) = member(body, "contents") else {
        return Err(Refusal::invalid("contents", "`contents` is not a list"));
    };
    let mut reader = Reader::new(
        &mut plan,
        &mut notes,
        system.into_iter().collect(),
        options.target.google,
    );
    reader.read(contents)?;
    let messages = std::mem::take(&mut reader.messages);
    if messages.iter().all(|it| it["role"] == "system") {
        return Err(Refusal::invalid("contents", "`contents` says nothing"));
    }
    chat.insert("messages".into(), messages.into());
    let mut soft = SOFT.to_vec();
    tools::tools(body, &mut chat, options, &mut plan, &mut notes, &mut soft)?;
    for (name, value) in body.iter().filter(|(_, value)| !value.is_null()) {
        top(&camel(name), value, options, &mut chat, &mut notes)?;
    }
    if let Some(config) = member(body, "generationConfig").and_then(Value::as_object) {
        for (name, value) in config.iter().filter(|(_, value)| !value.is_null()) {
            generation(&camel(name), value, &mut chat, &mut notes)?;
        }
        if let Some(wanted) = member(config, "thinkingConfig") {
            thinking(wanted, options, &mut chat, &mut plan);
        }
        format(config, &mut chat, &mut notes)?;
    }
    if chat.get("temperature").and_then(Value::as_f64) == Some(1.0) {
        soft.push("temperature");
    }
    if plan.streaming {
        chat.insert("stream".into(), true.into());
    }
    options.target.fit(&mut chat, &mut notes);
    Ok(Bridged {
        chat,
        plan,
        notes: notes.into_list(),
        soft,
        keep: Keep::default(),
    })
}

fn top(
    name: &str,
    value: &Value,
    options: &Options<'_>,
    chat: &mut Object,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    match name {
        "safetySettings" if options.target.google => {
            drop(chat.insert("safety_settings".into(), value.clone()))
        }
        "safetySettings" => notes.dropped(name, "the provider judges by its own rules"),
        "serviceTier" => {
            if let Some(tier) = value.as_str() {
                let tier = if tier == "standard" { "default" } else { tier };
                chat.insert("service_tier".into(), tier.into());
            }
        }
        "cachedContent" => return Err(Refusal::unsupported(name, "the content is kept at Google")),
        "labels" | "store" => notes.dropped(name, "chat has no such member"),
        "contents" | "systemInstruction" | "tools" | "toolConfig" | "generationConfig"
        | "model" | "stream" => {}
        other => notes.dropped(other, "chat has no such member"),
    }
    Ok(())
}

fn generation(
    name: &str,
    value: &Value,
    chat: &mut Object,
    notes: &mut Notes,
) -> Result<(), Refusal> {
    let place = format!("generationConfig.{name}");
    let to = match name {
        "temperature" => "temperature",
        "topP" => "top_p",
        "topK" => "top_k",
        "candidateCount" => "n",
        "maxOutputTokens" => "max_tokens",
        "presencePenalty" => "presence_penalty",
        "frequencyPenalty" => "frequency_penalty",
        "seed" => "seed",
        "logprobs" => "top_logprobs",
        "stopSequences" => {
            let texts = listed(Some(value));
            if texts.iter().any(|it| !it.is_string()) {
                return Err(Refusal::invalid(
                    &place,
                    format!("`{place}` is not a list of texts"),
                ));
            }
            if !texts.is_empty() {
                chat.insert("stop".into(), texts.into());
            }
            return Ok(());
        }
        "responseLogprobs" => {
            chat.insert("logprobs".into(), value.clone());
            return Ok(());
        }
        "responseModalities" => {
            let words = listed(Some(value)).iter().filter_map(Value::as_str);
            let words: Vec<String> = words.map(str::to_lowercase).collect();
            if words.iter().any(|it| it != "text") {
                chat.insert("modalities".into(), words.into());
            }
            return Ok(());
        }
        "speechConfig" => {
            let voice = value.pointer("/voiceConfig/prebuiltVoiceConfig/voiceName");
            match voice.filter(|it| it.is_string()) {
                Some(voice) => {
                    drop(chat.insert("audio".into(), json!({"voice": voice, "format": "wav"})))
                }
                None => notes.refuse(&place, "only a prebuilt voice can be asked for")?,
            }
            return Ok(());
        }
        "imageConfig" | "routingConfig" | "modelConfig" => {
            return notes.refuse(&place, "it is Google's own");
        }
        "thinkingConfig" | "responseMimeType" | "responseSchema" | "responseJsonSchema" => {
            return Ok(());
        }
        _ => {
            notes.dropped(&place, "chat has no such parameter");
            return Ok(());
        }
    };
    let Some(value) = number(value) else {
        return Err(Refusal::invalid(
            &place,
            format!("`{place}` is not a number"),
        ));
    };
    // Google's clients write whole numbers as floats (Gemini CLI's `topK` is 64.0 in some).
    let whole = value
        .as_f64()
        .filter(|it| it.fract() == 0.0 && (0.0..9e15).contains(it));
    let read = match whole {
        Some(whole) if value.is_f64() && !matches!(to, "temperature" | "top_p") => {
            (whole as u64).into()
        }
        _ => value,
    };
    chat.insert(to.into(), read);
    Ok(())
}

fn format(config: &Object, chat: &mut Object, notes: &mut Notes) -> Result<(), Refusal> {
    let given = member(config, "responseJsonSchema").cloned();
    let schema = given.or_else(|| member(config, "responseSchema").map(schema::json));
    let kind = member(config, "responseMimeType").and_then(Value::as_str);
    match (kind.unwrap_or_default(), schema) {
        ("application/json", Some(schema)) => {
            chat.insert(
                "response_format".into(),
                chat::json_schema("response", &schema, None),
            );
        }
        ("application/json", None) => {
            chat.insert("response_format".into(), json!({"type": "json_object"}));
        }
        ("" | "text/plain", _) => {}
        (other, _) => notes.refuse(
            "generationConfig.responseMimeType",
            &format!("an answer of the type `{other}` is Google's own"),
        )?,
    }
    Ok(())
}

fn thinking(wanted: &Value, options: &Options<'_>, chat: &mut Object, plan: &mut Plan) {
    plan.thoughts = within(wanted, "includeThoughts") == Some(&true.into());
    let level = word(wanted, "thinkingLevel").to_lowercase();
    let budget = within(wanted, "thinkingBudget").and_then(number);
    let budget = budget.and_then(|it| it.as_i64());
    if !level.is_empty() && level != "thinking_level_unspecified" {
        chat.insert("reasoning_effort".into(), level.into());
        return;
    }
    match budget {
        Some(0) => drop(chat.insert("reasoning_effort".into(), "none".into())),
        Some(tokens) if tokens > 0 => {
            let tokens = tokens.unsigned_abs();
            if options.target.thinking {
                chat.insert(
                    "thinking".into(),
                    json!({"type": "enabled", "budget_tokens": tokens}),
                );
            } else {
                let effort = crate::anthropic::effort_of(tokens);
                chat.insert("reasoning_effort".into(), effort.into());
            }
        }
        // As much as the model likes.
        _ => {}
    }
}
