//! `sluice plugin record`: a live exchange with a provider's upstream becomes a fixture.
//!
//! Exports are pure functions, so the call is begun anew each time an answer has come: the runner
//! goes through what was recorded so far, and the first request that has no answer yet is sent.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sluice_engine::contract::{Body, Outbound};
use sluice_engine::{Isolation, Limits};
use sluice_fixture::{Chunking, Fixture, patched};

use super::harness::Watched;
use super::lock::put;
use super::scrub::scrub;
use super::subject::Subject;
use super::{AuthorError, Told};
use crate::cli::RecordPlugin;
use crate::config::{Env, defaults};
use crate::domain::json::Document;
use crate::domain::{Fault, Secret};
use crate::plugins::describe::ProviderDescribe;
use crate::plugins::examples::driver;
use crate::upstream::{
    AuthScheme, CallBodies, Captures, Options, Request, Target, Timeouts, Upstream,
};

/// Requests of one call. A job that is polled has many.
const MOST: usize = 50;
const TOTAL: Duration = Duration::from_secs(600);

/// Records a call, and writes it where the options say.
///
/// # Errors
/// The plugin or the upstream does not play along; the message says which.
pub async fn record(
    subject: &Subject,
    options: &RecordPlugin,
    env: &Env,
) -> Result<Told, AuthorError> {
    if options.out.exists() {
        let out = options.out.display();
        return Err(AuthorError::refused(format!(
            "{out} is there already: choose another file, or take it away"
        )));
    }
    let provider = provider(subject, options)?;
    let body = request(options)?;
    let target = target(provider, options, env)?;
    let recorder = Recorder {
        subject,
        upstream: Upstream::new().map_err(|cause| AuthorError::refused(cause.to_string()))?,
        target,
    };
    let mut fixture = begun(provider, options, body);
    let count = recorder.play(&mut fixture).await?;
    let text = serde_json::to_string_pretty(&fixture).unwrap_or_default() + "\n";
    put(&options.out, text.as_bytes())?;
    Ok(Told::good(format!(
        "{}: {count} exchanges. Credentials and headers are taken out; read it before you publish it: what the upstream says of your account may still stand in it",
        options.out.display()
    )))
}

fn provider<'s>(
    subject: &'s Subject,
    options: &RecordPlugin,
) -> Result<&'s ProviderDescribe, AuthorError> {
    let providers = &subject.describe.providers;
    let names = providers.iter().map(|it| it.name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    let found = match (&options.provider, providers.as_slice()) {
        (Some(name), all) => all.iter().find(|it| it.names().any(|it| it == name)),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        AuthorError::refused(match providers.is_empty() {
            true => {
                "only calls of providers are recorded, and this is none: write its fixture by hand"
                    .to_owned()
            }
            false => format!("say with `--provider` which one: {names}"),
        })
    })
}

/// The canonical request of the file.
fn request(options: &RecordPlugin) -> Result<Value, AuthorError> {
    let path = &options.body;
    let missing = "write the body of a request into it, as a client sends it";
    let text = std::fs::read_to_string(path).map_err(AuthorError::file_or(path, missing))?;
    let read = serde_json::from_str::<Value>(&text).map_err(|cause| cause.to_string());
    let object = read.and_then(|it| match it {
        Value::Object(mut members) => {
            members.insert("model".to_owned(), options.model.clone().into());
            Ok(members.into())
        }
        _ => Err("it is no object".to_owned()),
    });
    object.map_err(|cause| {
        let path = path.display();
        AuthorError::refused(format!(
            "{path}: {cause}; expected a request as a client sends it"
        ))
    })
}

/// The fixture before anything was sent.
fn begun(provider: &ProviderDescribe, options: &RecordPlugin, body: Value) -> Value {
    let streaming = body.get("stream") == Some(&Value::Bool(true));
    let secrets: Vec<&String> = provider.secrets.keys().collect();
    json!({
        "name": options.name.clone().unwrap_or_else(|| format!("{} of {}", options.operation, options.model)),
        "source": "recorded",
        "provider": provider.name,
        "operation": options.operation,
        "model": options.model,
        "streaming": streaming,
        "secrets": secrets,
        "body": body,
        "exchanges": [],
        "expect": {},
    })
}

/// Where requests go, and with what.
fn target(
    provider: &ProviderDescribe,
    options: &RecordPlugin,
    env: &Env,
) -> Result<Target, AuthorError> {
    let base = options.api_base.as_ref().or(provider.base_url.as_ref());
    let base = base.ok_or_else(|| {
        AuthorError::refused(
            "its document names no `base_url`: name the upstream with `--api-base`",
        )
    })?;
    let base = url::Url::parse(base)
        .map_err(|cause| AuthorError::refused(format!("{base:?} is no URL: {cause}")))?;
    let mut secrets: HashMap<String, Secret> = HashMap::new();
    for (name, described) in &provider.secrets {
        let given = options.secret.iter().find(|(it, _)| it == name);
        let given = given.map(|(_, variable)| variable);
        let mut variables = given.into_iter().chain(&described.env);
        let value = variables.find_map(|it| env.get(it));
        match value {
            Some(value) => drop(secrets.insert(name.clone(), value)),
            None if described.required => {
                return Err(AuthorError::refused(format!(
                    "the secret `{name}` has no value: set {} in the environment, or name a variable with `--secret {name}=VARIABLE`",
                    described.env.first().map_or("a variable", String::as_str)
                )));
            }
            None => {}
        }
    }
    Ok(Target {
        provider: provider.name.clone(),
        base_url: Some(base),
        base_trusted: true,
        further: Vec::new(),
        granted_hosts: provider.hosts.clone(),
        allow_private: false,
        auth: AuthScheme {
            scheme: provider.auth.scheme.clone(),
            params: provider.auth.params.clone().into_iter().collect(),
        },
        secrets,
        secret_slots: provider.secrets.keys().cloned().collect(),
        given: Default::default(),
        extra_headers: Vec::new(),
        timeouts: Timeouts {
            first_byte: TOTAL,
            idle: TOTAL,
            total: TOTAL,
        },
        verify: Default::default(),
        max_reply_bytes: defaults::MAX_REPLY_BYTES,
        errors: Default::default(),
        may_capture: false,
        sent: Default::default(),
        quiet: false,
    })
}

