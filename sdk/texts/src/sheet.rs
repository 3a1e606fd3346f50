//! The texts of spans, and their edits.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::literals::{Kind, literals};

/// The channel whose texts are JSON.
const ARGUMENTS: &str = "tool-arguments";

/// How a text is written where it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// As it is.
    Plain,
    /// Between the quotes of a JSON string.
    Quoted,
    /// As a JSON number; a new text is a string in its place.
    Number,
}

#[derive(Debug)]
struct Part<'s> {
    span: usize,
    /// Its place in the span's text, in bytes.
    at: Range<usize>,
    written: Written,
    text: Cow<'s, str>,
}

/// The texts of a call's spans as a service is to see them, and the way back.
///
/// A span is one text, but for the arguments of tools: of these each string and each number is one,
/// without JSON's escapes, so that a mask in it leaves JSON what it was. Blank texts are left out.
#[derive(Debug)]
pub struct Sheet<'s> {
    spans: Vec<&'s str>,
    parts: Vec<Part<'s>>,
}

impl<'s> Sheet<'s> {
    /// Of spans, as channel and text.
    pub fn of(spans: impl IntoIterator<Item = (&'s str, &'s str)>) -> Self {
        let mut sheet = Self {
            spans: Vec::new(),
            parts: Vec::new(),
        };
        for (channel, text) in spans {
            let span = sheet.spans.len();
            sheet.spans.push(text);
            let parts = match channel {
                ARGUMENTS => arguments(text),
                _ => vec![(0..text.len(), Written::Plain, Cow::Borrowed(text))],
            };
            let parts = parts.into_iter();
            let parts = parts.filter(|(_, _, text)| !text.trim().is_empty());
            sheet.parts.extend(parts.map(|(at, written, text)| Part {
                span,
                at,
                written,
                text,
            }));
        }
        sheet
    }

    /// The texts, in the order of the spans.
    pub fn texts(&self) -> Vec<&str> {
        self.parts.iter().map(|it| it.text.as_ref()).collect()
    }

    /// The span of each of [`texts`](Self::texts), by index.
    pub fn spans(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().map(|it| it.span)
    }

    /// One text for each span that has any, its texts one below the other: for services that judge
    /// and change nothing.
    pub fn joined(&self) -> Vec<String> {
        let mut joined: Vec<(usize, String)> = Vec::new();
        for part in &self.parts {
            match joined.last_mut() {
                Some((span, text)) if *span == part.span => {
                    text.push('\n');
                    text.push_str(&part.text);
                }
                _ => joined.push((part.span, part.text.clone().into_owned())),
            }
        }
        joined.into_iter().map(|(_, text)| text).collect()
    }

    /// Length of all spans, in bytes.
    pub fn bytes(&self) -> usize {
        self.spans.iter().map(|it| it.len()).sum()
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The spans that change, by index as the contract's edits have it, and their new texts. `new` has a text for each of
    /// [`texts`](Self::texts); those that are none or the same change nothing.
    pub fn edits(&self, new: &[Option<String>]) -> Vec<(u32, String)> {
        let mut edits: Vec<(usize, String)> = Vec::new();
        // How far the span of the last edit has been written.
        let mut written = 0;
        for (part, new) in self.parts.iter().zip(new) {
            let Some(new) = new.as_ref().filter(|it| part.text != it.as_str()) else {
                continue;
            };
            if edits.last().is_none_or(|(span, _)| *span != part.span) {
                self.finish(edits.last_mut(), written);
                edits.push((part.span, String::new()));
                written = 0;
            }
            if let Some((span, text)) = edits.last_mut() {
                text.push_str(self.slice(*span, written..part.at.start));
                text.push_str(&write(new, part.written));
                written = part.at.end;
            }
        }
        self.finish(edits.last_mut(), written);
        let index = |span: usize| u32::try_from(span).unwrap_or(u32::MAX);
        let edits = edits.into_iter();
        edits.map(|(span, text)| (index(span), text)).collect()
    }

    /// Adds what stands behind the last change of a span.
    fn finish(&self, edit: Option<&mut (usize, String)>, written: usize) {
        if let Some((span, text)) = edit {
            let end = self.spans.get(*span).map_or(0, |it| it.len());
            text.push_str(self.slice(*span, written..end));
        }
    }

    fn slice(&self, span: usize, at: Range<usize>) -> &str {
        let text = self.spans.get(span).copied().unwrap_or_default();
        text.get(at).unwrap_or_default()
    }
}

fn write(text: &str, written: Written) -> String {
    let quoted = || Value::from(text).to_string();
    match written {
        Written::Plain => text.to_owned(),
        Written::Number => quoted(),
        Written::Quoted => {
            let quoted = quoted();
            let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            inner.unwrap_or_default().to_owned()
        }
    }
}

/// A JSON string, by what stands between its quotes.
fn read(inner: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{inner}\"")).ok()
}

