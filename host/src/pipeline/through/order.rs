//! What a client wants passed on, read no further than its model, its stream and its size.

use http::{HeaderMap, Method};
use serde_json::Value;

use super::headers;
use super::tail::CLAUDES_COUNT;
use super::{Route, Tail};
use crate::auth::query_may_hold_key;
use crate::domain::json::Document;
use crate::domain::{CallId, ErrorKind, Fault};
use crate::pipeline::guards::UNREADABLE;
use crate::pipeline::request::{ClientRequest, Controls, MAX_MODEL, Operation};
use crate::pipeline::uploads::{FileContent, Uploads};

/// What a client sent.
pub struct Sent<'r> {
    pub method: Method,
    /// As the client wrote it, prefix and all.
    pub path: &'r str,
    pub query: Option<&'r str>,
    pub headers: &'r HeaderMap,
    /// The operator's own header for keys.
    pub key_header: Option<&'r str>,
    pub body: FileContent,
    /// Where it is a form, those of its texts that say what it asks for, by their names.
    pub texts: Vec<(&'static str, String)>,
}

/// A request that is to be passed on.
#[derive(Debug)]
pub struct Order {
    pub route: Route,
    pub method: Method,
    pub tail: Tail,
    /// Without the caller's key.
    pub query: Option<String>,
    /// Those that go on.
    pub headers: HeaderMap,
    pub body: FileContent,
    /// What the gateway acts on.
    pub request: ClientRequest,
    /// Every model that path, query and body name.
    pub models: Vec<String>,
}

impl Order {
    /// What guardrails are shown of its body. One that lies on disk is an upload, which nobody reads.
    pub fn shown(&self) -> &[u8] {
        match &self.body {
            FileContent::Held(bytes) => bytes,
            FileContent::Spooled(_) => UNREADABLE,
        }
    }

    /// Reads it. `all_headers`: those of the client go on too.
    ///
    /// # Errors
    /// The path leads out of the route, or the body is JSON that readers may read differently.
    pub fn read(
        id: CallId,
        (route, tail): (Route, &str),
        all_headers: bool,
        sent: Sent<'_>,
    ) -> Result<Self, Fault> {
        let tail = Tail::parse(tail)?;
        let document = document(&sent)?;
        let mut controls = Controls::default();
        let mut models = named_by_path(route, &tail);
        if let Some(query) = sent.query {
            let pairs = url::form_urlencoded::parse(query.as_bytes());
            models.extend(
                pairs
                    .filter(|(name, _)| name == "model")
                    .map(|(_, it)| it.into_owned()),
            );
        }
        for (name, raw) in document.entries() {
            read_member(&mut controls, name, raw);
            if matches!(name, "model" | "modelId") {
                let model = serde_json::from_str::<String>(raw).ok();
                models.extend(model.map(|it| plain(route, &it).to_owned()));
            }
        }
        for (name, text) in &sent.texts {
            read_text(&mut controls, name, text);
            if *name == "model" {
                models.push(plain(route, text).to_owned());
            }
        }
        models.retain(|it| !it.is_empty());
        models.dedup();
        let is_name = |it: &String| it.len() <= MAX_MODEL && !it.contains(char::is_control);
        if !models.iter().all(is_name) {
            let text = "`model` is no name of a model: it has control characters or is too long";
            return Err(Fault::caller(ErrorKind::InvalidRequest, text).with_param("model"));
        }
        let last = tail.segments().last().map_or("", String::as_str);
        controls.stream |= last.ends_with(":streamGenerateContent")
            || last.ends_with(":streamRawPredict")
            || matches!(last, "converse-stream" | "invoke-with-response-stream");
        Ok(Self {
            route,
            method: sent.method,
            query: sent.query.and_then(|it| without_key(sent.path, it)),
            headers: headers::to_upstream(sent.key_header, all_headers, sent.headers),
            body: sent.body,
            request: ClientRequest {
                id,
                operation: Operation::PassThrough,
                body: document.into(),
                controls,
                headers: Vec::new(),
                files: Uploads::default(),
                params: Vec::new(),
            },
            tail,
            models,
        })
    }

