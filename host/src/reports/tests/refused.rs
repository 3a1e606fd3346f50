//! What nobody can answer is refused by the name of the field, and never fails.

use serde_json::{Map, Value, json};

use super::rig::{Rig, TODAY, both, master, named};
use crate::reports::OPERATIONS;
use crate::reports::logs::CHOOSES_ROWS;
use crate::store::Store;

/// Fields that some operation knows beside those that choose rows.
const MORE: &[&str] = &[
    "page",
    "page_size",
    "cursor",
    "sort_by",
    "sort_order",
    "limit",
    "summarize",
    "format",
    "timezone",
    "tags",
    "team_ids",
    "organization_ids",
    "end_user_ids",
    "tag_filter",
    "tag_filters",
    "custom_llm_provider",
    "months",
    "call_type",
    "request_body",
    "group_by_session",
    "session_cursor",
    "exclude_internal_health_checks",
    "exclude_team_ids",
    "exclude_organization_ids",
    "exclude_end_user_ids",
    "nonsense",
];

both! {
    async fn a_field_that_cannot_be_read_is_named(store: &Store) {
        let rig = Rig::new(store).await;
        let range = format!("start_date={TODAY}&end_date={TODAY}");
        for (path, field) in [
            ("/spend/logs?nope=1", "nope"),
            ("/spend/logs?start_date=yesterday", "start_date"),
            ("/spend/logs?start_date=2026-02-30&end_date=2026-03-01", "start_date"),
            ("/spend/logs?start_date=2026-09-01", "end_date"),
            ("/spend/logs?end_date=2026-09-01", "start_date"),
            ("/spend/logs?start_date=2026-09-02&end_date=2026-09-01", "end_date"),
            ("/spend/logs?start_date=1970-01-01&end_date=2026-09-01", "end_date"),
            ("/spend/logs?summarize=maybe", "summarize"),
            ("/spend/logs?limit=0", "limit"),
            ("/spend/logs?cursor=here", "cursor"),
            ("/spend/logs/v2", "start_date"),
            ("/spend/logs/ui?start_date=2026-09-01 00:00:00", "end_date"),
            ("/spend/logs/session/ui", "session_id"),
            ("/spend/keys?limit=-1", "limit"),
            ("/spend/users?page=x", "page"),
            ("/global/spend/keys?limit=1001", "limit"),
            ("/global/activity", "start_date"),
            ("/user/daily/activity?start_date=2026-09-01", "end_date"),
        ] {
            assert_eq!(named(rig.get(path, &master()).await), format!("400 {field}"), "{path}");
        }
        for (path, query, field) in [
            ("/spend/logs/ui", "page=0", "page"),
            ("/spend/logs/ui", "page_size=1001", "page_size"),
            ("/spend/logs/ui", "status_filter=fine", "status_filter"),
            ("/spend/logs/ui", "min_spend=-1", "min_spend"),
            ("/spend/logs/ui", "max_spend=lots", "max_spend"),
            ("/spend/logs/ui", "min_spend=2&max_spend=1", "max_spend"),
            ("/spend/logs/ui", "min_spend=NaN", "min_spend"),
            ("/spend/logs/ui", "sort_by=status", "sort_by"),
            ("/spend/logs/ui", "sort_order=down", "sort_order"),
            ("/spend/logs/ui", "sort_by=spend&cursor=1.a", "cursor"),
            ("/spend/logs/ui", "cache_hit_filter=yes", "cache_hit_filter"),
            ("/spend/logs/ui", "error_code=timeout", "error_code"),
            ("/spend/logs/ui", "user_id=a\0b", "user_id"),
            ("/user/daily/activity", "format=xml", "format"),
            ("/user/daily/activity", "timezone=Berlin", "timezone"),
            ("/user/daily/activity", "team_ids=t1", "team_ids"),
            ("/team/daily/activity/aggregated", "page=1", "page"),
        ] {
            let answer = rig.get(&format!("{path}?{range}&{query}"), &master()).await;
            assert_eq!(named(answer), format!("400 {field}"), "{path} {query}");
        }
        for (body, field) in [
            (json!({"who": 1}), "who"),
            (json!({"startTime": 5}), "startTime"),
            (json!({"startTime": TODAY, "endTime": "2026-01-01"}), "endTime"),
            (json!({"api_key": ["a"]}), "api_key"),
        ] {
            let answer = rig.post("/global/spend/end_users", &master(), body).await;
            assert_eq!(named(answer), format!("400 {field}"));
        }
        let answer = rig.post("/global/spend/reset", &master(), json!({"all": true})).await;
        assert_eq!(named(answer), "400 all");
    }

    async fn no_value_of_any_field_is_an_error_of_ours(store: &Store) {
        let rig = Rig::new(store).await;
        let long = "é".repeat(990);
        let values = [
            json!(""), json!("\0"), json!("%' OR 1=1 --"), json!("-1"), json!("1"), json!("1e999"),
            json!("9223372036854775807"), json!("18446744073709551616"), json!("9999-12-31"),
            json!("1969-12-31"), json!(long), json!("x".repeat(3_000)), json!("a,b,,c"),
            json!("1.c-ann"), json!("\u{202e}"), json!(7), json!(-0.5), json!(true), json!(null),
            json!(["a", "b"]), json!([1]), json!({"a": 1}),
        ];
        for (method, path, _) in OPERATIONS {
            let path = path.replace("{request_id}", "c-ann");
            for field in CHOOSES_ROWS.iter().chain(MORE).copied() {
                for value in &values {
                    let mut query: Map<String, Value> = Map::new();
                    if path.contains("activity") || path.contains("logs/") {
                        query.insert("start_date".to_owned(), TODAY.into());
                        query.insert("end_date".to_owned(), TODAY.into());
                    }
                    query.insert(field.to_owned(), value.clone());
                    let body = json!({field: value});
                    let answer =
                        rig.ask(method.clone(), &path, &master(), query, body).await;
                    if answer.is_err() {
                        named(answer);
                    }
                }
            }
        }
    }
}
