//! Records in, objects out.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{answered, body, delivered, hold};
use sluice_sdk::FetchResponse;

use super::*;

fn taken() -> FetchResponse {
    FetchResponse::text_of(200, "")
}

fn config(more: Value) -> Value {
    let mut config = json!({"entry": "s", "callback": "s3_v2", "s3_bucket_name": "logs", "s3_region_name": "eu-central-1"});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

fn sent(more: Value, record: Value) -> FetchRequest {
    let delivered = delivered::<S3>(&config(more), &[record], taken());
    assert!(delivered.done.is_ok(), "{:?}", delivered.done);
    delivered.sent[0].clone()
}

fn url(more: Value, record: Value) -> String {
    sent(more, record).url
}

fn with_id(id: &str) -> Value {
    let mut record = read(fixtures::SUCCESS);
    record["id"] = id.into();
    record
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    let config = config(json!({"s3_path": "llm", "s3_use_team_prefix": true}));
    hold::<S3>(env!("CARGO_MANIFEST_DIR"), &config, &taken());
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<S3>().unwrap();
}

#[test]
fn an_object_has_the_key_that_litellm_gives_it() {
    let at = "https://logs.s3.eu-central-1.amazonaws.com/";
    let name = "2025-11-27/time-15-10-44-123456_chatcmpl-CgZ4Yb1Qx0.json";
    let record = || read(fixtures::SUCCESS);
    assert_eq!(url(json!({}), record()), format!("{at}{name}"));
    let paths = json!({"s3_path": "/a/b/", "s3_use_team_prefix": true, "s3_use_key_prefix": true});
    assert_eq!(
        url(paths, record()),
        format!("{at}a/b/Search/ci-bot/{name}")
    );
}

#[test]
fn an_object_is_the_record_with_the_headers_that_litellm_gives_it() {
    let request = sent(json!({"s3_sse_kms_key_id": "k"}), read(fixtures::TOOLS));
    assert_eq!(body(&request), read(fixtures::TOOLS));
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|it| it.0 == name)
            .map(|it| it.1.as_str())
    };
    assert_eq!(header("content-type"), Some("application/json"));
    let file = "inline; filename=\"time-2025-11-27T15-10-49-123456_chatcmpl-CgZ6tools.json\"";
    assert_eq!(header("content-disposition"), Some(file));
    assert_eq!(header("x-amz-server-side-encryption"), Some("aws:kms"));
    assert_eq!(
        header("x-amz-server-side-encryption-aws-kms-key-id"),
        Some("k")
    );
    assert_eq!(request.auth[0].scheme, "sigv4");
    let region = ("region".to_owned(), "eu-central-1".to_owned());
    assert!(request.auth[0].params.contains(&region));
}

#[test]
fn the_bucket_is_at_aws_or_below_an_endpoint_of_the_operators() {
    let at = |more: Value| url(more, with_id("r"));
    let name = "/2025-11-27/time-15-10-44-123456_r.json";
    assert_eq!(at(json!({"has_api_base": true})), format!("/logs{name}"));
    let hosted = json!({"has_api_base": true, "s3_use_virtual_hosted_style": true});
    assert_eq!(at(hosted), name);
    let dotted = json!({"s3_bucket_name": "a.b", "s3_region_name": "cn-north-1"});
    assert_eq!(
        at(dotted),
        format!("https://s3.cn-north-1.amazonaws.com.cn/a.b{name}")
    );
    let nowhere = json!({"s3_bucket_name": "logs"});
    let error = S3::on_batch(&nowhere, &[with_id("r")]).unwrap_err();
    assert!(error.message.contains("`s3_region_name` is not set"));
}

#[test]
fn a_key_is_escaped_once_and_leads_nowhere_else() {
    let at = |id: &str| {
        let url = url(json!({"has_api_base": true}), with_id(id));
        url.split_once("123456_").unwrap().1.to_owned()
    };
    assert_eq!(at("a/b ä+%"), "a_b%20%C3%A4%2B%25.json");
    let paths = json!({"has_api_base": true, "s3_path": "../x"});
    assert!(url(paths, with_id("r")).starts_with("/logs/_/x/2025-11-27/"));
}

