//! What may stand at a place. A dialect is a table of these; what no table names is text.

use crate::span::role;

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Rule {
    /// Nothing is known of it: every string in it is text.
    Unknown,
    /// Text of the role it stands in.
    Text,
    /// Text of a channel.
    Of(&'static str),
    /// A tool's arguments: JSON in a string, or an object.
    Arguments,
    /// A JSON Schema, or a tool around one: descriptions, examples, choices.
    Schema,
    /// Ids, names, words from a list, settings.
    Label,
    /// In an answer, the name of a company or the like, which may have blanks.
    Title,
    /// An address that nobody is sent to for text.
    Link,
    /// What a provider signs with.
    Signature,
    /// What a provider has sealed.
    Sealed,
    /// Bytes. The members beside it say of which type.
    Bytes,
    /// An address, or bytes as a `data:` address.
    Address,
    /// The id of something that lies elsewhere.
    Elsewhere,
    /// What only the gateway and the provider may know.
    Secret,
    /// In an answer, what stands elsewhere too: its tokens with their likelihoods, the request.
    Again,
    /// Objects of a kind, one or a list. A string in their place is text of theirs.
    In(&'static Node),
}

/// Whose the text in an object is.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    /// That of the object around.
    Outer,
    Is(&'static str),
    /// As its member `role` says; else this, or that of the object around.
    Said(Option<&'static str>),
}

/// A kind of object.
#[derive(Debug)]
pub struct Node {
    pub whose: Whose,
    pub channel: Option<&'static str>,
    pub members: &'static [(&'static str, Rule)],
    /// Where the table goes on.
    pub also: Option<&'static Node>,
    /// Members that no table names.
    pub rest: Rule,
    /// A member whose value decides that it is another kind.
    pub kinds: Option<(&'static str, &'static [(&'static str, &'static Node)])>,
    /// A list of these is a list of answers.
    pub choices: bool,
    /// Its `signature` vouches for its text.
    pub signed: bool,
    /// Names may be written with underscores instead of capitals.
    pub google: bool,
}

impl Node {
    pub const fn of(members: &'static [(&'static str, Rule)]) -> Self {
        Self {
            whose: Whose::Outer,
            channel: None,
            members,
            also: None,
            rest: Rule::Unknown,
            kinds: None,
            choices: false,
            signed: false,
            google: false,
        }
    }

    pub const fn role(mut self, role: &'static str) -> Self {
        self.whose = Whose::Is(role);
        self
    }

    pub const fn says_role(mut self) -> Self {
        self.whose = Whose::Said(None);
        self
    }

    pub const fn says_role_or(mut self, role: &'static str) -> Self {
        self.whose = Whose::Said(Some(role));
        self
    }

    pub const fn channel(mut self, channel: &'static str) -> Self {
        self.channel = Some(channel);
        self
    }

    pub const fn also(mut self, node: &'static Self) -> Self {
        self.also = Some(node);
        self
    }

    pub const fn rest(mut self, rule: Rule) -> Self {
        self.rest = rule;
        self
    }

    pub const fn kinds(
        mut self,
        member: &'static str,
        kinds: &'static [(&'static str, &'static Self)],
    ) -> Self {
        self.kinds = Some((member, kinds));
        self
    }

    pub const fn choices(mut self) -> Self {
        self.choices = true;
        self
    }

    pub const fn signed(mut self) -> Self {
        self.signed = true;
        self
    }

    pub const fn google(mut self) -> Self {
        self.google = true;
        self
    }

    /// What a member holds; none if no table names it.
    pub fn rule(&self, name: &str) -> Option<Rule> {
        let same = |known: &str| known == name || (self.google && alike(known, name));
        let own = self.members.iter().find(|(known, _)| same(known));
        own.map(|(_, rule)| *rule)
            .or_else(|| self.also.and_then(|it| it.rule(name)))
    }
}

/// Google's two ways to write a name.
pub fn alike(camel: &str, name: &str) -> bool {
    let mut letters = name.bytes();
    let mut expected = camel.bytes();
    loop {
        let letter = match letters.next() {
            Some(b'_') => letters.next().map(|it| it.to_ascii_uppercase()),
            other => other,
        };
        match (letter, expected.next()) {
            (None, None) => return true,
            (letter, expected) if letter == expected => {}
            _ => return false,
        }
    }
}

/// The contract's name for a role as dialects write it.
pub fn role_of(said: &str) -> Option<&'static str> {
    Some(match said {
        "system" | "developer" => role::SYSTEM,
        "user" => role::USER,
        "assistant" | "model" => role::ASSISTANT,
        "tool" | "function" => role::TOOL,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn google_may_write_underscores() {
        assert!(alike("inlineData", "inline_data") && alike("inlineData", "inlineData"));
        assert!(!alike("inlineData", "inlinedata") && !alike("inlineData", "inline_dat"));
    }
}
