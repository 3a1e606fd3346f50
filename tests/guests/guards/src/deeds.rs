//! What a guardrail does, and what none should, by the setting `deed`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::bindings::exports::sluice::plugin::guardrail::{
    Decision, Edit, Inspection, Refusal, Verdict,
};
use crate::bindings::exports::sluice::plugin::guardrail_stream::{Passed, Piece, StreamVerdict};
use crate::bindings::sluice::plugin::http::{self, Request};
use crate::bindings::sluice::plugin::kv;
use crate::bindings::sluice::plugin::types::{Auth, Body, Error, Payload};
use crate::decide;

fn text<'c>(config: &'c Value, name: &str) -> &'c str {
    config.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub fn commit(inspection: &Inspection, config: &Value) -> Result<Decision, Error> {
    let spans = &inspection.spans;
    let verdict = match text(config, "deed") {
        "allow" => Verdict::Allow,
        // One of them forgets on a stream what it has seen, see `feed`.
        "block" | "forgetful" => {
            let word = text(config, "word");
            let found = spans.iter().any(|it| it.text.contains(word));
            if found {
                refuse("word")
            } else {
                Verdict::Allow
            }
        }
        "sign" => return Ok(signed(inspection, text(config, "word"))),
        "trap" => std::process::abort(),
        "sleep" => {
            std::thread::sleep(Duration::from_secs(86_400));
            Verdict::Allow
        }
        "fail" => return Err(failure("it does not want to")),
        "edit-elsewhere" => Verdict::Edit(vec![Edit {
            span: 999,
            text: "x".into(),
        }]),
        "fetch" => return judged(inspection),
        "undeclared-host" => return tell(fetch("https://undeclared.example/take", Vec::new())),
        "ungranted-host" => return tell(fetch("https://declared.example/take", Vec::new())),
        "metadata-address" => return tell(fetch("http://169.254.169.254/latest", Vec::new())),
        "unknown-secret" => {
            let auth = Auth {
                scheme: "bearer".into(),
                params: vec![("secret".into(), "master_key".into())],
            };
            return tell(fetch("/judge", vec![auth]));
        }
        "count" => {
            let sum = kv::add("calls", 1, 60);
            return Ok(found(&json!({ "calls": sum })));
        }
        "tell" => {
            let subject: Value = serde_json::from_str(&inspection.subject).unwrap_or_default();
            let said = json!({"subject": subject, "stage": inspection.stage, "config": config,
                "operation": inspection.operation, "model": inspection.model});
            return Ok(found(&said));
        }
        other => return Err(failure(&format!("no such deed: {other}"))),
    };
    Ok(decide(verdict))
}

/// Its word behind every text, and what it saw before that.
fn signed(inspection: &Inspection, word: &str) -> Decision {
    let texts: Vec<&str> = inspection.spans.iter().map(|it| it.text.as_str()).collect();
    let edits = texts.iter().zip(0u32..).map(|(text, span)| Edit {
        span,
        text: format!("{text} {word}"),
    });
    Decision {
        findings: Some(json!({ "saw": texts }).to_string()),
        ..decide(Verdict::Edit(edits.collect()))
    }
}

fn refuse(code: &str) -> Verdict {
    Verdict::Block(refusal(code))
}

fn refusal(code: &str) -> Refusal {
    Refusal {
        message: "this is not said here".into(),
        code: code.into(),
        detail: Some(json!({ "why": code }).to_string()),
    }
}

fn found(findings: &Value) -> Decision {
    Decision {
        findings: Some(findings.to_string()),
        ..decide(Verdict::Allow)
    }
}

fn failure(message: &str) -> Error {
    Error {
        kind: "internal".into(),
        message: message.into(),
        status: None,
        retry: None,
        retry_after_ms: None,
        detail: None,
    }
}

fn fetch(url: &str, auth: Vec<Auth>) -> Result<http::Response, Error> {
    http::fetch(&Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Body::None,
        auth,
        options: Vec::new(),
    })
}

/// What came of a request, as findings.
fn tell(fetched: Result<http::Response, Error>) -> Result<Decision, Error> {
    Ok(found(&match fetched {
        Ok(response) => json!({"status": response.status}),
        Err(error) => json!({"kind": error.kind, "message": error.message}),
    }))
}

/// Asks a judge elsewhere.
fn judged(inspection: &Inspection) -> Result<Decision, Error> {
    let texts: Vec<&str> = inspection.spans.iter().map(|it| it.text.as_str()).collect();
    let response = http::fetch(&Request {
        method: "POST".into(),
        url: "/judge".into(),
        headers: Vec::new(),
        body: Body::Json(json!({ "texts": texts }).to_string()),
        auth: Vec::new(),
        options: vec![("timeout_ms".into(), "5000".into())],
    })?;
    let said: Value = match &response.body {
        Payload::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    };
    Ok(match said.get("block") {
        Some(Value::Bool(true)) => decide(refuse("judged")),
        _ => found(&json!({"status": response.status, "said": said})),
    })
}

/// The same on a stream.
pub fn feed(deed: &str, config: &Value, pieces: Vec<Piece>) -> Result<StreamVerdict, Error> {
    let word = text(config, "word");
    let new: String = pieces.iter().map(|it| it.text.as_str()).collect();
    let seen = text(config, "seen").to_owned() + &new;
    match deed {
        "block" if seen.contains(word) => Ok(StreamVerdict::Block(refusal("word"))),
        "forgetful" if new.contains(word) => Ok(StreamVerdict::Block(refusal("word"))),
        "trap" => std::process::abort(),
        _ => {
            let mut state = config.clone();
            if let Some(members) = state.as_object_mut() {
                members.insert("seen".to_owned(), seen.into());
            }
            Ok(StreamVerdict::Pass(Passed {
                pieces,
                findings: None,
                state: state.to_string(),
            }))
        }
    }
}
