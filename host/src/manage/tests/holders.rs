//! Budgets, customers, tags and access groups.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::manage::Method::{Delete, Get, Post, Put};
use crate::store::{BudgetRow, KeyRow, Store};

both! {
    async fn a_budget_is_shared_by_name_until_nobody_uses_it(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"budget_id": "b", "max_budget": 5, "soft_budget": 4, "tpm_limit": 1,
            "rpm_limit": 2, "tpd_limit": 3, "max_parallel_requests": 4, "budget_duration": "1d",
            "model_max_budget": {"m": {"budget_limit": 1.0, "time_period": "1d"}}});
        let made = rig.ok("/budget/new", body.clone()).await;
        for name in ["budget_id", "tpm_limit", "rpm_limit", "tpd_limit", "budget_duration",
            "max_parallel_requests", "model_max_budget"] {
            assert_eq!(made[name], body[name], "{name}");
        }
        let ends = &made["budget_reset_at"];
        assert!(ends.is_string());
        // A window ends by the calendar, and no answer says otherwise.
        let said = json!({"budget_id": "b", "budget_reset_at": "2099-01-31T12:00:00Z"});
        assert_eq!(&rig.ok("/budget/update", said).await["budget_reset_at"], ends);
        assert_eq!(rig.refused("/budget/new", body).await, "400 budget_id");
        let key = rig.ok("/key/generate", json!({"budget_id": "b"})).await;
        let row = rig.ok("/budget/update", json!({"budget_id": "b", "max_budget": 6})).await;
        assert_eq!((&row["max_budget"], &row["soft_budget"]), (&json!(6.0), &json!(4.0)));
        assert_eq!(rig.refused("/budget/delete", json!({"id": "b"})).await, "400 id");
        rig.ok("/key/update", json!({"key": key["key"], "budget_id": null})).await;
        rig.ok("/budget/delete", json!({"id": "b"})).await;
        for (path, body, refusal) in [
            ("/budget/delete", json!({"id": "b"}), "404 id"),
            ("/budget/update", json!({"budget_id": "b"}), "404 budget_id"),
            ("/budget/info", json!({"budgets": ["b"]}), "404 budgets"),
            ("/budget/new", json!({"max_budget": -1}), "400 max_budget"),
            ("/budget/new", json!({"budget_duration": "1y"}), "400 budget_duration"),
            ("/budget/new", json!({"budget_reset_at": "soon"}), "400 budget_reset_at"),
            ("/budget/new", json!({"max": 1}), "400 max"),
        ] {
            assert_eq!(rig.refused(path, body).await, refusal, "{path}");
        }
        rig.ok("/budget/new", json!({"budget_id": "c"})).await;
        assert_eq!(rig.see("/budget/list").await[0]["budget_id"], "c");
        let fields = rig.see("/budget/settings?budget_id=c").await;
        assert_eq!(fields[0]["field_name"], "max_budget");
    }

    async fn a_customer_is_made_blocked_and_deleted(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"user_id": "acme/1", "alias": "Acme", "max_budget": 5,
            "budget_duration": "1d", "default_model": "m", "allowed_model_region": "eu",
            "models": ["m"], "spend": 2});
        let made = rig.ok("/customer/new", body.clone()).await;
        for name in ["user_id", "alias", "default_model", "allowed_model_region", "models"] {
            assert_eq!(made[name], body[name], "{name}");
        }
        assert_eq!((&made["spend"], &made["litellm_budget_table"]["max_budget"]),
            (&json!(2.0), &json!(5.0)));
        assert_eq!(rig.refused("/end_user/new", body).await, "400 user_id");
        let row = rig.ok("/end_user/update", json!({"user_id": "acme/1", "max_budget": 6})).await;
        assert_eq!(row["litellm_budget_table"]["max_budget"], 6.0);
        let both = json!({"user_ids": ["acme/1", "stranger"]});
        let blocked = rig.ok("/customer/block", both.clone()).await;
        assert!(blocked["blocked_users"].as_array().unwrap().iter().all(|it| it["blocked"] == true));
        rig.ok("/end_user/unblock", both.clone()).await;
        assert_eq!(rig.see("/customer/list").await.as_array().unwrap().len(), 2);
        for (part, count) in [("CME", 1), ("range", 1), ("r", 1), ("x", 0)] {
            let found = rig.see(&format!("/customer/list?search={part}")).await;
            assert_eq!(found.as_array().unwrap().len(), count, "{part}");
        }
        let info = rig.see("/customer/info?end_user_id=acme/1").await;
        assert_eq!((&info["blocked"], &info["alias"]), (&json!(false), &json!("Acme")));
        let bad = json!({"user_ids": ["acme/1", "nobody"]});
        assert_eq!(rig.refused("/customer/delete", bad.clone()).await, "404 user_ids");
        assert_eq!(rig.refused("/customer/unblock", bad).await, "404 user_ids");
        assert_eq!(rig.ok("/customer/delete", both).await["deleted_customers"], 2);
        let gone = rig.get("/end_user/info?end_user_id=acme/1", &master()).await;
        assert_eq!(named(gone), "404 end_user_id");
        for (body, param) in [(json!({"user_id": "x", "max_budget": -1}), "max_budget"),
            (json!({"user_id": "x", "budget_id": "nobody"}), "budget_id"),
            (json!({"user_id": "x", "allowed_model_region": "mars"}), "allowed_model_region"),
            (json!({"alias": "x"}), "user_id")] {
            assert_eq!(rig.refused("/customer/new", body).await, format!("400 {param}"));
        }
    }

    async fn a_tag_has_models_and_a_budget(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"name": "prod", "description": "d", "models": ["m"], "max_budget": 5});
        let made = &rig.ok("/tag/new", body.clone()).await["tag"];
        assert_eq!((&made["name"], &made["litellm_budget_table"]["max_budget"]),
            (&json!("prod"), &json!(5.0)));
        assert_eq!(rig.refused("/tag/new", body).await, "400 name");
        rig.ok("/tag/update", json!({"name": "prod", "models": []})).await;
        let info = rig.ok("/tag/info", json!({"names": ["prod"]})).await;
        assert_eq!((&info["prod"]["models"], &info["prod"]["description"]),
            (&json!([]), &json!("d")));
        let seen = rig.get("/tag/list", &member("ann")).await.unwrap();
        assert_eq!(seen, json!([{"name": "prod", "description": "d"}]));
        rig.ok("/tag/delete", json!({"name": "prod"})).await;
        for path in ["/tag/delete", "/tag/update"] {
            assert_eq!(rig.refused(path, json!({"name": "prod"})).await, "404 name");
        }
        assert_eq!(rig.refused("/tag/info", json!({"names": ["prod"]})).await, "404 names");
    }

    async fn an_access_group_is_taken_from_keys_when_it_goes(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"access_group": "prod", "model_names": ["a", "b"]});
        let made = rig.ok("/access_group/new", body.clone()).await;
        let taken = rig.post("/access_group/new", &master(), body).await.unwrap_err();
        assert_eq!(taken.param.as_deref(), Some("access_group"));
        assert_eq!(taken.message, "`access_group` is taken already by another access group");
        let body = json!({"access_group_name": "prod"});
        assert_eq!(rig.refused("/v1/access_group", body).await, "400 access_group_name");
        let empty = json!({"access_group": "x", "model_names": []});
        assert_eq!(rig.refused("/access_group/new", empty).await, "400 model_names");
        let key = json!({"access_group_ids": [made["access_group_id"]]});
        let key = rig.ok("/key/generate", key).await;
        let path = "/access_group/prod/update";
        let body = json!({"model_names": ["c"]});
        rig.send(Put, path, &master(), body).await.unwrap();
        let put = async |body: Value| rig.send(Put, path, &master(), body).await;
        assert_eq!(named(put(json!({"access_group": "other"})).await), "400 access_group");
        put(json!({"access_group": "prod", "description": "d"})).await.unwrap();
        let id = made["access_group_id"].as_str().unwrap();
        let info = rig.see(&format!("/v1/access_group/{id}")).await;
        assert_eq!((&info["access_model_names"], &info["assigned_key_ids"]),
            (&json!(["c"]), &json!([key["token"]])));
        assert_eq!(rig.see("/access_group/list").await["access_groups"][0]["access_group"], "prod");
        rig.send(Delete, "/access_group/prod/delete", &master(), Value::Null).await.unwrap();
        let row = store.get::<KeyRow>(key["token"].as_str().unwrap()).await.unwrap().unwrap();
        assert!(row.doc.access_group_ids.is_empty());
        let gone = rig.get("/access_group/prod/info", &master()).await;
        assert_eq!(named(gone), "404 access_group");
        let body = json!({"access_group_name": "dev", "access_model_names": ["m"]});
        rig.ok("/v1/access_group", body).await;
        assert_eq!(rig.see("/v1/access_group").await[0]["access_group_name"], "dev");
    }

    async fn an_access_group_may_have_a_budget(store: &Store) {
        let rig = Rig::people(store).await;
        let path = "/access_group/prod/budget";
        let put = async |body: Value| rig.send(Put, path, &master(), body).await;
        assert_eq!(named(put(json!({"max_budget": 5})).await), "404 access_group");
        let body = json!({"access_group": "prod", "model_names": ["a", "b*"]});
        rig.ok("/access_group/new", body).await;
        assert_eq!(rig.see(path).await, json!({"access_group": "prod", "spend": 0.0, "budget": null}));
        for (bad, wanted) in [
            (json!({}), "400 max_budget"), (json!({"max_budget": -1}), "400 max_budget"),
            (json!({"rpm_limit": 1}), "400 rpm_limit"), (json!({"budget_id": "x"}), "400 budget_id"),
            (json!({"budget_duration": "soon"}), "400 budget_duration"),
        ] {
            assert_eq!(named(put(bad).await), wanted);
        }
        let set = put(json!({"max_budget": 5, "budget_duration": "30d"})).await.unwrap();
        assert_eq!((&set["budget"]["max_budget"], &set["budget"]["budget_duration"]),
            (&json!(5.0), &json!("30d")));
        let id = set["budget"]["budget_id"].as_str().unwrap();
        assert_eq!(rig.refused("/budget/delete", json!({"id": id})).await, "400 id");
        let more = put(json!({"max_budget": 6})).await.unwrap();
        assert_eq!((&more["budget"]["max_budget"], &more["budget"]["budget_id"]), (&json!(6.0), &json!(id)));
        let cleared = rig.send(Delete, path, &master(), Value::Null).await.unwrap();
        assert_eq!(cleared["budget_deleted"], true);
        assert!(store.get::<BudgetRow>(id).await.unwrap().is_none());
        let cleared = rig.send(Delete, path, &master(), Value::Null).await.unwrap();
        assert_eq!(cleared["budget_deleted"], false);
    }

    async fn users_do_not_manage_what_is_the_operators(store: &Store) {
        let rig = Rig::people(store).await;
        for caller in [member("ann"), member("lead"), member("head")] {
            for (method, path, body) in [
                (Post, "/budget/new", json!({})),
                (Post, "/budget/update", json!({"budget_id": "b"})),
                (Post, "/budget/delete", json!({"id": "b"})),
                (Post, "/budget/info", json!({"budgets": ["b"]})),
                (Get, "/budget/list", json!({})),
                (Post, "/customer/new", json!({"user_id": "x"})),
                (Post, "/customer/update", json!({"user_id": "x"})),
                (Post, "/customer/delete", json!({"user_ids": ["x"]})),
                (Post, "/customer/block", json!({"user_ids": ["x"]})),
                (Get, "/customer/list", json!({})),
                (Get, "/v2/customer/list", json!({})),
                (Get, "/customer/info?end_user_id=x", json!({})),
                (Post, "/tag/new", json!({"name": "x"})),
                (Post, "/tag/update", json!({"name": "x"})),
                (Post, "/tag/delete", json!({"name": "x"})),
                (Post, "/tag/info", json!({"names": ["x"]})),
                (Post, "/access_group/new", json!({"access_group": "x"})),
                (Put, "/access_group/x/update", json!({})),
                (Delete, "/access_group/x/delete", json!({})),
                (Get, "/access_group/x/budget", json!({})),
                (Put, "/access_group/x/budget", json!({"max_budget": 1})),
                (Delete, "/access_group/x/budget", json!({})),
                (Get, "/access_group/list", json!({})),
                (Get, "/invitation/info?invitation_id=x", json!({})),
                (Get, "/user/available_users", json!({})),
            ] {
                let answer = rig.send(method, path, &caller, body).await;
                assert!(named(answer).starts_with("403"), "{path}");
            }
        }
    }
}
