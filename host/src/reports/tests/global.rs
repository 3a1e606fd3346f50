use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::rig::{DAY_MS, Rig, TODAY, both, call, hash, master};
use crate::domain::{CallStatus, Entity, EntityKind, Usd};
use crate::store::tests::NOW;
use crate::store::{AuditFilter, Store, TOTAL, WHOLE};

both! {
    async fn all_customers_are_named(store: &Store) {
        let rig = Rig::new(store).await;
        let all = rig.see("/global/all_end_users").await;
        assert_eq!(all, json!({"end_users": ["customer"]}));
    }

    async fn the_last_month_is_summed_where_no_dates_are_given(store: &Store) {
        let rig = Rig::new(store).await;
        assert_eq!(rig.see("/global/spend").await, json!({"spend": 15.0, "max_budget": 1000.0}));
        let ever = "start_date=2026-08-01&end_date=2026-09-30";
        assert_eq!(rig.see(&format!("/global/spend?{ever}")).await["spend"], 31.0);
        assert_eq!(rig.see("/global/spend/logs").await, json!([{"date": TODAY, "spend": 15.0}]));
        assert_eq!(rig.see(&format!("/global/spend/logs?{ever}&api_key=sk-ann")).await,
            json!([{"date": "2026-08-12", "spend": 16.0}, {"date": TODAY, "spend": 1.0}]));
    }

    async fn budgets_of_providers_are_shown_with_what_was_spent(store: &Store) {
        let rig = Rig::new(store).await;
        let openai = Entity::new(EntityKind::Provider, "openai");
        let spent = Usd::from_dollars(0.25).unwrap();
        let ends = Some(NOW + 1000);
        store.set_spent(&openai, "1d", spent, ends).await.unwrap();
        let shown = rig.see("/provider/budgets").await;
        let budget = |spend: f64, at: &Value| json!({
            "budget_limit": 20.0, "time_period": "1d", "spend": spend, "budget_reset_at": at,
        });
        let at = |name: &str| shown["providers"][name]["budget_reset_at"].clone();
        assert!(at("azure").is_string() && at("openai").is_string());
        assert_eq!(shown, json!({"providers": {
            "azure": budget(1.5, &at("azure")), "openai": budget(0.25, &at("openai")),
        }}));
        store.set_spent(&openai, "1d", spent, Some(NOW)).await.unwrap();
        let over = rig.see("/provider/budgets").await;
        assert_eq!(over["providers"]["openai"], budget(0.0, &Value::Null));
    }

    async fn the_most_expensive_come_first(store: &Store) {
        let rig = Rig::new(store).await;
        let keys = rig.see("/global/spend/keys?limit=2").await;
        assert_eq!(keys, json!([
            {"api_key": hash("solo"), "key_alias": "solo", "key_name": "sk-...", "total_spend": 8.0},
            {"api_key": hash("eve"), "key_alias": "eve", "key_name": "sk-...", "total_spend": 4.0},
        ]));
        let teams = rig.see("/global/spend/teams").await;
        assert_eq!(teams["daily_spend"],
            json!([{"team t1": 3.0, "team t3": 4.0, "date": TODAY}]));
        assert_eq!(teams["teams"], json!(["team t1", "team t3"]));
        assert_eq!(teams["total_spend_per_team"][0],
            json!({"team_id": "t3", "team_alias": "team t3", "total_spend": 4.0}));
        assert_eq!(rig.see("/global/spend/models").await,
            json!([{"model": "fast", "total_spend": 15.0}]));
        assert_eq!(rig.see("/global/spend/provider").await,
            json!([{"provider": "openai", "spend": 15.0}]));
    }

    async fn tags_and_customers_are_summed(store: &Store) {
        let rig = Rig::new(store).await;
        let red = json!({"name": "red", "spend": 15.0, "log_count": 5});
        for path in ["/global/spend/tags", "/global/spend/tags?tags=red,blue",
            "/global/spend/tags?tags=all-tags"] {
            assert_eq!(rig.see(path).await["spend_per_tag"], json!([red]), "{path}");
        }
        assert_eq!(rig.see("/global/spend/all_tag_names").await, json!({"tag_names": ["red"]}));
        assert_eq!(rig.see("/spend/tags").await,
            json!([{"individual_request_tag": "red", "log_count": 5, "total_spend": 15.0}]));
        let body = json!({"api_key": "sk-bob", "startTime": TODAY, "endTime": TODAY});
        assert_eq!(rig.post("/global/spend/end_users", &master(), body).await.unwrap(),
            json!([{"end_user": "customer", "total_count": 1, "total_spend": 2.0}]));
    }

    async fn holders_are_listed_by_what_they_spent_in_all(store: &Store) {
        let rig = Rig::new(store).await;
        let keys = rig.see("/spend/keys").await;
        let spends: Vec<f64> = keys.as_array().unwrap().iter()
            .map(|it| it["spend"].as_f64().unwrap()).collect();
        assert_eq!(spends, [17.0, 8.0, 4.0, 2.0]);
        assert_eq!(keys[0]["token"], hash("ann"));
        assert_eq!(rig.see("/spend/keys?limit=1&page=2").await[0]["key_alias"], "solo");
        let users = rig.see("/spend/users").await;
        assert_eq!((&users[0]["user_id"], &users[0]["spend"]), (&json!("ann"), &json!(17.0)));
        let one = rig.see("/spend/users?user_id=bob").await;
        assert_eq!((one.as_array().unwrap().len(), &one[0]["spend"]), (1, &json!(2.0)));
    }

    async fn activity_has_every_day_of_its_range(store: &Store) {
        let rig = Rig::new(store).await;
        let range = "start_date=2026-09-20&end_date=2026-09-22";
        let all = rig.see(&format!("/global/activity?{range}")).await;
        assert_eq!(all, json!({
            "daily_data": [
                {"date": "Sep 20", "api_requests": 0, "total_tokens": 0},
                {"date": "Sep 21", "api_requests": 5, "total_tokens": 75},
                {"date": "Sep 22", "api_requests": 0, "total_tokens": 0},
            ],
            "sum_api_requests": 5,
            "sum_total_tokens": 75,
        }));
        let models = rig.see(&format!("/global/activity/model?{range}")).await;
        assert_eq!(models[0]["model"], "fast");
        assert_eq!(models[0]["daily_data"], all["daily_data"]);
    }

    async fn the_gateways_answers_are_counted_by_day_and_route(store: &Store) {
        let rig = Rig::new(store).await;
        let mut failed = call("f1", "ann", Some("ann"), Some("t1"));
        failed.operation = "embeddings".to_owned();
        failed.status = CallStatus::Failure;
        failed.started_ms -= DAY_MS;
        store.settle(&[failed]).await.unwrap();
        let all = rig.see("/gateway/daily/activity").await;
        assert_eq!(all, json!({
            "total_successful_requests": 4,
            "total_failed_requests": 2,
            "by_date": [
                {"date": "2026-09-20", "successful_requests": 0, "failed_requests": 1},
                {"date": "2026-09-21", "successful_requests": 4, "failed_requests": 1},
            ],
            "by_route": [
                {"category": "inference", "route": "/chat/completions",
                    "successful_requests": 4, "failed_requests": 1},
                {"category": "inference", "route": "/embeddings",
                    "successful_requests": 0, "failed_requests": 1},
            ],
        }));
        let day = "start_date=2026-09-21&end_date=2026-09-21";
        let one = rig.see(&format!("/gateway/daily/activity?{day}")).await;
        assert_eq!((&one["total_failed_requests"], &one["total_successful_requests"]), (&json!(1), &json!(4)));
    }

    async fn a_reset_begins_the_budgets_of_keys_and_teams_again(store: &Store) {
        let rig = Rig::new(store).await;
        let key = Entity::new(EntityKind::Key, hash("solo"));
        let user = Entity::new(EntityKind::User, "ann");
        store.open_window(&user, WHOLE, None).await.unwrap();
        store.set_spent(&user, WHOLE, Usd::from_row(7), None).await.unwrap();
        store.set_spent(&key, WHOLE, Usd::from_row(7), Some(99)).await.unwrap();
        rig.post("/global/spend/reset", &master(), json!({})).await.unwrap();
        let team = Entity::new(EntityKind::Team, "t1");
        let accounts = store.accounts(&[key, user, team]).await.unwrap();
        let of = |kind, span: &str| {
            let found = accounts.iter().find(|it| it.entity.kind == kind && it.span == span);
            found.map(|it| (it.spent.dollars(), it.reset_at))
        };
        // A window stays as long as it was; what was spent in all and what users spent stays.
        assert_eq!(of(EntityKind::Key, WHOLE), Some((0.0, Some(99))));
        assert_eq!(of(EntityKind::Team, WHOLE), Some((0.0, None)));
        assert_eq!(of(EntityKind::Key, TOTAL), Some((8.0, None)));
        assert_eq!(of(EntityKind::User, WHOLE), Some((7e-12, None)));
        assert_eq!(rig.world.resets.load(Ordering::Relaxed), 1);
        let log = store.audit_log(&AuditFilter::default(), 10).await.unwrap();
        assert_eq!((log.len(), log[0].1.action.as_str()), (1, "spend_reset"));
        assert_eq!(rig.see("/global/spend").await["spend"], 15.0);
    }
}
