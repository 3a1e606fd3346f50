//! What a client asks for, read no further than the gateway has to act on it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::accounting::now_ms;
use super::detour::{self, Detour};
use super::guards::Wanted;
use super::kept::Previous;
use super::mock::Mock;
pub use super::operation::{Dialect, Operation};
use super::uploads::Uploads;
use super::why::Choice;
use crate::cache::Wish;
use crate::config::Region;
use crate::domain::json::Document;
use crate::domain::{CallId, DeploymentId, ErrorKind, Fault};
use crate::upstream::splice;

/// One client request: the body as it came, and the few members that the gateway acts on.
#[derive(Debug)]
pub struct ClientRequest {
    pub id: CallId,
    pub operation: Operation,
    pub body: Arc<Document>,
    pub controls: Controls,
    /// The client's headers that may go on to the upstream, by name.
    pub headers: Vec<(String, String)>,
    /// What was uploaded with it.
    pub files: Uploads,
    /// Parameters of the path for the plugin.
    pub params: Vec<(String, String)>,
}

/// Members of the body that steer the gateway.
#[derive(Debug, Default, Clone)]
pub struct Controls {
    /// The model group that is routed to.
    pub model: String,
    /// The only deployment of it that may be asked.
    pub pinned: Option<DeploymentId>,
    /// How that one was chosen just now.
    pub placed: Option<Arc<Choice>>,
    /// The answer, where the gateway itself has what is asked for: nobody is asked.
    pub known: Option<Bytes>,
    /// The name that the client sent for it, which answers and errors carry.
    pub asked: String,
    pub stream: bool,
    /// The stream is the sound itself, and no events.
    pub as_sound: bool,
    /// The client asked for the usage chunk.
    pub include_usage: bool,
    /// The client asked for `usage.cost` in a stream.
    pub include_cost: bool,
    pub drop_params: Option<bool>,
    pub additional_drop_params: Vec<String>,
    pub allowed_openai_params: Vec<String>,
    pub num_retries: Option<u32>,
    pub timeout: Option<Duration>,
    pub stream_timeout: Option<Duration>,
    /// The client's own list, instead of the operator's.
    pub fallbacks: Option<Vec<Detour>>,
    /// `context_window_fallback_dict`: where the operator has no list for long prompts.
    pub context_window_fallbacks: BTreeMap<String, String>,
    /// `mock_testing_*`: the failure that the client asks for, and the member's name.
    pub mock: Option<(Mock, String)>,
    pub disable_fallbacks: bool,
    /// Fallbacks of its key's own settings that the key may not ask for.
    pub barred: Vec<String>,
    /// The most output the client wants, in tokens.
    pub max_output_tokens: Option<u64>,
    /// `n`; 0 where it is not said.
    pub choices: u64,
    /// The customer on whose behalf the call is made.
    pub user: Option<String>,
    /// The user of ours whose spend it is, where a header of the operator's says so.
    pub internal_user: Option<String>,
    /// For spend and budgets; each once.
    pub tags: Vec<String>,
    pub session_id: Option<String>,
    /// `metadata`, as it came.
    pub metadata: Option<String>,
    /// What the client wants of the response cache.
    pub cache: Wish,
    /// `no-log`: the call's bodies are not to be stored.
    pub no_log: bool,
    /// `turn_off_message_logging`: they are to be stored without what was said.
    pub redact: bool,
    /// Members that are left out, not refused, where the provider does not take them.
    pub soft: Vec<&'static str>,
    /// Where its customer's models have to run.
    pub region: Option<Region>,
    /// The response that it goes on from, whose conversation its `input` begins with.
    pub previous: Option<Arc<Previous>>,
    /// The deployment that has the response that it goes on from.
    pub answered_by: Option<DeploymentId>,
    /// Guardrails that the client wants to look.
    pub guardrails: Wanted,
    /// Callbacks that the client wants not to be told of the call.
    pub callbacks_off: Vec<String>,
}

