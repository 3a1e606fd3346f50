//! Whose model it is, told by its name: that decides the dialect and the address.

use sluice_sdk::{Error, fault};

/// How a model is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `generateContent` and `predict` of `publishers/google`.
    Google,
    /// A tuned Google model at an endpoint of the project's own.
    Tuned,
    /// Anthropic's Messages, by `rawPredict`.
    Claude,
    /// OpenAI's chat of this publisher, by `rawPredict`.
    Raw(&'static str),
    /// OpenAI's chat, at the address that all such models share.
    Open,
    /// OpenAI's chat at an endpoint of the project's own.
    Deployed,
}

/// A model, with its name at the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model<'n> {
    pub family: Family,
    pub name: &'n str,
}

impl<'n> Model<'n> {
    /// The name may be the client's, so nothing that would lead elsewhere is let through.
    pub fn of(model: &'n str) -> Result<Self, Error> {
        let letter = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.' | '@');
        let part = |it: &str| !it.is_empty() && !it.starts_with('.') && it.chars().all(letter);
        let parts = model.split('/').count();
        if parts > 2 || !model.split('/').all(part) {
            let message = format!("`{model}` is no name of a model at Vertex AI");
            return Err(fault::invalid_request(message));
        }
        let (family, name) = match model.split_once('/') {
            Some((publisher, name)) => of_publisher(publisher, name, model),
            None => (alone(model), model),
        };
        Ok(Self { family, name })
    }

    /// Fails where the model does not speak `generateContent`.
    pub fn google(self, operation: &str) -> Result<Self, Error> {
        match self.family {
            Family::Google | Family::Tuned => Ok(self),
            _ => Err(self.lacks(operation)),
        }
    }

    /// That this model has no such operation. Others of the provider have it.
    pub fn lacks(self, operation: &str) -> Error {
        let message = format!("`{}` has no `{operation}` at Vertex AI", self.name);
        fault::unsupported(message)
    }
}

fn of_publisher<'n>(publisher: &str, name: &'n str, whole: &'n str) -> (Family, &'n str) {
    match publisher {
        "anthropic" => (Family::Claude, name),
        "mistralai" => (Family::Raw("mistralai"), name),
        "ai21" => (Family::Raw("ai21"), name),
        "gemini" if is_number(name) => (Family::Tuned, name),
        "openai" if is_number(name) => (Family::Deployed, name),
        "gemini" => (Family::Google, name),
        // Open models of Google's are served as those of others.
        "google" if !name.ends_with("-maas") => (Family::Google, name),
        _ => (Family::Open, whole),
    }
}

fn alone(model: &str) -> Family {
    let begins = |words: &[&str]| words.iter().any(|it| model.starts_with(it));
    if is_number(model) {
        Family::Tuned
    } else if begins(&["claude"]) {
        Family::Claude
    } else if begins(&["mistral", "ministral", "codestral"]) {
        Family::Raw("mistralai")
    } else if begins(&["jamba"]) {
        Family::Raw("ai21")
    } else {
        Family::Google
    }
}

fn is_number(name: &str) -> bool {
    name.chars().all(|it| it.is_ascii_digit())
}

/// Name patterns for `describe`, which has to say the same in globs.
pub mod patterns {
    pub const CLAUDE: [&str; 2] = ["claude*", "anthropic/*"];
    pub const MISTRAL: [&str; 4] = ["mistral*", "ministral*", "codestral*", "mistralai/*"];
    pub const JAMBA: [&str; 2] = ["jamba*", "ai21/*"];
    pub const OPEN: [&str; 8] = [
        "*/*-maas",
        "meta/*",
        "openai/*",
        "deepseek-ai/*",
        "qwen/*",
        "moonshotai/*",
        "zai-org/*",
        "xai/*",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_family() {
        for (model, family, name) in [
            ("gemini-2.5-pro", Family::Google, "gemini-2.5-pro"),
            ("google/gemini-2.5-pro", Family::Google, "gemini-2.5-pro"),
            (
                "imagen-4.0-generate-001",
                Family::Google,
                "imagen-4.0-generate-001",
            ),
            ("4965075652664360960", Family::Tuned, "4965075652664360960"),
            (
                "gemini/4965075652664360960",
                Family::Tuned,
                "4965075652664360960",
            ),
            (
                "openai/5464397967697903616",
                Family::Deployed,
                "5464397967697903616",
            ),
            (
                "claude-sonnet-4-5@20250929",
                Family::Claude,
                "claude-sonnet-4-5@20250929",
            ),
            ("anthropic/claude-opus-5", Family::Claude, "claude-opus-5"),
            (
                "mistral-large@2411-001",
                Family::Raw("mistralai"),
                "mistral-large@2411-001",
            ),
            (
                "mistralai/codestral-2@001",
                Family::Raw("mistralai"),
                "codestral-2@001",
            ),
            (
                "jamba-1.5-mini@001",
                Family::Raw("ai21"),
                "jamba-1.5-mini@001",
            ),
            (
                "meta/llama-3.3-70b-instruct-maas",
                Family::Open,
                "meta/llama-3.3-70b-instruct-maas",
            ),
            (
                "google/gemma-4-26b-a4b-it-maas",
                Family::Open,
                "google/gemma-4-26b-a4b-it-maas",
            ),
            (
                "openai/gpt-oss-120b-maas",
                Family::Open,
                "openai/gpt-oss-120b-maas",
            ),
        ] {
            assert_eq!(Model::of(model), Ok(Model { family, name }), "{model}");
        }
    }

    #[test]
    fn a_models_name_cannot_lead_elsewhere() {
        for bad in [
            "../x", "a/../b", "a?key=1", "a#b", "a%2f", "a:b", "", "/a", "a/", "a b", "a/b/c",
        ] {
            assert!(Model::of(bad).is_err(), "{bad}");
        }
    }
}
