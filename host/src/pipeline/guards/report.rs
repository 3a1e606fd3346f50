//! What the guardrails of a call came to: for the answer's headers, the log, the row of the call and
//! whoever gets records of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

/// Decisions of one call that are told; a stream may have one for every piece.
const MOST: usize = 64;
/// Longest findings of one decision, in bytes.
const LONGEST: usize = 4096;

/// Filled while the call goes on. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Report(Option<Arc<Mutex<Applied>>>);

/// What is known so far.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Names of those that look at the call.
    pub names: Vec<String>,
    /// What each of them decided, as LiteLLM's `guardrail_information` has it.
    pub decisions: Vec<Value>,
}

/// One decision.
pub struct Decided<'d> {
    pub name: &'d str,
    pub kind: &'d str,
    pub mode: &'d str,
    /// `allow`, `edit`, `replace`, `block`, `failed_open`, `failed_closed`.
    pub decision: &'static str,
    /// JSON, as the plugin wrote it.
    pub findings: Option<&'d str>,
    pub code: Option<&'d str>,
    pub started_ms: i64,
    pub took_ms: f64,
}

impl Report {
    /// Of a call that these look at.
    pub fn of(names: Vec<String>) -> Self {
        match names.is_empty() {
            true => Self(None),
            false => Self(Some(Arc::new(Mutex::new(Applied {
                names,
                decisions: Vec::new(),
            })))),
        }
    }

    fn applied(&self) -> Option<MutexGuard<'_, Applied>> {
        let applied = self.0.as_ref()?;
        Some(applied.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn note(&self, decided: &Decided<'_>) {
        let Some(mut applied) = self.applied() else {
            return;
        };
        if applied.decisions.len() >= MOST {
            return;
        }
        let status = match decided.decision {
            "allow" => "success",
            "failed_open" | "failed_closed" => "guardrail_failed_to_respond",
            _ => "guardrail_intervened",
        };
        let start = decided.started_ms as f64 / 1000.0;
        applied.decisions.push(json!({
            "guardrail_name": decided.name,
            "guardrail_provider": decided.kind,
            "guardrail_mode": decided.mode,
            "guardrail_status": status,
            "guardrail_decision": decided.decision,
            "guardrail_code": decided.code,
            "guardrail_response": decided.findings.map(findings),
            "start_time": start,
            "end_time": start + decided.took_ms / 1000.0,
            "duration": decided.took_ms / 1000.0,
        }));
    }

    /// The names, as the answer's header has them.
    pub fn header(&self) -> Option<String> {
        Some(self.applied()?.names.join(","))
    }

    /// What each of them decided so far.
    pub fn decisions(&self) -> Vec<Value> {
        self.applied()
            .map_or_else(Vec::new, |it| it.decisions.clone())
    }

    /// The caller's metadata, and over it what the gateway knows, so that no caller can pretend.
    pub fn over(&self, metadata: Option<String>) -> Option<String> {
        let applied = self.applied();
        let pretends = metadata.as_ref().is_some_and(|it| it.contains("guardrail"));
        if applied.is_none() && !pretends {
            return metadata;
        }
        let read = metadata.and_then(|it| serde_json::from_str(&it).ok());
        let mut all: Map<String, Value> = read.unwrap_or_default();
        for name in ["applied_guardrails", "guardrail_information"] {
            all.shift_remove(name);
        }
        if let Some(applied) = applied {
            all.insert("applied_guardrails".to_owned(), json!(applied.names));
            let decisions = applied.decisions.clone().into();
            all.insert("guardrail_information".to_owned(), decisions);
        }
        Some(Value::from(all).to_string())
    }
}

/// What a plugin found, if it is JSON of a size that rows can have.
fn findings(raw: &str) -> Value {
    if raw.len() > LONGEST {
        return format!("{} bytes, which are too many to be kept", raw.len()).into();
    }
    let read = serde_json::from_str(raw);
    read.unwrap_or_else(|_| "findings that are no JSON".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_caller_can_pretend_that_a_guardrail_looked() {
        let own = || Some(r#"{"a":1,"applied_guardrails":["x"]}"#.to_owned());
        assert_eq!(Report::default().over(own()).unwrap(), r#"{"a":1}"#);
        let plain = Some("{}".to_owned());
        assert_eq!(Report::default().over(plain.clone()), plain);
        let report = Report::of(vec!["pii".to_owned()]);
        let all: Value = serde_json::from_str(&report.over(own()).unwrap()).unwrap();
        assert_eq!(all["applied_guardrails"], json!(["pii"]));
        assert_eq!(all["a"], 1);
    }

    #[test]
    fn a_row_takes_no_more_than_some_decisions_and_no_long_findings() {
        let report = Report::of(vec!["pii".to_owned()]);
        let long = format!("\"{}\"", "x".repeat(LONGEST));
        for _ in 0..100 {
            report.note(&Decided {
                name: "pii",
                kind: "pii",
                mode: "pre_call",
                decision: "edit",
                findings: Some(&long),
                code: None,
                started_ms: 1000,
                took_ms: 2.0,
            });
        }
        let all: Value = serde_json::from_str(&report.over(None).unwrap()).unwrap();
        let decisions = all["guardrail_information"].as_array().unwrap();
        assert_eq!(decisions.len(), MOST);
        assert_eq!(decisions[0]["guardrail_status"], "guardrail_intervened");
        assert!(all.to_string().len() < 64 * 1024);
    }
}
