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

fn pictures() -> Call {
    Call {
        id: "c".into(),
        operation: "images.generate".into(),
        provider: "runwayml".into(),
        model: "gen4_image".into(),
        streaming: false,
        config: "{}".into(),
        secrets: Vec::new(),
        params: Vec::new(),
        headers: Vec::new(),
        files: Vec::new(),
        context: "{}".into(),
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

/// docs.dev.runwayml.com/api: text to speech.
#[test]
fn a_sound_is_fetched_without_the_key() {
    let played = |voice: &str, url: &str| {
        let task = json!({"status": "SUCCEEDED", "output": [url]});
        let body = json!({"model": "eleven_multilingual_v2", "promptText": "Hi.",
            "voice": {"type": "runway-preset", "presetId": voice}});
        let answer = |it: Value| json!({"status": 200, "body": {"json": it}});
        let fixture = json!({
            "name": "speech", "provider": "runwayml", "operation": "audio.speech", "model": "eleven_multilingual_v2",
            "body": {"input": "Hi.", "voice": "alloy"}, "expect": {},
            "exchanges": [
                {"request": {"method": "POST", "url": "/v1/text_to_speech", "body": body}, "reply": answer(json!({"id": "t1"}))},
                {"request": {"method": "GET", "url": "/v1/tasks/t1"}, "reply": answer(task)},
                {"request": {"method": "GET", "url": url}, "reply": {"status": 200, "body": "sound"}}
            ]
        });
        testing::replay::<Runway>(&serde_json::from_value(fixture).unwrap())
    };
    let good = played("Maya", "https://dnznrvs05pmza.cloudfront.net/a.mp3?_jwt=x").unwrap();
    assert!(good.error.is_none(), "{:?}", good.error);
    assert!(played("James", "https://dnznrvs05pmza.cloudfront.net/a.mp3").is_err());
    let elsewhere = speech::fetch("https://evil.test/dnznrvs05pmza.cloudfront.net").unwrap_err();
    assert_eq!(elsewhere.kind, kind::UPSTREAM);
    let call = |body: Value| {
        let fixture = json!({"name": "no", "provider": "runwayml", "operation": "audio.speech", "model": "m",
            "body": body, "exchanges": [], "expect": {}});
        let outcome = testing::replay::<Runway>(&serde_json::from_value(fixture).unwrap());
        outcome.unwrap().error.unwrap().message
    };
    assert!(call(json!({"voice": "x"})).contains("`input`"));
    assert!(call(json!({"input": "x"})).contains("`voice`"));
    let wav = json!({"input": "x", "voice": "x", "response_format": "wav"});
    assert!(call(wav).contains("`response_format`"));
}

#[test]
fn a_task_that_does_not_end_is_given_up() {
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: sluice_sdk::Payload::Text(json!({"status": "RUNNING"}).to_string()),
        state: json!({"task": "t1", "polls": 120}).to_string(),
    };
    assert_eq!(
        task::next(&pictures(), &[reply]).unwrap_err().kind,
        kind::TIMEOUT
    );
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
    assert_eq!(
        task::next(&pictures(), &[nowhere]).unwrap_err().kind,
        kind::UPSTREAM
    );
}
