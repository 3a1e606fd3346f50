use sluice_sdk::testing::{inspection, piece, run_guardrail_examples, streamed_at_every_cut};

use super::*;

#[test]
fn its_examples_hold() {
    run_guardrail_examples::<Words>().unwrap();
}

#[test]
fn a_mask_that_is_cut_between_two_pieces_is_put_back_too() {
    let mut asked = inspection("post", &json!({"words": ["ada"]}), Vec::new());
    asked.state = r#"{"<WORD_1>": "Ada 夜"}"#.to_owned();
    let text = piece("1 < 2, says <WORD_1>, <WORD_2> and <WORD_");
    let out = streamed_at_every_cut::<Words>(&asked, &text).unwrap();
    assert_eq!(out.unwrap(), "1 < 2, says Ada 夜, <WORD_2> and <WORD_");
}
