//! Words in any script, case and cut.

use proptest::prelude::*;
use sluice_sdk::testing::{
    inspection, piece, run_guardrail_dir, run_guardrail_examples, span, streamed,
    streamed_at_every_cut,
};
use sluice_sdk::{Span, Verdict, channel};

use super::*;

fn rule(rule: &Value) -> Value {
    json!({"guardrail": "keywords", "rules": [rule]})
}

/// The text after a rule that masks.
fn masked(rule: Value, text: &str) -> String {
    let mut rule = rule;
    rule["action"] = "mask".into();
    rule["replacement"] = "*".into();
    let asked = inspection(stage::POST, &self::rule(&rule), vec![span(text)]);
    match Keywords::inspect(&asked).unwrap().verdict {
        Verdict::Edit(edits) => edits[0].text.clone(),
        Verdict::Allow => text.to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn its_own_examples_and_fixtures_hold() {
    run_guardrail_examples::<Keywords>().unwrap();
    run_guardrail_dir::<Keywords>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).unwrap();
}

#[test]
fn words_are_found_in_any_script_and_case() {
    for (word, text, out) in [
        ("acme", "ACME, Acme's acme-car acmes", "*, *'s *-car acmes"),
        ("acme", "我用acme的车", "我用*的车"),
        ("敏感", "这是敏感词，不敏 感", "这是*词，不敏 感"),
        ("жук", "ЖУК жуки", "* жуки"),
        ("σίσυφος", "ΣΊΣΥΦΟΣ", "*"),
        ("strasse", "Straße", "*"),
        ("acme", "ａｃｍｅ ac\u{200b}me", "* *"),
        ("비밀", "비밀은 비밀", "*은 *"),
        ("c++", "I like C++.", "I like *."),
        ("new york", "NEW YORK!", "*!"),
    ] {
        assert_eq!(masked(json!({"words": [word]}), text), out);
    }
}

#[test]
fn whole_words_and_cases_are_told_apart_as_the_rule_says() {
    let text = "Acme acmes";
    assert_eq!(
        masked(json!({"words": ["acme"], "whole_words": false}), text),
        "* *s"
    );
    assert_eq!(
        masked(
            json!({"words": ["Acme"], "case_sensitive": true}),
            "Acme acme"
        ),
        "* acme"
    );
    assert_eq!(
        masked(json!({"patterns": ["ac.e"]}), "ACHE ac\ne"),
        "* ac\ne"
    );
    assert_eq!(
        masked(
            json!({"patterns": ["ac.e"], "case_sensitive": true}),
            "ACHE ache"
        ),
        "ACHE *"
    );
}

#[test]
fn the_longest_word_stands_and_one_that_blocks_before_all() {
    assert_eq!(
        masked(json!({"words": ["new", "new york"]}), "new york is new"),
        "* is *"
    );
    let config = json!({"guardrail": "keywords", "rules": [
        {"words": ["new york city"], "action": "mask"}, {"words": ["york"], "category": "places"}
    ]});
    let asked = inspection(stage::PRE, &config, vec![span("new york city")]);
    let Verdict::Block(refusal) = Keywords::inspect(&asked).unwrap().verdict else {
        panic!("it passes")
    };
    assert_eq!(
        (&*refusal.code, refusal.message.contains("york")),
        ("places", false)
    );
}

#[test]
fn a_rule_looks_in_its_direction() {
    let config = rule(&json!({"words": ["acme"], "direction": "output"}));
    let look = |stage: &str, text: Span| {
        let decision = Keywords::inspect(&inspection(stage, &config, vec![text])).unwrap();
        decision.verdict != Verdict::Allow
    };
    assert!(!look(stage::PRE, span("acme")) && look(stage::POST, span("acme")));
    let answer = Span {
        role: role::ASSISTANT.into(),
        ..span("acme")
    };
    assert!(!look(stage::LOG, span("acme")) && look(stage::LOG, answer));
}

#[test]
fn arguments_are_read_and_written_as_json() {
    let config =
        rule(&json!({"words": ["a\"b", "grün"], "action": "replace", "replacement": "\"x\""}));
    let text = r#"{"q": "say a\"b and gr\u00fcn\n"}"#;
    let mut asked = inspection(stage::POST, &config, vec![span(text)]);
    asked.spans[0].channel = channel::TOOL_ARGUMENTS.into();
    let Verdict::Edit(edits) = Keywords::inspect(&asked).unwrap().verdict else {
        panic!("no edit")
    };
    let want = json!({"q": "say \"x\" and \"x\"\n"});
    assert_eq!(serde_json::from_str::<Value>(&edits[0].text).unwrap(), want);
    let piece = Piece {
        channel: channel::TOOL_ARGUMENTS.into(),
        call: "c".into(),
        ..piece(text)
    };
    let out = streamed_at_every_cut::<Keywords>(&asked, &piece)
        .unwrap()
        .unwrap();
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), want);
}

