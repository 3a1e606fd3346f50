//! A recording's answer, given to the component that would have asked for it.

use sluice_fixture::{Fixture, Recorded};
use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::testing::Outcome;
use sluice_sdk::{Call, Error, File, Outbound, Payload, Reply, Step};

use crate::components::Component;
use crate::places::{self, Place};
use crate::recordings::Recording;
use crate::{list, text};

/// What a component made of a recording.
pub struct Played<'c> {
    pub component: &'c Component,
    /// Among the component's providers.
    pub provider: String,
    pub operation: &'static str,
    pub outcome: Outcome,
}

/// The provider's name in a configuration.
pub fn provider(recording: &Recording) -> &str {
    match recording.provider.as_str() {
        "litellm" => "litellm_proxy",
        // No provider of ours by name; what speaks OpenAI's dialect is reached as that.
        "chatgpt" => "openai_like",
        // Ollama's own API is the provider's; beside it it has OpenAI's.
        "ollama" if recording.url.contains("/v1/") => "openai_like",
        "gemini" if recording.json()["choices"].is_array() => "openai_like",
        other => other,
    }
}

/// The gateway's operation, if it has one for this.
fn operation(recording: &Recording) -> Option<&'static str> {
    let url = recording.url.as_str();
    Some(match recording.endpoint.trim_end_matches("-stream") {
        "chat" => "chat",
        "invoke" => "chat",
        "responses" => "responses",
        "completions" => "completions",
        "embeddings" => "embeddings",
        "images" if url.ends_with("/edits") => "images.edit",
        "images" if url.ends_with("/variations") => "images.vary",
        "images" => "images.generate",
        "audio-speech" => "audio.speech",
        "audio-transcription" if url.ends_with("/translations") => "audio.translate",
        "audio-transcription" => "audio.transcribe",
        "predictions" if is_picture(&recording.json()["output"][0]) => "images.generate",
        "predictions" => "chat",
        "rerank" => "rerank",
        "moderations" => "moderations",
        "models" => "models",
        "count-tokens" => "count-tokens",
        "files" | "batches" | "responses-stored" => remote(recording)?,
        "responses-other" if url.ends_with("/input_tokens") => "count-response",
        "other" if url.ends_with("/v1/tokenize") => "count-tokens",
        _ => return None,
    })
}

/// What is asked of what lies at the provider. Lists are the gateway's own.
fn remote(recording: &Recording) -> Option<&'static str> {
    let answer = recording.json();
    let (_, path) = recording
        .url
        .split_once("/v1/")
        .or_else(|| recording.url.split_once("/v1beta/"))?;
    let parts: Vec<&str> = path.split('/').collect();
    Some(match parts.as_slice() {
        ["files", _, "content"] => "files.content",
        ["responses", _, "input_items"] => "responses.input_items",
        ["responses", _] if !recording.is_stream() => "responses.get",
        _ if answer["object"] == "list" || answer["data"].is_array() => return None,
        ["files"] => "files.create",
        ["files", _] if answer["deleted"] == true || answer["type"] == "file_deleted" => {
            "files.delete"
        }
        ["files", _] => "files.get",
        ["batches"] | ["batch", "jobs"] => "batches.create",
        ["batches", _] => "batches.get",
        ["models", method] if method.ends_with(":batchGenerateContent") => "batches.create",
        ["messages", "batches"] => "batches.create",
        ["messages", "batches", _] => "batches.get",
        ["messages", "batches", _, "results"] => "files.content",
        _ => return None,
    })
}

fn is_picture(output: &Value) -> bool {
    output.as_str().is_some_and(|it| it.starts_with("https://"))
}

/// A request that asks for as much as was answered.
fn body(recording: &Recording, place: &Place) -> Value {
    let model = place.model.as_str();
    let answer = recording.json();
    let vectors = [
        &answer["data"],
        &answer["predictions"],
        &answer["embeddings"],
        &answer["embeddings"]["float"],
        &answer["embeddings"]["int8"],
    ];
    let vectors = vectors.iter().map(|it| list(it).len()).find(|it| *it > 0);
    let ranks = [&answer["results"], &answer["data"]];
    let ranks = ranks.iter().map(|it| list(it).len()).find(|it| *it > 0);
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "x"}], "prompt": "x",
        "input": vec!["x"; vectors.unwrap_or(1)], "query": "x", "response_id": place.id, "input_file_id": "f",
        "endpoint": "/v1/chat/completions", "completion_window": "24h", "documents": vec!["x"; ranks.unwrap_or(1).max(5)],
        "max_tokens": 99, "voice": "v", "language": "en"});
    if answer["embeddings"]["int8"].is_array() {
        body["embedding_types"] = json!(["int8"]);
    }
    if recording.is_stream() {
        body["stream"] = true.into();
    }
    if recording.provider == "deepgram" {
        let members = recording
            .query
            .split('&')
            .filter_map(|it| it.split_once('='));
        let members = members.map(|(name, value)| (name.to_owned(), value.into()));
        return members.collect::<Map<_, _>>().into();
    }
    if model.starts_with("run/") {
        // Why an answer ended is told by the limit alone: the model's own.
        body.as_object_mut().unwrap().remove("max_tokens");
    }
    body
}

