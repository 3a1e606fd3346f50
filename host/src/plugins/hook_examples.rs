//! The examples of guardrails and callbacks, run before they serve. What they fetch is answered by
//! the example itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::Value;
use sluice_engine::contract::{
    Error, FetchRequest, FetchResponse, Inspection, Payload, Span, Verdict,
};
use sluice_engine::{CallError, Fetch, Outside, Pending, Plugin};

use super::lock;

/// One example, as `wit/hook-fixture.schema.json` has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookExample {
    pub name: String,
    /// Where recorded answers come from.
    #[serde(default, rename = "source")]
    pub _source: Option<Value>,
    /// The guardrail; none: it is a callback's.
    #[serde(default)]
    pub guardrail: Option<String>,
    #[serde(default)]
    pub callback: Option<String>,
    #[serde(default)]
    pub stage: Option<String>,
    #[serde(default)]
    pub operation: Option<String>,
    #[serde(default)]
    pub config: Option<Value>,
    #[serde(default)]
    pub subject: Option<Value>,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub spans: Vec<ExampleSpan>,
    #[serde(default)]
    pub request: Option<Value>,
    #[serde(default)]
    pub response: Option<Value>,
    #[serde(default)]
    pub records: Vec<Value>,
    /// What it fetches, in order, and what it is answered.
    #[serde(default)]
    pub fetches: Vec<Exchange>,
    pub expect: Expect,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExampleSpan {
    #[serde(default = "user")]
    pub role: String,
    #[serde(default = "text")]
    pub channel: String,
    #[serde(default)]
    pub choice: u32,
    #[serde(default)]
    pub pointer: String,
    pub text: String,
}

fn user() -> String {
    "user".to_owned()
}

fn text() -> String {
    "text".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What is checked of the request; what is not given is not.
    #[serde(default)]
    pub method: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// Of a body that is JSON or text.
    #[serde(default)]
    pub body: Option<Value>,
    pub status: u16,
    /// Text, or JSON.
    #[serde(default)]
    pub reply: Value,
}

/// What is checked; what is not given is not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `allow`, `block`, `edit`, `replace`.
    #[serde(default)]
    pub verdict: Option<String>,
    /// The texts afterwards: the edited ones, the others as they were.
    #[serde(default)]
    pub texts: Option<Vec<String>>,
    /// Of a refusal.
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub findings: Option<Value>,
    /// The kind of an error.
    #[serde(default)]
    pub error: Option<String>,
}

/// What came of one example.
#[derive(Debug)]
pub struct Played {
    /// What the guest said, as text.
    pub said: Vec<String>,
    /// What it fetched.
    pub fetched: Vec<FetchRequest>,
    /// How it broke down, if it did.
    pub broke: Option<String>,
    /// What is not as expected.
    pub judged: Result<(), String>,
}

/// Runs one; what is not as expected is named.
pub async fn run(plugin: &Plugin, example: &Value) -> Result<(), String> {
    let example: HookExample = serde_json::from_value(example.clone())
        .map_err(|cause| format!("is no fixture: {cause}"))?;
    let played = play(plugin, &example).await;
    played
        .judged
        .map_err(|what| format!("`{}` fails: {what}", example.name))
}

/// Runs one, and keeps what was said and fetched.
pub async fn play(plugin: &Plugin, example: &HookExample) -> Played {
    let replay = Arc::new(Replay {
        left: Mutex::new(example.fetches.clone().into()),
        wrong: Mutex::default(),
        asked: Mutex::default(),
    });
    let mut said = Said::default();
    let done = match example.guardrail {
        Some(_) => inspected(plugin, example, &replay, &mut said).await,
        None => delivered(plugin, example, &replay, &mut said).await,
    };
    let wrong = lock(&replay.wrong).take();
    let left = lock(&replay.left).len();
    let judged = match (wrong, done) {
        (Some(wrong), _) => Err(wrong),
        (None, Err(what)) => Err(what),
        (None, Ok(())) if left > 0 => Err("it fetched less than expected".to_owned()),
        (None, Ok(())) => Ok(()),
    };
    let fetched = std::mem::take(&mut *lock(&replay.asked));
    Played {
        said: said.texts,
        fetched,
        broke: said.broke,
        judged,
    }
}

/// What a guest answered.
#[derive(Default)]
struct Said {
    texts: Vec<String>,
    broke: Option<String>,
}

impl Said {
    /// Keeps an answer, and gives it on.
    fn keep<T: std::fmt::Debug>(&mut self, answer: Result<T, CallError>) -> Result<T, String> {
        match answer {
            Ok(answer) => {
                self.texts.push(format!("{answer:?}"));
                Ok(answer)
            }
            Err(cause) => {
                self.broke = Some(cause.to_string());
                Err(cause.to_string())
            }
        }
    }
}

fn outside(replay: &Arc<Replay>) -> Outside {
    let fetch: Arc<dyn Fetch> = Arc::clone(replay) as _;
    Outside {
        fetch: Some(fetch),
        kv: None,
    }
}

fn json(value: Option<&Value>) -> String {
    value.map_or_else(|| "{}".to_owned(), Value::to_string)
}

