//! Lists of models in the words of three APIs. `GET /v1/models` is a path of OpenAI's, Anthropic's and
//! Google's API; their clients are told apart by a header that each of them sends.

use http::HeaderMap;
use serde_json::{Value, json};

use crate::pipeline::Dialect;

/// Headers of Google's clients.
const GOOGLES: [&str; 2] = ["x-goog-api-key", "x-goog-api-client"];

/// When a model was made is not known, and Anthropic's clients want a time: the one in OpenAI's list.
const CREATED_AT: &str = "2023-02-28T18:56:42Z";

/// What a client that asks for models speaks.
pub fn dialect(path: &str, headers: &HeaderMap) -> Dialect {
    let has = |name: &&str| headers.contains_key(*name);
    if path.starts_with("/v1beta/") || GOOGLES.iter().any(has) {
        Dialect::Google
    } else if has(&"anthropic-version") {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

/// The list of models, each as OpenAI's API has it.
pub fn list(dialect: Dialect, models: Vec<Value>) -> Value {
    let each = || models.iter().map(|it| one(dialect, it));
    match dialect {
        Dialect::Google => json!({"models": each().collect::<Vec<_>>()}),
        Dialect::Anthropic => json!({
            "data": each().collect::<Vec<_>>(), "has_more": false,
            "first_id": models.first().map(id), "last_id": models.last().map(id)}),
        Dialect::OpenAi | Dialect::Responses | Dialect::Realtime => {
            json!({"object": "list", "data": models})
        }
    }
}

/// One model.
pub fn one(dialect: Dialect, model: &Value) -> Value {
    let id = id(model);
    let limit = |name: &str| model.get(name).cloned().unwrap_or_default();
    match dialect {
        Dialect::Google => json!({
            "name": format!("models/{id}"), "displayName": id, "version": "",
            "inputTokenLimit": limit("max_input_tokens"),
            "outputTokenLimit": limit("max_output_tokens"),
            "supportedGenerationMethods": methods(model)}),
        Dialect::Anthropic => json!({
            "type": "model", "id": id, "display_name": id, "created_at": CREATED_AT,
            "lifecycle": "active", "max_input_tokens": limit("max_input_tokens"),
            "max_tokens": limit("max_output_tokens")}),
        Dialect::OpenAi | Dialect::Responses | Dialect::Realtime => model.clone(),
    }
}

fn id(model: &Value) -> &str {
    model.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// What Google's clients may do with a model. One whose mode is not known has chat, as most have.
fn methods(model: &Value) -> &'static [&'static str] {
    match model.get("mode").and_then(Value::as_str) {
        None | Some("chat" | "responses") => {
            &["generateContent", "streamGenerateContent", "countTokens"]
        }
        Some("embedding") => &["embedContent", "batchEmbedContents"],
        Some(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Vec<Value> {
        vec![
            json!({"id": "a", "object": "model", "mode": "chat", "max_input_tokens": 9, "max_output_tokens": 5}),
            json!({"id": "b", "object": "model", "mode": "embedding"}),
        ]
    }

    #[test]
    fn clients_are_told_apart_by_their_headers_and_paths() {
        let with = |name: &'static str| {
            HeaderMap::from_iter([(name.parse().unwrap(), "x".parse().unwrap())])
        };
        for (path, header, want) in [
            ("/v1/models", "authorization", Dialect::OpenAi),
            ("/v1/models/m", "anthropic-version", Dialect::Anthropic),
            ("/v1/models", "x-goog-api-key", Dialect::Google),
            ("/v1/models", "x-goog-api-client", Dialect::Google),
            ("/v1beta/models", "authorization", Dialect::Google),
        ] {
            assert_eq!(dialect(path, &with(header)), want, "{path} {header}");
        }
    }

    #[test]
    fn each_api_is_given_its_own_list() {
        assert_eq!(list(Dialect::OpenAi, models())["data"], json!(models()));
        let google = list(Dialect::Google, models());
        assert_eq!(google["models"][0]["name"], "models/a");
        assert_eq!(google["models"][0]["outputTokenLimit"], 5);
        assert_eq!(
            google["models"][1]["supportedGenerationMethods"][0],
            "embedContent"
        );
        let anthropic = list(Dialect::Anthropic, models());
        assert_eq!(
            (&anthropic["first_id"], &anthropic["last_id"]),
            (&json!("a"), &json!("b"))
        );
        assert_eq!(anthropic["data"][0]["type"], "model");
        let none = list(Dialect::Anthropic, Vec::new());
        assert_eq!(none["first_id"], Value::Null);
    }
}
