//! Names out of sight, and back.

use serde_json::{Map, Value, json};

use crate::bindings::exports::sluice::plugin::guardrail::{Decision, Edit, Inspection, Verdict};
use crate::bindings::exports::sluice::plugin::guardrail_stream::{Passed, Piece, StreamVerdict};

/// Masks every name of the settings. The table is the state.
pub fn mask(inspection: &Inspection, config: &Value) -> Decision {
    let listed = config.get("names").and_then(Value::as_array);
    let names = listed.into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<&str> = names.collect();
    let (mut table, mut edits) = (Map::new(), Vec::new());
    for (index, span) in inspection.spans.iter().enumerate() {
        let mut text = span.text.clone();
        for name in names.iter().filter(|it| span.text.contains(**it)) {
            let known = table.iter().find(|(_, it)| it.as_str() == Some(name));
            let mask = known.map(|(mask, _)| mask.clone());
            let mask = mask.unwrap_or_else(|| format!("<NAME_{}>", table.len() + 1));
            text = text.replace(name, &mask);
            table.insert(mask, (*name).into());
        }
        if text != span.text {
            let span = u32::try_from(index).unwrap_or(u32::MAX);
            edits.push(Edit { span, text });
        }
    }
    let found = table.len();
    Decision {
        verdict: match edits.is_empty() {
            true => Verdict::Allow,
            false => Verdict::Edit(edits),
        },
        findings: (found > 0).then(|| json!({"names": found}).to_string()),
        state: json!({"names": table}).to_string(),
    }
}

/// Puts the names back.
pub fn undo(inspection: &Inspection) -> Decision {
    let state: Value = serde_json::from_str(&inspection.state).unwrap_or_default();
    let names = state.get("names").cloned().unwrap_or_default();
    let mut edits = Vec::new();
    for (index, span) in inspection.spans.iter().enumerate() {
        let text = unmasked(&span.text, &span.channel, &names);
        if text != span.text {
            let span = u32::try_from(index).unwrap_or(u32::MAX);
            edits.push(Edit { span, text });
        }
    }
    crate::decide(Verdict::Edit(edits))
}

/// In arguments, which are JSON text, a name stands as JSON writes it.
fn unmasked(text: &str, channel: &str, names: &Value) -> String {
    let names = names.as_object().into_iter().flatten();
    names.fold(text.to_owned(), |text, (mask, name)| {
        let quoted = name.to_string();
        let name = match channel {
            "tool-arguments" => quoted.trim_matches('"').to_owned(),
            _ => name.as_str().unwrap_or_default().to_owned(),
        };
        text.replace(mask, &name)
    })
}

/// What may be the beginning of a mask is held back in the state, by choice, channel and call.
pub fn feed(mut state: Value, pieces: Vec<Piece>, last: bool) -> StreamVerdict {
    let names = state.get("names").cloned().unwrap_or_default();
    let held = state.get("held").and_then(Value::as_array).cloned();
    let mut open: Vec<Piece> = held.unwrap_or_default().iter().map(piece_of).collect();
    let mut passed = Vec::new();
    for mut piece in pieces {
        let before = open.iter().position(|it| {
            (it.choice, &it.channel, &it.call) == (piece.choice, &piece.channel, &piece.call)
        });
        if let Some(at) = before {
            piece.text = open.remove(at).text + &piece.text;
        }
        let text = unmasked(&piece.text, &piece.channel, &names);
        let cut = text.rfind('<').filter(|at| !text[*at..].contains('>'));
        let (now, later) = text.split_at(cut.unwrap_or(text.len()));
        if !later.is_empty() {
            open.push(Piece {
                text: later.to_owned(),
                ..piece.clone()
            });
        }
        piece.text = now.to_owned();
        passed.push(piece);
    }
    if last {
        passed.append(&mut open);
    }
    let held = open.iter().map(value_of).collect::<Value>();
    match state.as_object_mut() {
        Some(members) => drop(members.insert("held".to_owned(), held)),
        None => state = json!({"held": held}),
    }
    StreamVerdict::Pass(Passed {
        pieces: passed,
        findings: None,
        state: state.to_string(),
    })
}

fn value_of(piece: &Piece) -> Value {
    json!([piece.choice, piece.channel, piece.call, piece.text])
}

fn piece_of(value: &Value) -> Piece {
    let text = |at: usize| value[at].as_str().unwrap_or_default().to_owned();
    Piece {
        choice: value[0]
            .as_u64()
            .and_then(|it| it.try_into().ok())
            .unwrap_or(0),
        channel: text(1),
        call: text(2),
        text: text(3),
    }
}
