//! What the model itself tells, blocks and tags, and how long looking takes.

use sluice_fold::Folded;
use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{inspection, piece, span, streamed_at_every_cut};
use sluice_sdk::{Guardrail, Piece, Verdict, channel, stage};

use crate::Pii;
use crate::find::{find, steps};
use crate::kind::Kind;

fn edited(verdict: Verdict) -> Vec<String> {
    match verdict {
        Verdict::Edit(edits) => edits.into_iter().map(|it| it.text).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_model_tells_is_masked_for_good_and_the_callers_own_is_put_back() {
    let config = json!({"guardrail": "pii", "mask_output": true});
    let state = r#"{"masks": {"<EMAIL_1>": "ada@example.com"}}"#;
    let said = "<EMAIL_1>, meet bob@example.com (+49 30 901820 7).";
    let mut asked = inspection(stage::POST, &config, vec![span(said)]);
    asked.state = state.to_owned();
    let decision = Pii::inspect(&asked).unwrap();
    assert_eq!(
        edited(decision.verdict),
        ["ada@example.com, meet <EMAIL> (<PHONE>)."]
    );
    asked.spans.clear();
    let out = streamed_at_every_cut::<Pii>(&asked, &piece(said)).unwrap();
    assert_eq!(out.unwrap(), "ada@example.com, meet <EMAIL> (<PHONE>).");
}

#[test]
fn a_streamed_answer_is_masked_wherever_it_is_cut() {
    let asked = inspection(stage::POST, &json!({"guardrail": "pii"}), Vec::new());
    for (said, out) in [
        ("电话13800138000谢谢", "电话<PHONE>谢谢"),
        (
            "Pay 4111 1111 1111 1111 now, or 4111 1111 1111 1112",
            "Pay <CARD> now, or 4111 1111 1111 1112",
        ),
        (
            "IBAN GB82 WEST 1234 5698 7654 32 is mine",
            "IBAN <IBAN> is mine",
        ),
        (
            "my BSN is 699218706 and no 699218707",
            "my BSN is <NL_BSN> and no 699218707",
        ),
        (
            "from ada@example.com.\n\n12 of 13",
            "from <EMAIL>.\n\n12 of 13",
        ),
        ("１３８００１３８０００。", "<PHONE>。"),
    ] {
        let streamed = streamed_at_every_cut::<Pii>(&asked, &piece(said)).unwrap();
        assert_eq!(streamed.unwrap(), out);
    }
}

#[test]
fn streamed_arguments_stay_json() {
    let asked = inspection(stage::POST, &json!({"guardrail": "pii"}), Vec::new());
    let said = r#"{"tel": 13800138000, "to": "a@example.com\n13900139000", "n": 5}"#;
    let piece = Piece {
        channel: channel::TOOL_ARGUMENTS.into(),
        call: "c".into(),
        ..piece(said)
    };
    let out = streamed_at_every_cut::<Pii>(&asked, &piece)
        .unwrap()
        .unwrap();
    let read: Value = sluice_sdk::serde_json::from_str(&out).unwrap();
    assert_eq!(
        read,
        json!({"tel": "<PHONE>", "to": "<EMAIL>\n<PHONE>", "n": 5})
    );
}

#[test]
fn a_key_that_streams_is_hidden_from_its_first_letter_on() {
    let asked = inspection(
        stage::POST,
        &json!({"guardrail": "hide-secrets"}),
        Vec::new(),
    );
    let begin = ["-----BEGIN ", "PRIVATE KEY-----"].concat();
    let said = format!(
        "Here: {begin}\nMIIE 1\n{} done",
        begin.replace("BEGIN", "END")
    );
    let out = streamed_at_every_cut::<Pii>(&asked, &piece(&said)).unwrap();
    assert_eq!(out.unwrap(), "Here: [REDACTED] done");
}

#[test]
fn a_kind_that_is_blocked_ends_a_stream() {
    let config = json!({"guardrail": "pii", "entities": {"CREDIT_CARD": "block"}});
    let asked = inspection(stage::POST, &config, Vec::new());
    let out =
        streamed_at_every_cut::<Pii>(&asked, &piece("it is 4111 1111 1111 1111, yes")).unwrap();
    assert_eq!(out.unwrap_err(), "pii");
}

#[test]
fn what_is_tagged_is_told_and_stays_and_beside_the_model_nothing_changes() {
    let config = json!({"guardrail": "pii", "entities": {"EMAIL": "tag", "PHONE": "mask"}});
    let text = "a@example.com, 13800138000";
    let before = Pii::inspect(&inspection(stage::PRE, &config, vec![span(text)])).unwrap();
    let found = json!({"entities": {"EMAIL_ADDRESS": 1, "PHONE_NUMBER": 1}}).to_string();
    assert_eq!(before.findings, Some(found.clone()));
    assert_eq!(edited(before.verdict), ["a@example.com, <PHONE_1>"]);
    let beside = Pii::inspect(&inspection(stage::DURING, &config, vec![span(text)])).unwrap();
    assert_eq!(
        (beside.verdict, beside.findings),
        (Verdict::Allow, Some(found))
    );
}

#[test]
fn what_is_logged_is_masked_for_good() {
    let asked = inspection(
        stage::LOG,
        &json!({"guardrail": "pii"}),
        vec![span("a@example.com")],
    );
    assert_eq!(edited(Pii::inspect(&asked).unwrap().verdict), ["<EMAIL>"]);
}

#[test]
fn a_kind_that_is_not_found_here_is_refused_by_its_name() {
    let config = json!({"guardrail": "pii", "entities": ["PERSON"]});
    let error = Pii::inspect(&inspection(stage::PRE, &config, vec![span("x")])).unwrap_err();
    assert!(error.message.contains("`PERSON`"), "{}", error.message);
}

#[test]
fn only_the_roles_that_are_named_are_looked_at() {
    let config = json!({"guardrail": "pii", "roles": ["user"]});
    let mut system = span("mail a@example.com");
    system.role = "system".into();
    let asked = inspection(
        stage::PRE,
        &config,
        vec![system, span("I am b@example.com")],
    );
    assert_eq!(
        edited(Pii::inspect(&asked).unwrap().verdict),
        ["I am <EMAIL_1>"]
    );
}

/// Texts that make a detector go back and forth: the bytes that are looked at are counted,
/// and what is found is bounded by the length as well.
#[test]
fn a_long_text_is_read_once() {
    let all = Kind::all().collect();
    for part in [
        "a",
        "1",
        "@",
        "a@",
        "a.",
        "1 ",
        "1.",
        ":",
        "::",
        "a:",
        "=",
        "token=",
        "sk-",
        "ghs_",
        "eyJ.",
        "-----BEGIN PRIVATE KEY-----",
        "tel 1234567 ",
        "(1",
        "+1 ",
        "P<",
        "AA11 ",
        "\\",
        "\"",
        "电",
        "１",
        "http://",
        "4111 1111 1111 1111 ",
        "password: '",
    ] {
        let text = part.repeat((64 << 10) / part.len());
        steps::taken();
        let found = find(&Folded::of(&text, true), all, 0);
        let steps = steps::taken();
        assert!(steps < 120 * text.len(), "{part}: {steps} steps");
        assert!(found.len() <= text.len() / 4, "{part}: {}", found.len());
        let ends = found
            .windows(2)
            .all(|it| it[0].range.end <= it[1].range.start);
        assert!(ends, "{part}: what was found overlaps");
    }
}

#[test]
fn a_text_of_a_mebibyte_is_masked_and_what_is_kept_is_bounded() {
    let part = "Ada <ada@example.com> (+49 30 901820) 电话13800138000, key=abc123def456 at 2023-01-02 10:00, 12.5 % 。\n";
    let text = part.repeat((1 << 20) / part.len());
    let asked = inspection(stage::PRE, &json!({"guardrail": "pii"}), vec![span(&text)]);
    steps::taken();
    let decision = Pii::inspect(&asked).unwrap();
    assert!(steps::taken() < 20 * text.len());
    assert!(decision.state.len() < 200, "{}", decision.state);
    let masked = part
        .replace("ada@example.com", "<EMAIL_1>")
        .replace("+49 30 901820", "<PHONE_1>")
        .replace("13800138000", "<PHONE_2>");
    assert_eq!(
        edited(decision.verdict),
        [masked.repeat(text.len() / part.len())]
    );
}