/// What is known of the call besides its body; of a batch, its one model.
fn params(place: &Place) -> Value {
    json!([
        ["id", place.id],
        ["state", json!({ "model": place.model }).to_string()]
    ])
}

/// A recording as a call of the component that would have asked for it.
pub struct Cast<'c> {
    pub component: &'c Component,
    /// Among the component's providers.
    pub provider: String,
    pub operation: &'static str,
    pub fixture: Fixture,
    /// Which of the fixture's exchanges is the recording.
    own: usize,
    /// What the call brings along, which fixtures cannot have.
    pub uploads: bool,
}

impl Cast<'_> {
    /// The base URL of the call.
    pub fn base_url(&self) -> Option<&str> {
        let url = self.fixture.context.get("base_url");
        url.and_then(Value::as_str)
    }

    /// The recorded answer.
    pub fn reply(&self) -> &Recorded {
        &self.fixture.exchanges[self.own].reply
    }
}

/// Makes a recording a call; the reason, where the gateway cannot ask for such an answer at all.
pub fn cast<'c>(components: &'c [Component], recording: &Recording) -> Result<Cast<'c>, String> {
    cast_as(components, recording, provider(recording))
}

/// The same as a call of another provider, which has the same API.
fn cast_as<'c>(
    components: &'c [Component],
    recording: &Recording,
    provider: &str,
) -> Result<Cast<'c>, String> {
    let operation =
        operation(recording).ok_or_else(|| format!("no operation for `{}`", recording.endpoint))?;
    let own = |it: &&Component| it.provider(provider).is_some();
    let component = components.iter().find(own);
    let component = component.ok_or_else(|| format!("no component has `{provider}`"))?;
    let known = component.provider(provider).unwrap();
    if known["operations"].get(operation).is_none() {
        return Err(format!("`{provider}` has no operation `{operation}`"));
    }
    let reply = recording
        .reply
        .as_ref()
        .ok_or("the answer is another API's")?;
    let place = places::of(recording, known);
    let recorded =
        json!({"status": reply["status"], "headers": reply["headers"], "body": reply["body"]});
    let mut exchanges = vec![json!({ "reply": recorded.clone() })];
    exchanges.extend(last_turn(recording, component));
    if component.document["name"] == "black_forest_labs" && recording.json()["status"].is_string() {
        let asked = json!({"id": "p", "polling_url": recording.address()});
        exchanges.insert(0, answered(&asked));
    }
    if component.document["name"] == "replicate" && recording.method == "GET" {
        let asked =
            json!({"id": place.id, "status": "starting", "urls": {"get": recording.address()}});
        exchanges.insert(0, answered(&asked));
    }
    if provider == "gemini" && operation == "batches.create" {
        exchanges.splice(0..0, brought());
    }
    let own = exchanges
        .iter()
        .position(|it| it["reply"] == recorded)
        .unwrap();
    // Claude at Vertex AI takes no key.
    let secrets: &[&str] = match provider {
        "vertex_ai" => &[],
        "bedrock_mantle" => &["aws_access_key_id", "aws_secret_access_key"],
        // A key would be traded for a token first.
        "gigachat" => &["access_token"],
        _ => &["api_key"],
    };
    let context = place.base_url.as_ref();
    let context = context.map_or_else(|| json!({}), |it| json!({ "base_url": it }));
    let fixture = json!({
        "name": recording.id, "provider": provider, "operation": operation, "model": place.model,
        "streaming": recording.is_stream(), "secrets": secrets, "params": params(&place), "body": body(recording, &place),
        "config": place.config, "context": context,
        "exchanges": exchanges, "expect": {}
    });
    Ok(Cast {
        component,
        provider: provider.to_owned(),
        operation,
        fixture: serde_json::from_value(fixture).unwrap(),
        own,
        uploads: match provider {
            "deepgram" | "xai" => operation == "audio.transcribe",
            "mistral" => operation == "audio.speech",
            "anthropic" | "gemini" => operation == "batches.create",
            _ => false,
        },
    })
}

