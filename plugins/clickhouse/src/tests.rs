//! Records in, rows out, held against the table's columns and the HTTP interface.

use serde_json::{Value, json};
use sluice_records::fixtures::{self, read};
use sluice_records::golden::{answered, body, delivered, hold};
use sluice_sdk::FetchResponse;

use super::*;

fn taken() -> FetchResponse {
    FetchResponse::text_of(200, "")
}

fn row(record: Value) -> Value {
    serde_json::from_str(&row::of_record(Record::of(&record).unwrap())).unwrap()
}

#[test]
fn every_record_is_sent_as_it_was_when_somebody_looked() {
    let config = json!({"clickhouse_user": "writer", "clickhouse_database": "llm"});
    hold::<ClickHouse>(env!("CARGO_MANIFEST_DIR"), &config, &taken());
}

#[test]
fn its_examples_hold() {
    sluice_sdk::testing::run_callback_examples::<ClickHouse>().unwrap();
}

#[test]
fn a_batch_is_one_insert_of_a_row_a_line() {
    let delivered = delivered::<ClickHouse>(&json!({}), &fixtures::batch(), taken());
    assert_eq!(delivered.sent.len(), 1);
    let request = &delivered.sent[0];
    let wanted = "/?query=INSERT%20INTO%20default.spend_logs%20FORMAT%20JSONEachRow&async_insert=1&wait_for_async_insert=1&";
    assert!(request.url.starts_with(wanted), "{}", request.url);
    assert_eq!(body(request).as_array().unwrap().len(), 7);
    assert!(request.auth.is_empty());
    let config = json!({"async_insert": false, "clickhouse_table": "t"});
    let url = delivered_url(&config);
    assert!(url.contains("default.t%20FORMAT") && !url.contains("async_insert"));
}

fn delivered_url(config: &Value) -> String {
    let delivered = delivered::<ClickHouse>(config, &fixtures::batch(), taken());
    delivered.sent[0].url.clone()
}

#[test]
fn a_user_is_named_and_the_password_is_the_hosts_to_fill_in() {
    let config = json!({"clickhouse_user": "writer"});
    let delivered = delivered::<ClickHouse>(&config, &fixtures::batch(), taken());
    let request = &delivered.sent[0];
    assert!(
        request
            .headers
            .contains(&("x-clickhouse-user".into(), "writer".into()))
    );
    let params = [
        ("name", "x-clickhouse-key"),
        ("secret", "clickhouse_password"),
    ];
    let params: Vec<_> = params
        .iter()
        .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect();
    assert_eq!(request.auth[0].params, params);
}

#[test]
fn a_row_has_tokens_dollars_times_and_holders() {
    let row = row(read(fixtures::STREAM));
    assert_eq!(
        (&row["spend"], &row["cache_read_tokens"]),
        (&json!(0.000129), &json!(5))
    );
    assert_eq!(row["start_time"], "2025-11-27T15:10:45.123Z");
    assert_eq!(row["completion_start_time"], "2025-11-27T15:10:45.433Z");
    assert_eq!(
        (&row["team_id"], &row["user"]),
        (&json!("team-search"), &json!("ada"))
    );
    assert_eq!(
        (&row["session_id"], &row["cache_hit"]),
        (&json!("s-9"), &json!(false))
    );
    let messages: Value = serde_json::from_str(row["messages"].as_str().unwrap()).unwrap();
    assert_eq!(messages[0]["role"], "system");
}

#[test]
fn a_kept_answer_keeps_the_id_of_the_answer_and_a_failure_its_reason() {
    let kept = row(read(fixtures::CACHED));
    assert_eq!(
        (&kept["response_id"], &kept["cache_hit"]),
        (&json!("chatcmpl-CgZ4Yb1Qx0"), &json!(true))
    );
    let failed = row(read(fixtures::FAILURE));
    assert!(failed["error_str"].as_str().unwrap().contains("Rate limit"));
    assert_eq!(
        (&failed["status"], &failed["response"]),
        (&json!("failure"), &json!(""))
    );
}

#[test]
fn the_span_that_a_client_was_in_is_kept() {
    let mut record = read(fixtures::SUCCESS);
    record["metadata"]["requester_custom_headers"] =
        json!({"TraceParent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    let with = row(record.clone());
    assert_eq!(with["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(with["span_id"], "00f067aa0ba902b7");
    let zeros = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
    record["metadata"]["requester_custom_headers"] = json!({ "traceparent": zeros });
    assert_eq!(row(record)["trace_id"], "");
}

#[test]
fn a_repeated_batch_has_the_same_token_and_another_has_another() {
    let token = |records: &[Value]| {
        let delivered = delivered::<ClickHouse>(&json!({}), records, taken());
        delivered.sent[0].url.rsplit('=').next().unwrap().to_owned()
    };
    let all = fixtures::batch();
    assert_eq!(token(&all), token(&all));
    assert_ne!(token(&all), token(&all[1..]));
}

#[test]
fn the_number_of_an_exception_says_what_helps_whatever_the_status() {
    let of = |status, text: &str| {
        let answers = vec![Ok(FetchResponse::text_of(status, text))];
        let one = [read(fixtures::SUCCESS)];
        answered::<ClickHouse>(&json!({}), &one, answers)
            .done
            .unwrap_err()
    };
    let table = of(
        404,
        "Code: 60. DB::Exception: Table default.spend_logs does not exist. (UNKNOWN_TABLE)",
    );
    assert_eq!(
        (table.kind.as_str(), table.retry),
        ("not-found", Some(true))
    );
    let row = of(
        500,
        "Code: 27. DB::Exception: Cannot parse input: expected secret words. (CANNOT_PARSE)",
    );
    assert_eq!(
        (row.kind.as_str(), row.retry),
        ("invalid-request", Some(false))
    );
    assert!(!row.message.contains("secret words"));
    assert_eq!(
        of(
            403,
            "Code: 516. DB::Exception: default: Authentication failed"
        )
        .kind,
        "authentication"
    );
    assert_eq!(
        of(500, "Code: 252. DB::Exception: Too many parts").kind,
        "upstream"
    );
    assert_eq!(of(503, "").kind, "overloaded");
    let mut told = FetchResponse::text_of(500, "no");
    told.headers
        .push(("X-ClickHouse-Exception-Code".into(), "497".into()));
    let one = [read(fixtures::SUCCESS)];
    let denied = answered::<ClickHouse>(&json!({}), &one, vec![Ok(told)])
        .done
        .unwrap_err();
    assert_eq!(denied.kind, "permission");
}

#[test]
fn one_row_that_does_not_fit_costs_no_other() {
    let played = sluice_sdk::testing::Played::new(|request| {
        let bad = body(request).to_string().contains("embd-3fca2");
        let text = if bad {
            "Code: 53. DB::Exception: Type mismatch"
        } else {
            ""
        };
        Ok(FetchResponse::text_of(if bad { 400 } else { 200 }, text))
    });
    let done = played.run(|| ClickHouse::on_batch(&json!({}), &fixtures::batch()));
    assert!(
        done.unwrap_err()
            .message
            .starts_with("1 of 7 records were refused")
    );
}

#[test]
fn a_name_that_is_no_name_is_refused_and_long_texts_are_cut() {
    let config = json!({"clickhouse_table": "a; DROP TABLE b"});
    let error = ClickHouse::on_batch(&config, &fixtures::batch()).unwrap_err();
    assert!(error.message.contains("`clickhouse_table`"));
    let mut record = read(fixtures::SUCCESS);
    record["messages"] = json!("x".repeat(4_000_000));
    assert!(row(record).to_string().len() <= 2_000_000);
}
