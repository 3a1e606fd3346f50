//! Charts: users of tags, calls that were too many, answers out of the cache.

use serde_json::{Value, json};

use super::rig::{DAY_MS, Rig, TODAY, both, call, costs, master, member, named};
use crate::domain::{CallError, CallStatus, EntityKind, SpendRow};
use crate::store::Store;

/// A call with other tags.
fn tagged(mut row: SpendRow, tags: &[&str]) -> SpendRow {
    row.payers.retain(|it| it.kind != EntityKind::Tag);
    for tag in tags {
        let tag = crate::domain::Entity::new(EntityKind::Tag, *tag);
        row.payers.push(tag);
    }
    row.tags = tags.iter().map(|it| (*it).to_owned()).collect();
    row
}

/// A call that was refused with a status, some days ago.
fn refused(id: &str, deployment: &str, status: u16, days_ago: i64) -> SpendRow {
    let mut row = call(id, "ann", Some("ann"), Some("t1"));
    row.status = CallStatus::Failure;
    row.deployment = deployment.to_owned();
    row.api_base = Some(format!("https://{deployment}.example"));
    row.started_ms -= days_ago * DAY_MS;
    row.error = Some(CallError {
        status,
        kind: "rate-limit".to_owned(),
        message: "slow \"error\":{\"status\":429, down".to_owned(),
    });
    row
}

async fn users(rig: &Rig, path: &str) -> Vec<(String, i64, String)> {
    let shown = rig.see(path).await;
    let list = shown["results"].as_array().unwrap();
    let row = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (
            text("tag"),
            it["active_users"].as_i64().unwrap(),
            text("date"),
        )
    };
    list.iter().map(row).collect()
}

fn row(tag: &str, users: i64, date: &str) -> (String, i64, String) {
    (tag.to_owned(), users, date.to_owned())
}

