//! What is masked comes back as it was, whole and however a stream is cut.

use proptest::prelude::*;
use sluice_sdk::serde_json::{self, Value, json};
use sluice_sdk::testing::{inspection, piece, span, streamed, streamed_at_every_cut};
use sluice_sdk::{Inspection, Piece, Span, Verdict, channel, in_json, stage};

use crate::Pii;
use sluice_sdk::Guardrail;

fn config() -> Value {
    json!({"guardrail": "pii"})
}

/// The texts after a stage, and the state.
fn decided(asked: &Inspection) -> (Vec<String>, String) {
    let decision = Pii::inspect(asked).unwrap();
    let mut texts: Vec<String> = asked.spans.iter().map(|it| it.text.clone()).collect();
    if let Verdict::Edit(edits) = decision.verdict {
        for edit in edits {
            texts[edit.span as usize] = edit.text;
        }
    }
    (texts, decision.state)
}

fn arguments(text: &str) -> Span {
    Span {
        channel: channel::TOOL_ARGUMENTS.into(),
        ..span(text)
    }
}

/// What the model is to see, and what comes back if it says the same.
fn there_and_back(spans: Vec<Span>) -> (Vec<String>, Vec<String>) {
    let asked = inspection(stage::PRE, &config(), spans.clone());
    let (masked, state) = decided(&asked);
    let with = |(span, text): (&Span, &String)| Span {
        text: text.clone(),
        ..span.clone()
    };
    let spans = spans.iter().zip(&masked).map(with).collect();
    let mut answered = inspection(stage::POST, &config(), spans);
    answered.state = state;
    let (back, _) = decided(&answered);
    (masked, back)
}

#[test]
fn a_placeholder_that_was_there_before_stays() {
    let text = "<EMAIL_1> and <EMAIL_3> are no mails of a@example.com, b@example.com";
    let (masked, back) = there_and_back(vec![span(text)]);
    assert_eq!(
        masked[0],
        "<EMAIL_1> and <EMAIL_3> are no mails of <EMAIL_2>, <EMAIL_4>"
    );
    assert_eq!(back[0], text);
}

#[test]
fn arguments_stay_json_and_a_number_becomes_a_string() {
    let text = r#"{"tel": 13800138000, "n": [13900139000,1], "mail": "a\u0040example.com", "say": "\"13700137000\"\n"}"#;
    let (masked, back) = there_and_back(vec![arguments(text)]);
    let seen: Value = serde_json::from_str(&masked[0]).unwrap();
    assert_eq!(
        seen,
        json!({"tel": "<PHONE_1>", "n": ["<PHONE_2>", 1], "mail": "<EMAIL_1>", "say": "\"<PHONE_3>\"\n"})
    );
    let back: Value = serde_json::from_str(&back[0]).unwrap();
    assert_eq!(
        back,
        json!({"tel": "13800138000", "n": ["13900139000", 1], "mail": "a@example.com", "say": "\"13700137000\"\n"})
    );
}

#[test]
fn a_value_with_quotes_is_put_back_into_arguments_as_json_writes_it() {
    let text = "password: 'a\"b\\c1234'";
    let config = json!({"guardrail": "hide-secrets", "reversible": true});
    let (masked, state) = decided(&inspection(stage::PRE, &config, vec![span(text)]));
    assert_eq!(masked[0], "password: '<SECRET_1>'");
    for written in [r#"{"p": "<SECRET_1>"}"#, r#"{"p": "\u003cSECRET_1\u003E"}"#] {
        let mut opened = inspection(stage::POST, &config, Vec::new());
        opened.state = state.clone();
        let piece = Piece {
            channel: channel::TOOL_ARGUMENTS.into(),
            call: "c".into(),
            ..piece(written)
        };
        let text = streamed_at_every_cut::<Pii>(&opened, &piece)
            .unwrap()
            .unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!({"p": "a\"b\\c1234"}));
    }
    // A backslash that is itself escaped begins no escape.
    let mut asked = inspection(
        stage::POST,
        &config,
        vec![arguments(r#"{"p": "\\u003cSECRET_1\\u003e"}"#)],
    );
    asked.state = state;
    assert_eq!(Pii::inspect(&asked).unwrap().verdict, Verdict::Allow);
}

#[test]
fn nothing_is_held_back_that_is_no_beginning_of_a_mask() {
    let (_, state) = decided(&inspection(
        stage::PRE,
        &config(),
        vec![span("a@example.com")],
    ));
    let mut opened = inspection(stage::POST, &config(), Vec::new());
    opened.state = state;
    let letters = ["if a <", " b and <E", "L> then <EMAIL", "_1", ">!"];
    let batches = letters.map(|it| vec![piece(it)]).to_vec();
    let out = streamed::<Pii>(&opened, batches).unwrap().unwrap();
    let texts: Vec<&str> = out.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        texts,
        ["if a ", "< b and ", "<EL> then ", "", "a@example.com!"]
    );
}

