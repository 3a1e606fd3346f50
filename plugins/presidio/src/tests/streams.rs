//! Answers that stream.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{Played, inspection, piece, streamed, streamed_at_every_cut};
use sluice_sdk::{Inspection, Piece};

use super::analyzer;
use crate::Presidio;

fn opened(config: &Value) -> Inspection {
    let mut opened = inspection("post", config, Vec::new());
    opened.state = json!({"<PERSON_1>": "Ada \"C\" L", "<PERSON_10>": "Bob"}).to_string();
    opened
}

#[test]
fn masks_are_undone_wherever_they_are_cut() {
    let played = Played::silent();
    let opened = opened(&json!({"output_parse_pii": true}));
    let said = piece("a < b, <PERSON_1> & <PERSON_10>: <PERS");
    let out = played.run(|| streamed_at_every_cut::<Presidio>(&opened, &said));
    assert_eq!(out.unwrap().unwrap(), "a < b, Ada \"C\" L & Bob: <PERS");
    let arguments = Piece {
        channel: "tool-arguments".into(),
        call: "t1".into(),
        ..piece(r#"{"to":"<PERSON_1>"}"#)
    };
    let out = played.run(|| streamed_at_every_cut::<Presidio>(&opened, &arguments));
    assert_eq!(out.unwrap().unwrap(), r#"{"to":"Ada \"C\" L"}"#);
}

#[test]
fn an_answer_that_is_looked_at_is_held_until_its_end() {
    let played = analyzer(&[("Eve", "PERSON")]);
    let opened = opened(&json!({"output_parse_pii": true, "presidio_filter_scope": "both"}));
    let said = piece("<PERSON_10> met Eve");
    let out = played.run(|| streamed_at_every_cut::<Presidio>(&opened, &said));
    assert_eq!(out.unwrap().unwrap(), "Bob met <PERSON>");
    let config = json!({"pii_entities_config": {"PERSON": "BLOCK"}});
    let opened = inspection("post", &config, Vec::new());
    let out = played.run(|| streamed_at_every_cut::<Presidio>(&opened, &said));
    assert_eq!(out.unwrap().unwrap_err(), "pii");
}

#[test]
fn texts_side_by_side_are_asked_about_once_and_keep_their_places() {
    let played = analyzer(&[("Eve", "PERSON")]);
    let opened = inspection("post", &json!({}), Vec::new());
    let second = |text: &str| Piece {
        choice: 1,
        ..piece(text)
    };
    let title = |text: &str| Piece {
        call: "#1".into(),
        ..piece(text)
    };
    let batches = vec![
        vec![piece("E"), second("I am"), title("Eve")],
        vec![title("Eve"), piece("ve"), second(" Eve")],
    ];
    let out = played.run(|| streamed::<Presidio>(&opened, batches));
    let out: Vec<_> = out.unwrap().unwrap();
    let texts: Vec<_> = out.iter().map(|it| (it.choice, it.text.as_str())).collect();
    assert_eq!(
        texts,
        [
            (0, "<PERSON>"),
            (1, "I am <PERSON>"),
            (0, "<PERSON>"),
            (0, "<PERSON>")
        ]
    );
    assert_eq!(played.sent().len(), 1);
}