both! {
    async fn users_of_a_tag_are_counted_once_a_period(store: &Store) {
        let rig = Rig::new(store).await;
        let mut before = tagged(call("c1", "ann", Some("ann"), Some("t1")), &["Blue", "red"]);
        before.started_ms -= 2 * DAY_MS;
        let mut older = tagged(call("c2", "bob", Some("bob"), Some("t1")), &["red"]);
        older.started_ms -= 9 * DAY_MS;
        store.settle(&[before, older]).await.unwrap();
        // `solo` belongs to nobody, so its calls are nobody's.
        assert_eq!(users(&rig, "/tag/dau").await, [
            row("red", 3, TODAY), row("Blue", 1, "2026-09-19"), row("red", 1, "2026-09-19")]);
        let range = "start_date=2026-09-12&end_date=2026-09-20";
        assert_eq!(users(&rig, &format!("/tag/dau?{range}&tag_filters=red")).await, [
            row("red", 1, "2026-09-19"), row("red", 1, "2026-09-12")]);
        assert_eq!(users(&rig, "/tag/dau?tag_filter=LU").await, [row("Blue", 1, "2026-09-19")]);
        assert_eq!(users(&rig, "/tag/dau?custom_llm_provider=azure").await, []);
        assert_eq!(users(&rig, "/tag/wau").await, [
            row("red", 1, "Week 2 (Aug 11)"), row("red", 1, "Week 6 (Sep 08)"),
            row("red", 3, "Week 7 (Sep 15)"), row("Blue", 1, "Week 7 (Sep 15)")]);
        // 40 days ago was two months of 30 days.
        assert_eq!(users(&rig, "/tag/mau?months=2&tag_filters=red").await, [
            row("red", 1, "Jul 2026"), row("red", 3, "Aug 2026")]);
        let month = rig.see("/tag/mau?months=1&tag_filters=red").await;
        assert_eq!(month["results"][0]["period_start"], "2026-08-23");
        assert_eq!(month["results"][0]["period_end"], TODAY);
        assert_eq!(named(rig.get("/tag/mau?months=13", &master()).await), "400 months");
    }

    async fn tags_are_summed_and_listed_by_use(store: &Store) {
        let rig = Rig::new(store).await;
        let blue = costs(tagged(call("c1", "ann", Some("ann"), None), &["blue"]), 100.0);
        store.settle(&[blue]).await.unwrap();
        let range = format!("start_date={TODAY}&end_date={TODAY}");
        let all = rig.see(&format!("/tag/summary?{range}")).await;
        assert_eq!(all["results"], json!([
            {"tag": "blue", "unique_users": 1, "total_requests": 1, "successful_requests": 1,
                "failed_requests": 0, "total_tokens": 15, "total_spend": 100.0},
            {"tag": "red", "unique_users": 3, "total_requests": 5, "successful_requests": 4,
                "failed_requests": 1, "total_tokens": 75, "total_spend": 15.0},
        ]));
        let some = rig.see(&format!("/tag/summary?{range}&tag_filter=ed")).await;
        assert_eq!(some["results"], json!([all["results"][1]]));
        let none = rig.see(&format!("/tag/summary?{range}&custom_llm_provider=azure")).await;
        assert_eq!(none["results"], json!([]));
        assert_eq!(rig.see("/tag/distinct").await,
            json!({"results": [{"tag": "red"}, {"tag": "blue"}]}));
        assert_eq!(named(rig.get("/tag/summary", &master()).await), "400 start_date");
    }

    async fn calls_that_were_too_many_are_counted_by_day_and_deployment(store: &Store) {
        let rig = Rig::new(store).await;
        let mut other = refused("f5", "d2", 429, 0);
        other.model_group = "slow".to_owned();
        let calls = [refused("f1", "d2", 429, 0), refused("f2", "d2", 429, 1),
            refused("f3", "d1", 500, 0), refused("f4", "d2", 429, 50), other];
        store.settle(&calls).await.unwrap();
        let range = "start_date=2026-09-20&end_date=2026-09-21&model_group=fast";
        let path = "/global/activity/exceptions";
        assert_eq!(rig.see(&format!("{path}?{range}")).await, json!({
            "daily_data": [
                {"date": "Sep 20", "num_rate_limit_exceptions": 1},
                {"date": "Sep 21", "num_rate_limit_exceptions": 2},
            ],
            "sum_num_rate_limit_exceptions": 3,
        }));
        let deployments = rig.see(&format!("{path}/deployment?{range}")).await;
        assert_eq!(deployments[0], json!({
            "api_base": "https://d2.example",
            "deployment": "d2",
            "daily_data": [
                {"date": "Sep 20", "num_rate_limit_exceptions": 1},
                {"date": "Sep 21", "num_rate_limit_exceptions": 1},
            ],
            "sum_num_rate_limit_exceptions": 2,
        }));
        assert_eq!((&deployments[1]["deployment"], &deployments[1]["api_base"]),
            (&json!("d1"), &Value::Null));
        let undated = rig.get(&format!("{path}?model_group=fast"), &master()).await;
        assert_eq!(named(undated), "400 start_date");
        let of_all = rig.get(&format!("{path}?start_date={TODAY}&end_date={TODAY}"), &master()).await;
        assert_eq!(named(of_all), "400 model_group");
    }

    async fn answers_out_of_the_cache_stand_beside_all_calls(store: &Store) {
        let rig = Rig::new(store).await;
        let mut hit = call("h1", "ann", Some("ann"), Some("t1"));
        hit.cache_hit = true;
        let gone = call("h2", "gone", None, None);
        store.settle(&[hit, gone]).await.unwrap();
        let range = format!("start_date={TODAY}&end_date={TODAY}");
        let rows = rig.see(&format!("/global/activity/cache_hits?{range}")).await;
        let of = |key: &str| {
            let found = rows.as_array().unwrap().iter().find(|it| it["api_key"] == key);
            found.unwrap().clone()
        };
        assert_eq!(of("ann"), json!({"api_key": "ann", "call_type": "acompletion", "model": "gpt",
            "total_rows": 2, "cache_hit_true_rows": 1, "cached_completion_tokens": 5,
            "generated_completion_tokens": 5}));
        assert_eq!(of("Unnamed Key")["cache_hit_true_rows"], 0);
        assert_eq!(rows.as_array().unwrap().len(), 5);
    }

    async fn what_litellm_calls_the_same_is_one_line_of_cache_hits(store: &Store) {
        let rig = Rig::new(store).await;
        let of = |id: &str, operation: &str, cache_hit: bool| {
            let mut row = call(id, "eve", Some("eve"), Some("t3"));
            row.operation = operation.to_owned();
            row.cache_hit = cache_hit;
            row
        };
        let calls = [of("k1", "audio.transcribe", true), of("k2", "audio.translate", false),
            of("k3", "/v1/chat/completions", false), of("k4", "chat", true)];
        store.settle(&calls).await.unwrap();
        let range = format!("start_date={TODAY}&end_date={TODAY}");
        let rows = rig.see(&format!("/global/activity/cache_hits?{range}")).await;
        let rows = rows.as_array().unwrap().iter().filter(|it| it["api_key"] == "eve");
        let told: Vec<_> = rows
            .map(|it| (it["call_type"].clone(), it["total_rows"].clone(), it["cache_hit_true_rows"].clone()))
            .collect();
        // The rig has a chat of hers.
        assert_eq!(told, [(json!("acompletion"), json!(3), json!(1)),
            (json!("atranscription"), json!(2), json!(1))]);
    }

    async fn there_is_nothing_to_refresh(store: &Store) {
        let rig = Rig::new(store).await;
        let told = rig.post("/global/spend/refresh", &master(), json!({})).await.unwrap();
        assert_eq!(told["status"], "success");
    }

    async fn the_speed_of_deployments_is_told_by_day_and_call(store: &Store) {
        let rig = Rig::new(store).await;
        let timed = |id: &str, base: Option<&str>, (first, took): (i64, i64), days_ago: i64| {
            let mut row = call(id, "ann", Some("ann"), Some("t1"));
            row.model_group = "timed".to_owned();
            row.deployment = base.unwrap_or("none").to_owned();
            row.api_base = base.map(str::to_owned);
            row.started_ms -= days_ago * DAY_MS;
            row.first_token_ms = Some(row.started_ms + first);
            row.ended_ms = row.started_ms + took;
            row
        };
        let azure = Some("https://a.example/openai/v1");
        let mut hit = timed("p4", azure, (9_000, 90_000), 0);
        hit.cache_hit = true;
        // Five output tokens each.
        let calls = [timed("p1", azure, (100, 1_000), 0), timed("p2", azure, (300, 3_000), 0),
            timed("p3", None, (500, 500), 1), hit];
        store.settle(&calls).await.unwrap();
        let range = "_selected_model_group=timed&startTime=2026-09-20&endTime=2026-09-21T23:59:59.000Z&api_key=null";
        let speed = rig.see(&format!("/model/metrics?{range}")).await;
        assert_eq!(speed, json!({
            "data": [{"date": "2026-09-20", "gpt": 0.1}, {"date": "2026-09-21", "https://a.example": 0.4}],
            "all_api_bases": ["gpt", "https://a.example"],
        }));
        // The one of the day before was no stream: its first token was its end.
        let first = rig.see(&format!("/model/streaming_metrics?{range}")).await;
        assert_eq!(first["data"], json!([{"date": "2026-09-21", "https://a.example": 0.2}]));
        let today = format!("_selected_model_group=timed&startTime={TODAY}&endTime={TODAY}");
        let first = rig.see(&format!("/model/streaming_metrics?{today}")).await;
        assert_eq!(first["data"], json!([{"date": "p1", "https://a.example": 0.1},
            {"date": "p2", "https://a.example": 0.3}]));
        let slow = rig.see(&format!("/model/metrics/slow_responses?{range}")).await;
        assert_eq!(slow, json!([{"api_base": "https://a.example", "total_count": 2, "slow_count": 1},
            {"api_base": "", "total_count": 1, "slow_count": 0}]));
        let nobody = rig.see(&format!("/model/metrics?{range}&customer=stranger")).await;
        assert_eq!(nobody, json!({"data": [], "all_api_bases": []}));
        let member = rig.get("/model/metrics", &member("ann")).await;
        assert!(named(member).starts_with("403"));
    }

    async fn failures_are_told_by_their_class_and_deployment(store: &Store) {
        let rig = Rig::new(store).await;
        let mut timeout = refused("x3", "d2", 408, 0);
        timeout.error.as_mut().unwrap().kind = "timeout".to_owned();
        let calls = [refused("x1", "d2", 429, 0), refused("x2", "d2", 429, 1), timeout];
        store.settle(&calls).await.unwrap();
        let range = "_selected_model_group=fast&startTime=2026-09-20&endTime=2026-09-21";
        let told = rig.see(&format!("/model/metrics/exceptions?{range}")).await;
        assert_eq!(told, json!({
            "data": [
                {"model": "gpt", "total_exceptions": 1, "RateLimitError": 1},
                {"model": "gpt-https://d2.example", "total_exceptions": 3, "RateLimitError": 2, "Timeout": 1},
            ],
            "exception_types": ["RateLimitError", "Timeout"],
        }));
    }
}
