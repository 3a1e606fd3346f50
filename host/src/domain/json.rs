//! The top level of a JSON object, read without parsing what is inside: names, and where each
//! value lies. Everything the gateway does not act on stays as the client wrote it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

/// How deep a document may nest; serde_json stops at the same depth.
const MAX_DEPTH: usize = 128;

/// Objects with more members than this are checked for duplicates by sorting.
const FEW_MEMBERS: usize = 24;

/// Numbers with as many digits may be beyond what a double holds (1.8e308).
const HUGE: usize = 300;

/// Why a text is not a JSON object that the gateway takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("the body is not valid JSON: {what} at byte {at}")]
    Syntax { what: &'static str, at: usize },
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("the member `{name}` stands twice in one object (byte {at})")]
    Duplicate { name: String, at: usize },
    #[error("the body nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

/// One top-level member: its unescaped name, and where its value lies in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    pub name: Cow<'a, str>,
    pub value: Range<usize>,
}

/// Checks the whole text and gives the top-level members in order. A member that stands twice in
/// one object, at any depth, is an error: two readers would see two different requests.
pub fn members(text: &str) -> Result<Vec<Member<'_>>, JsonError> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        names: Vec::new(),
        check: true,
    };
    let members = scanner.top()?;
    scanner.space();
    if scanner.at < text.len() {
        return Err(scanner.wrong("trailing characters"));
    }
    Ok(members)
}

/// An object whose top level was read once: its text, and where each member lies in it.
#[derive(Debug, Clone, Default)]
pub struct Document {
    text: String,
    members: Vec<Member<'static>>,
}

impl Document {
    /// Reads and checks a whole body, as [`members`] does.
    pub fn parse(body: Bytes) -> Result<Self, JsonError> {
        // A body that is nobody else's is not copied here.
        let text = String::from_utf8(body.into()).map_err(|cause| JsonError::Syntax {
            what: "bytes that are not UTF-8",
            at: cause.utf8_error().valid_up_to(),
        })?;
        let owned = |it: Member<'_>| Member {
            name: Cow::Owned(it.name.into_owned()),
            value: it.value,
        };
        let members = members(&text)?.into_iter().map(owned).collect();
        Ok(Self { text, members })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn members(&self) -> &[Member<'static>] {
        &self.members
    }

    /// The names of the members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_ref())
    }

    /// Each member's name and its value as it was written.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let raw = |member: &Member<'_>| self.text.get(member.value.clone()).unwrap_or_default();
        self.members
            .iter()
            .map(move |member| (member.name.as_ref(), raw(member)))
    }
}

/// As [`members`], for documents of our own upstreams: duplicates are let through.
pub fn members_lenient(text: &str) -> Result<Vec<Member<'_>>, JsonError> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        at: 0,
        names: Vec::new(),
        check: false,
    };
    scanner.top()
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Names of all objects that are open, innermost last.
    names: Vec<Cow<'a, str>>,
    check: bool,
}

impl<'a> Scanner<'a> {
    fn wrong(&self, what: &'static str) -> JsonError {
        JsonError::Syntax { what, at: self.at }
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn top(&mut self) -> Result<Vec<Member<'a>>, JsonError> {
        self.space();
        if self.peek() != b'{' {
            return Err(if self.at < self.bytes.len() && self.value(0).is_ok() {
                JsonError::NotAnObject
            } else {
                self.wrong("expected `{`")
            });
        }
        let mut members = Vec::with_capacity(16);
        self.object(0, &mut |name, value| members.push(Member { name, value }))?;
        Ok(members)
    }

    fn value(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        match self.peek() {
            b'"' => self.string().map(drop),
            b'{' => self.object(depth, &mut |_, _| {}),
            b'[' => self.array(depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(self.wrong("expected a value")),
        }
    }

    fn object(
        &mut self,
        depth: usize,
        found: &mut dyn FnMut(Cow<'a, str>, Range<usize>),
    ) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.peek() == b'}' {
            self.at += 1;
            return Ok(());
        }
        let first = self.names.len();
        loop {
            self.space();
            if self.peek() != b'"' {
                return Err(self.wrong("expected a member name"));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != b':' {
                return Err(self.wrong("expected `:`"));
            }
            self.at += 1;
            self.space();
            self.remember(first, name.clone())?;
            let start = self.at;
            self.value(depth + 1)?;
            found(name, start..self.at);
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.wrong("expected `,` or `}`")),
            }
        }
        self.all_different(first)?;
        self.names.truncate(first);
        Ok(())
    }

