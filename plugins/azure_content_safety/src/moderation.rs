//! Text moderation: how severe is it, and does it stand on a list?

use std::collections::BTreeMap;

use serde::Deserialize;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Decision, Error, Inspection, Refusal, fault};

use crate::{api_version, ask, pieces};

/// From this severity on it blocks, where nothing else is said; as LiteLLM has it.
const THRESHOLD: u64 = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    #[serde(default = "api_version", rename = "api_version")]
    api_version: String,
    #[serde(default, rename = "severity_threshold")]
    severity_threshold: Option<u64>,
    #[serde(default, rename = "severity_threshold_by_category")]
    severity_threshold_by_category: BTreeMap<String, u64>,
    #[serde(default)]
    categories: Vec<String>,
    #[serde(default)]
    blocklist_names: Vec<String>,
    #[serde(default)]
    halt_on_blocklist_hit: bool,
    #[serde(default)]
    output_type: Option<String>,
}

impl Settings {
    fn threshold(&self, category: &str) -> u64 {
        let own = self.severity_threshold_by_category.get(category).copied();
        own.or(self.severity_threshold).unwrap_or(THRESHOLD)
    }

    fn body(&self, text: &str) -> Value {
        let mut body = json!({"text": text, "haltOnBlocklistHit": self.halt_on_blocklist_hit,
            "outputType": self.output_type.as_deref().unwrap_or("FourSeverityLevels")});
        if !self.categories.is_empty() {
            body["categories"] = json!(self.categories);
        }
        if !self.blocklist_names.is_empty() {
            body["blocklistNames"] = json!(self.blocklist_names);
        }
        body
    }
}

pub fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
    let settings: Settings = inspection.settings()?;
    let texts = pieces::together(pieces::of(inspection, |_| true)?);
    pieces::judge(texts.len())?;
    let mut seen = Seen::default();
    for text in &texts {
        seen.add(&ask(
            "analyze",
            &settings.api_version,
            &settings.body(text),
        )?)?;
        if let Some(refusal) = seen.refusal(&settings) {
            return Ok(refusal.into());
        }
    }
    let decision = Decision::allow();
    Ok(match texts.is_empty() {
        true => decision,
        false => decision.with_findings(&json!({"severities": seen.severities})),
    })
}

/// What has been said of the texts so far.
#[derive(Default)]
struct Seen {
    /// The highest of each category.
    severities: BTreeMap<String, u64>,
    /// Lists, and the entries that stood in a text, by their ids.
    listed: Vec<Value>,
}

impl Seen {
    fn add(&mut self, answer: &Value) -> Result<(), Error> {
        let wrong = || fault::upstream("the moderation's answer is none");
        let categories = answer.get("categoriesAnalysis").and_then(Value::as_array);
        for analysis in categories.ok_or_else(wrong)? {
            let category = analysis.get("category").and_then(Value::as_str);
            let severity = analysis.get("severity").and_then(Value::as_u64);
            let (category, severity) = category.zip(severity).ok_or_else(wrong)?;
            let highest = self.severities.entry(category.to_owned()).or_insert(0);
            *highest = severity.max(*highest);
        }
        let matches = answer.get("blocklistsMatch").and_then(Value::as_array);
        let matches = matches.into_iter().flatten();
        self.listed.extend(matches.map(
            |it| json!({"blocklist": it.get("blocklistName"), "item": it.get("blocklistItemId")}),
        ));
        Ok(())
    }

    fn refusal(&self, settings: &Settings) -> Option<Refusal> {
        let all = self.severities.iter();
        let severe = all.filter(|(category, it)| **it >= settings.threshold(category));
        let severe: BTreeMap<_, _> = severe.collect();
        if severe.is_empty() && self.listed.is_empty() {
            return None;
        }
        let mut said: Vec<String> = severe
            .iter()
            .map(|(category, severity)| format!("{category} has severity {severity}"))
            .collect();
        if !self.listed.is_empty() {
            said.push("it is on a blocklist".to_owned());
        }
        let message = format!("Azure Content Safety Guardrail: {}", said.join(", "));
        let detail = json!({"severities": severe, "blocklists": self.listed});
        Some(Refusal::new(message, "moderation").with_detail(&detail))
    }
}
