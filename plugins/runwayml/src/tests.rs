//! Requests and written answers: nothing was recorded of Runway.

use sluice_sdk::fault::kind;
use sluice_sdk::serde_json;
use sluice_sdk::testing::{self, Outcome};

use super::*;

#[test]
fn its_own_examples_hold() {
    for example in describe::document()["examples"].as_array().unwrap() {
        testing::run::<Runway>(&serde_json::from_value(example.clone()).unwrap()).unwrap();
    }
}

/// A task that ends so.
fn ended(task: Value) -> Outcome {
    let answers = [json!({"id": "t1"}), json!({"status": "THROTTLED"}), task];
    let exchanges: Vec<Value> = answers
        .iter()
        .map(|it| json!({"reply": {"status": 200, "body": {"json": it}}}))
        .collect();
    let fixture = json!({
        "name": "task", "provider": "runwayml", "operation": "images.generate", "model": "gen4_image",
        "body": {"prompt": "a cat"}, "exchanges": exchanges, "expect": {}
    });
    testing::replay::<Runway>(&serde_json::from_value(fixture).unwrap()).unwrap()
}

#[test]
fn a_task_that_succeeded_gives_addresses() {
    let outcome = ended(json!({"status": "SUCCEEDED", "output": ["https://a.test/1.png"]}));
    assert_eq!(
        outcome.response.unwrap()["data"],
        json!([{"url": "https://a.test/1.png"}])
    );
    assert_eq!(outcome.usage.unwrap()["images"], 1);
}

#[test]
fn a_task_that_did_not_is_an_error_of_its_kind() {
    for (task, want) in [
        (
            json!({"status": "FAILED", "failureCode": "SAFETY.OUTPUT.IMAGE"}),
            kind::CONTENT_POLICY,
        ),
        (
            json!({"status": "FAILED", "failureCode": "INTERNAL.BAD_OUTPUT.CODE01", "failure": "bad"}),
            kind::UPSTREAM,
        ),
        (json!({"status": "CANCELLED"}), kind::UPSTREAM),
        (json!({"status": "SUCCEEDED", "output": []}), kind::UPSTREAM),
        (json!({}), kind::UPSTREAM),
    ] {
        assert_eq!(ended(task.clone()).error.unwrap().kind, want, "{task}");
    }
}

#[test]
fn a_task_that_does_not_end_is_given_up() {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: sluice_sdk::Payload::Text(json!({"status": "RUNNING"}).to_string()),
        state: json!({"task": "t1", "polls": 120}).to_string(),
    };
    assert_eq!(task::next(&[reply]).unwrap_err().kind, kind::TIMEOUT);
}

#[test]
fn what_cannot_be_made_is_refused() {
    for size in ["1024", "axb", "1024x"] {
        assert!(ratio(Some(&size.into())).is_err(), "{size}");
    }
    assert_eq!(ratio(Some(&"1920:1080".into())).unwrap(), "1920:1080");
    let outcome = ended(json!({"status": "SUCCEEDED", "output": ["u"]}));
    assert!(outcome.error.is_none());
    let nowhere = Reply {
        status: 200,
        headers: Vec::new(),
        body: sluice_sdk::Payload::Text(json!({"id": "../x"}).to_string()),
        state: String::new(),
    };
    assert_eq!(task::next(&[nowhere]).unwrap_err().kind, kind::UPSTREAM);
}
