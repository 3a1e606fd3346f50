//! A recording's address, read as the deployment that asks there: its model, base URL and settings.

use sluice_sdk::serde_json::{Map, Value, json};

use crate::recordings::Recording;
use crate::text;

/// What of a deployment, or of the client's request, an address tells.
pub struct Place {
    pub model: String,
    /// As the gateway gives it to the component: the operator's, else the provider's own.
    pub base_url: Option<String>,
    pub config: Value,
    /// What is asked about.
    pub id: String,
}

/// Ends of addresses that are the operation's, where the base URL is the operator's own.
const ENDS: [&str; 11] = [
    "/api/chat",
    "/api/embed",
    "/api/embeddings",
    "/api/generate",
    "/audio/transcriptions",
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/models",
    "/rerank",
    "/responses",
];

pub fn of(recording: &Recording, known: &Value) -> Place {
    let (origin, path) = split(&recording.url);
    let mut config = json!({"account_id": "ACCOUNT", "vertex_project": "PROJECT",
        "vertex_location": "us-central1", "project_id": "p"});
    let members = config.as_object_mut().unwrap();
    settings(recording, origin, path, members);
    Place {
        model: model(recording, path),
        base_url: base_url(recording, known, origin, path),
        config,
        id: id(path).to_owned(),
    }
}

/// Scheme and host, and what is behind them.
fn split(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    url.split_at(end)
}

/// Providers with an address of their own are asked there, wherever the recorder asked.
fn base_url(recording: &Recording, known: &Value, origin: &str, path: &str) -> Option<String> {
    let own = text(known, "base_url");
    let is_local = own.contains("://localhost") || own.contains("://127.0.0.1");
    if !own.is_empty() && !is_local {
        return Some(own.to_owned());
    }
    match recording.provider.as_str() {
        // Made of the settings.
        "bedrock" | "bedrock_mantle" | "snowflake" | "vertex_ai" => None,
        _ if origin.is_empty() => Some("https://upstream.test".to_owned()),
        "azure" | "azure_ai" | "heroku" | "watsonx" => Some(origin.to_owned()),
        _ => {
            let end = ENDS.iter().find_map(|it| path.strip_suffix(it));
            Some(format!("{origin}{}", end.unwrap_or_default()))
        }
    }
}

fn settings(recording: &Recording, origin: &str, path: &str, config: &mut Map<String, Value>) {
    let mut set = |name: &str, value: &str| config.insert(name.to_owned(), value.into());
    let host = origin.trim_start_matches("https://");
    let after = |start: &str| host.strip_prefix(start)?.split('.').next();
    match recording.provider.as_str() {
        "bedrock" => drop(after("bedrock-runtime.").map(|it| set("aws_region_name", it))),
        "bedrock_mantle" => drop(after("bedrock-mantle.").map(|it| set("aws_region_name", it))),
        "snowflake" => drop(set(
            "account_id",
            host.split('.').next().unwrap_or_default(),
        )),
        "vertex_ai" => {
            let location = path.split_once("/locations/");
            let location = location.and_then(|(_, rest)| rest.split('/').next());
            location.map(|it| set("vertex_location", it));
        }
        "azure" if path.starts_with("/openai/v1/") => drop(set("api_version", "v1")),
        "azure" | "azure_ai" => {
            let version = recording.query.strip_prefix("api-version=");
            version.map(|it| set("api_version", it));
        }
        _ => {}
    }
}

/// The model as a configuration names it: as the address has it, or else the body.
fn model(recording: &Recording, path: &str) -> String {
    let named = match recording.model.as_str() {
        "" => "m",
        named => named,
    };
    let after = |start: &str, ends: &[char]| {
        let rest = path.split_once(start)?.1;
        rest.split(ends).next().map(decoded)
    };
    let in_path = match recording.provider.as_str() {
        // Cloudflare's own dialect has the model in the address.
        "cloudflare" => {
            let run = path.split_once("/ai/run/").map(|(_, it)| it);
            let run = run.filter(|it| !it.contains('%'));
            run.map(|it| format!("run/{it}"))
        }
        "bedrock" => after("/model/", &['/']),
        "gemini" | "vertex_ai" => after("/models/", &['/', ':']),
        "azure" => after("/deployments/", &['/']),
        "black_forest_labs" => after("/v1/", &[]),
        "deepgram" => {
            let mut members = recording.query.split('&');
            members.find_map(|it| it.strip_prefix("model=").map(str::to_owned))
        }
        "replicate" => {
            let named = path.split_once("/models/").map(|(_, it)| it);
            let named = named.and_then(|it| it.strip_suffix("/predictions"));
            Some(named.map_or_else(|| "o/m:v".to_owned(), str::to_owned))
        }
        _ => None,
    };
    let named = in_path.unwrap_or_else(|| named.to_owned());
    match recording.endpoint.trim_end_matches("-stream") {
        "invoke" => format!("invoke/{named}"),
        _ => named,
    }
}

/// What is asked about: the last name in the address that is no part of the operation.
fn id(path: &str) -> &str {
    let parts = ["/results", "/content", "/input_items"];
    let path = parts
        .iter()
        .find_map(|it| path.strip_suffix(it))
        .unwrap_or(path);
    path.rsplit('/')
        .next()
        .filter(|it| !it.is_empty())
        .unwrap_or("i")
}

/// Without `%` and two digits.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2)).flatten();
        let escaped = escaped.and_then(|it| std::str::from_utf8(it).ok());
        let byte = escaped.and_then(|it| u8::from_str_radix(it, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap()
}
