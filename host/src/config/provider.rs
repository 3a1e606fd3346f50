//! Which provider serves a model name: the text before the first slash, else what LiteLLM knows of
//! bare names.

use super::remarks::Taken;
use super::section::Section;

/// Where `litellm_params.model` leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub provider: String,
    pub model: String,
}

/// How OpenAI's model names begin.
const OPENAI: &[&str] = &[
    "gpt-",
    "gpt4",
    "chatgpt-",
    "o1",
    "o3",
    "o4",
    "codex-",
    "computer-use-",
    "text-embedding-",
    "text-moderation-",
    "omni-moderation-",
    "text-davinci-",
    "davinci-",
    "babbage-",
    "dall-e-",
    "whisper-",
    "tts-",
    "sora-",
    "ft:",
];

/// The provider of a bare model name, if LiteLLM knows one.
pub fn of_bare(model: &str) -> Option<&'static str> {
    if model.starts_with("claude-") {
        Some("anthropic")
    } else if model.starts_with("gemini-") {
        Some("gemini")
    } else if OPENAI.iter().any(|start| model.starts_with(start)) {
        Some("openai")
    } else {
        None
    }
}

/// Reads `model` and `custom_llm_provider`. None, with a remark, if there is no model.
pub fn read(group: &str, params: &mut Section<'_>) -> Option<Route> {
    let full = params.text("model").filter(|model| !model.is_empty());
    let own = params.text("custom_llm_provider");
    let Some(full) = full else {
        let text = format!("is missing (model `{group}`)");
        params.say(Taken::Wrong, "model", text);
        return None;
    };
    if let Some(provider) = own {
        let model = full.strip_prefix(&format!("{provider}/")).unwrap_or(&full);
        return Some(Route {
            model: model.to_owned(),
            provider,
        });
    }
    if let Some((provider, model)) = full.split_once('/') {
        if provider.is_empty() || model.is_empty() {
            let text = format!("is `{full}`, expected `provider/model`");
            params.say(Taken::Wrong, "model", text);
            return None;
        }
        return Some(Route {
            provider: provider.to_owned(),
            model: model.to_owned(),
        });
    }
    let provider = of_bare(&full).unwrap_or_else(|| {
        let text = if full == "*" {
            "names no provider: every model goes to `openai`; write one entry for each provider, as `openai/*`".to_owned()
        } else {
            format!("`{full}` names no provider; `openai` is taken: write `provider/{full}`")
        };
        params.say(Taken::Warning, "model", text);
        "openai"
    });
    Some(Route {
        provider: provider.to_owned(),
        model: full,
    })
}

#[cfg(test)]
mod tests {
    use super::super::env::Env;
    use super::super::remarks::Remarks;
    use super::*;
    use serde_json::{Value, json};

    fn route(value: Value) -> (Option<Route>, Vec<Taken>) {
        let env = Env::default();
        let mut remarks = Remarks::default();
        let mut section = Section::new("p", Some(value), &env, &mut remarks);
        let route = read("m", &mut section);
        let taken = remarks.0.iter().map(|it| it.taken);
        (route, taken.filter(|it| *it != Taken::Honoured).collect())
    }

    fn to(provider: &str, model: &str) -> Option<Route> {
        Some(Route {
            provider: provider.into(),
            model: model.into(),
        })
    }

    #[test]
    fn the_provider_stands_before_the_first_slash() {
        let (found, taken) = route(json!({"model": "openrouter/meta/llama"}));
        assert_eq!((found, taken.len()), (to("openrouter", "meta/llama"), 0));
    }

    #[test]
    fn bare_names_are_known_or_warned_of() {
        let bare = |model: &str| route(json!({ "model": model }));
        assert_eq!(bare("o3-mini"), (to("openai", "o3-mini"), vec![]));
        assert_eq!(bare("claude-x"), (to("anthropic", "claude-x"), vec![]));
        assert_eq!(bare("mine").1, [Taken::Warning]);
        assert_eq!(bare("*").1, [Taken::Warning]);
    }

    #[test]
    fn a_provider_of_its_own_wins_over_the_slash() {
        let named = |model: &str| route(json!({"model": model, "custom_llm_provider": "openai"})).0;
        assert_eq!(named("meta/llama"), to("openai", "meta/llama"));
        assert_eq!(named("openai/gpt-4o"), to("openai", "gpt-4o"));
    }

    #[test]
    fn a_missing_half_is_wrong() {
        for model in ["/x", "openai/", ""] {
            assert_eq!(route(json!({ "model": model })), (None, vec![Taken::Wrong]));
        }
    }
}
