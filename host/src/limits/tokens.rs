//! Which tokens a limit counts, and how many a call is taken to use before anyone knows.

/// Output that a call without `max_tokens` is taken to write: LiteLLM showed 98,975 of 100,000
/// tokens left after a prompt of one.
pub const DEFAULT_OUTPUT_TOKENS: u64 = 1024;

/// `general_settings.token_rate_limit_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenCounting {
    #[default]
    Total,
    Input,
    Output,
}

impl TokenCounting {
    /// Reads the config's spelling.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "total" => Self::Total,
            "input" => Self::Input,
            "output" => Self::Output,
            _ => return None,
        })
    }

    pub(super) const fn count(self, tokens: Tokens) -> u64 {
        match self {
            Self::Total => tokens.input.saturating_add(tokens.output),
            Self::Input => tokens.input,
            Self::Output => tokens.output,
        }
    }
}

/// Tokens of a call, estimated or known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

impl Tokens {
    pub const NONE: Self = Self {
        input: 0,
        output: 0,
    };

    /// Before the call: its input as counted, and the request's `max_tokens`.
    pub fn estimate(input: u64, max_tokens: Option<u64>) -> Self {
        Self {
            input,
            output: max_tokens.unwrap_or(DEFAULT_OUTPUT_TOKENS),
        }
    }
}
