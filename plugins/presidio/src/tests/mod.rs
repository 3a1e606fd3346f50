mod answers;
mod broken;
mod streams;

use std::cell::Cell;
use std::rc::Rc;

use sluice_sdk::serde_json::{Value, from_str, json};
use sluice_sdk::testing::{Played, inspection, run_guardrail_examples, span};
use sluice_sdk::{Body, Decision, Error, FetchRequest, FetchResponse, Guardrail, Span, Verdict};

use crate::Presidio;

/// An analyzer that finds every word of this list, as it stands.
fn analyzer(words: &'static [(&'static str, &'static str)]) -> Played {
    Played::new(move |request| Ok(FetchResponse::json_of(200, &finds(request, words))))
}

fn asked(request: &FetchRequest) -> Value {
    let Body::Json(body) = &request.body else {
        panic!("{request:?}")
    };
    from_str(body).unwrap()
}

fn finds(request: &FetchRequest, words: &[(&str, &str)]) -> Value {
    let body = asked(request);
    let text = body["text"].as_str().unwrap();
    let mut found = Vec::new();
    for (word, entity) in words {
        for (at, _) in text.match_indices(word) {
            let start = text[..at].chars().count();
            let end = start + word.chars().count();
            found.push(json!({"entity_type": entity, "score": 0.9, "start": start, "end": end}));
        }
    }
    found.into()
}

fn look(played: &Played, stage: &str, config: Value, spans: Vec<Span>) -> Result<Decision, Error> {
    played.run(|| Presidio::inspect(&inspection(stage, &config, spans)))
}