/// Members that are for the gateway and never go upstream.
pub const OURS: &[&str] = &[
    "additional_drop_params",
    "allowed_openai_params",
    "cache",
    "caching",
    "context_window_fallback_dict",
    "disable_fallbacks",
    "disable_global_guardrails",
    "drop_params",
    "fallbacks",
    "guardrails",
    "keepalive_seconds",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "mock_response",
    "mock_testing_content_policy_fallbacks",
    "mock_testing_context_fallbacks",
    "mock_testing_fallbacks",
    "mock_testing_rate_limit_error",
    "mock_timeout",
    "no-log",
    "num_retries",
    "priority",
    "prompt_id",
    "prompt_variables",
    "stream_timeout",
    "success_callback",
    "tags",
    "timeout",
    "turn_off_message_logging",
];

/// Longest name of a model, in bytes: it stands in logs and headers.
pub const MAX_MODEL: usize = 512;

/// Members with which a client would choose the upstream itself.
const CLIENT_SIDE_TARGETS: &[&str] = &[
    "api_base",
    "api_key",
    "base_url",
    "api_version",
    "aws_access_key_id",
    "vertex_credentials",
];

impl ClientRequest {
    /// Reads the body. `path_model` is the model that the path names, which wins over the body's.
    pub fn parse(
        operation: Operation,
        body: Bytes,
        path_model: Option<&str>,
        headers: Vec<(String, String)>,
    ) -> Result<Self, Fault> {
        Self::of_form(operation, (body, Uploads::default()), path_model, headers)
    }

    /// The same of a form, whose fields are `body`.
    pub fn of_form(
        operation: Operation,
        (body, files): (Bytes, Uploads),
        path_model: Option<&str>,
        headers: Vec<(String, String)>,
    ) -> Result<Self, Fault> {
        let body = Document::parse(body).map_err(|cause| bad_body(cause.to_string()))?;
        let controls = Controls::read(operation, (&body, &files), path_model)?;
        Ok(Self {
            id: CallId::fresh(now_ms()),
            operation,
            body: Arc::new(body),
            controls,
            headers,
            files,
            params: Vec::new(),
        })
    }
}

impl ClientRequest {
    /// The request as it goes to a fallback of the client's, whose members stand in place of its
    /// own.
    pub fn by(&self, detour: &Detour) -> Result<Self, Fault> {
        let body = splice::patch_document(&self.body, &detour.with);
        let body = Document::parse(Bytes::from(body)).map_err(|it| bad_body(it.to_string()))?;
        Ok(Self {
            id: self.id.clone(),
            operation: self.operation,
            body: Arc::new(body),
            controls: self.controls.clone(),
            headers: self.headers.clone(),
            files: self.files.clone(),
            params: self.params.clone(),
        })
    }

    /// A member of the body that is text.
    pub fn text_member(&self, name: &str) -> Option<String> {
        let mut entries = self.body.entries();
        let (_, raw) = entries.find(|(known, _)| *known == name)?;
        serde_json::from_str(raw).ok()
    }
}

