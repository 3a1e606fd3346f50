//! What the plugin says of itself: one provider a row.

use sluice_sdk::chat::CACHE_MARKS;
use sluice_sdk::serde_json::{Map, Value, json};

use crate::examples;
use crate::row::{EXTENSIONS, GENERIC, Row};
use crate::schema;

/// The `describe` document.
pub fn document() -> Value {
    let providers: Vec<Value> = Row::all()
        .unwrap_or_default()
        .iter()
        .map(provider)
        .collect();
    json!({
        "name": "openai_compatible",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Providers that speak OpenAI's chat completions, each a row of data",
        "license": "MIT OR Apache-2.0",
        "providers": providers,
        "examples": examples::all()
    })
}

fn provider(row: &Row) -> Value {
    let auth = match (&row.auth, &row.signed) {
        (Some(auth), _) => {
            json!({"scheme": auth.scheme, "name": auth.name, "prefix": auth.prefix, "secret": "api_key"})
        }
        (None, Some(service)) => json!({"scheme": "sigv4", "service": service}),
        (None, None) => json!({"scheme": "bearer", "secret": "api_key"}),
    };
    let mut secrets = Map::new();
    let required = !row.key_optional && row.exchange.is_none() && row.secrets.is_empty();
    let key = json!({"env": row.env, "required": required, "title": "API key"});
    secrets.insert("api_key".into(), key);
    for (name, env) in &row.secrets {
        let secret = json!({"env": env, "required": false});
        secrets.insert(name.clone(), secret);
    }
    let mut settings = Map::new();
    if let Some(exchange) = &row.exchange {
        let secret = json!({"env": exchange.env, "title": exchange.title});
        secrets.insert(exchange.secret.clone(), secret);
        settings.insert(exchange.setting.clone(), json!({"type": "string"}));
    }
    settings.insert("row".into(), schema::of_deployment());
    for name in &row.settings {
        let schema = match row.settings_env.get(name) {
            Some(env) => json!({"type": "string", "x-env": env}),
            None => json!({"type": "string"}),
        };
        settings.insert(name.clone(), schema);
    }
    let mut config = json!({"type": "object", "properties": settings});
    if row.name == GENERIC {
        config["$defs"] = json!({"row": schema::row()});
    }
    let operations: Map<String, Value> = row
        .operations()
        .into_iter()
        .map(|name| {
            let operation = operation(row, &name);
            (name, operation)
        })
        .collect();
    let mut provider = json!({
        "name": row.name,
        "title": row.title,
        "auth": auth,
        "secrets": secrets,
        "operations": operations,
        "config_schema": config,
        "verified": row.verified
    });
    let optional = [
        ("aliases", json!(row.aliases)),
        ("base_url", json!(row.base_url)),
        ("base_url_env", json!(row.base_url_env)),
        ("docs", json!(row.docs)),
        ("hosts", json!(row.hosts)),
        ("rate_limit_headers", rate_limits(row)),
    ];
    if let Some(members) = provider.as_object_mut() {
        for (name, value) in optional {
            let empty = value.is_null() || value == json!([]) || value == json!({}) || value == "";
            if !empty {
                members.insert(name.into(), value);
            }
        }
    }
    provider
}

/// Of OpenAI's image models, and of no others.
const OF_OPENAIS_IMAGES: [&str; 7] = [
    "background",
    "moderation",
    "output_compression",
    "output_format",
    "partial_images",
    "quality",
    "style",
];

fn own_images(row: &Row) -> bool {
    let own = ["dashscope", "modelscope", "workflows"];
    row.images.as_deref().is_some_and(|it| own.contains(&it))
}