#[test]
fn a_cut_word_never_passes_and_nothing_else_waits() {
    let config = rule(&json!({"words": ["nightjar", "夜鹰"], "action": "mask"}));
    let asked = inspection(stage::POST, &config, Vec::new());
    for (text, out) in [
        (
            "the nightjars and the Nightjar, night",
            "the nightjars and the [REDACTED], night",
        ),
        ("夜鹰和夜", "[REDACTED]和夜"),
        (
            "aNIGHTJAR nightnightjar nightjar",
            "aNIGHTJAR nightnightjar [REDACTED]",
        ),
    ] {
        let streamed = streamed_at_every_cut::<Keywords>(&asked, &piece(text)).unwrap();
        assert_eq!(streamed.unwrap(), out);
    }
    let batches = vec![
        vec![piece("good ni")],
        vec![piece("ce day, ")],
        vec![piece("bye")],
    ];
    let out = streamed::<Keywords>(&asked, batches).unwrap().unwrap();
    let texts: Vec<&str> = out.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["good ", "nice day, ", "bye"]);
}

#[test]
fn nothing_of_a_blocked_word_is_seen() {
    let asked = inspection(
        stage::POST,
        &rule(&json!({"words": ["nightjar"]})),
        Vec::new(),
    );
    let mut state = Keywords::open(&asked).unwrap();
    let mut out = String::new();
    for letter in "the nightjar ".chars() {
        match Keywords::feed(state, vec![piece(&letter.to_string())], false).unwrap() {
            StreamVerdict::Pass(passed) => {
                out.extend(passed.pieces.iter().map(|it| it.text.as_str()));
                state = passed.state;
            }
            StreamVerdict::Block(refusal) => {
                assert_eq!((&*refusal.code, &*out), ("keyword", "the "));
                return;
            }
        }
    }
    panic!("it passed: {out}");
}

#[test]
fn a_pattern_is_found_wherever_a_stream_is_cut() {
    let config = rule(&json!({"patterns": [r"\bPRJ-[0-9]+\b"], "action": "mask"}));
    let asked = inspection(stage::POST, &config, Vec::new());
    let text = format!(
        "{} prj-12345 and APRJ-1 {}",
        "x".repeat(200),
        "y".repeat(300)
    );
    let out = streamed_at_every_cut::<Keywords>(&asked, &piece(&text)).unwrap();
    assert_eq!(out.unwrap(), text.replace("prj-12345", "[REDACTED]"));
}

#[test]
fn many_words_in_a_long_text_are_one_walk() {
    let words: Vec<String> = (0..10_000).map(|it| format!("word{it}x")).collect();
    let text = "word77x aaaaaaaaaaaaaaa word9999 ".repeat(1 << 12);
    let asked = inspection(
        stage::PRE,
        &rule(&json!({"words": words, "action": "tag"})),
        vec![span(&text)],
    );
    let decision = Keywords::inspect(&asked).unwrap();
    assert_eq!(
        decision.findings.unwrap(),
        json!({"rules": {"keyword": 1 << 12}}).to_string()
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_stream_gives_what_the_whole_text_gives(
        parts in prop::collection::vec(
            prop::sample::select(vec!["ab", "abc", "b", "ca", " ", "AB", "夜", "鹰", "夜鹰", "ß", "s", "x"]), 0..12),
        cuts in prop::collection::vec(0.0..1.0_f64, 0..5),
    ) {
        let text = parts.concat();
        let config = json!({"guardrail": "keywords", "rules": [
            {"words": ["abc", "ab", "夜鹰", "ss"], "action": "mask", "replacement": "*"},
            {"words": ["bca"], "action": "mask", "replacement": "+", "whole_words": false},
        ]});
        let whole = inspection(stage::POST, &config, vec![span(&text)]);
        let want = match Keywords::inspect(&whole).unwrap().verdict {
            Verdict::Edit(edits) => edits[0].text.clone(),
            _ => text.clone(),
        };
        let mut places: Vec<usize> = cuts.iter().map(|it| (it * text.len() as f64) as usize).collect();
        places.retain(|it| text.is_char_boundary(*it));
        places.sort_unstable();
        places.push(text.len());
        let mut from = 0;
        let mut batches = Vec::new();
        for place in places {
            batches.push(vec![piece(&text[from..place])]);
            from = place;
        }
        let out = streamed::<Keywords>(&whole, batches).unwrap().unwrap();
        let out: String = out.into_iter().map(|it| it.text).collect();
        prop_assert_eq!(out, want);
    }
}
