//! The document, put together.

use serde_json::{Map, Value, json};

use super::asked::{self, Asked, Room};
use super::listed::{self, Listed};
use super::{areas, calls, errors};
use crate::auth::{Area, Gate};

const ABOUT: &str = "An LLM gateway with LiteLLM's API. Every route takes a key (`Authorization: Bearer`, or \
                     one of the other headers) unless it says otherwise. Routes that LiteLLM has and this \
                     gateway has not are listed with their answer 501.";

/// The whole document, but for `servers`.
pub fn whole() -> Value {
    let tags = areas::TAGS
        .iter()
        .map(|(name, about)| json!({"name": name, "description": about}));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "sluice", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"}
        },
        "tags": tags.collect::<Vec<_>>(),
        "security": security(),
        "paths": paths(),
        "components": {
            "schemas": errors::schemas(),
            "responses": errors::responses(),
            "securitySchemes": schemes()
        }
    })
}

/// Any of these proves a caller.
fn security() -> Value {
    json!([{"bearer": []}, {"x-api-key": []}, {"api-key": []}, {"x-goog-api-key": []},
        {"x-litellm-api-key": []}, {"session": []}])
}

fn schemes() -> Value {
    let header = |name: &str, whose: &str| {
        json!({"type": "apiKey", "in": "header", "name": name,
            "description": format!("where {whose} clients put the key")})
    };
    json!({
        "bearer": {"type": "http", "scheme": "bearer",
            "description": "a virtual key, the master key, or a token of the identity provider"},
        "x-api-key": header("x-api-key", "Anthropic's"),
        "api-key": header("api-key", "Azure's"),
        "x-goog-api-key": header("x-goog-api-key", "Google's"),
        "x-litellm-api-key": header("x-litellm-api-key", "LiteLLM's"),
        "session": {"type": "apiKey", "in": "cookie", "name": "sluice_session",
            "description": "the cookie of the admin UI; requests that change something also need its page"}
    })
}

fn paths() -> Map<String, Value> {
    let mut paths: Map<String, Value> = Map::new();
    for listed in listed::all() {
        let item = paths
            .entry(listed.path.clone())
            .or_insert_with(|| json!({}));
        item[listed.method.as_str().to_lowercase()] = operation(&listed);
    }
    paths
}

fn operation(listed: &Listed) -> Value {
    let mut operation = json!({
        "operationId": listed.id(), "tags": [areas::tag(listed.class.area)],
        "summary": listed.summary(), "description": areas::who(listed.class.gate),
    });
    if listed.class.gate == Gate::Public {
        operation["security"] = json!([]);
    }
    let asked = asked::of(listed);
    let mut parameters: Vec<Value> = listed.places().map(place).collect();
    parameters.extend(asked.into_iter().flat_map(|(it, _)| it.parameters()));
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    let call = calls::of(listed);
    let body = call.map(calls::Call::body);
    let body = body.or_else(|| asked.and_then(|(it, _)| it.body()));
    if let Some(body) = body.filter(|_| listed.method != http::Method::GET) {
        operation["requestBody"] = body;
    }
    operation["responses"] = match (listed.unserved, call) {
        (true, _) => errors::not_served(),
        (false, Some(call)) => with_errors(listed, json!({"200": call.answer()})),
        (false, None) => with_errors(listed, answers(listed, asked)),
    };
    operation
}

fn place(name: &str) -> Value {
    json!({"name": name, "in": "path", "required": true,
        "schema": {"type": "string", "minLength": 1}})
}

fn with_errors(listed: &Listed, mut responses: Value) -> Value {
    errors::add(&mut responses, calls::dialect(listed));
    responses
}

/// What a route answers that asks no model.
fn answers(listed: &Listed, asked: Option<&(Asked, Option<Room>)>) -> Value {
    let kind = asked.and_then(|(it, _)| it.answer());
    let document = |kind: &str| json!({"application/json": {"schema": {"type": kind}}});
    let text = |kind: &str| json!({kind: {"schema": {"type": "string"}}});
    let page = || text("text/html");
    let one = |content: Value| json!({"200": {"description": "Done.", "content": content}});
    match kind {
        _ if listed.class.area == Area::PassThrough => {
            json!({"default": {"description": "What the provider answers.", "content": {"*/*": {}}}})
        }
        // A socket, where it is let in.
        _ if listed.path.ends_with("/realtime") => {
            json!({"101": {"description": "The session is open."}})
        }
        Some("html") => with_pages(one(page())),
        Some("file") => with_pages(one(json!({"*/*": {}}))),
        Some("page") => with_pages(led("303")),
        Some("redirect") => led("307"),
        Some("script") => one(text("text/javascript")),
        Some("css") => one(text("text/css")),
        Some("text") => one(text("text/plain")),
        Some("bytes") => one(json!({"*/*": {}})),
        Some(kind) => {
            let mut content = document(kind);
            if asked.is_some_and(|it| it.1 == Some(Room::Reports)) {
                content["text/csv"] = json!({"schema": {"type": "string"}});
            }
            one(content)
        }
        None => one(document("object")),
    }
}

/// Elsewhere.
fn led(status: &str) -> Value {
    json!({status: {"description": "Elsewhere.",
        "headers": {"Location": {"schema": {"type": "string"}}}}})
}

/// People follow links here, so that a refusal may be a page.
fn with_pages(mut responses: Value) -> Value {
    let content = json!({
        "text/html": {"schema": {"type": "string"}},
        "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
    });
    for (class, about) in [("4XX", "Why not."), ("5XX", "What failed.")] {
        responses[class] = json!({"description": about, "content": content});
    }
    responses
}