fn operation(row: &Row, name: &str) -> Value {
    let mut ignored = row.ignored.clone();
    if !row.user && !row.unsupported.iter().any(|it| it == "user") {
        ignored.push("user".into());
    }
    match name {
        "chat" => {
            json!({"stream": true, "unsupported": unsupported(row), "ignored": ignored, "models": exceptions(row)})
        }
        "completions" if row.fim.is_some() => {
            json!({"stream": true, "ignored": ["user"], "unsupported": ["best_of", "logit_bias", "logprobs"]})
        }
        "completions" => json!({"stream": true, "body": "head"}),
        "embeddings" if row.embeddings.is_some() => {
            json!({"ignored": ignored, "unsupported": ["dimensions"]})
        }
        // Cloudflare's own dialect has the texts under another name.
        "embeddings" if row.run => json!({"ignored": ignored}),
        "embeddings" => json!({"body": "head", "ignored": ignored}),
        "responses" if !row.cache_control => {
            json!({"stream": true, "body": "head", "ignored": CACHE_MARKS})
        }
        "responses" => json!({"stream": true, "body": "head"}),
        // The headers tell of the conversation, which has to be read for them.
        "messages" if row.turn_headers => json!({"stream": true}),
        "messages" => json!({"stream": true, "body": "head"}),
        "images.generate" if own_images(row) => {
            let mut unsupported = OF_OPENAIS_IMAGES.to_vec();
            // One picture a call.
            unsupported.extend((row.images.as_deref() != Some("dashscope")).then_some("n"));
            json!({"ignored": ["user"], "unsupported": unsupported})
        }
        "images.edit" if row.images.as_deref() == Some("dashscope") => {
            let mut unsupported = OF_OPENAIS_IMAGES.to_vec();
            unsupported.push("input_fidelity");
            json!({"ignored": ["user"], "unsupported": unsupported})
        }
        "images.generate" if row.run => {
            json!({"ignored": ["user"], "unsupported": OF_OPENAIS_IMAGES})
        }
        "audio.speech" if row.speech.as_deref() == Some("minimax") => {
            json!({"ignored": ["user"], "unsupported": ["instructions"]})
        }
        "audio.speech" if row.speech.as_deref() == Some("dashscope") => {
            json!({"ignored": ["user"], "unsupported": ["instructions", "speed"]})
        }
        "audio.speech" if row.speech.is_some() => {
            json!({"body": "head", "ignored": ["user"], "unsupported": ["instructions", "speed"]})
        }
        "audio.transcribe" if row.transcription.is_some() || row.run => {
            let mut unsupported = vec![
                "chunking_strategy",
                "include",
                "known_speaker_names",
                "known_speaker_references",
                "temperature",
            ];
            // Whisper is told what comes before the sound.
            unsupported.extend((!row.run).then_some("prompt"));
            json!({"ignored": ["user"], "unsupported": unsupported})
        }
        "rerank" if row.rerank.is_some() => json!({}),
        "rerank" | "moderations" | "images.generate" | "audio.speech" => json!({"body": "head"}),
        _ => json!({}),
    }
}

fn unsupported(row: &Row) -> Vec<String> {
    let mut names = row.unsupported.clone();
    if let Some(taken) = &row.extensions {
        let missing = EXTENSIONS
            .iter()
            .filter(|name| !taken.iter().any(|it| it == *name));
        names.extend(missing.map(|name| (*name).to_owned()));
    }
    if row.thinking.is_none() {
        names.push("thinking".into());
    }
    names
}

/// The parameter lists of the row's exceptions.
fn exceptions(row: &Row) -> Vec<Value> {
    let lists = ["match", "supported", "unsupported", "ignored"];
    let listed = |exception: &Map<String, Value>| {
        let members = lists
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), exception.get(*name)?.clone())));
        members.collect::<Map<_, _>>()
    };
    let lists = row.models.iter().map(listed);
    lists.filter(|it| it.len() > 1).map(Value::from).collect()
}

fn rate_limits(row: &Row) -> Value {
    match row.rate_limits.as_deref() {
        Some("openai") => json!({
            "limit_requests": "x-ratelimit-limit-requests", "remaining_requests": "x-ratelimit-remaining-requests",
            "reset_requests": "x-ratelimit-reset-requests", "limit_tokens": "x-ratelimit-limit-tokens",
            "remaining_tokens": "x-ratelimit-remaining-tokens", "reset_tokens": "x-ratelimit-reset-tokens"
        }),
        Some("plain") => json!({
            "limit_requests": "x-ratelimit-limit", "remaining_requests": "x-ratelimit-remaining",
            "reset_requests": "x-ratelimit-reset"
        }),
        _ => json!({}),
    }
}