impl Controls {
    fn read(
        operation: Operation,
        (body, files): (&Document, &Uploads),
        path_model: Option<&str>,
    ) -> Result<Self, Fault> {
        let mut controls = Self::default();
        let mut model = None;
        for (name, raw) in body.entries() {
            controls.read_member(name, raw, &mut model)?;
        }
        let model = path_model.map(str::to_owned).or(model);
        let model = model.filter(|name| !name.is_empty());
        let model = model.or_else(|| operation.usual_model().map(str::to_owned));
        controls.model = model.ok_or_else(|| {
            let message = "the request names no model: set `model`";
            Fault::caller(ErrorKind::InvalidRequest, message).with_param("model")
        })?;
        controls.asked.clone_from(&controls.model);
        if controls.model.len() > MAX_MODEL || controls.model.contains(char::is_control) {
            let message = format!(
                "`model` is no name of a model: it has control characters or more than {MAX_MODEL} bytes"
            );
            return Err(Fault::caller(ErrorKind::InvalidRequest, message).with_param("model"));
        }
        let there = |name: &&str| {
            let mut entries = body.entries();
            entries.any(|(it, raw)| it == *name && raw != "null") || files.has(name)
        };
        if let Some(name) = operation.required().iter().find(|it| !there(it)) {
            let message = format!("the required member `{name}` is missing");
            return Err(Fault::caller(ErrorKind::InvalidRequest, message).with_param(*name));
        }
        if controls.stream && !operation.streams() {
            let name = operation.as_str();
            let message = match operation {
                Operation::Speech => "`audio.speech` is streamed by `stream_format`".to_owned(),
                _ => format!("`{name}` is not streamed by this gateway: leave `stream` out"),
            };
            return Err(Fault::caller(ErrorKind::Unsupported, message).with_param("stream"));
        }
        if operation == Operation::Speech {
            (controls.stream, controls.as_sound) = sound_streams(body)?;
        }
        Ok(controls)
    }

    fn read_member(
        &mut self,
        name: &str,
        raw: &str,
        model: &mut Option<String>,
    ) -> Result<(), Fault> {
        match name {
            "model" => *model = typed(name, raw, "a string")?,
            "stream" => self.stream = flag(name, raw)?.unwrap_or(false),
            "stream_options" => {
                let options: Option<StreamOptions> =
                    typed(name, raw, "an object whose `include_usage` is a boolean")?;
                self.include_usage =
                    options.is_some_and(|options| options.include_usage.unwrap_or(false));
            }
            "messages" if !raw.starts_with('[') => return Err(wrong_type(name, "an array")),
            "drop_params" => self.drop_params = flag(name, raw)?,
            "additional_drop_params" => self.additional_drop_params = texts(name, raw)?,
            "allowed_openai_params" => self.allowed_openai_params = texts(name, raw)?,
            "num_retries" => self.num_retries = typed(name, raw, "a whole number, 0 or more")?,
            "timeout" => self.timeout = seconds(name, raw)?,
            "stream_timeout" => self.stream_timeout = seconds(name, raw)?,
            "fallbacks" => self.fallbacks = detour::read(raw)?,
            "context_window_fallback_dict" => {
                let expected = "an object of names of models";
                self.context_window_fallbacks = typed(name, raw, expected)?.unwrap_or_default();
            }
            "disable_fallbacks" => self.disable_fallbacks = flag(name, raw)?.unwrap_or(false),
            "guardrails" => self.guardrails.read(name, raw)?,
            // Wrong values are the provider's to refuse.
            "max_tokens" | "max_completion_tokens" | "max_output_tokens" => {
                self.max_output_tokens = serde_json::from_str(raw).ok().or(self.max_output_tokens);
            }
            "n" => self.choices = serde_json::from_str(raw).unwrap_or(0),
            "user" => self.user = serde_json::from_str(raw).ok(),
            "cache" => self.cache = Wish::read(raw)?,
            "tags" => self.tag(texts(name, raw)?),
            // Read when it came in, where it had to wait.
            "priority" => drop(typed::<i64>(name, raw, "a whole number")?),
            "metadata" | "litellm_metadata" => self.read_metadata(name, raw)?,
            // Not overlooked where it is written otherwise: it asks for privacy.
            "no-log" => self.no_log |= flag(name, raw)?.unwrap_or(false),
            "turn_off_message_logging" => self.redact |= flag(name, raw)?.unwrap_or(false),
            name if name.starts_with("mock_testing_") => {
                if flag(name, raw)? == Some(true) {
                    let mock = Mock::named(name).ok_or_else(|| no_mock(name))?;
                    self.mock = Some((mock, name.to_owned()));
                }
            }
            name => refuse_target(name)?,
        }
        Ok(())
    }
}

