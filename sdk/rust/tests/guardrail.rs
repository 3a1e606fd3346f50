//! The guardrail's side of the contract, proven natively on its hard case with no host: a
//! reversible mask over personal data, undone in streamed tool arguments. The providers' hard
//! cases are the guest `hard_cases`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test tells what is wrong by panicking"
)]

use sluice_sdk::serde_json::{self, Map, Value, json};

/// The contract's types for guardrails.
mod contract {
    wit_bindgen::generate!({
        world: "guardrail-stream-plugin",
        path: "../../wit",
        additional_derives: [PartialEq, Clone],
        generate_all,
    });

    pub use exports::sluice::plugin::guardrail::{
        Decision, Edit, Guest as Guardrail, Inspection, Span, Verdict,
    };
    pub use exports::sluice::plugin::guardrail_stream::{
        Guest as GuardrailStream, Passed, Piece, StreamVerdict,
    };
    pub use sluice::plugin::types::Error;
}

use contract::{
    Decision, Edit, Error, Guardrail, GuardrailStream, Inspection, Passed, Piece, Span,
    StreamVerdict, Verdict,
};

/// Masks names on the way in and puts them back on the way out.
struct Mask;

impl Guardrail for Mask {
    /// The table of masks is the decision's state: the later stages of the call are handed it.
    fn inspect(inspection: Inspection) -> Result<Decision, Error> {
        let mut names = Map::new();
        let mut edits = Vec::new();
        for (index, span) in inspection.spans.iter().enumerate() {
            let mut text = span.text.clone();
            for name in ["Ada \"Countess\" Lovelace", "Grace Hopper"] {
                if text.contains(name) {
                    let mask = format!("<NAME_{}>", names.len() + 1);
                    text = text.replace(name, &mask);
                    names.insert(mask, name.into());
                }
            }
            if text != span.text {
                let span = index as u32;
                edits.push(Edit { span, text });
            }
        }
        Ok(Decision {
            verdict: Verdict::Edit(edits),
            findings: None,
            state: json!({ "names": names }).to_string(),
        })
    }
}

impl GuardrailStream for Mask {
    fn open(inspection: Inspection) -> Result<String, Error> {
        Ok(inspection.state)
    }

    /// What may be the beginning of a mask is held back in the state, by choice, channel and call.
    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let mut state: Value = serde_json::from_str(&state).unwrap();
        let held: Vec<Value> = state["held"].as_array().cloned().unwrap_or_default();
        let mut open: Vec<Piece> = held.iter().map(piece_of).collect();
        let mut passed = Vec::new();
        for mut piece in pieces {
            let before = open.iter().position(|it| {
                (it.choice, &it.channel, &it.call) == (piece.choice, &piece.channel, &piece.call)
            });
            if let Some(at) = before {
                piece.text = open.remove(at).text + &piece.text;
            }
            let text = unmasked(&piece, &state["names"]);
            let cut = text.rfind('<').filter(|at| !text[*at..].contains('>'));
            let cut = cut.unwrap_or(text.len());
            if cut < text.len() {
                let text = text[cut..].to_owned();
                open.push(Piece {
                    text,
                    ..piece.clone()
                });
            }
            piece.text = text[..cut].to_owned();
            passed.push(piece);
        }
        if last {
            passed.append(&mut open);
        }
        state["held"] = open.iter().map(value_of).collect();
        Ok(StreamVerdict::Pass(Passed {
            pieces: passed,
            findings: None,
            state: state.to_string(),
        }))
    }
}

/// In arguments, which are JSON text, a name stands as JSON writes it.
fn unmasked(piece: &Piece, names: &Value) -> String {
    let mut text = piece.text.clone();
    for (mask, name) in names.as_object().unwrap() {
        let quoted = name.to_string();
        let name = match piece.channel.as_str() {
            "tool-arguments" => quoted.trim_matches('"').to_owned(),
            _ => name.as_str().unwrap().to_owned(),
        };
        text = text.replace(mask, &name);
    }
    text
}

fn value_of(piece: &Piece) -> Value {
    json!([piece.choice, piece.channel, piece.call, piece.text])
}

fn piece_of(value: &Value) -> Piece {
    let text = |at: usize| value[at].as_str().unwrap().to_owned();
    Piece {
        choice: value[0].as_u64().unwrap() as u32,
        channel: text(1),
        call: text(2),
        text: text(3),
    }
}

fn inspection(stage: &str, text: &str, state: &str) -> Inspection {
    let span = Span {
        role: "user".into(),
        channel: "text".into(),
        choice: 0,
        pointer: "/messages/0/content".into(),
        text: text.into(),
    };
    Inspection {
        id: "c".into(),
        stage: stage.into(),
        operation: "chat".into(),
        model: "m".into(),
        config: "{}".into(),
        subject: "{}".into(),
        spans: vec![span],
        request: None,
        response: None,
        state: state.into(),
        files: Vec::new(),
    }
}

fn arguments(call: &str, text: &str) -> Piece {
    Piece {
        choice: 0,
        channel: "tool-arguments".into(),
        call: call.into(),
        text: text.into(),
    }
}

/// Feeds pieces one batch after the other, and gives the text of each call.
fn streamed(state: &str, batches: Vec<Vec<Piece>>) -> (String, String) {
    let mut state = Mask::open(inspection("post", "", state)).unwrap();
    let (mut first, mut second) = (String::new(), String::new());
    let end = batches.len();
    for (at, batch) in batches.into_iter().enumerate() {
        let StreamVerdict::Pass(passed) = Mask::feed(state, batch, at + 1 == end).unwrap() else {
            panic!("nothing is blocked here")
        };
        for piece in passed.pieces {
            let grown = if piece.call == "t1" {
                &mut first
            } else {
                &mut second
            };
            grown.push_str(&piece.text);
        }
        state = passed.state;
    }
    (first, second)
}

fn masked() -> (String, String) {
    let asked = "Write to Ada \"Countess\" Lovelace, copy Grace Hopper";
    let decision = Mask::inspect(inspection("pre", asked, "")).unwrap();
    let Verdict::Edit(edits) = decision.verdict else {
        panic!("no edit")
    };
    (edits[0].text.clone(), decision.state)
}

#[test]
fn the_model_sees_masks_only() {
    assert_eq!(masked().0, "Write to <NAME_1>, copy <NAME_2>");
}

#[test]
fn a_mask_in_streamed_tool_arguments_is_undone_wherever_it_is_cut() {
    let (_, state) = masked();
    let whole = r#"{"to":"<NAME_1>","cc":"<NAME_2>"}"#;
    for cut in 0..=whole.len() {
        let (a, b) = whole.split_at(cut);
        let (text, _) = streamed(
            &state,
            vec![vec![arguments("t1", a)], vec![arguments("t1", b)], vec![]],
        );
        let read: Value = serde_json::from_str(&text).unwrap();
        let want = json!({"to": "Ada \"Countess\" Lovelace", "cc": "Grace Hopper"});
        assert_eq!(read, want, "cut at {cut}");
    }
}

#[test]
fn calls_that_stream_side_by_side_do_not_mix_and_nothing_is_held_at_the_end() {
    let (_, state) = masked();
    let batches = vec![
        vec![arguments("t1", "\"<NA"), arguments("t2", "\"<NAME_2")],
        vec![arguments("t2", ">\""), arguments("t1", "ME_1>\"")],
        vec![arguments("t1", " < ")],
        vec![],
    ];
    let (first, second) = streamed(&state, batches);
    assert_eq!(first, r#""Ada \"Countess\" Lovelace" < "#);
    assert_eq!(second, r#""Grace Hopper""#);
}
