//! What is found and what is not, kind by kind, and that masks come back.

mod found;
mod masks;
mod output;
mod secrets;

use sluice_sdk::testing::{run_guardrail_dir, run_guardrail_examples};

use super::*;

#[test]
fn its_own_examples_hold() {
    run_guardrail_examples::<Pii>().unwrap();
}

#[test]
fn fixtures_are_decided_as_they_say() {
    run_guardrail_dir::<Pii>(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures")).unwrap();
}
