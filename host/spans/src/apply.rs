//! Puts edits back where their spans were found: all of them, or none.

use std::collections::HashSet;

use serde_json::Value;

use crate::span::{Edit, Form, Span};
use crate::walk::of_inner_json;

/// Why edits were not put back. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    #[error("there is no span {0}")]
    NoSpan(usize),
    #[error("span {0} is edited twice")]
    Twice(usize),
    #[error("the text at {0} is not what the span says")]
    Moved(String),
    #[error("the arguments at {0} would not be JSON")]
    NotJson(String),
    #[error("the thought at {0} is signed by its provider and cannot be changed")]
    Signed(String),
    #[error("there is another member of the new name at {0}")]
    NameTaken(String),
}

/// Puts `edits` of the `spans` of `body` back. What repeats an edited text piece by piece, the
/// likelihoods of its tokens, is emptied.
pub fn apply(body: &mut Value, spans: &[Span], edits: &[Edit]) -> Result<(), ApplyError> {
    let mut texts = Vec::new();
    let (mut seen, mut taken) = (HashSet::new(), HashSet::new());
    for edit in edits {
        let span = spans.get(edit.span).ok_or(ApplyError::NoSpan(edit.span))?;
        if !seen.insert(edit.span) {
            return Err(ApplyError::Twice(edit.span));
        }
        if edit.text == span.text {
            continue;
        }
        let text = new_text(body, span, &edit.text)?;
        if span.form == Form::Name {
            let (parent, _) = parted(&span.pointer);
            let around = body.pointer(parent);
            let used = around.is_some_and(|it| it.get(&text).is_some());
            if used || !taken.insert((parent, text.clone())) {
                return Err(ApplyError::NameTaken(span.pointer.clone()));
            }
        }
        texts.push((span, text));
    }
    write(body, texts);
    Ok(())
}

/// The text as it is to stand in the document.
fn new_text(body: &Value, span: &Span, text: &str) -> Result<String, ApplyError> {
    let moved = || ApplyError::Moved(span.pointer.clone());
    let not_json = || ApplyError::NotJson(span.pointer.clone());
    let there = body.pointer(&span.pointer).ok_or_else(moved)?;
    if span.form == Form::Name {
        let (_, name) = parted(&span.pointer);
        return match name == span.text {
            true => Ok(text.to_owned()),
            false => Err(moved()),
        };
    }
    let there = there.as_str().ok_or_else(moved)?;
    let was = match span.form {
        Form::Leaf => of_inner_json(&span.text).ok_or_else(moved)?,
        _ => span.text.clone(),
    };
    if was != there {
        return Err(moved());
    }
    match span.form {
        Form::Leaf => of_inner_json(text).ok_or_else(not_json),
        Form::Document if is_json(there) && !is_json(text) => Err(not_json()),
        Form::Signed { given: true } => Err(ApplyError::Signed(span.pointer.clone())),
        _ => Ok(text.to_owned()),
    }
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
}

/// The pointer of what is around, and the name in it.
fn parted(pointer: &str) -> (&str, String) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    (parent, name.replace("~1", "/").replace("~0", "~"))
}

/// Writes texts at their spans' places, as they are to stand there. Names last, and the deepest
/// first: what lies deeper is found by the names of what is around it.
pub fn write(body: &mut Value, mut texts: Vec<(&Span, String)>) {
    texts.sort_by_key(|(span, _)| match span.form {
        Form::Name => usize::MAX - span.pointer.matches('/').count(),
        _ => 0,
    });
    for (span, text) in texts {
        if span.form == Form::Name {
            rename(body, &span.pointer, &text);
        } else {
            write_string(body, span, text);
        }
        forget_tokens(body, &span.pointer);
    }
}

fn write_string(body: &mut Value, span: &Span, text: String) {
    if let Some(place) = body.pointer_mut(&span.pointer) {
        *place = text.into();
    }
    if matches!(span.form, Form::Signed { .. }) {
        let (around, _) = parted(&span.pointer);
        remove(body, &format!("{around}/signature"));
    }
}

/// Empties the lists of tokens that a text was made of, as it is edited. Also in events.
pub fn forget_tokens(body: &mut Value, pointer: &str) {
    let names: Vec<&str> = pointer.split('/').skip(1).collect();
    let depth = match names.as_slice() {
        ["choices" | "candidates", _, ..] => 2,
        ["output", _, "content", _, ..] => 4,
        ["response", "output", _, "content", _, ..] => 5,
        ["item", "content", _, ..] => 3,
        ["part", ..] => 1,
        ["text" | "delta"] | ["segments" | "words", ..] => 0,
        _ => return,
    };
    let holder: String = names.iter().take(depth).flat_map(|it| ["/", *it]).collect();
    let Some(Value::Object(members)) = body.pointer_mut(&holder) else {
        return;
    };
    for name in ["logprobs", "logprobsResult"] {
        match members.get_mut(name) {
            Some(Value::Array(list)) => list.clear(),
            Some(tokens @ Value::Object(_)) => *tokens = Value::Null,
            _ => {}
        }
    }
}

/// Takes a member away.
pub fn remove(body: &mut Value, pointer: &str) {
    let (around, name) = parted(pointer);
    if let Some(Value::Object(members)) = body.pointer_mut(around) {
        members.shift_remove(&name);
    }
}

fn rename(body: &mut Value, pointer: &str, name: &str) {
    let (parent, old) = parted(pointer);
    let Some(Value::Object(members)) = body.pointer_mut(parent) else {
        return;
    };
    let all = std::mem::take(members);
    members.extend(all.into_iter().map(|(known, value)| {
        let name = if known == old { name.to_owned() } else { known };
        (name, value)
    }));
}
