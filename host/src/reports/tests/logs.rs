use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::rig::{Rig, TODAY, both, call, each, hash, holder, master, member, named};
use crate::domain::SpendRow;
use crate::store::Store;
use crate::store::tests::NOW;

/// Both times of a page.
const RANGE: &str = "start_date=2026-08-01 00:00:00&end_date=2026-09-30 23:59:59";

both! {
    async fn a_row_has_litellms_fields(store: &Store) {
        let rig = Rig::new(store).await;
        let row = rig.see("/spend/logs?request_id=c-ann").await[0].clone();
        for (field, value) in [
            ("request_id", json!("c-ann")),
            ("call_type", json!("acompletion")),
            ("api_key", json!(hash("ann"))),
            ("spend", json!(1.0)),
            ("total_tokens", json!(15)),
            ("prompt_tokens", json!(10)),
            ("completion_tokens", json!(5)),
            ("request_duration_ms", json!(900)),
            ("model", json!("gpt")),
            ("model_id", json!("d1")),
            ("model_group", json!("fast")),
            ("custom_llm_provider", json!("openai")),
            ("user", json!("ann")),
            ("cache_hit", json!("False")),
            ("request_tags", json!(["red"])),
            ("team_id", json!("t1")),
            ("organization_id", json!("o1")),
            ("end_user", json!("customer")),
            ("requester_ip_address", json!("10.0.0.1")),
            ("session_id", json!("s1")),
            ("status", json!("success")),
            ("messages", json!([{"role": "user", "content": "hi"}])),
        ] {
            assert_eq!(row[field], value, "{field}");
        }
        assert!(row["startTime"].as_str().unwrap().starts_with(TODAY));
        // What a caller wrote into its metadata does not hide what the gateway knows.
        assert_eq!(row["metadata"]["note"], "mine");
        assert_eq!(row["metadata"]["user_api_key"], hash("ann").as_str());
        assert_eq!(row["metadata"]["attempts"][0]["spend"], 1.0);
    }

    async fn one_call_has_its_bodies_by_our_id_or_the_providers(store: &Store) {
        let rig = Rig::new(store).await;
        for id in ["c-ann", "chatcmpl-c-ann"] {
            let row = rig.see(&format!("/spend/logs/ui/{id}")).await;
            assert_eq!(row["request_id"], "c-ann");
            assert_eq!(row["messages"][0]["content"], "hi");
            assert_eq!(row["response"], json!({"choices": []}));
            assert_eq!(row["metadata"]["cost_breakdown"]["input_cost"], 1.0);
        }
    }

    async fn bodies_that_are_still_to_come_are_told_from_those_that_nobody_keeps(store: &Store) {
        let rig = Rig::new(store).await;
        let bare = |id, ended_ms| SpendRow { ended_ms, ..call(id, "bob", Some("bob"), Some("t1")) };
        store.settle(&[bare("c-new", NOW - 1_000), bare("c-lost", NOW - 61_000)]).await.unwrap();
        for (id, pending) in [("c-ann", false), ("c-new", true), ("c-lost", false)] {
            let row = rig.see(&format!("/spend/logs/ui/{id}")).await;
            assert_eq!(row["bodies_pending"], pending, "{id}");
        }
        rig.world.keeps_none.store(true, Ordering::Relaxed);
        assert_eq!(rig.see("/spend/logs/ui/c-new").await["bodies_pending"], false);
    }

    async fn lists_have_no_bodies(store: &Store) {
        let rig = Rig::new(store).await;
        let listed = rig.see("/spend/logs").await;
        let page = rig.see(&format!("/spend/logs/ui?{RANGE}")).await;
        for row in [&listed[0], &page["data"][0]] {
            for field in ["messages", "response", "proxy_server_request"] {
                assert_eq!(row[field], json!({}), "{field}");
            }
        }
    }

    async fn an_unknown_price_is_null_and_a_failure_says_why(store: &Store) {
        let rig = Rig::new(store).await;
        let row = rig.see("/spend/logs?request_id=c-failed").await[0].clone();
        assert_eq!((&row["spend"], &row["status"]), (&Value::Null, &json!("failure")));
        assert_eq!(row["metadata"]["error_information"]["error_code"], "429");
    }

    async fn each_filter_leaves_the_rows_that_it_names(store: &Store) {
        let rig = Rig::new(store).await;
        for (filter, wanted) in [
            ("api_key=sk-bob", vec!["c-bob"]),
            ("user_id=ann", vec!["c-ann", "c-old"]),
            ("team_id=t3", vec!["c-eve"]),
            ("organization_id=o1", vec!["c-ann", "c-bob", "c-old"]),
            ("status_filter=failure", vec!["c-failed"]),
            ("min_spend=2&max_spend=4", vec!["c-bob", "c-eve"]),
            ("model=other", vec![]),
            ("end_user=customer&min_spend=16", vec!["c-old"]),
            ("request_id=chatcmpl-c-eve", vec!["c-eve"]),
            ("key_alias=solo", vec!["c-failed", "c-solo"]),
            ("error_code=429", vec!["c-failed"]),
            ("error_code=500", vec![]),
            ("cache_hit_filter=hit", vec![]),
            ("cache_hit_filter=miss&user_id=ann", vec!["c-ann", "c-old"]),
            ("search=sk-bob", vec!["c-bob"]),
            ("search=c-eve", vec!["c-eve"]),
            ("search=t3", vec!["c-eve"]),
            ("exclude_internal_health_checks=true&group_by_session=false&team_id=t3", vec!["c-eve"]),
        ] {
            for path in ["/spend/logs/v2", "/spend/logs/ui"] {
                let page = rig.see(&format!("{path}?{RANGE}&{filter}")).await;
                assert_eq!(each(&page["data"], "request_id"), wanted, "{filter}");
                assert_eq!(page["total"], wanted.len(), "{filter}");
            }
        }
        // The end of a range is the last second in it.
        let path = format!("/spend/logs/ui?start_date={TODAY}&end_date={TODAY}");
        assert_eq!(rig.see(&path).await["total"], 5);
    }

    async fn rows_come_in_the_order_that_is_asked_for(store: &Store) {
        let rig = Rig::new(store).await;
        let ids = async |order: &str| -> Vec<String> {
            let page = rig.see(&format!("/spend/logs/v2?{RANGE}&page_size=3&{order}")).await;
            assert_eq!(page["total"], 6);
            let rows = page["data"].as_array().unwrap().iter();
            rows.map(|it| it["request_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(ids("sort_by=spend").await, ["c-old", "c-solo", "c-eve"]);
        assert_eq!(ids("sort_by=spend&page=2").await, ["c-bob", "c-ann", "c-failed"]);
        assert_eq!(ids("sort_by=spend&sort_order=asc").await, ["c-failed", "c-ann", "c-bob"]);
        let newest = ids("").await;
        let mut oldest = ids("sort_order=asc&page=2").await;
        oldest.reverse();
        assert_eq!(oldest, newest);
        let sessions = rig.get(&format!("/spend/logs/ui?{RANGE}&group_by_session=true"), &master()).await;
        assert_eq!(named(sessions), "400 group_by_session");
    }

    async fn pages_by_number_and_by_cursor_have_every_row_once(store: &Store) {
        let rig = Rig::new(store).await;
        let mut by_number = Vec::new();
        for page in 1..=3 {
            let answer = rig.see(&format!("/spend/logs/v2?{RANGE}&page={page}&page_size=2")).await;
            assert_eq!((&answer["total"], &answer["total_pages"]), (&json!(6), &json!(3)));
            by_number.extend(answer["data"].as_array().unwrap().clone());
        }
        let mut by_cursor = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/spend/logs/v2?{RANGE}&page_size=2&cursor={cursor}");
            let answer = rig.see(&path).await;
            by_cursor.extend(answer["data"].as_array().unwrap().clone());
            match answer["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(by_number, by_cursor);
        assert_eq!(each(&json!(by_cursor), "request_id").len(), 6);
        assert_eq!(by_cursor[0]["request_id"], "c-failed");
        assert_eq!(by_cursor[5]["request_id"], "c-old");
    }

    async fn a_session_is_the_callers_part_of_it(store: &Store) {
        let rig = Rig::new(store).await;
        let path = "/spend/logs/session/ui?session_id=s1";
        assert_eq!(rig.see(path).await["total"], 6);
        assert_eq!(rig.get(path, &member("bob")).await.unwrap()["total"], 1);
        assert_eq!(rig.get(path, &holder(&hash("solo"))).await.unwrap()["total"], 2);
    }

    async fn dates_give_sums_by_day_unless_rows_are_asked_for(store: &Store) {
        let rig = Rig::new(store).await;
        let dates = "start_date=2026-09-20&end_date=2026-09-21";
        let days = rig.see(&format!("/spend/logs?{dates}")).await;
        assert_eq!(days.as_array().unwrap().len(), 2);
        assert_eq!(days[0], json!({"startTime": "2026-09-20", "spend": 0.0, "users": {}, "models": {}}));
        assert_eq!(days[1]["spend"], 15.0);
        assert_eq!(days[1]["users"], json!({"ann": 1.0, "bob": 2.0, "eve": 4.0}));
        assert_eq!(days[1]["models"], json!({"gpt": 15.0}));
        assert_eq!(days[1][hash("solo")], 8.0);
        let rows = rig.see(&format!("/spend/logs?{dates}&summarize=false")).await;
        assert_eq!(rows.as_array().unwrap().len(), 5);
        for (caller, filter, spend) in [
            (member("ann"), "", 1.0),
            (holder(&hash("solo")), "", 8.0),
            (master(), "&user_id=bob", 2.0),
            (master(), "&api_key=sk-eve", 4.0),
            (master(), "&api_key=sk-eve&user_id=bob", 0.0),
            // The admin of a team sees what a key spent in it.
            (member("lead"), "&api_key=sk-bob", 2.0),
        ] {
            let days = rig.get(&format!("/spend/logs?{dates}{filter}"), &caller).await.unwrap();
            assert_eq!(days[1]["spend"], spend, "{filter}");
        }
    }
}
