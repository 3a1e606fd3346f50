//! What a model can do, told by its name. An ARN that says nothing of its model is taken to be
//! able to do what most can.

use sluice_wire::anthropic::models;

/// Whose model it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Claude,
    /// Amazon's Nova, of the second generation or not.
    Nova,
    Nova2,
    /// OpenAI's closed models, which take an effort in an object.
    Gpt,
    Titan,
    Cohere,
    Stability,
    /// Meta's, which take no choice among tools.
    Llama,
    Other,
}

impl Family {
    pub fn of(name: &str) -> Self {
        let has = |word: &str| name.contains(word);
        if has("claude") || has("anthropic") {
            Self::Claude
        } else if has("nova-2") || has("nova_2") {
            Self::Nova2
        } else if has("nova") {
            Self::Nova
        } else if has("openai.gpt-5") || has("openai.gpt-6") {
            Self::Gpt
        } else if has("titan") {
            Self::Titan
        } else if has("cohere") {
            Self::Cohere
        } else if has("stability") {
            Self::Stability
        } else if has("llama") {
            Self::Llama
        } else {
            Self::Other
        }
    }

    pub fn is_nova(self) -> bool {
        matches!(self, Self::Nova | Self::Nova2)
    }

    /// Whether it takes `cachePoint`; others refuse the block.
    pub fn caches(self) -> bool {
        self == Self::Claude || self.is_nova()
    }
}

/// How long a cached prefix lives can be told from Claude 4.5 on.
pub fn takes_ttl(name: &str) -> bool {
    models::version(claude(name)).is_some_and(|it| it >= (4, 5))
}

/// Claude's name as Anthropic has it, without region, vendor and version of the packaging.
pub fn claude(name: &str) -> &str {
    let from = name.find("claude").unwrap_or(0);
    let name = name.get(from..).unwrap_or(name);
    name.rfind("-v")
        .filter(|at| {
            let version = name.get(at + 2..).unwrap_or_default();
            version.starts_with(|it: char| it.is_ascii_digit())
        })
        .and_then(|at| name.get(..at))
        .unwrap_or(name)
}

/// Name patterns for `describe`, which has to say the same in globs.
pub mod patterns {
    pub const CLAUDE: [&str; 2] = ["*claude*", "*anthropic*"];
    pub const NOVA: [&str; 1] = ["*nova*"];
    /// Cannot be told how much to think.
    pub const NO_THINKING: [&str; 14] = [
        "*claude-3-5-*",
        "*claude-3-opus*",
        "*claude-3-sonnet*",
        "*claude-3-haiku*",
        "*claude-v2*",
        "*claude-instant*",
        "*amazon.nova-micro*",
        "*amazon.nova-lite*",
        "*amazon.nova-pro*",
        "*amazon.nova-premier*",
        "*amazon.titan*",
        "*meta.llama*",
        "*mistral.mi*tral-*",
        "*cohere.command*",
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_family_and_claudes_own_name() {
        assert_eq!(Family::of("us.amazon.nova-2-lite-v1:0"), Family::Nova2);
        assert_eq!(Family::of("amazon.nova-pro-v1:0"), Family::Nova);
        assert_eq!(Family::of("openai.gpt-oss-120b-1:0"), Family::Other);
        let name = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
        assert_eq!(claude(name), "claude-sonnet-4-5-20250929");
        assert_eq!(claude("anthropic.claude-opus-4-8"), "claude-opus-4-8");
        assert!(takes_ttl(name) && !takes_ttl("anthropic.claude-sonnet-4-20250514-v1:0"));
    }
}
