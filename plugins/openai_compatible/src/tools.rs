//! Tool calls: every call with its index, id, type and arguments as text, whatever of it the
//! provider sends.

use serde::{Deserialize, Serialize};

use crate::object::{Object, items, list, quoted};

/// A call of the stream so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The provider's own index, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    id: String,
    name: String,
}

impl Seen {
    /// Whether the tool of this name is called.
    pub fn is_of(&self, name: &str) -> bool {
        self.name == name
    }
}

/// The calls of a whole message; none if there is no call.
pub fn whole(raw: &str, salt: &str) -> Option<String> {
    let calls = items(raw)?;
    let calls: Vec<String> = calls
        .into_iter()
        .enumerate()
        .map(|(at, raw)| whole_call(raw, at, salt))
        .collect();
    (!calls.is_empty()).then(|| list(&calls))
}

fn whole_call(raw: &str, at: usize, salt: &str) -> String {
    let Some(mut call) = Object::parse(raw) else {
        return raw.to_owned();
    };
    if call.text("id").is_none_or(|id| id.is_empty()) {
        call.put("id", made_id(salt, at));
    }
    if call.text("type").is_none_or(|kind| kind.is_empty()) {
        call.put("type", "function");
    }
    if let Some(text) = call
        .get("function")
        .and_then(Object::parse)
        .and_then(|function| {
            let mut function = function;
            arguments(&mut function, Some("{}"));
            function.rewritten()
        })
    {
        call.set("function", text);
    }
    call.rewritten().unwrap_or_else(|| raw.to_owned())
}

/// The pieces of calls in a delta; none if nothing is left of them.
pub fn pieces(raw: &str, seen: &mut Vec<Seen>, salt: &str) -> Option<String> {
    let calls: Vec<String> = items(raw)?
        .into_iter()
        .filter_map(|raw| piece(raw, seen, salt))
        .collect();
    (!calls.is_empty()).then(|| list(&calls))
}

fn piece(raw: &str, seen: &mut Vec<Seen>, salt: &str) -> Option<String> {
    let mut call = Object::parse(raw)?;
    call.retain(|_, raw| raw != "null");
    let text = call.get("function").unwrap_or("{}").to_owned();
    let mut function = Object::parse(&text).unwrap_or_default();
    function.retain(|name, raw| raw != "null" && !(name == "name" && raw == "\"\""));
    let index = call.count("index");
    let id = call.text("id").filter(|id| !id.is_empty());
    let name = function.text("name");
    let known = known(seen, index, id.as_deref(), name.as_deref());
    let at = known.unwrap_or(seen.len());
    if known.is_some() {
        call.take("id");
        call.take("type");
        function.take("name");
        arguments(&mut function, None);
    } else {
        let id = id.unwrap_or_else(|| made_id(salt, at));
        call.put("id", id.clone());
        if call.text("type").is_none_or(|kind| kind.is_empty()) {
            call.put("type", "function");
        }
        arguments(&mut function, Some(""));
        seen.push(Seen {
            index,
            id,
            name: name.unwrap_or_default(),
        });
    }
    if index != Some(at as u64) {
        call.put("index", at as u64);
    }
    let empty = function.members().next().is_none();
    if let Some(text) = function.rewritten().filter(|_| !empty) {
        call.set("function", text);
    } else if empty {
        call.take("function");
    }
    let says = call
        .members()
        .any(|(name, raw)| name != "index" && !crate::object::says_nothing(raw));
    says.then(|| call.write())
}

/// The call that a piece belongs to. The id decides, then the index, then the order; a new name
/// begins a new call, because some providers give every call the index 0.
fn known(seen: &[Seen], index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
    if let Some(at) = id.and_then(|id| seen.iter().position(|call| call.id == id)) {
        return Some(at);
    }
    let same = match index {
        Some(_) => seen.iter().rposition(|call| call.index == index),
        None => seen.len().checked_sub(1),
    };
    let call = seen.get(same?)?;
    let begins = match (id, name) {
        (Some(_), Some(_)) => true,
        (None, Some(name)) => name != call.name || index.is_none(),
        (_, None) => false,
    };
    same.filter(|_| !begins)
}

/// Arguments as text; `missing` where there are none.
fn arguments(function: &mut Object<'_>, missing: Option<&str>) {
    match (function.get("arguments"), missing) {
        (Some(raw), _) if raw.starts_with('"') => {}
        (Some(raw), _) => {
            let text = quoted(raw);
            function.set("arguments", text);
        }
        (None, Some(missing)) => function.put("arguments", missing),
        (None, None) => {}
    }
}

/// An id for a call that came without one, the same however the answer is cut.
fn made_id(salt: &str, at: usize) -> String {
    format!("call_{salt}_{at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(deltas: &[&str]) -> Vec<Option<String>> {
        let mut seen = Vec::new();
        deltas
            .iter()
            .map(|raw| pieces(raw, &mut seen, "s"))
            .collect()
    }

    #[test]
    fn pieces_without_index_or_id_find_their_call() {
        let out = run(&[
            r#"[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":null}}]"#,
            r#"[{"index":0,"id":null,"type":null,"function":{"name":null,"arguments":"{}"}}]"#,
            r#"[{"index":0,"id":"","function":{"name":"","arguments":""}}]"#,
            r#"[{"id":"b","function":{"name":"g","arguments":{"x":1}}}]"#,
        ]);
        let want = [
            Some(
                r#"[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]"#,
            ),
            Some(r#"[{"index":0,"function":{"arguments":"{}"}}]"#),
            Some(r#"[{"index":0,"function":{"arguments":""}}]"#),
            Some(
                r#"[{"id":"b","function":{"name":"g","arguments":"{\"x\":1}"},"type":"function","index":1}]"#,
            ),
        ];
        assert_eq!(out.iter().map(Option::as_deref).collect::<Vec<_>>(), want);
    }

    #[test]
    fn calls_that_share_an_index_are_told_apart() {
        let out = run(&[
            r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]"#,
            r#"[{"index":-1,"function":{"name":"g","arguments":"{}"}}]"#,
        ]);
        let text = format!("{out:?}");
        assert!(
            text.contains("\\\"index\\\":1")
                && text.contains("\\\"index\\\":2")
                && text.contains("call_s_2"),
            "{text}"
        );
    }

    #[test]
    fn a_whole_call_is_completed() {
        let out = whole(r#"[{"function":{"name":"f","arguments":null}}]"#, "s").unwrap();
        assert_eq!(
            out,
            r#"[{"function":{"name":"f","arguments":"{}"},"id":"call_s_0","type":"function"}]"#
        );
        assert_eq!(whole("[]", "s"), None);
    }
}
