//! What a request asks for that has a price of its own: a tier of service, and searches of the web.

use memchr::memmem;
use serde::Deserialize;

use super::super::fleet::Line;
use super::super::request::ClientRequest;
use crate::prices::Depth;

/// Longest word that is looked at, in bytes.
const MAX_WORD: usize = 64;

/// What the client asks for. What the deployment sets beside it is found by its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    service_tier: Option<String>,
    /// A search may be made.
    searches: bool,
    search_depth: Option<String>,
}

impl Wishes {
    pub fn of(request: &ClientRequest) -> Self {
        let mut wishes = Self::default();
        for (name, raw) in request.body.entries() {
            wishes.read(name, raw);
        }
        wishes
    }

    fn read(&mut self, name: &str, raw: &str) {
        match name {
            "service_tier" => self.service_tier = word(raw),
            "web_search_options" if raw != "null" => {
                let options = serde_json::from_str::<Search>(raw).unwrap_or_default();
                self.searches = true;
                self.search_depth = options.search_context_size;
            }
            "tools" if memmem::find(raw.as_bytes(), b"\"web_search").is_some() => {
                let tools = serde_json::from_str::<Vec<Search>>(raw).unwrap_or_default();
                let is_search = |it: &Search| {
                    let kind = it.kind.as_deref().unwrap_or_default();
                    kind.starts_with("web_search")
                };
                if let Some(tool) = tools.into_iter().find(is_search) {
                    self.searches = true;
                    self.search_depth = tool.search_context_size.or(self.search_depth.take());
                }
            }
            _ => {}
        }
    }

    /// Whether the answer may cost a search.
    pub fn searches(&self) -> bool {
        self.searches
    }

    pub fn search_depth(&self) -> Depth {
        self.search_depth
            .as_deref()
            .map_or(Depth::default(), Depth::of)
    }

    /// The tier that is asked of this deployment, if its provider is told of it.
    pub fn service_tier(&self, line: &Line, model: &str) -> Option<String> {
        const NAME: &str = "service_tier";
        let deployment = &line.deployment;
        if let Some(value) = deployment.extra_body.get(NAME) {
            return value.as_str().map(str::to_owned);
        }
        let set = || line.body_defaults.iter().find(|it| it.0 == NAME);
        let asked = self.service_tier.clone().or_else(|| word(&set()?.1));
        let allowed = || deployment.allowed_openai_params.iter().any(|it| it == NAME);
        asked.filter(|_| line.openai_params(model).contains(&NAME) || allowed())
    }
}

/// A text of JSON that is no longer than a word.
fn word(raw: &str) -> Option<String> {
    let text = serde_json::from_str::<String>(raw).ok();
    text.filter(|it| it.len() <= MAX_WORD)
}

#[derive(Deserialize, Default)]
struct Search {
    #[serde(rename = "type")]
    kind: Option<String>,
    search_context_size: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, raw: &str) -> Wishes {
        let mut wishes = Wishes::default();
        wishes.read(name, raw);
        wishes
    }

    #[test]
    fn a_tier_is_a_word_and_nothing_else() {
        assert_eq!(
            read("service_tier", "\"flex\"").service_tier.as_deref(),
            Some("flex")
        );
        let long = format!("\"{}\"", "x".repeat(65));
        for raw in ["null", "7", "[]", &long] {
            assert_eq!(read("service_tier", raw), Wishes::default(), "{raw}");
        }
    }

    #[test]
    fn a_search_is_asked_for_by_options_or_by_a_tool() {
        for (name, raw, depth) in [
            ("web_search_options", "{}", Depth::Medium),
            (
                "web_search_options",
                r#"{"search_context_size":"high","user_location":{"type":"approximate"}}"#,
                Depth::High,
            ),
            ("web_search_options", "7", Depth::Medium),
            (
                "tools",
                r#"[{"type":"function","function":{}},{"type":"web_search_preview","search_context_size":"low"}]"#,
                Depth::Low,
            ),
        ] {
            let wishes = read(name, raw);
            assert!(wishes.searches(), "{raw}");
            assert_eq!(wishes.search_depth(), depth, "{raw}");
        }
    }

    #[test]
    fn a_function_that_is_named_like_a_search_is_none() {
        let tools = r#"[{"type":"function","function":{"name":"web_search"}}]"#;
        assert!(!read("tools", tools).searches());
        assert!(!read("web_search_options", "null").searches());
    }
}