/// Plays a recording natively.
pub fn play<'c>(components: &'c [Component], recording: &Recording) -> Result<Played<'c>, String> {
    play_as(components, recording, provider(recording))
}

/// Plays a recording as another provider's.
pub fn play_as<'c>(
    components: &'c [Component],
    recording: &Recording,
    provider: &str,
) -> Result<Played<'c>, String> {
    let cast = cast_as(components, recording, provider)?;
    let outcome = match cast.uploads {
        true => upload(&cast)?,
        false => (cast.component.replay)(&cast.fixture)?,
    };
    Ok(Played {
        component: cast.component,
        provider: cast.provider,
        operation: cast.operation,
        outcome,
    })
}

/// The request that the recording answers.
pub fn asked(cast: &Cast<'_>) -> Result<Outbound, String> {
    match stepped(cast, cast.own) {
        Ok(Step::Send(sent)) => Ok(sent),
        Ok(_) => Err("no request".to_owned()),
        Err(error) => Err(error.message),
    }
}

/// What a component does after some of its answers.
fn stepped(cast: &Cast<'_>, answers: usize) -> Result<Step, Error> {
    let Cast {
        component, fixture, ..
    } = cast;
    let file = File {
        id: 0,
        field: "file".into(),
        filename: "a.wav".into(),
        content_type: "audio/wav".into(),
        size: 9,
    };
    let call = Call {
        files: cast.uploads.then_some(file).into_iter().collect(),
        ..call(fixture)
    };
    let mut step = (component.start)(&call, &fixture.body.to_string());
    for exchange in fixture.exchanges.iter().take(answers) {
        let Ok(Step::Send(sent)) = step else {
            break;
        };
        let recorded = &exchange.reply;
        let reply = Reply {
            status: recorded.status,
            headers: recorded.header_pairs(),
            body: Payload::Text(String::from_utf8(recorded.bytes()).unwrap()),
            state: sent.state,
        };
        step = (component.resume)(&call, vec![reply]);
    }
    step
}

/// A call with an upload, or an answer of bytes, which fixtures cannot have.
fn upload(cast: &Cast<'_>) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    match stepped(cast, cast.fixture.exchanges.len()) {
        Ok(Step::Respond(response)) => {
            let usage = response.usage.as_deref();
            outcome.usage = usage.and_then(|it| serde_json::from_str(it).ok());
            outcome.response = match response.body {
                Payload::Text(text) => serde_json::from_str(&text).ok(),
                Payload::Bytes(bytes) => {
                    Some(json!({"bytes": bytes, "kind": response.content_type}))
                }
                Payload::Kept(_) => None,
            };
        }
        Ok(_) => return Err("no answer".to_owned()),
        Err(error) => outcome.error = Some(error),
    }
    Ok(outcome)
}

/// The call of a fixture.
pub fn call(fixture: &Fixture) -> Call {
    Call {
        id: "1".into(),
        operation: fixture.operation.clone(),
        provider: fixture.provider.clone(),
        model: fixture.model.clone(),
        streaming: fixture.streaming,
        config: Value::from(fixture.config.clone()).to_string(),
        secrets: fixture.secrets.clone(),
        params: fixture.params.clone(),
        headers: fixture.headers.clone(),
        files: Vec::new(),
        context: Value::from(fixture.context.clone()).to_string(),
    }
}

/// What ends a call whose recorded answer does not: a paused turn, a prediction under way.
fn last_turn(recording: &Recording, component: &Component) -> Option<Value> {
    let said = recording.json();
    Some(answered(&match text(&component.document, "name") {
        "anthropic" => json!({"content": [], "stop_reason": "end_turn", "usage": {}}),
        "replicate" if said["status"] != "succeeded" => {
            json!({"id": "p", "status": "succeeded", "output": ["the", " end"]})
        }
        "black_forest_labs" if said["status"] != "Ready" => {
            json!({"id": "p", "status": "Ready", "result": {"sample": "https://the.end"}})
        }
        _ => return None,
    }))
}

/// What Google answers before a batch is made of a file, as its pages have it.
fn brought() -> [Value; 2] {
    let place = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=u";
    let mut named = answered(&json!({}));
    named["reply"]["headers"]["x-goog-upload-url"] = place.into();
    [named, answered(&json!({"file": {"name": "files/f"}}))]
}

fn answered(body: &Value) -> Value {
    let headers = json!({"content-type": "application/json"});
    json!({"reply": {"status": 200, "headers": headers, "body": {"json": body}}})
}