#[test]
fn a_long_name_is_cut_and_told_apart_by_its_digest() {
    let at = |id: String| url(json!({"s3_path": "p".repeat(2000)}), with_id(&id));
    let (one, other) = (
        at(format!("{}1", "x".repeat(900))),
        at(format!("{}2", "x".repeat(900))),
    );
    assert_ne!(one, other);
    assert!(one.len() < 1024);
}

#[test]
fn a_batch_of_lines_is_one_object_with_the_same_name_each_time() {
    let lines =
        config(json!({"callback": "s3_lines", "s3_path": "llm", "s3_use_team_prefix": true}));
    let batch = fixtures::batch();
    let first = delivered::<S3>(&lines, &batch, taken()).sent;
    assert_eq!(first.len(), 1);
    assert_eq!(body(&first[0]), Value::from(batch.clone()));
    let start = "https://logs.s3.eu-central-1.amazonaws.com/llm/2025-11-27/batch-15-10-44-123456_";
    assert!(first[0].url.starts_with(start) && first[0].url.ends_with(".jsonl"));
    assert_eq!(
        first[0].url,
        delivered::<S3>(&lines, &batch, taken()).sent[0].url
    );
    assert_ne!(
        first[0].url,
        delivered::<S3>(&lines, &batch[..6], taken()).sent[0].url
    );
}

#[test]
fn only_what_was_not_written_is_written_again() {
    let is_slow = std::cell::Cell::new(true);
    let played = sluice_sdk::testing::Played::new(move |request| {
        let late = request.url.contains("CgZ5stream") && is_slow.replace(false);
        Ok(match late {
            true => FetchResponse::text_of(503, "<Error><Code>SlowDown</Code></Error>"),
            false => FetchResponse::text_of(200, ""),
        })
    });
    let batch = fixtures::batch();
    let first = played
        .run(|| S3::on_batch(&config(json!({})), &batch))
        .unwrap_err();
    assert_eq!(first.kind, "overloaded");
    assert!(
        first
            .message
            .starts_with("6 of 7 records are left: S3 answered 503 SlowDown")
    );
    assert!(
        played
            .run(|| S3::on_batch(&config(json!({})), &batch))
            .is_ok()
    );
    let urls: Vec<_> = played.sent().into_iter().map(|it| it.url).collect();
    assert_eq!(urls.len(), 8, "the first was written once: {urls:?}");
    assert_eq!(urls[1], urls[2]);
}

#[test]
fn a_code_says_whether_another_time_may_help() {
    let of = |status, code: &str| {
        let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        let answers = vec![Ok(FetchResponse::text_of(status, text))];
        let one = [with_id("r")];
        answered::<S3>(&config(json!({})), &one, answers)
            .done
            .unwrap_err()
    };
    let bucket = of(404, "NoSuchBucket");
    assert_eq!(
        (bucket.kind.as_str(), bucket.retry),
        ("not-found", Some(true))
    );
    assert_eq!(of(403, "SignatureDoesNotMatch").kind, "authentication");
    assert_eq!(of(403, "AccessDenied").kind, "permission");
    assert_eq!(of(403, "RequestTimeTooSkewed").kind, "timeout");
    let moved = of(301, "PermanentRedirect");
    assert!(moved.retry == Some(false) && moved.message.contains("another region"));
}

#[test]
fn a_record_that_is_larger_than_the_gateway_sends_costs_no_other() {
    let mut large = with_id("large");
    large["messages"] = json!("x".repeat(8_000_000));
    let batch = [with_id("a"), large, with_id("b")];
    let delivered = delivered::<S3>(&config(json!({})), &batch, taken());
    assert_eq!(delivered.sent.len(), 3);
    for request in &delivered.sent {
        assert!(body(request).to_string().len() <= LARGEST);
    }
    assert!(delivered.done.is_ok());
}
