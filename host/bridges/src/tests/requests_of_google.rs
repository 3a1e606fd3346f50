//! The same of Google's: contents in any of their spellings.

use sluice_plugin_gemini::Gemini;

use super::requests::recorded;
use super::*;

/// Parts in one form of writing, what only the plugin's models are told left out.
fn parts(content: &Value) -> Vec<Value> {
    let parts = list(&content["parts"]).iter();
    let part = |part: &Value| {
        let given = |name: &str, snake: &str| {
            [&part[name], &part[snake]]
                .into_iter()
                .find(|it| it.is_object())
                .cloned()
        };
        if let Some(call) = given("functionCall", "function_call") {
            json!([
                "call",
                call["name"],
                call["args"].as_object().cloned().unwrap_or_default()
            ])
        } else if let Some(result) = given("functionResponse", "function_response") {
            let response = &result["response"];
            let one = response.as_object().filter(|it| it.len() == 1);
            let inner = one.and_then(|it| {
                it.get("output")
                    .or(it.get("result"))
                    .or(it.get("content"))
                    .or(it.get("error"))
            });
            let inner = inner.unwrap_or(response);
            let said = inner
                .as_str()
                .map_or_else(|| inner.to_string(), str::to_owned);
            let said = serde_json::from_str::<Value>(&said)
                .ok()
                .filter(Value::is_object)
                .map_or(said, |it| it.to_string());
            json!(["result", result["name"], said])
        } else if let Some(blob) = given("inlineData", "inline_data") {
            json!(["data", blob["data"]])
        } else if let Some(file) = given("fileData", "file_data") {
            json!(["file", file.get("fileUri").or(file.get("file_uri"))])
        } else {
            let mut part = part.clone();
            if part["thought"] == false {
                part.as_object_mut().unwrap().remove("thought");
            }
            part
        }
    };
    let said = |it: &Value| it["text"] != "" || it["thoughtSignature"].is_string();
    parts.map(part).filter(said).collect()
}

fn contents(body: &Value) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    let listed = match &body["contents"] {
        one @ Value::Object(_) => vec![one.clone()],
        other => list(other).to_vec(),
    };
    for content in &listed {
        for part in parts(content) {
            let role = if content["role"] == "model" {
                "model"
            } else {
                "user"
            };
            out.push(json!([role, part]));
        }
    }
    out
}

#[test]
fn recorded_contents_come_out_of_the_plugin_as_they_went_in() {
    let mut seen = 0;
    for item in recorded("generate-content") {
        let body = &item["body"];
        if !body["cachedContent"].is_null() || !body["cached_content"].is_null() {
            continue;
        }
        let options = Options {
            target: Target::GEMINI,
            drop_params: true,
            ..Options::default()
        };
        let got = request(
            Dialect::GenerateContent,
            body.as_object().unwrap(),
            &options,
        );
        let chat = got
            .unwrap_or_else(|why| panic!("{}: {why}", item["id"]))
            .chat;
        let sent = sent::<Gemini>("gemini", "gemini-2.5-flash", chat.into());
        seen += 1;
        let bare = |it: Vec<Value>| {
            it.into_iter()
                .map(|mut it| {
                    if let Some(part) = it[1].as_object_mut() {
                        part.remove("thoughtSignature");
                    }
                    it
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(
            bare(contents(&sent)),
            bare(contents(body)),
            "{}",
            item["id"]
        );
        let config = if body["generationConfig"].is_object() {
            &body["generationConfig"]
        } else {
            &body["generation_config"]
        };
        for name in [
            "temperature",
            "topP",
            "topK",
            "maxOutputTokens",
            "stopSequences",
            "seed",
            "candidateCount",
        ] {
            if !config[name].is_null() && !config[name].as_array().is_some_and(Vec::is_empty) {
                assert_eq!(
                    sent["generationConfig"][name].as_f64(),
                    config[name].as_f64(),
                    "{}: {name}",
                    item["id"]
                );
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn one_thing_stands_for_a_list_of_it() {
    let chat = |one: bool| {
        let list = |it: Value| if one { it } else { json!([it]) };
        let function = json!({"name": "look", "parameters": {"type": "OBJECT"}});
        let more = json!({
            "generationConfig": {"stopSequences": list("END".into())},
            "tools": list(json!({"functionDeclarations": list(function)})),
        });
        let body = body(Dialect::GenerateContent, &more);
        bridged(Dialect::GenerateContent, &body, Target::COMPATIBLE).chat
    };
    let alone = chat(true);
    assert_eq!(alone["stop"], json!(["END"]));
    assert_eq!(alone["tools"][0]["function"]["name"], "look");
    assert_eq!(alone, chat(false));
}

#[test]
fn numbers_may_be_texts_and_modes_numbers() {
    let chat = |number: &dyn Fn(i64) -> Value, mode: Value| {
        let config = json!({"temperature": number(1), "maxOutputTokens": number(9),
            "thinkingConfig": {"thinkingBudget": number(2048)}});
        let more = json!({"generationConfig": config,
            "tools": {"functionDeclarations": {"name": "look"}},
            "toolConfig": {"functionCallingConfig": {"mode": mode}}});
        let body = body(Dialect::GenerateContent, &more);
        bridged(Dialect::GenerateContent, &body, Target::COMPATIBLE).chat
    };
    let modes = [
        (0, "MODE_UNSPECIFIED"),
        (1, "AUTO"),
        (2, "ANY"),
        (3, "NONE"),
    ];
    for (number, name) in modes {
        let plain = chat(&|it| it.into(), name.into());
        assert_eq!(plain["max_tokens"], 9);
        assert!(plain.contains_key("thinking") || plain.contains_key("reasoning_effort"));
        assert_eq!(
            chat(&|it| it.to_string().into(), number.into()),
            plain,
            "{name}"
        );
    }
}