#[test]
fn what_one_call_keeps_is_bounded_and_the_rest_is_masked_for_good() {
    let text: String = (0..20_000)
        .map(|it| format!("user{it}@example.com "))
        .collect();
    let (masked, state) = decided(&inspection(stage::PRE, &config(), vec![span(&text)]));
    assert!(!masked[0].contains('@'));
    assert!(masked[0].ends_with("<EMAIL> "));
    assert!(state.len() < 512 << 10, "{}", state.len());
}

/// Pieces of text that are found, that nearly are, and that are in the way of placeholders.
fn parts() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "ada@example.com",
        "13800138000",
        "+49 30 901820",
        "4111 1111 1111 1111",
        "DE89 3704 0044 0532 0130 00",
        "192.0.2.1",
        "536-22-1234",
        "AB123456C",
        "110101198211261686",
        "电话",
        "，",
        " ",
        "<",
        ">",
        "<EMAIL_1>",
        "<EMAIL_",
        "_2>",
        "<PHONE_3",
        "1",
        "\\",
        "\"",
        "\n",
        "{",
        "}",
        ":",
        "é",
        "\u{200b}",
        "１３８００１３８０００",
        "@",
        "+",
        "(",
    ]);
    prop::collection::vec(
        prop_oneof![3 => fixed.prop_map(str::to_owned), 1 => ".{0,6}"],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

/// All kinds but `URL`, which has no end before a blank.
fn entities() -> Vec<&'static str> {
    let all = crate::kind::Kind::all().filter(|it| *it != crate::kind::Kind::Url);
    all.map(crate::kind::Kind::name).collect()
}

/// A text cut at these shares of it.
fn batches(said: &str, cuts: Vec<f64>, channel: &str) -> Vec<Vec<Piece>> {
    let mut places: Vec<usize> = cuts
        .iter()
        .map(|it| (it * said.len() as f64) as usize)
        .collect();
    places.retain(|it| said.is_char_boundary(*it));
    places.sort_unstable();
    places.push(said.len());
    let mut from = 0;
    let cut = |to: usize| {
        let it = Piece {
            channel: channel.to_owned(),
            ..piece(&said[from..to])
        };
        from = to;
        vec![it]
    };
    places.into_iter().map(cut).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_masked_comes_back(text in parts(), other in parts()) {
        let spans = vec![span(&text), span(&other)];
        let (_, back) = there_and_back(spans);
        prop_assert_eq!(back, vec![text, other]);
    }

    #[test]
    fn what_is_masked_comes_back_however_the_answer_is_cut(
        text in parts(),
        cuts in prop::collection::vec(0.0..1.0_f64, 0..6),
        json in any::<bool>(),
    ) {
        let asked = inspection(stage::PRE, &config(), vec![span(&text)]);
        let (masked, state) = decided(&asked);
        let said = if json { in_json(&masked[0]) } else { masked[0].clone() };
        let channel = if json { channel::TOOL_ARGUMENTS } else { channel::TEXT };
        let mut opened = inspection(stage::POST, &config(), Vec::new());
        opened.state = state;
        let out = streamed::<Pii>(&opened, batches(&said, cuts, channel)).unwrap().unwrap();
        let out: String = out.into_iter().map(|it| it.text).collect();
        let out = if json { serde_json::from_str(&format!("\"{out}\"")).unwrap() } else { out };
        prop_assert_eq!(out, text);
    }

    #[test]
    fn a_stream_is_masked_as_the_whole_answer_is(
        text in parts(),
        words in prop::sample::select(vec!["", "tel ", "BSN 699218706 ", "token=abc123def456 "]),
        cuts in prop::collection::vec(0.0..1.0_f64, 0..6),
    ) {
        let said = format!("{words}{text}");
        let config = json!({"guardrail": "pii", "entities": entities()});
        let (whole, _) = decided(&inspection(stage::POST, &config, vec![span(&said)]));
        let opened = inspection(stage::POST, &config, Vec::new());
        let out = streamed::<Pii>(&opened, batches(&said, cuts, channel::TEXT)).unwrap().unwrap();
        let out: String = out.into_iter().map(|it| it.text).collect();
        prop_assert_eq!(out, whole[0].clone());
    }
}
