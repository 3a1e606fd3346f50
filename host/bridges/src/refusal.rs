//! What of a request cannot be brought to a chat provider: refused by name, or dropped with a note.

use std::fmt;

/// Why a request was refused. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// For the client; names the member.
    pub message: String,
    /// Where it stands in the client's request: `tools[2]`, `cachedContent`.
    pub param: Option<String>,
}

/// Whose matter a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The request is not as its dialect says.
    Invalid,
    /// The request is good, and a provider of chat cannot do it.
    Unsupported,
    /// The request speaks of something that the gateway should have kept and has not.
    NotFound,
}

impl Refusal {
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, param, message.into())
    }

    pub fn unsupported(param: &str, why: impl fmt::Display) -> Self {
        let message = format!("`{param}` is not supported by this model's provider: {why}");
        Self::new(RefusalKind::Unsupported, param, message)
    }

    pub fn not_found(param: &str, message: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotFound, param, message.into())
    }

    fn new(kind: RefusalKind, param: &str, message: String) -> Self {
        Self {
            kind,
            message,
            param: Some(param.to_owned()),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// Something that the client asked for and does not get. The answer is one all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it stands in the client's request.
    pub param: String,
    pub why: String,
}

/// Gathers notes while a request is read.
#[derive(Debug, Default)]
pub struct Notes {
    drop_params: bool,
    list: Vec<Note>,
}

impl Notes {
    pub fn new(drop_params: bool) -> Self {
        Self {
            drop_params,
            list: Vec::new(),
        }
    }

    /// It is left out: the answer does not depend on it.
    pub fn dropped(&mut self, param: &str, why: impl Into<String>) {
        if !self.list.iter().any(|it| it.param == param) {
            self.list.push(Note {
                param: param.to_owned(),
                why: why.into(),
            });
        }
    }

    /// It is refused, or left out where the operator said `drop_params`.
    pub fn refuse(&mut self, param: &str, why: &str) -> Result<(), Refusal> {
        if !self.drop_params {
            return Err(Refusal::unsupported(param, why));
        }
        self.dropped(param, why);
        Ok(())
    }

    pub fn into_list(self) -> Vec<Note> {
        self.list
    }
}