    /// The model whose price it has.
    pub fn model(&self) -> Option<&str> {
        self.models.first().map(String::as_str)
    }

    /// Whether it costs nothing at a provider: it only looks, takes away, or counts.
    pub fn is_free(&self) -> bool {
        let looks = matches!(self.method, Method::GET | Method::HEAD | Method::DELETE);
        self.route.provider().is_some() && (looks || self.tail.counts_tokens())
    }
}

/// The body, if it is a JSON object; nothing of it is known if it is something else.
fn document(sent: &Sent<'_>) -> Result<Document, Fault> {
    let kind = sent.headers.get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    // What lies on disk was not to be read.
    let FileContent::Held(body) = &sent.body else {
        return Ok(Document::default());
    };
    if !body.trim_ascii_start().starts_with(b"{") {
        return Ok(Document::default());
    }
    match Document::parse(body.clone()) {
        Ok(document) => Ok(document),
        // Lines of JSON, or what only begins so. Where it says that it is JSON, upstreams read it as such.
        Err(_) if !kind.is_empty() && !kind.contains("json") => Ok(Document::default()),
        Err(_) if kind.contains("ndjson") || kind.contains("jsonl") => Ok(Document::default()),
        Err(cause) => {
            let fault = Fault::caller(ErrorKind::InvalidRequest, cause.to_string());
            Err(fault.with_param("request_body"))
        }
    }
}

fn read_member(controls: &mut Controls, name: &str, raw: &str) {
    let inner = |member: &str| {
        let value = serde_json::from_str::<Value>(raw).ok()?;
        value.get(member)?.as_u64()
    };
    let most = match name {
        "stream" => {
            controls.stream = raw == "true";
            None
        }
        "user" => {
            controls.user = serde_json::from_str(raw).ok();
            None
        }
        "n" => {
            controls.choices = serde_json::from_str(raw).unwrap_or(0);
            None
        }
        "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
            serde_json::from_str(raw).ok()
        }
        "generationConfig" => inner("maxOutputTokens"),
        "inferenceConfig" => inner("maxTokens"),
        _ => None,
    };
    controls.max_output_tokens = most.or(controls.max_output_tokens);
}

/// The same of a form's text.
fn read_text(controls: &mut Controls, name: &str, text: &str) {
    match name {
        "stream" => controls.stream |= text.eq_ignore_ascii_case("true") || text == "1",
        "user" => controls.user = Some(text.to_owned()),
        "n" => controls.choices = text.parse().unwrap_or(0),
        _ => {}
    }
}

/// The models that a path names, where the provider's paths do.
fn named_by_path(route: Route, tail: &Tail) -> Vec<String> {
    let segments = tail.segments();
    let pairs = || {
        segments
            .windows(2)
            .filter_map(|it| it.first().zip(it.get(1)))
    };
    let own = |it: &str| plain(route, it).to_owned();
    match route {
        Route::Provider("gemini" | "vertex_ai") => pairs()
            .filter(|(before, _)| matches!(before.as_str(), "models" | "tunedModels"))
            .filter(|(_, model)| *model != CLAUDES_COUNT)
            .map(|(_, model)| own(model.rsplit_once(':').map_or(model.as_str(), |it| it.0)))
            .collect(),
        Route::Provider("bedrock") => match segments {
            [first, model, ..] if first == "model" => vec![own(model)],
            _ => Vec::new(),
        },
        Route::Provider("azure" | "azure_ai") => match segments {
            [first, second, model, ..] if first == "openai" && second == "deployments" => {
                vec![own(model)]
            }
            _ => Vec::new(),
        },
        Route::Provider(_) | Route::Endpoint(_) => Vec::new(),
    }
}

