//! What the operator says, as `describe` has it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sluice_sdk::serde_json::Value;

/// What becomes of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    Mask,
    Block,
}

/// Which way is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Input,
    Output,
    Both,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where the analyzer is, if it is not the entry's `api_base`.
    presidio_analyzer_api_base: Option<String>,
    /// The anonymizer writes the masks; none: the component writes `<ENTITY>` itself.
    presidio_anonymizer_api_base: Option<String>,
    presidio_language: Option<String>,
    /// What to look for, and what becomes of it; empty: everything is masked.
    pub pii_entities_config: BTreeMap<String, Action>,
    /// Entity, or `ALL`, to the least score that counts.
    pub presidio_score_thresholds: BTreeMap<String, f64>,
    pub presidio_entities_deny_list: BTreeSet<String>,
    pub presidio_ad_hoc_recognizers: Vec<Value>,
    /// Answers get the original values back.
    pub output_parse_pii: bool,
    presidio_filter_scope: Option<Scope>,
    presidio_analyze_chunk_size_bytes: Option<usize>,
    /// What the client says.
    extra_body: Value,
}

/// As LiteLLM has it.
const CHUNK_BYTES: usize = 500_000;
const LANGUAGE: &str = "en";

impl Settings {
    pub fn analyzer(&self) -> String {
        address(self.presidio_analyzer_api_base.as_deref(), "/analyze")
    }

    /// None: there is no anonymizer to ask.
    pub fn anonymizer(&self) -> Option<String> {
        let base = self.presidio_anonymizer_api_base.as_deref();
        base.map(|base| address(Some(base), "/anonymize"))
    }

    /// A client may say which language it speaks, and nothing else.
    pub fn language(&self) -> &str {
        let asked = self.extra_body.get("language").and_then(Value::as_str);
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
        let asked = asked.filter(|it| (2..=16).contains(&it.len()) && it.chars().all(plain));
        let own = self.presidio_language.as_deref();
        asked.or(own).unwrap_or(LANGUAGE)
    }

    /// Most bytes of text in one request.
    pub fn chunk_bytes(&self) -> usize {
        self.presidio_analyze_chunk_size_bytes
            .unwrap_or(CHUNK_BYTES)
    }

    pub fn looks_at_requests(&self) -> bool {
        self.presidio_filter_scope != Some(Scope::Output)
    }

    /// Where masks are undone, answers are scanned only if the operator says so: most of them repeat
    /// what the caller has written.
    pub fn looks_at_answers(&self) -> bool {
        match self.presidio_filter_scope {
            Some(Scope::Input) => false,
            Some(Scope::Output | Scope::Both) => true,
            None => !self.output_parse_pii,
        }
    }
}

/// An address below a base, which LiteLLM takes without a scheme too; no base: the entry's own.
fn address(base: Option<&str>, path: &str) -> String {
    let Some(base) = base.map(str::trim).filter(|it| !it.is_empty()) else {
        return path.to_owned();
    };
    let scheme = match base.starts_with("http://") || base.starts_with("https://") {
        true => "",
        false => "http://",
    };
    format!("{scheme}{}{path}", base.trim_end_matches('/'))
}