/// Whether speech is to come as it is made, and if so, whether as sound.
fn sound_streams(body: &Document) -> Result<(bool, bool), Fault> {
    const NAME: &str = "stream_format";
    let format = body.entries().find(|(name, _)| *name == NAME);
    match format.map(|(_, raw)| raw) {
        None | Some("null") => Ok((false, false)),
        Some("\"sse\"") => Ok((true, false)),
        Some("\"audio\"") => Ok((true, true)),
        Some(_) => Err(wrong_type(NAME, "`sse` or `audio`")),
    }
}

/// Clients do not choose the upstream themselves.
pub fn refuse_target(name: &str) -> Result<(), Fault> {
    if !CLIENT_SIDE_TARGETS.contains(&name) {
        return Ok(());
    }
    let message = format!("Rejected Request: {name} is not allowed in request body");
    Err(Fault::caller(ErrorKind::Authentication, message).with_param(name))
}

/// The refusal of a failure that nobody may ask for.
pub fn no_mock(name: &str) -> Fault {
    let message = format!(
        "`{name}` is disabled on this gateway: an operator allows it by \
         `general_settings.dangerously_allow_mock_testing_request_params`"
    );
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(name)
}

impl Controls {
    /// Adds tags, each once.
    pub fn tag(&mut self, tags: impl IntoIterator<Item = String>) {
        for tag in tags {
            if !tag.is_empty() && !self.tags.contains(&tag) {
                self.tags.push(tag);
            }
        }
    }

    /// What LiteLLM reads in `metadata`; whatever else stands there is the caller's own.
    fn read_metadata(&mut self, name: &str, raw: &str) -> Result<(), Fault> {
        if let Ok(Guarded {
            guardrails: Some(wanted),
        }) = serde_json::from_str(raw)
        {
            self.guardrails
                .read(&format!("{name}.guardrails"), wanted.get())?;
        }
        let Ok(metadata) = serde_json::from_str::<Metadata>(raw) else {
            return Ok(());
        };
        self.tag(metadata.tags.unwrap_or_default());
        self.session_id = metadata.session_id.or(self.session_id.take());
        self.user = self.user.take().or(metadata.user_id);
        self.metadata = Some(raw.to_owned());
        Ok(())
    }
}

#[derive(Deserialize)]
struct Metadata {
    tags: Option<Vec<String>>,
    session_id: Option<String>,
    /// Anthropic's name for the end user.
    user_id: Option<String>,
}

/// LiteLLM takes the names of guardrails here too.
#[derive(Deserialize)]
struct Guarded<'a> {
    #[serde(borrow)]
    guardrails: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

pub(super) fn bad_body(message: String) -> Fault {
    Fault::caller(ErrorKind::InvalidRequest, message).with_param("request_body")
}

const TEXTS: &str = "an array of strings";

/// The refusal of a member that is not `expected`, in the words of JSON.
pub(super) fn wrong_type(name: &str, expected: &str) -> Fault {
    let message = format!("`{name}` has a wrong type: it must be {expected}");
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(name)
}

fn typed<'a, T: Deserialize<'a>>(
    name: &str,
    raw: &'a str,
    expected: &str,
) -> Result<Option<T>, Fault> {
    serde_json::from_str(raw).map_err(|_| wrong_type(name, expected))
}

fn flag(name: &str, raw: &str) -> Result<Option<bool>, Fault> {
    typed(name, raw, "a boolean")
}

fn texts(name: &str, raw: &str) -> Result<Vec<String>, Fault> {
    Ok(typed(name, raw, TEXTS)?.unwrap_or_default())
}

