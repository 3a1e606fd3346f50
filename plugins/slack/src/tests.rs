//! Records in, few messages out.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{body, hold};
use sluice_sdk::testing::Played;
use sluice_sdk::{FetchResponse, fault};

use super::*;

const MINUTE: u64 = 60_000;

fn ok() -> Played {
    Played::new(|_| Ok(FetchResponse::text_of(200, "ok")))
}

fn texts(played: &Played) -> Vec<String> {
    let sent = played.sent();
    let texts = sent
        .iter()
        .map(|it| body(it)["text"].as_str().unwrap().to_owned());
    texts.collect()
}

fn tell(played: &Played, at: u64, config: &Value, records: &[Value]) -> Result<(), Error> {
    played.set_clock(1_764_256_000_000 + at);
    played.run(|| Slack::on_batch(config, records))
}

fn one(config: &Value, records: &[Value]) -> Vec<String> {
    let played = ok();
    assert!(tell(&played, 0, config, records).is_ok());
    texts(&played)
}

fn failures(count: usize) -> Vec<Value> {
    vec![read(fixtures::FAILURE); count]
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    let answer = FetchResponse::text_of(200, "ok");
    hold::<Slack>(env!("CARGO_MANIFEST_DIR"), &json!({}), &answer);
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<Slack>().unwrap();
}

#[test]
fn a_batch_with_failures_is_one_message_and_one_without_is_none() {
    let text = one(&json!({}), &fixtures::batch());
    let wanted = ":rotating_light: *LLM gateway*\
        \n• *Budget exceeded: key ci-bot, team Search, user ada*: `Budget has been exceeded! Current cost: 20.01, Max budget: 20.0`\
        \n• *RateLimitError of gpt-4.1-mini at openai*: `litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for gpt-4.1-mini`";
    assert_eq!(text, [wanted]);
    assert!(one(&json!({}), &[read(fixtures::SUCCESS)]).is_empty());
}

#[test]
fn a_thousand_failures_are_one_line() {
    let text = one(&json!({}), &failures(1000));
    assert_eq!(text.len(), 1);
    assert!(text[0].contains("\n• 1000 × *RateLimitError"));
    assert_eq!(text[0].lines().count(), 2);
}

#[test]
fn what_comes_between_two_messages_is_counted_and_told_with_the_next() {
    let played = ok();
    let config = json!({"min_interval": 60});
    for (at, count) in [(0, 1), (10_000, 5), (59_000, 7)] {
        assert!(tell(&played, at, &config, &failures(count)).is_ok());
    }
    assert_eq!(texts(&played).len(), 1);
    // Calls that succeed are a time to tell what waits.
    assert!(tell(&played, MINUTE, &config, &[read(fixtures::SUCCESS)]).is_ok());
    assert!(texts(&played)[1].contains("12 × *RateLimitError"));
}

#[test]
fn a_day_has_no_more_messages_than_it_may_have() {
    let played = ok();
    let config = json!({"min_interval": 1, "max_per_day": 3});
    for minute in 0..10 {
        assert!(tell(&played, minute * MINUTE, &config, &failures(1)).is_ok());
    }
    assert_eq!(texts(&played).len(), 3);
    assert!(tell(&played, 24 * 60 * MINUTE - 1, &config, &failures(1)).is_ok());
    assert!(texts(&played)[3].contains("8 × "));
}

#[test]
fn only_the_wanted_alerts_are_told() {
    let budgets = one(
        &json!({"alert_types": ["budget_alerts"]}),
        &fixtures::batch(),
    );
    assert!(budgets[0].contains("Budget exceeded") && !budgets[0].contains("RateLimitError"));
    let slow = json!({"alert_types": ["llm_too_slow"], "alerting_threshold": 1.5, "title": "eu"});
    let text = one(&slow, &fixtures::batch());
    assert_eq!(
        text,
        [
            ":rotating_light: *eu*\n• *Slow answers of gpt-4.1-mini at openai*: `2.0 s, more than 1.5 s`"
        ]
    );
}

#[test]
fn a_key_that_is_near_its_budget_is_told_of_once_a_day() {
    let mut record = read(fixtures::SUCCESS);
    record["metadata"]["user_api_key_spend"] = json!(19.5);
    let played = ok();
    for minute in 0..5 {
        assert!(tell(&played, minute * 2 * MINUTE, &json!({}), &[record.clone()]).is_ok());
    }
    let texts = texts(&played);
    assert_eq!(texts.len(), 1);
    assert!(texts[0].contains(
        "*Budget nearly spent: key ci-bot, team Search, user ada*: `19.50 of 20.00 USD`"
    ));
}

#[test]
fn nobody_is_called_by_what_stands_in_an_error() {
    let mut record = read(fixtures::FAILURE);
    record["error_str"] = json!("<!channel> & `code`\nmore");
    let text = one(&json!({}), &[record]);
    assert!(text[0].ends_with("`&lt;!channel&gt; &amp;  code  more`"));
}

#[test]
fn many_kinds_are_told_in_a_short_message() {
    let record = |at: usize| {
        let mut record = read(fixtures::FAILURE);
        record["model_group"] = format!("model-{at:03}").into();
        record["error_str"] = "x".repeat(5000).into();
        record
    };
    let batch: Vec<_> = (0..150).map(record).collect();
    let text = one(&json!({}), &batch);
    assert!(text[0].len() < 4000 && text[0].lines().count() == 14);
    assert!(text[0].ends_with("\n• 138 more of 88 kinds"));
}

#[test]
fn a_message_that_was_not_taken_is_not_counted_twice() {
    let is_down = std::cell::Cell::new(true);
    let played = Played::new(move |_| match is_down.replace(false) {
        true => Err(fault::error("timeout", "late")),
        false => Ok(FetchResponse::text_of(200, "ok")),
    });
    assert_eq!(
        tell(&played, 0, &json!({}), &failures(3)).unwrap_err().kind,
        "timeout"
    );
    assert!(tell(&played, 1000, &json!({}), &failures(3)).is_ok());
    assert!(texts(&played)[1].contains("3 × "));
}

#[test]
fn a_busy_webhook_says_when_and_one_that_is_gone_is_not_asked_for_ten_minutes() {
    let slow = Played::new(|_| {
        let mut answer = FetchResponse::text_of(429, "rate_limited");
        answer.headers.push(("retry-after".into(), "30".into()));
        Ok(answer)
    });
    let error = tell(&slow, 0, &json!({}), &failures(1)).unwrap_err();
    assert_eq!(
        (error.kind.as_str(), error.retry_after_ms),
        ("rate-limit", Some(30_000))
    );
    let answers = std::cell::Cell::new(0);
    let gone = Played::new(move |_| {
        answers.set(answers.get() + 1);
        Ok(match answers.get() {
            1 => FetchResponse::text_of(404, "no_service"),
            _ => FetchResponse::text_of(200, "ok"),
        })
    });
    for at in [0, MINUTE, 9 * MINUTE] {
        assert!(tell(&gone, at, &json!({}), &failures(1)).is_ok());
    }
    assert_eq!(gone.sent().len(), 1);
    assert!(tell(&gone, 11 * MINUTE, &json!({}), &failures(1)).is_ok());
    assert!(
        texts(&gone)[1].contains("4 × *RateLimitError"),
        "nothing of it is lost"
    );
}
