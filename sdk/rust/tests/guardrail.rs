//! The guardrail's side of the SDK, proven natively on its hard case: a reversible mask over
//! personal data, undone in streamed tool arguments. The providers' hard cases are the guest
//! `hard_cases`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test tells what is wrong by panicking"
)]

use sluice_sdk::serde_json::{self, Map, Value, json};
use sluice_sdk::testing::{
    inspection, piece, run_guardrail_examples, span, streamed, streamed_at_every_cut,
};
use sluice_sdk::{
    Decision, Error, Guardrail, Held, Inspection, Passed, Piece, StreamGuardrail, StreamVerdict,
    Verdict, channel, in_json, parse_state, stage, stream_guardrail, write_json,
};

/// Masks names on the way in and puts them back on the way out.
struct Mask;

#[derive(Default, serde::Serialize, serde::Deserialize)]
struct State {
    names: Map<String, Value>,
    #[serde(default)]
    held: Held,
}

impl Guardrail for Mask {
    fn describe() -> String {
        json!({
            "name": "mask", "version": "1.0.0", "guardrails": [{"name": "mask", "stages": ["pre", "post"]}],
            "examples": [
                {"name": "a name is masked", "guardrail": "mask", "stage": "pre", "spans": [{"text": "I am Grace Hopper"}, {"text": "hi"}],
                 "expect": {"verdict": "edit", "texts": ["I am <NAME_1>", "hi"]}},
                {"name": "and put back", "guardrail": "mask", "stage": "post", "state": "{\"names\": {\"<NAME_1>\": \"Grace Hopper\"}}",
                 "spans": [{"role": "assistant", "text": "Hello <NAME_1>"}],
                 "expect": {"verdict": "edit", "texts": ["Hello Grace Hopper"]}}
            ]
        })
        .to_string()
    }

    /// The table of masks is the decision's state: the later stages of the call are handed it.
    fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
        if inspection.stage == stage::POST {
            let state: State = parse_state(&inspection.state)?;
            return Ok(inspection.rewritten(|it| unmasked(&it.text, it.is_json(), &state.names)));
        }
        let mut state = State::default();
        let decision = inspection.rewritten(|span| {
            let mut text = span.text.clone();
            for name in ["Ada \"Countess\" Lovelace", "Grace Hopper"] {
                if text.contains(name) {
                    let mask = format!("<NAME_{}>", state.names.len() + 1);
                    text = text.replace(name, &mask);
                    state.names.insert(mask, name.into());
                }
            }
            text
        });
        Ok(decision.with_state(write_json(&state)))
    }
}

impl StreamGuardrail for Mask {
    fn open(inspection: &Inspection) -> Result<String, Error> {
        Ok(inspection.state.clone())
    }

    /// What may be the beginning of a mask is held back.
    fn feed(state: String, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
        let mut state: State = parse_state(&state)?;
        let names = &state.names;
        let pieces = state.held.feed(pieces, last, |lane, text, _| {
            let text = unmasked(&text, lane.is_json(), names);
            let cut = text.rfind('<').filter(|at| !text[*at..].contains('>'));
            let cut = cut.unwrap_or(text.len());
            (text[..cut].to_owned(), text[cut..].to_owned())
        });
        Ok(StreamVerdict::Pass(Passed {
            pieces,
            findings: None,
            state: write_json(&state),
        }))
    }
}

// Does nothing here; that it compiles for the sandbox is the shipped guardrails' to prove.
stream_guardrail!(Mask);

/// In arguments, which are JSON text, a name stands as JSON writes it.
fn unmasked(text: &str, is_json: bool, names: &Map<String, Value>) -> String {
    names.iter().fold(text.to_owned(), |text, (mask, name)| {
        let name = name.as_str().unwrap();
        match is_json {
            true => text.replace(mask, &in_json(name)),
            false => text.replace(mask, name),
        }
    })
}

fn arguments(call: &str, text: &str) -> Piece {
    Piece {
        channel: channel::TOOL_ARGUMENTS.into(),
        call: call.into(),
        ..piece(text)
    }
}

fn masked() -> (String, Inspection) {
    let asked = "Write to Ada \"Countess\" Lovelace, copy Grace Hopper";
    let decision = Mask::inspect(&inspection(stage::PRE, &json!({}), vec![span(asked)])).unwrap();
    let Verdict::Edit(edits) = decision.verdict else {
        panic!("no edit")
    };
    let mut opened = inspection(stage::POST, &json!({}), Vec::new());
    opened.state = decision.state;
    (edits[0].text.clone(), opened)
}

#[test]
fn the_model_sees_masks_only() {
    assert_eq!(masked().0, "Write to <NAME_1>, copy <NAME_2>");
}

#[test]
fn its_examples_hold_and_a_wrong_one_is_named() {
    run_guardrail_examples::<Mask>().unwrap();

    struct Wrong;
    impl Guardrail for Wrong {
        fn describe() -> String {
            Mask::describe().replace("Hello Grace Hopper", "Hello Ada")
        }
        fn inspect(inspection: &Inspection) -> Result<Decision, Error> {
            Mask::inspect(inspection)
        }
    }
    let wrong = run_guardrail_examples::<Wrong>().unwrap_err();
    assert!(
        wrong.contains("and put back") && wrong.contains("texts"),
        "{wrong}"
    );
}

#[test]
fn a_mask_in_streamed_tool_arguments_is_undone_wherever_it_is_cut() {
    let (_, opened) = masked();
    let whole = arguments("t1", r#"{"to":"<NAME_1>","cc":"<NAME_2>"}"#);
    let text = streamed_at_every_cut::<Mask>(&opened, &whole)
        .unwrap()
        .unwrap();
    let read: Value = serde_json::from_str(&text).unwrap();
    let want = json!({"to": "Ada \"Countess\" Lovelace", "cc": "Grace Hopper"});
    assert_eq!(read, want);
}

#[test]
fn calls_that_stream_side_by_side_do_not_mix_and_nothing_is_held_at_the_end() {
    let (_, opened) = masked();
    let batches = vec![
        vec![arguments("t1", "\"<NA"), arguments("t2", "\"<NAME_2")],
        vec![arguments("t2", ">\""), arguments("t1", "ME_1>\"")],
        vec![arguments("t1", " < ")],
    ];
    let pieces = streamed::<Mask>(&opened, batches).unwrap().unwrap();
    let of = |call: &str| -> String {
        let mine = pieces.iter().filter(|it| it.call == call);
        mine.map(|it| it.text.as_str()).collect()
    };
    assert_eq!(of("t1"), r#""Ada \"Countess\" Lovelace" < "#);
    assert_eq!(of("t2"), r#""Grace Hopper""#);
}