type Found<'s> = Vec<(Range<usize>, Written, Cow<'s, str>)>;

/// The texts in the arguments of a tool: a document, or one string of it as JSON writes it.
fn arguments(text: &str) -> Found<'_> {
    let whole = 0..text.len();
    let is_document = text.trim_start().starts_with(['{', '[', '"'])
        && serde_json::from_str::<&RawValue>(text).is_ok();
    if !is_document {
        return match read(text) {
            Some(inner) => vec![(whole, Written::Quoted, inner.into())],
            None => vec![(whole, Written::Plain, text.into())],
        };
    }
    let found = literals(text).into_iter();
    let parts = found.filter_map(|(kind, at)| {
        let inner = text.get(at.clone())?;
        match kind {
            Kind::Number => Some((at, Written::Number, inner.into())),
            Kind::Name if is_identifier(inner) => None,
            Kind::Name | Kind::Text => Some((at, Written::Quoted, read(inner)?.into())),
        }
    });
    parts.collect()
}

/// Whether a program would choose such a name for a member: it is nobody's word.
fn is_identifier(name: &str) -> bool {
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.' | '$');
    name.len() <= 64 && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(texts: &[Option<&str>]) -> Vec<Option<String>> {
        texts.iter().map(|it| it.map(str::to_owned)).collect()
    }

    #[test]
    fn spans_are_texts_and_blank_ones_are_left_out() {
        let sheet = Sheet::of([("text", "a"), ("text", " \n"), ("reasoning", "b")]);
        assert_eq!(sheet.texts(), ["a", "b"]);
        assert_eq!(sheet.spans().collect::<Vec<_>>(), [0, 2]);
        let edits = sheet.edits(&some(&[None, Some("c")]));
        assert_eq!(edits, [(2, "c".to_owned())]);
        assert!(sheet.edits(&some(&[Some("a"), Some("b")])).is_empty());
        assert_eq!(sheet.bytes(), 4);
        assert!(Sheet::of([("text", "")]).is_empty());
    }

    #[test]
    fn a_span_is_one_text_to_who_only_judges() {
        let sheet = Sheet::of([
            ("text", "a"),
            ("text", " "),
            ("tool-arguments", r#"{"k": "b", "n": 7}"#),
        ]);
        assert_eq!(sheet.joined(), ["a", "b\n7"]);
    }

    #[test]
    fn strings_and_numbers_of_arguments_are_texts_and_stay_json() {
        let arguments =
            r#"{"to": "Ada \"C\" L", "phone": 5551234, "a b": true, "n": {"é": "x\ny"}}"#;
        let sheet = Sheet::of([("text", "hi"), ("tool-arguments", arguments)]);
        assert_eq!(
            sheet.texts(),
            ["hi", "Ada \"C\" L", "5551234", "a b", "é", "x\ny"]
        );
        let new = some(&[
            None,
            Some("<\"1\">"),
            Some("<PHONE>"),
            None,
            None,
            Some("z"),
        ]);
        let edits = sheet.edits(&new);
        let [(1, text)] = &edits[..] else {
            panic!("{edits:?}")
        };
        assert_eq!(
            text,
            r#"{"to": "<\"1\">", "phone": "<PHONE>", "a b": true, "n": {"é": "z"}}"#
        );
        serde_json::from_str::<Value>(text).unwrap();
    }

    #[test]
    fn one_string_of_arguments_is_written_as_json_writes_it() {
        let sheet = Sheet::of([("tool-arguments", r#"say \"hi\" to Ada"#)]);
        assert_eq!(sheet.texts(), [r#"say "hi" to Ada"#]);
        let edits = sheet.edits(&some(&[Some("say \"hi\" to <1>")]));
        assert_eq!(edits, [(0, r#"say \"hi\" to <1>"#.to_owned())]);
    }

    #[test]
    fn arguments_that_are_no_json_are_a_text() {
        let sheet = Sheet::of([("tool-arguments", "{\"a\": \"b")]);
        assert_eq!(sheet.texts(), ["{\"a\": \"b"]);
        assert_eq!(sheet.edits(&some(&[Some("c")])), [(0, "c".to_owned())]);
    }

    #[test]
    fn changes_of_many_spans_are_each_their_own() {
        let sheet = Sheet::of([
            ("tool-arguments", r#"["a", "b"]"#),
            ("tool-arguments", r#"["c"]"#),
            ("text", "d"),
        ]);
        let edits = sheet.edits(&some(&[Some("1"), None, Some("3"), Some("4")]));
        let want = [(0, r#"["1", "b"]"#), (1, r#"["3"]"#), (2, "4")];
        assert_eq!(edits, want.map(|(span, text)| (span, text.to_owned())));
    }
}