struct Recorder<'r> {
    subject: &'r Subject,
    upstream: Upstream,
    target: Target,
}

impl Recorder<'_> {
    /// Fills in exchanges until the call ends, and what came of it. Gives how many there are.
    async fn play(&self, fixture: &mut Value) -> Result<usize, AuthorError> {
        let client = fixture.get("body").cloned().unwrap_or_default();
        let document = Document::parse(client.to_string().into());
        let document = document.map_err(|cause| AuthorError::refused(cause.to_string()))?;
        let mut bodies = CallBodies::new(Arc::new(document), Vec::new());
        for count in 0..=MOST {
            let read: Fixture = serde_json::from_value(fixture.clone())
                .map_err(|cause| AuthorError::refused(cause.to_string()))?;
            let plugin = self.subject.run_as(Isolation::Fresh, &Limits::default());
            let mut watched = Watched::new(plugin.session().for_call("record"));
            let outcome = driver::drive(&mut watched, &read, Chunking::Whole).await;
            if let Some(broke) = watched.broke {
                return Err(AuthorError::refused(broke));
            }
            match (outcome, watched.outbounds.get(count)) {
                (Ok(outcome), _) => {
                    set(fixture, "expect", expectation(&outcome));
                    return Ok(count);
                }
                (Err(_), Some(outbound)) => {
                    let exchange = self.exchange(outbound, &client, &mut bodies).await?;
                    if let Some(Value::Array(all)) = fixture.get_mut("exchanges") {
                        all.push(exchange);
                    }
                }
                (Err(what), None) => return Err(AuthorError::refused(what)),
            }
        }
        Err(AuthorError::refused(format!(
            "it has made {MOST} requests, and goes on: record something shorter"
        )))
    }

    /// Sends one request, and gives it with its answer.
    async fn exchange(
        &self,
        outbound: &Outbound,
        client: &Value,
        bodies: &mut CallBodies,
    ) -> Result<Value, AuthorError> {
        let failed = |mut fault: Fault| {
            self.target.redact(&mut fault);
            let url = &outbound.url;
            AuthorError::refused(format!("{} {url}: {}", outbound.method, fault.message))
        };
        let options = Options::read(&outbound.options).map_err(failed)?;
        if options.capture.is_some() {
            return Err(AuthorError::refused(
                "it has a token taken out of an answer (`capture`), which is not recorded: write this fixture by hand",
            ));
        }
        let captures = Captures::default();
        let built = Request::build(&self.target, outbound.clone(), (bodies, &captures));
        let built = built.map_err(failed)?;
        let reply = self.upstream.send(&self.target, built, &options).await;
        let reply = reply.map_err(failed)?;
        let (status, kind) = (reply.status, reply.content_type().to_owned());
        let retry_after = reply.headers.get("retry-after").cloned();
        let bytes = reply.read_whole(self.target.max_reply_bytes).await;
        let bytes = bytes.map_err(failed)?;
        let mut headers = Map::new();
        headers.insert("content-type".to_owned(), kind.into());
        if let Some(wait) = retry_after.as_ref().and_then(|it| it.to_str().ok()) {
            headers.insert("retry-after".to_owned(), wait.into());
        }
        Ok(json!({
            "request": asked(outbound, client),
            "reply": {"status": status, "headers": headers, "body": scrub(&self.target, &bytes)},
        }))
    }
}

/// What is checked of a request from now on. Its headers are the plugin's own matter, and its
/// credentials are the host's.
fn asked(outbound: &Outbound, client: &Value) -> Value {
    let mut asked = json!({"method": outbound.method, "url": outbound.url});
    let body = match &outbound.body {
        Body::Json(text) => serde_json::from_str(text).ok(),
        Body::Patch(members) => Some(patched(client, members)),
        _ => None,
    };
    if let Some(body) = body {
        set(&mut asked, "body", body);
    }
    asked
}

fn expectation(outcome: &driver::Outcome) -> Value {
    let mut expect = json!({});
    if outcome.relayed {
        set(&mut expect, "relayed", true.into());
    }
    if let Some(response) = &outcome.response {
        set(&mut expect, "response", response.clone());
    }
    if !outcome.events.is_empty() {
        set(&mut expect, "events", outcome.events.clone().into());
    }
    if let Some(usage) = &outcome.usage {
        set(&mut expect, "usage", usage.clone());
    }
    if let Some(error) = &outcome.error {
        let mut told = json!({"status": error.status});
        // A kind that the plugin leaves to the host is judged there.
        if !error.kind.is_empty() {
            set(&mut told, "kind", error.kind.clone().into());
            set(&mut told, "message", error.message.clone().into());
        }
        set(&mut expect, "error", told);
    }
    expect
}

fn set(value: &mut Value, name: &str, member: Value) {
    if let Value::Object(members) = value {
        members.insert(name.to_owned(), member);
    }
}

/// The environment, with a `.env` file of this folder under it.
pub fn environment() -> Env {
    Env::of_process(Path::new(".env"))
}