    fn remember(&mut self, first: usize, name: Cow<'a, str>) -> Result<(), JsonError> {
        if !self.check {
            return Ok(());
        }
        let open = self.names.get(first..).unwrap_or_default();
        if open.len() < FEW_MEMBERS && open.contains(&name) {
            return Err(JsonError::Duplicate {
                name: name.to_string(),
                at: self.at,
            });
        }
        self.names.push(name);
        Ok(())
    }

    fn all_different(&mut self, first: usize) -> Result<(), JsonError> {
        let Some(open) = self
            .names
            .get_mut(first..)
            .filter(|open| open.len() > FEW_MEMBERS)
        else {
            return Ok(());
        };
        open.sort_unstable();
        let twice = open.windows(2).find(|pair| pair.first() == pair.last());
        match twice.and_then(|pair| pair.first()) {
            Some(name) => Err(JsonError::Duplicate {
                name: name.to_string(),
                at: self.at,
            }),
            None => Ok(()),
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.at += 1;
        self.space();
        if self.peek() == b']' {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong("expected `,` or `]`")),
            }
        }
    }

    /// The string that starts here, unescaped if it has escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let start = self.at + 1;
        let mut from = start;
        let mut escaped = false;
        loop {
            let rest = self.bytes.get(from..).unwrap_or_default();
            let Some(stop) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.bytes.len();
                return Err(self.wrong("unterminated string"));
            };
            // Without an early exit the compiler looks at many bytes at once.
            let plain = rest.iter().take(stop);
            if plain.fold(false, |found, byte| found | (*byte < 0x20)) {
                self.at = from;
                return Err(self.wrong("control character in a string"));
            }
            let at = from + stop;
            if self.bytes.get(at) == Some(&b'"') {
                self.at = at + 1;
                let raw = self.text.get(start..at).unwrap_or_default();
                return if escaped {
                    self.unescape(start - 1)
                } else {
                    Ok(Cow::Borrowed(raw))
                };
            }
            escaped = true;
            from = self.escape(at)?;
        }
    }

    /// Checks the escape at `at` and gives the place after it.
    fn escape(&mut self, at: usize) -> Result<usize, JsonError> {
        match self.bytes.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') if self.hex(at + 2) => self.surrogates(at),
            _ => {
                self.at = at;
                Err(self.wrong("invalid escape"))
            }
        }
    }

    /// Gives the place after the `\uXXXX` at `at` and the second half that it may need: half a
    /// character is none, and readers of JSON would not agree on it.
    fn surrogates(&mut self, at: usize) -> Result<usize, JsonError> {
        match self.unit(at) {
            0xDC00..=0xDFFF if self.check => {}
            0xD800..=0xDBFF if self.check => {
                let follows = self.bytes.get(at + 6..at + 8) == Some(b"\\u") && self.hex(at + 8);
                if follows && matches!(self.unit(at + 6), 0xDC00..=0xDFFF) {
                    return Ok(at + 12);
                }
            }
            _ => return Ok(at + 6),
        }
        self.at = at;
        Err(self.wrong("half of a surrogate pair"))
    }

    /// The code unit that the `\uXXXX` at `at` stands for.
    fn unit(&self, at: usize) -> u32 {
        let digits = self.text.get(at + 2..at + 6).unwrap_or_default();
        u32::from_str_radix(digits, 16).unwrap_or_default()
    }

    fn hex(&self, at: usize) -> bool {
        self.bytes
            .get(at..at + 4)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    }

    /// Only names are kept, so long strings with escapes are not unescaped for nothing: a name
    /// is followed by a colon.
    fn unescape(&self, start: usize) -> Result<Cow<'a, str>, JsonError> {
        let after = self.bytes.get(self.at..).unwrap_or_default();
        let is_name = after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        if !is_name {
            return Ok(Cow::Borrowed(""));
        }
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str::<String>(quoted)
            .map(Cow::Owned)
            .map_err(|_| JsonError::Syntax {
                what: "invalid escape",
                at: start,
            })
    }

    fn word(&mut self, word: &'static str) -> Result<(), JsonError> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.wrong("expected a value"));
        }
        self.at = end;
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.wrong("expected a digit"))
        } else {
            Ok(())
        }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        if self.peek() == b'-' {
            self.at += 1;
        }
        if self.peek() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let may_be_huge = text.len() > HUGE || text.contains(['e', 'E']);
        if self.check && may_be_huge && !text.parse().is_ok_and(f64::is_finite) {
            self.at = start;
            return Err(self.wrong("a number that is too large"));
        }
        Ok(())
    }
}
