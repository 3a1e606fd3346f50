//! The operator's rules.

use serde::{Deserialize, Serialize};

/// What is done with what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    #[default]
    #[serde(alias = "BLOCK")]
    Block,
    #[serde(alias = "MASK")]
    Mask,
    Replace,
    /// Only told, in the findings.
    Tag,
}

/// Which texts are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Input,
    Output,
    #[default]
    Both,
}

/// Words and patterns with what is done about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    pub words: Vec<String>,
    pub patterns: Vec<String>,
    pub action: Action,
    pub replacement: Option<String>,
    pub category: Option<String>,
    pub direction: Direction,
    pub whole_words: bool,
    pub case_sensitive: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            patterns: Vec::new(),
            action: Action::Block,
            replacement: None,
            category: None,
            direction: Direction::Both,
            whole_words: true,
            case_sensitive: false,
        }
    }
}

/// A word as LiteLLM's content filter has it.
#[derive(Debug, Clone, Deserialize)]
struct BlockedWord {
    keyword: String,
    #[serde(default)]
    action: Action,
}

/// The settings as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    rules: Vec<Rule>,
    words: Vec<String>,
    blocked_words: Vec<BlockedWord>,
}

impl Settings {
    /// All of them as rules, in their order.
    pub fn rules(self) -> Vec<Rule> {
        let mut rules = self.rules;
        if !self.words.is_empty() {
            rules.push(Rule {
                words: self.words,
                ..Rule::default()
            });
        }
        rules.extend(self.blocked_words.into_iter().map(|it| Rule {
            words: vec![it.keyword],
            action: it.action,
            ..Rule::default()
        }));
        rules
    }
}

impl Rule {
    /// What stands in place of what was found.
    pub fn in_its_place(&self) -> &str {
        self.replacement.as_deref().unwrap_or("[REDACTED]")
    }

    /// Its word in findings and refusals.
    pub fn name(&self) -> &str {
        self.category.as_deref().unwrap_or("keyword")
    }

    /// Whether it looks at what comes from a model, or else at what goes there.
    pub fn looks(&self, is_output: bool) -> bool {
        match self.direction {
            Direction::Both => true,
            Direction::Input => !is_output,
            Direction::Output => is_output,
        }
    }
}