fn texts(decision: &Decision) -> Vec<&str> {
    match &decision.verdict {
        Verdict::Edit(edits) => edits.iter().map(|it| it.text.as_str()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_examples_hold() {
    run_guardrail_examples::<Presidio>().unwrap();
}

#[test]
fn a_hundred_texts_are_one_request() {
    let played = analyzer(&[("Ada", "PERSON")]);
    let spans = (0..100).map(|at| span(&format!("{at}: é𝔘 Ada.")));
    let decision = look(&played, "pre", json!({}), spans.collect()).unwrap();
    let texts = texts(&decision);
    assert_eq!((texts.len(), texts[99]), (100, "99: é𝔘 <PERSON>."));
    assert_eq!(played.sent().len(), 1);
}

#[test]
fn long_texts_are_cut_and_what_stands_across_a_cut_is_masked() {
    let played = analyzer(&[("Ada Lovelace", "PERSON")]);
    let text = "x Ada Lovelace\n".repeat(300);
    let config = json!({"presidio_analyze_chunk_size_bytes": 1000});
    let decision = look(&played, "pre", config, vec![span(&text)]).unwrap();
    assert_eq!(texts(&decision), ["x <PERSON>\n".repeat(300)]);
    let sent = played.sent();
    assert!((5..=15).contains(&sent.len()), "{}", sent.len());
    let longest = sent.iter().map(|it| asked(it)["text"].to_string().len());
    assert!(longest.max().unwrap() <= 1002);
}

#[test]
fn texts_that_no_look_can_send_are_refused() {
    let played = analyzer(&[]);
    let config = json!({"presidio_analyze_chunk_size_bytes": 1000});
    let error = look(&played, "pre", config, vec![span(&"x ".repeat(9000))]).unwrap_err();
    assert_eq!(error.kind, "invalid-request");
    assert!(played.sent().is_empty());
}

#[test]
fn strings_of_arguments_are_masked_and_stay_json() {
    let played = analyzer(&[
        ("Ada \"C\" Lovelace", "PERSON"),
        ("5551234", "PHONE_NUMBER"),
    ]);
    let arguments = Span {
        channel: "tool-arguments".into(),
        ..span(r#"{"to": "Ada \"C\" Lovelace", "phone": 5551234}"#)
    };
    let decision = look(&played, "pre", json!({}), vec![arguments]).unwrap();
    assert_eq!(
        texts(&decision),
        [r#"{"to": "<PERSON>", "phone": "<PHONE_NUMBER>"}"#]
    );
}

#[test]
fn definitions_of_tools_are_looked_at_and_keep_their_choices() {
    let played = analyzer(&[("Paris", "LOCATION")]);
    let choice = || Span {
        role: "system".into(),
        pointer: "/tools/0/function/parameters/properties/city/enum/0".into(),
        ..span("Paris")
    };
    let spans = || vec![span("to Paris"), choice()];
    let decision = look(&played, "pre", json!({}), spans()).unwrap();
    assert_eq!(texts(&decision), ["to <LOCATION>"]);
    let decision = look(&played, "log", json!({}), spans()).unwrap();
    assert_eq!(texts(&decision), ["to <LOCATION>", "<LOCATION>"]);
    let config = json!({"pii_entities_config": {"LOCATION": "BLOCK"}});
    let decision = look(&played, "pre", config, vec![choice()]).unwrap();
    assert!(matches!(decision.verdict, Verdict::Block(_)));
}

#[test]
fn the_settings_say_what_is_asked_and_what_counts() {
    let played = analyzer(&[
        ("Ada", "PERSON"),
        ("Paris", "LOCATION"),
        ("7.1.2026", "DATE_TIME"),
    ]);
    let config = json!({
        "presidio_language": "de",
        "presidio_ad_hoc_recognizers": [{"name": "Zip", "supported_language": "de", "supported_entity": "ZIP",
            "patterns": [{"name": "zip", "regex": "\\d{5}", "score": 0.01}]}],
        "presidio_score_thresholds": {"ALL": 0.5, "LOCATION": 0.95},
        "presidio_entities_deny_list": ["DATE_TIME"],
        "extra_body": {"language": "es", "entities": [], "score_threshold": 1}
    });
    let said = "Ada, Paris, 7.1.2026";
    let decision = look(&played, "pre", config.clone(), vec![span(said)]).unwrap();
    assert_eq!(texts(&decision), ["<PERSON>, Paris, 7.1.2026"]);
    let want = json!({"text": said, "language": "es",
        "ad_hoc_recognizers": config["presidio_ad_hoc_recognizers"]});
    assert_eq!(asked(&played.sent()[0]), want);
}

#[test]
fn where_nothing_can_change_a_mask_passes_and_a_block_blocks() {
    let played = analyzer(&[("Ada", "PERSON")]);
    let config = json!({"pii_entities_config": {"PERSON": "MASK"}});
    let decision = look(&played, "during", config, vec![span("Ada")]).unwrap();
    assert_eq!(decision.verdict, Verdict::Allow);
    assert!(decision.findings.unwrap().contains("PERSON"));
    let config = json!({"pii_entities_config": {"PERSON": "BLOCK"}});
    let decision = look(&played, "during", config, vec![span("Ada")]).unwrap();
    assert!(matches!(decision.verdict, Verdict::Block(_)));
}

#[test]
fn what_is_logged_says_entities_and_scores_and_no_text() {
    let played = analyzer(&[("Ada", "PERSON")]);
    for action in ["MASK", "BLOCK"] {
        let config = json!({"pii_entities_config": {"PERSON": action}});
        let decision = look(&played, "pre", config, vec![span("I am Ada")]).unwrap();
        let refusal = match decision.verdict {
            Verdict::Block(refusal) => refusal.message + &refusal.detail.unwrap(),
            _ => String::new(),
        };
        let said = decision.findings.unwrap_or_default() + &refusal;
        assert!(said.contains("PERSON") && said.contains("0.9"), "{said}");
        assert!(!said.contains("Ada"), "{said}");
    }
}

#[test]
fn the_state_survives_the_stages_between() {
    let played = analyzer(&[("Ada", "PERSON")]);
    let config = json!({"output_parse_pii": true});
    let before = look(&played, "pre", config.clone(), vec![span("I am Ada")]).unwrap();
    assert_eq!(texts(&before), ["I am <PERSON_1>"]);
    let mut beside = inspection("during", &config, vec![span("I am <PERSON_1>")]);
    beside.state = before.state.clone();
    let beside = played.run(|| Presidio::inspect(&beside)).unwrap();
    assert_eq!(beside.state, before.state);
}

#[test]
fn a_scope_of_answers_does_not_ask_about_requests() {
    let calls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&calls);
    let played = Played::new(move |_| {
        counted.set(counted.get() + 1);
        Ok(FetchResponse::json_of(200, &json!([])))
    });
    let config = json!({"presidio_filter_scope": "output"});
    let decision = look(&played, "pre", config.clone(), vec![span("Ada")]).unwrap();
    assert_eq!((decision.verdict, calls.get()), (Verdict::Allow, 0));
    look(&played, "post", config, vec![span("Ada")]).unwrap();
    assert_eq!(calls.get(), 1);
}
