//! Answers: what was masked comes back, what is new is masked.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{Played, inspection, span};
use sluice_sdk::{Decision, FetchResponse, Guardrail, Verdict};

use super::{analyzer, asked, texts};
use crate::Presidio;

fn answer(played: &Played, config: Value, text: &str) -> Decision {
    let mut asked = inspection("post", &config, vec![span(text)]);
    asked.state = json!({"<PERSON_1>": "Ada"}).to_string();
    played.run(|| Presidio::inspect(&asked)).unwrap()
}

#[test]
fn masks_are_undone_without_asking() {
    let played = Played::silent();
    let decision = answer(&played, json!({"output_parse_pii": true}), "Hi <PERSON_1>!");
    assert_eq!(texts(&decision), ["Hi Ada!"]);
    assert!(played.sent().is_empty());
    let decision = answer(&played, json!({"output_parse_pii": true}), "Hi!");
    assert_eq!(decision.verdict, Verdict::Allow);
}

#[test]
fn an_answer_is_masked_where_nothing_is_undone() {
    let played = analyzer(&[("Bob", "PERSON")]);
    let decision = answer(&played, json!({}), "Ask Bob");
    assert_eq!(texts(&decision), ["Ask <PERSON>"]);
}

#[test]
fn what_the_model_made_up_is_masked_beside_what_comes_back() {
    // The analyzer takes a mask for a name, too.
    let played = analyzer(&[("Bob", "PERSON"), ("PERSON_1", "PERSON")]);
    let config = json!({"output_parse_pii": true, "presidio_filter_scope": "both"});
    let decision = answer(&played, config, "<PERSON_1>, ask Bob");
    assert_eq!(texts(&decision), ["Ada, ask <PERSON>"]);
}

#[test]
fn the_anonymizer_has_texts_with_something_in_them_only_and_each_comes_back_to_its_place() {
    let played = Played::new(|request| {
        let body = asked(request);
        let text = body["text"].as_str().unwrap();
        Ok(FetchResponse::json_of(
            200,
            &match request.url.as_str() {
                "/analyze" => super::finds(request, &[("Bob", "PERSON"), ("Eve", "PERSON")]),
                _ => json!({"text": text.replace("Bob", "***").replace("Eve", ""), "items": []}),
            },
        ))
    });
    let config = json!({"presidio_anonymizer_api_base": "http://localhost:5001"});
    let spans = ["Bob said", "nothing", "to Eve\u{1e}", "é Bob"].map(span);
    let asking = inspection("pre", &config, spans.to_vec());
    let decision = played.run(|| Presidio::inspect(&asking)).unwrap();
    assert_eq!(texts(&decision), ["*** said", "to  ", "é ***"]);
    let body = asked(&played.sent()[1]);
    assert_eq!(body["text"], "Bob said\u{1e}to Eve \u{1e}é Bob");
    let places = body["analyzer_results"].as_array().unwrap().iter();
    let places: Vec<_> = places.map(|it| it["start"].as_u64().unwrap()).collect();
    assert_eq!(places, [0, 12, 19]);
}
