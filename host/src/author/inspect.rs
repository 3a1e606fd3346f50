//! `sluice plugin inspect`: all that is known of a component.

use serde_json::{Value, json};

use super::capabilities::Capabilities;
use super::report::size;
use super::subject::Subject;

/// For people.
pub fn text(subject: &Subject, signatures: &str) -> String {
    let describe = &subject.describe;
    let inspection = subject.plugin.inspection();
    let mut lines = vec![
        format!("name         {}", describe.name),
        format!("version      {}", describe.version),
        format!("kind         {}", subject.kind().as_str()),
        format!("contract     {}", inspection.version),
        format!("sha256       {}", subject.digest),
        format!("size         {}", size(subject.bytes.len() as u64)),
        format!("signatures   {signatures}"),
    ];
    for (name, value) in [
        ("summary", &describe.summary),
        ("license", &describe.license),
        ("homepage", &describe.homepage),
    ] {
        if !value.is_empty() {
            lines.push(format!("{name:12} {value}"));
        }
    }
    for provider in &describe.providers {
        let operations = provider.operations.keys();
        let operations: Vec<&str> = operations.map(String::as_str).collect();
        lines.push(format!(
            "provider     {}: {}",
            provider.name,
            operations.join(", ")
        ));
    }
    for guardrail in &describe.guardrails {
        let stages = match guardrail.stages.as_slice() {
            [] => "every stage".to_owned(),
            stages => stages.join(", "),
        };
        lines.push(format!("guardrail    {}: {stages}", guardrail.name));
    }
    for callback in &describe.callbacks {
        lines.push(format!("callback     {}", callback.name));
    }
    lines.push(format!("examples     {}", describe.examples.len()));
    lines.extend(Capabilities::of(describe, inspection).lines());
    lines.join("\n")
}

/// For programs.
pub fn document(subject: &Subject, signed_by: &[String]) -> Value {
    let inspection = subject.plugin.inspection();
    let described: Value = serde_json::from_str(&subject.described).unwrap_or_default();
    json!({
        "name": subject.describe.name,
        "version": subject.describe.version,
        "kind": subject.kind().as_str(),
        "contract": inspection.version,
        "sha256": subject.digest,
        "bytes": subject.bytes.len(),
        "signed_by": signed_by,
        "imports": inspection.imports,
        "exports": inspection.exports,
        "asks_for": Capabilities::of(&subject.describe, inspection).json(),
        "describe": described,
    })
}