/// A model's name without what stands around it: Google's resource, and the ARN of a model or a profile
/// that AWS made.
fn plain(route: Route, model: &str) -> &str {
    let Some((before, name)) = model.rsplit_once('/') else {
        return model;
    };
    let stands_around = match route {
        Route::Provider("gemini" | "vertex_ai") => {
            let publisher = before.strip_prefix("publishers/");
            let publisher = publisher.and_then(|it| it.strip_suffix("/models"));
            before == "models" || publisher.is_some_and(|it| !it.contains('/'))
        }
        Route::Provider("bedrock") => {
            let made = [":inference-profile", ":foundation-model"];
            before.starts_with("arn:") && made.iter().any(|it| before.ends_with(it))
        }
        Route::Provider(_) | Route::Endpoint(_) => false,
    };
    if stands_around { name } else { model }
}

/// The query without a caller's key.
fn without_key(path: &str, query: &str) -> Option<String> {
    if !query_may_hold_key(path) {
        return Some(query.to_owned());
    }
    let is_key = |pair: &&str| {
        let mut read = url::form_urlencoded::parse(pair.as_bytes());
        read.next().is_some_and(|(name, _)| name == "key")
    };
    let kept: Vec<&str> = query.split('&').filter(|it| !is_key(it)).collect();
    Some(kept.join("&")).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        path: &str,
        query: Option<&str>,
        kind: &str,
        body: &'static str,
    ) -> Result<Order, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        let sent = Sent {
            method: Method::POST,
            path,
            query,
            headers: &headers,
            key_header: None,
            body: FileContent::Held(body.into()),
            texts: Vec::new(),
        };
        Order::read(CallId::fresh(0), Route::of(path).unwrap(), true, sent)
    }

    fn models(path: &str, body: &'static str) -> Vec<String> {
        read(path, None, "application/json", body).unwrap().models
    }

    #[test]
    fn models_are_read_where_each_provider_names_them() {
        for (path, body, expected) in [
            (
                "/anthropic/v1/messages",
                r#"{"model":"claude-x"}"#,
                &["claude-x"][..],
            ),
            (
                "/anthropic/v1/models/other",
                r#"{"model":"claude-x"}"#,
                &["claude-x"],
            ),
            ("/openai/v1/files", "", &[]),
            (
                "/openai/v1/batches",
                r#"{"requests":[{"model":"hidden"}]}"#,
                &[],
            ),
            (
                "/gemini/v1beta/models/gemini-x:generateContent",
                "{}",
                &["gemini-x"],
            ),
            (
                "/gemini/v1beta/%6dodels/gemini%2Dx:generateContent",
                "{}",
                &["gemini-x"],
            ),
            (
                "/gemini/v1beta/cachedContents",
                r#"{"model":"models/gemini-x"}"#,
                &["gemini-x"],
            ),
            (
                "/vertex_ai/v1/projects/p/locations/l/publishers/anthropic/models/c@1:rawPredict",
                r#"{"model":"other"}"#,
                &["c@1", "other"],
            ),
            (
                "/vertex_ai/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
                r#"{"model":"c@1"}"#,
                &["c@1"],
            ),
            (
                "/bedrock/model/us.anthropic.c-v1:0/converse",
                "{}",
                &["us.anthropic.c-v1:0"],
            ),
            (
                "/bedrock/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.c/invoke",
                "{}",
                &["us.c"],
            ),
            (
                "/azure/openai/deployments/mine/chat/completions",
                "{}",
                &["mine"],
            ),
            (
                "/mistral/v1/chat/completions",
                r#"{"mod\u0065l":"m"}"#,
                &["m"],
            ),
            (
                "/openai/v1/responses",
                r#"{"model":"x/models/m"}"#,
                &["x/models/m"],
            ),
            (
                "/vertex_ai/v1/x",
                r#"{"model":"publishers/google/models/g"}"#,
                &["g"],
            ),
        ] {
            assert_eq!(models(path, body), expected, "{path}");
        }
        let order = read("/openai/v1/x?", Some("model=a"), "text/plain", "").unwrap();
        assert_eq!(order.models, ["a"]);
    }

    #[test]
    fn json_that_two_readers_read_differently_is_refused_and_other_bytes_are_not() {
        for body in [r#"{"model":"a","model":"b"}"#, r#"{"model":"a""#] {
            for kind in ["application/json", "application/vnd.x+json"] {
                assert!(
                    read("/openai/v1/responses", None, kind, body).is_err(),
                    "{kind} {body}"
                );
            }
        }
        let order = read(
            "/openai/v1/files",
            None,
            "multipart/form-data; boundary=x",
            "--x",
        )
        .unwrap();
        assert!(order.models.is_empty());
        assert!(matches!(order.body, FileContent::Held(held) if held == "--x"));
    }

    #[test]
    fn a_form_names_its_models_and_whether_it_streams() {
        let headers = HeaderMap::new();
        let sent = |texts: &[(&'static str, &str)]| Sent {
            method: Method::POST,
            path: "/openai/v1/audio/transcriptions",
            query: None,
            headers: &headers,
            key_header: None,
            body: FileContent::Held("--x".into()),
            texts: texts.iter().map(|it| (it.0, it.1.to_owned())).collect(),
        };
        let read = |texts: &[(&'static str, &str)]| {
            let sent = sent(texts);
            Order::read(CallId::fresh(0), Route::of(sent.path).unwrap(), true, sent)
        };
        let order = read(&[
            ("model", "a"),
            ("stream", "true"),
            ("n", "3"),
            ("user", "u"),
        ])
        .unwrap();
        let controls = &order.request.controls;
        assert_eq!(
            (order.models, controls.stream),
            (vec!["a".to_owned()], true)
        );
        assert_eq!((controls.choices, controls.user.as_deref()), (3, Some("u")));
        // Whoever names two asks for both.
        let order = read(&[("model", "a"), ("model", "b"), ("stream", "false")]).unwrap();
        assert_eq!(
            (order.models.len(), order.request.controls.stream),
            (2, false)
        );
        assert!(read(&[("model", "a\nforged")]).is_err());
    }

    #[test]
    fn the_callers_key_leaves_the_query_and_the_rest_stays_as_it_is() {
        let query = |path: &str, query: &'static str| {
            read(path, Some(query), "text/plain", "").unwrap().query
        };
        let gemini = "/gemini/v1beta/models/m:streamGenerateContent";
        assert_eq!(
            query(gemini, "alt=sse&key=sk-x&a=%20b").as_deref(),
            Some("alt=sse&a=%20b")
        );
        assert_eq!(query(gemini, "k%65y=sk-x"), None);
        let other = query("/openai/v1/x", "key=7&b");
        assert_eq!(other.as_deref(), Some("key=7&b"));
    }

    #[test]
    fn streams_and_sizes_are_known_in_every_dialect() {
        for (path, body, stream, most) in [
            (
                "/anthropic/v1/messages",
                r#"{"stream":true,"max_tokens":5}"#,
                true,
                Some(5),
            ),
            (
                "/gemini/v1beta/models/m:streamGenerateContent",
                r#"{"generationConfig":{"maxOutputTokens":6}}"#,
                true,
                Some(6),
            ),
            (
                "/bedrock/model/m/converse-stream",
                r#"{"inferenceConfig":{"maxTokens":7}}"#,
                true,
                Some(7),
            ),
            ("/openai/v1/responses", r#"{"stream":false}"#, false, None),
        ] {
            let controls = read(path, None, "application/json", body)
                .unwrap()
                .request
                .controls;
            assert_eq!(
                (controls.stream, controls.max_output_tokens),
                (stream, most),
                "{path}"
            );
        }
    }
}