/// What a guardrail is asked by an example.
pub fn inspection(example: &HookExample) -> Inspection {
    let document = |it: &Option<Value>| it.as_ref().map(Value::to_string);
    let or = |given: &Option<String>, other: &str| given.clone().unwrap_or_else(|| other.into());
    Inspection {
        id: "self-test".to_owned(),
        stage: or(&example.stage, "pre"),
        operation: or(&example.operation, "chat"),
        model: "m".to_owned(),
        config: json(example.config.as_ref()),
        subject: json(example.subject.as_ref()),
        spans: example.spans.iter().map(span).collect(),
        request: document(&example.request),
        response: document(&example.response),
        state: example.state.clone(),
        files: Vec::new(),
    }
}

async fn inspected(
    plugin: &Plugin,
    example: &HookExample,
    replay: &Arc<Replay>,
    said: &mut Said,
) -> Result<(), String> {
    let inspection = inspection(example);
    let mut session = plugin.session().for_call("self-test");
    session = session.with_outside(outside(replay));
    let decided = said.keep(session.inspect(&inspection).await)?;
    let expect = &example.expect;
    let decision = match (decided, &expect.error) {
        (Ok(decision), None) => decision,
        (Err(error), wanted) => return same("error", wanted.as_ref(), Some(&error.kind)),
        (Ok(_), Some(wanted)) => return Err(format!("there is no error, expected {wanted:?}")),
    };
    let spans = inspection.spans.into_iter();
    let mut texts: Vec<String> = spans.map(|it| it.text).collect();
    let (verdict, code) = match decision.verdict {
        Verdict::Allow => ("allow", None),
        Verdict::Block(refusal) => ("block", Some(refusal.code)),
        Verdict::Replace(_) => ("replace", None),
        Verdict::Edit(edits) => {
            for edit in edits {
                let place = usize::try_from(edit.span).unwrap_or(usize::MAX);
                let text = texts.get_mut(place);
                *text.ok_or("it edits a text that is not there")? = edit.text;
            }
            ("edit", None)
        }
    };
    let verdict = verdict.to_owned();
    same("verdict", expect.verdict.as_ref(), Some(&verdict))?;
    same("code", expect.code.as_ref(), code.as_ref())?;
    same("texts", expect.texts.as_ref(), Some(&texts))?;
    let findings = decision.findings.as_deref();
    let findings = findings.and_then(|it| serde_json::from_str(it).ok());
    same("findings", expect.findings.as_ref(), findings.as_ref())
}

fn span(span: &ExampleSpan) -> Span {
    Span {
        role: span.role.clone(),
        channel: span.channel.clone(),
        choice: span.choice,
        pointer: span.pointer.clone(),
        text: span.text.clone(),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    wanted: Option<&T>,
    found: Option<&T>,
) -> Result<(), String> {
    match wanted {
        Some(wanted) if Some(wanted) != found => {
            Err(format!("{what} is {found:?}, expected {wanted:?}"))
        }
        None if what == "error" => Err(format!("it fails with {found:?}")),
        _ => Ok(()),
    }
}

async fn delivered(
    plugin: &Plugin,
    example: &HookExample,
    replay: &Arc<Replay>,
    said: &mut Said,
) -> Result<(), String> {
    if example.callback.is_none() {
        return Err("it names neither a `guardrail` nor a `callback`".into());
    }
    let records: Vec<String> = example.records.iter().map(Value::to_string).collect();
    let mut session = plugin.session().for_call("self-test");
    session = session.with_outside(outside(replay));
    let config = json(example.config.as_ref());
    let done = said.keep(session.on_batch(&config, &records).await)?;
    match (done, &example.expect.error) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(wanted)) => Err(format!("there is no error, expected {wanted:?}")),
        (Err(error), wanted) => same("error", wanted.as_ref(), Some(&error.kind)),
    }
}

/// Answers from the example.
struct Replay {
    left: Mutex<VecDeque<Exchange>>,
    /// The first request that is not as expected.
    wrong: Mutex<Option<String>>,
    /// Every request.
    asked: Mutex<Vec<FetchRequest>>,
}

impl Fetch for Replay {
    fn fetch(&self, request: FetchRequest) -> Pending<'_, Result<FetchResponse, Error>> {
        let answer = self.answer(&request);
        Box::pin(std::future::ready(answer.map_err(|what| {
            lock(&self.wrong).get_or_insert_with(|| what.clone());
            error(what)
        })))
    }
}

impl Replay {
    fn answer(&self, request: &FetchRequest) -> Result<FetchResponse, String> {
        lock(&self.asked).push(request.clone());
        let next = lock(&self.left).pop_front();
        let next = next.ok_or_else(|| format!("it fetches {} unexpectedly", request.url))?;
        let method = request.method.to_ascii_uppercase();
        same("the method", next.method.as_ref(), Some(&method))?;
        same("the URL", next.url.as_ref(), Some(&request.url))?;
        same("the body", next.body.as_ref(), body(request).as_ref())?;
        let text = match &next.reply {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        Ok(FetchResponse {
            status: next.status,
            headers: Vec::new(),
            body: Payload::Text(text),
        })
    }
}

/// A request's body, if it is JSON or text.
fn body(request: &FetchRequest) -> Option<Value> {
    use sluice_engine::contract::Body;
    match &request.body {
        Body::Json(text) => serde_json::from_str(text).ok(),
        Body::Raw(Payload::Text(text)) => Some(text.clone().into()),
        Body::Raw(Payload::Bytes(bytes)) => {
            Some(String::from_utf8_lossy(bytes).into_owned().into())
        }
        _ => None,
    }
}

fn error(message: String) -> Error {
    Error {
        kind: "internal".to_owned(),
        message,
        status: None,
        retry: None,
        retry_after_ms: None,
        detail: None,
    }
}
