//! The callback's side of the SDK, natively: a batch is posted with a credential by reference, and
//! what the service answers decides whether the host tries again.

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::testing::{Played, run_callback_examples};
use sluice_sdk::{Body, Callback, Error, FetchRequest, FetchResponse, callback, kv};

/// Posts every batch to a collector.
struct Collector;

impl Callback for Collector {
    fn describe() -> String {
        json!({
            "name": "collector", "version": "1.0.0", "callbacks": [{"name": "collector"}],
            "examples": [
                {"name": "a batch is posted", "callback": "collector", "records": [{"id": "a"}],
                 "fetches": [{"method": "POST", "url": "/records", "body": {"batch": 1, "records": [{"id": "a"}]}, "status": 202}],
                 "expect": {}},
                {"name": "a busy service is told", "callback": "collector", "records": [],
                 "fetches": [{"status": 503, "reply": "busy"}], "expect": {"error": "overloaded"}}
            ]
        })
        .to_string()
    }

    fn on_batch(_config: &Value, records: &[Value]) -> Result<(), Error> {
        let batch = kv::add("batches", 1, 60);
        FetchRequest::post("/records")
            .secret_header("x-key", "api_key")
            .json(&json!({ "batch": batch, "records": records }))
            .send()?
            .ok()
            .map(drop)
    }
}

callback!(Collector);

#[test]
fn its_examples_hold_and_a_wrong_one_is_named() {
    run_callback_examples::<Collector>().unwrap();

    struct Silent;
    impl Callback for Silent {
        fn describe() -> String {
            Collector::describe()
        }
        fn on_batch(_config: &Value, _records: &[Value]) -> Result<(), Error> {
            Ok(())
        }
    }
    let wrong = run_callback_examples::<Silent>().unwrap_err();
    assert!(wrong.contains("fetched less"), "{wrong}");
}

#[test]
fn a_secret_is_named_and_the_counter_goes_on() {
    let played = Played::new(|_| Ok(FetchResponse::text_of(200, "")));
    for _ in 0..2 {
        played.run(|| Collector::on_batch(&json!({}), &[])).unwrap();
    }
    let sent = played.sent();
    let last = sent.last().unwrap();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(last.auth[0].scheme, "header");
    assert_eq!(
        last.auth[0].params,
        [pair("name", "x-key"), pair("secret", "api_key")]
    );
    assert_eq!(last.body, Body::Json(r#"{"batch":2,"records":[]}"#.into()));
}
