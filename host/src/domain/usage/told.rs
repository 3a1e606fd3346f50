//! What answers tell of their price outside of `usage`: the tier that served them, and the
//! searches that they made.

use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use super::Usage;

/// Longest name of a tier that is believed, in bytes.
const MAX_TIER: usize = 64;

/// What was told so far of one answer, whole or in events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    service_tier: Option<String>,
    web_searches: u64,
    cites_web: bool,
}

impl Told {
    /// The answer's own `service_tier`, as JSON; the last one counts.
    pub fn tier(&mut self, raw: &str) {
        let name = serde_json::from_str::<String>(raw).ok();
        let name = name.filter(|it| !it.is_empty() && it.len() <= MAX_TIER);
        self.service_tier = name.or(self.service_tier.take());
    }

    /// `choices` of a chat, whole or in a chunk, as JSON: their citations are all that tells of a
    /// search.
    pub fn choices(&mut self, raw: &str) {
        // Inside of a text the quotes would be escaped.
        if self.cites_web || memmem::find(raw.as_bytes(), b"\"url_citation\"").is_none() {
            return;
        }
        let choices = serde_json::from_str::<Vec<Choice>>(raw).unwrap_or_default();
        let said = choices.into_iter().flat_map(|it| [it.message, it.delta]);
        let mut kinds = said.flatten().flat_map(|it| it.annotations).flatten();
        self.cites_web = kinds.any(|it| it.kind.as_deref() == Some("url_citation"));
    }

    /// `output` of a response, as JSON: each search is an item.
    pub fn output(&mut self, raw: &str) {
        if memmem::find(raw.as_bytes(), b"\"web_search_call\"").is_none() {
            return;
        }
        let items = serde_json::from_str::<Vec<Kind>>(raw).unwrap_or_default();
        let searches = items
            .iter()
            .filter(|it| it.kind.as_deref() == Some("web_search_call"));
        self.web_searches = u64::try_from(searches.count()).unwrap_or(u64::MAX);
    }

    /// A whole `response`.
    pub fn response(&mut self, response: &Value) {
        if let Some(tier) = response.get("service_tier") {
            self.tier(&tier.to_string());
        }
        if let Some(output) = response.get("output") {
            self.output(&output.to_string());
        }
    }

    /// The usage with what was told beside it. The answer's tier beats the usage's; searches that
    /// the usage counts are not counted again.
    pub fn with(&self, usage: Usage) -> Usage {
        let searches = match usage.web_searches {
            0 => self.web_searches,
            counted => counted,
        };
        Usage {
            web_searches: searches,
            cites_web: usage.cites_web || self.cites_web,
            service_tier: self.service_tier.clone().or(usage.service_tier),
            ..usage
        }
    }
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Said>,
    delta: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    annotations: Option<Vec<Kind>>,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(choices: &str) -> Usage {
        let mut told = Told::default();
        told.choices(choices);
        told.with(Usage::default())
    }

    #[test]
    fn the_answers_tier_beats_the_usages() {
        let usage = Usage {
            service_tier: Some("default".into()),
            ..Usage::default()
        };
        let mut told = Told::default();
        assert_eq!(told.with(usage.clone()), usage);
        told.tier("\"priority\"");
        for nothing in ["null", "7", "\"\"", &format!("\"{}\"", "x".repeat(65))] {
            told.tier(nothing);
        }
        assert_eq!(told.with(usage).service_tier.as_deref(), Some("priority"));
    }

    #[test]
    fn a_citation_tells_of_a_search_whole_and_in_a_chunk() {
        for choices in [
            r#"[{"message":{"annotations":[{"type":"file_citation"},{"type":"url_citation"}]}}]"#,
            r#"[{"delta":{"annotations":[{"type":"url_citation","url_citation":{}}]}}]"#,
        ] {
            assert!(chat(choices).cites_web, "{choices}");
        }
    }

    #[test]
    fn what_only_looks_like_a_citation_is_none() {
        for choices in [
            r#"[{"message":{"content":"\"url_citation\"","annotations":[]}}]"#,
            r#"[{"message":{"x":"url_citation","annotations":null}}]"#,
            r#"[{"message":{"annotations":"url_citation"}}]"#,
            r#""url_citation""#,
        ] {
            assert!(!chat(choices).cites_web, "{choices}");
        }
    }

    #[test]
    fn searches_of_a_response_are_items_unless_the_usage_counts_them() {
        let mut told = Told::default();
        told.output(
            r#"[{"type":"web_search_call"},{"type":"message"},{"type":"web_search_call"}]"#,
        );
        assert_eq!(told.with(Usage::default()).web_searches, 2);
        let counted = Usage {
            web_searches: 5,
            ..Usage::default()
        };
        assert_eq!(told.with(counted).web_searches, 5);
    }
}
