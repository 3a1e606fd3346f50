//! What operations under test read of a request. The API document is made of it, so that it has the
//! fields that the code asks for, and no others.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Query,
    Body,
}

#[derive(Debug, Default)]
struct Notes {
    /// In the order of the code.
    fields: Vec<(Place, String, String)>,
    needed: BTreeSet<String>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// A field that the operation knows, and what it takes.
pub fn field(place: Place, name: &str, kind: &str) {
    NOTES.with_borrow_mut(|notes| {
        let known = notes
            .fields
            .iter()
            .any(|it| (it.0, &*it.1) == (place, name));
        if !known {
            notes.fields.push((place, name.to_owned(), kind.to_owned()));
        }
    });
}

/// What a field that is known is read as.
pub fn kind(name: &str, kind: &str) {
    NOTES.with_borrow_mut(|notes| {
        for it in notes.fields.iter_mut().filter(|it| it.1 == name) {
            kind.clone_into(&mut it.2);
        }
    });
}

/// A field without which the operation refuses the request.
pub fn needed(name: &str) {
    NOTES.with_borrow_mut(|notes| notes.needed.insert(name.to_owned()));
}

/// Begins anew.
pub fn clear() {
    NOTES.take();
}

/// The fields since then as a row of the table writes them: `name:kind`, `!` before what has to be
/// there.
pub fn taken(place: Place) -> Vec<String> {
    NOTES.with_borrow(|notes| {
        let fields = notes.fields.iter().filter(|it| it.0 == place);
        let written = fields.map(|(_, name, kind)| {
            let mark = if notes.needed.contains(name) { "!" } else { "" };
            format!("{mark}{name}:{kind}")
        });
        written.collect()
    })
}

/// The rows of an operation that has just been done: what its query and its body may have, the type
/// of its answer, and the body that it was sent.
pub fn rows(method: &str, path: &str, body: &Value, answer: &Value) -> Vec<String> {
    let method = method.to_uppercase();
    let row =
        |what: &str, cells: &[String]| format!("{method}\t{path}\t{what}\t{}", cells.join("\t"));
    let mut rows = Vec::new();
    // A list is asked for by its query alone.
    let places: &[(&str, Place)] = match &*method {
        "GET" => &[("query", Place::Query)],
        _ => &[("query", Place::Query), ("body", Place::Body)],
    };
    for (name, place) in places {
        let mut fields = taken(*place);
        for field in &mut fields {
            // A part of the path that has to be there, as it always is.
            let bare = field.strip_prefix('!').and_then(|it| it.split_once(':'));
            if bare.is_some_and(|(name, _)| path.contains(&format!("{{{name}}}"))) {
                field.remove(0);
            }
        }
        if !fields.is_empty() {
            rows.push(row(name, &fields));
        }
    }
    if body.as_object().is_some_and(|it| !it.is_empty()) {
        rows.push(row("example", &[plain(body).to_string()]));
    }
    rows.push(row("answer", &[type_of(answer).to_owned()]));
    rows
}

const fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A body for people to read: ids and digests that a test made up are the same every time.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => plain_text(text).into(),
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(all) => {
            let all = all.iter().map(|(name, it)| (name.clone(), plain(it)));
            Value::Object(all.collect())
        }
        other => other.clone(),
    }
}

fn plain_text(text: &str) -> &str {
    let is_hex = |it: &str| {
        it.bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    };
    match text {
        it if it.starts_with("sk-") => "sk-1f0c9a",
        it if it.starts_with("zz-") => "example",
        it if it.contains("secret") || it.contains("horse") => "********",
        it if it.len() >= 32 && is_hex(it) => "0f3c9a",
        it => it,
    }
}

/// Holds a table of what operations ask for, as it is kept, against what the tests saw.
///
/// # Panics
/// They differ; the new one lies beside the build.
pub fn compare(file: &str, kept: &str, seen: &BTreeSet<String>) {
    let mut wanted = String::new();
    for row in seen {
        wanted.push_str(row);
        wanted.push('\n');
    }
    if kept != wanted {
        let folder = std::env::temp_dir();
        let beside = folder.join(file.replace('/', "-"));
        std::fs::write(&beside, &wanted).unwrap();
        panic!("{file} is old; the new one is {}", beside.display());
    }
}