fn seconds(name: &str, raw: &str) -> Result<Option<Duration>, Fault> {
    let expected = "a number of seconds, 0 or more";
    let time = typed::<f64>(name, raw, expected)?.map(Duration::try_from_secs_f64);
    time.transpose().map_err(|_| wrong_type(name, expected))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chat(body: &str) -> Result<Controls, Fault> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        ClientRequest::parse(Operation::Chat, body, None, Vec::new()).map(|it| it.controls)
    }

    #[test]
    fn controls_are_read_and_the_rest_is_left_alone() {
        let body = r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true},"x":1}"#;
        let controls = chat(body).unwrap();
        assert!(controls.stream && controls.include_usage);
    }

    #[test]
    fn each_mistake_names_its_member() {
        for (body, param) in [
            (r#"{"messages":[]}"#, "model"),
            (r#"{"model":"m\nforged","messages":[]}"#, "model"),
            (r#"{"model":"m"}"#, "messages"),
            (r#"{"model":"m","messages":"hi"}"#, "messages"),
            (r#"{"model":7,"messages":[]}"#, "model"),
            (r#"{"model":"m","messages":[],"stream":"yes"}"#, "stream"),
            (r#"{"model":"m","messages":[],"timeout":-1}"#, "timeout"),
            (r#"{"model":"m","messages":[],"no-log":"yes"}"#, "no-log"),
            (
                r#"{"model":"m","messages":[],"num_retries":1.5}"#,
                "num_retries",
            ),
            (
                r#"{"model":"m","messages":[],"stream_options":5}"#,
                "stream_options",
            ),
            (r#"{"model":"m","messages":[],"tags":"a"}"#, "tags"),
            (
                r#"{"model":"m","messages":[],"api_base":"http://evil"}"#,
                "api_base",
            ),
            (
                r#"{"model":"m","messages":[],"cache":{"ttl":"x"}}"#,
                "cache",
            ),
            (r#"{"model":"m","model":"n","messages":[]}"#, "request_body"),
            ("{", "request_body"),
        ] {
            let fault = chat(body).unwrap_err();
            assert_eq!(fault.param.as_deref(), Some(param), "{body}");
            let said = &fault.message;
            for word in ["struct", "f64", "u32", "line 1", "expected"] {
                assert!(!said.contains(word) || param == "request_body", "{said}");
            }
        }
    }

    #[test]
    fn speech_is_streamed_as_its_format_says() {
        let speech = |format: &str| {
            let body = format!(r#"{{"model":"m","input":"hi","stream_format":{format}}}"#);
            ClientRequest::parse(Operation::Speech, body.into(), None, Vec::new())
        };
        for (format, stream, as_sound) in [
            ("null", false, false),
            ("\"sse\"", true, false),
            ("\"audio\"", true, true),
        ] {
            let controls = speech(format).unwrap().controls;
            assert_eq!((controls.stream, controls.as_sound), (stream, as_sound));
        }
        let fault = speech("\"mp3\"").unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("stream_format"));
    }

    #[test]
    fn guardrails_are_named_in_the_body_or_its_metadata_with_what_is_said_to_them() {
        for (more, said) in [
            (r#""guardrails":["pii"]"#, json!(null)),
            (r#""guardrails":{"pii":true}"#, json!(null)),
            (r#""metadata":{"guardrails":["pii"]}"#, json!(null)),
            (
                r#""guardrails":[{"pii":{"extra_body":{"a":1}}}]"#,
                json!({"a": 1}),
            ),
        ] {
            let controls = chat(&format!(r#"{{"model":"m","messages":[],{more}}}"#)).unwrap();
            let wanted: Vec<_> = controls.guardrails.0.into_iter().collect();
            assert_eq!(wanted, [("pii".to_owned(), said)], "{more}");
        }
        for none in ["[]", "null", "{}"] {
            let body = format!(r#"{{"model":"m","messages":[],"guardrails":{none}}}"#);
            assert!(chat(&body).unwrap().guardrails.0.is_empty(), "{none}");
        }
        let fault = chat(r#"{"model":"m","messages":[],"guardrails":[7]}"#).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("guardrails"));
    }
}
