//! Every operation on a key, tried by everybody whose it is not.

use serde_json::{Value, json};

use super::rig::{Rig, both, holder, master, member, named, user};
use crate::auth::{Caller, Role};
use crate::manage::Method::{Get, Post};
use crate::store::{Store, TeamRow};

async fn all(rig: &Rig, caller: &Caller, key: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for (method, path, body) in [
        (Get, format!("/key/info?key={key}"), Value::Null),
        (
            Post,
            "/key/update".to_owned(),
            json!({"key": key, "rpm_limit": 1}),
        ),
        (Post, "/key/block".to_owned(), json!({"key": key})),
        (Post, "/key/unblock".to_owned(), json!({"key": key})),
        (Post, format!("/key/{key}/regenerate"), json!({})),
        (
            Post,
            format!("/key/{key}/reset_spend"),
            json!({"reset_to": 0}),
        ),
        (Post, "/key/delete".to_owned(), json!({"keys": [key]})),
    ] {
        answers.push(named(rig.send(method, &path, caller, body).await));
    }
    answers
}

both! {
    async fn nobody_reaches_a_key_of_others(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"team_id": "t1", "user_id": "ann"})).await;
        let key = made["token"].as_str().unwrap();
        rig.heard();
        for caller in [
            member("bob"),
            member("eve"),
            user("stranger", Role::InternalUser),
            holder("ab"),
            user("x", Role::Customer),
        ] {
            for answer in all(&rig, &caller, key).await {
                assert!(answer.starts_with("403 key"), "{answer} for {:?}", caller.user_id());
            }
            let many = json!({"keys": [key]});
            let seen = rig.post("/v2/key/info", &caller, many).await.unwrap();
            assert_eq!(seen["info"], json!([]));
            let body = json!({"keys": [{"key": key, "rpm_limit": 1}]});
            let bulk = rig.post("/key/bulk_update", &caller, body).await.unwrap();
            assert_eq!(bulk["successful_updates"], json!([]));
        }
        assert!(rig.heard().is_empty());
    }

    async fn who_only_looks_changes_nothing(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"user_id": "ann"})).await;
        let key = made["token"].as_str().unwrap();
        for caller in [user("x", Role::ProxyAdminViewer), user("ann", Role::InternalUserViewer)] {
            let answers = all_but_info(&rig, &caller, key).await;
            assert!(answers.iter().all(|it| it.starts_with("403")), "{answers:?}");
            let seen = rig.get(&format!("/key/info?key={key}"), &caller).await.unwrap();
            assert_eq!(seen["key"], key);
            assert_eq!(named(rig.post("/key/generate", &caller, json!({})).await), "403 user_id");
        }
    }

    async fn owners_and_those_above_them_manage_a_key(store: &Store) {
        let rig = Rig::people(store).await;
        for caller in [member("ann"), member("lead"), member("head"), user("r", Role::ProxyAdmin)] {
            let made = rig.ok("/key/generate", json!({"team_id": "t1", "user_id": "ann"})).await;
            let key = &made["key"];
            let path = format!("/key/info?key={}", key.as_str().unwrap());
            rig.get(&path, &caller).await.unwrap();
            let body = json!({"key": key, "rpm_limit": 5});
            rig.post("/key/update", &caller, body).await.unwrap();
            rig.post("/key/block", &caller, json!({"key": key})).await.unwrap();
            rig.post("/key/delete", &caller, json!({"keys": [key]})).await.unwrap();
        }
    }

    async fn keys_are_made_only_for_whom_one_may(store: &Store) {
        let rig = Rig::people(store).await;
        let made = async |caller: &str, body: Value| {
            let answer = rig.post("/key/generate", &member(caller), body).await;
            match answer {
                Ok(made) => made["user_id"].as_str().unwrap_or("nobody").to_owned(),
                refused => named(refused),
            }
        };
        assert_eq!(made("ann", json!({})).await, "ann");
        assert_eq!(made("ann", json!({"user_id": "bob"})).await, "403 user_id");
        assert_eq!(made("ann", json!({"team_id": "t1"})).await, "403 team_id");
        assert_eq!(made("lead", json!({"team_id": "t1", "user_id": "ann"})).await, "ann");
        assert_eq!(made("lead", json!({"team_id": "t1", "user_id": "eve"})).await, "400 user_id");
        assert_eq!(made("lead", json!({"team_id": "t2"})).await, "403 team_id");
        assert_eq!(made("head", json!({"team_id": "t2"})).await, "head");
        assert_eq!(made("head", json!({"team_id": "t3"})).await, "403 team_id");
        assert_eq!(made("eve", json!({"organization_id": "o1"})).await, "403 organization_id");
        assert_eq!(made("ann", json!({"spend": 0})).await, "403 spend");
        assert_eq!(made("ann", json!({"permissions": {}})).await, "403 permissions");
        let routes = json!({"allowed_passthrough_routes": ["/x"]});
        assert_eq!(made("ann", routes.clone()).await, "403 allowed_passthrough_routes");
        let inside = json!({ "metadata": routes });
        assert_eq!(made("ann", inside).await, "403 allowed_passthrough_routes");
        let without = json!({"disable_global_guardrails": true});
        assert_eq!(made("ann", without.clone()).await, "403 disable_global_guardrails");
        let inside = json!({ "metadata": without });
        assert_eq!(made("ann", inside).await, "403 disable_global_guardrails");
        let raise = json!({"temp_budget_increase": 5, "temp_budget_expiry": "2030-01-01"});
        let inside = json!({ "metadata": raise });
        assert_eq!(made("ann", inside).await, "403 temp_budget_increase");
        let service = json!({"team_id": "t1"});
        let path = "/key/service-account/generate";
        assert_eq!(named(rig.post(path, &member("ann"), service.clone()).await), "403 team_id");
        let account = rig.post(path, &member("lead"), service).await.unwrap();
        assert_eq!(account["user_id"], Value::Null);
        assert_eq!(rig.refused(path, json!({})).await, "400 team_id");
        let owned = json!({"team_id": "t1", "user_id": "ann"});
        assert_eq!(rig.refused(path, owned).await, "400 user_id");
    }

    async fn a_team_may_let_its_members_make_keys(store: &Store) {
        let rig = Rig::people(store).await;
        let mut change = store.change(0).await.unwrap();
        let mut team: TeamRow = change.need("t1").await.unwrap();
        team.doc.team_member_permissions = vec!["/key/generate".to_owned()];
        change.update(&team).await.unwrap();
        change.commit().await.unwrap();
        let own = json!({"team_id": "t1"});
        let made = rig.post("/key/generate", &member("ann"), own).await.unwrap();
        assert_eq!(made["user_id"], "ann");
        let other = json!({"team_id": "t1", "user_id": "bob"});
        assert_eq!(named(rig.post("/key/generate", &member("ann"), other).await), "403 user_id");
    }

    async fn a_key_moves_only_where_one_may_put_it(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/key/generate", json!({"team_id": "t1", "user_id": "ann"})).await;
        let moved = async |caller: &Caller, field: &str, to: Value| {
            let mut body = json!({"key": made["key"]});
            body[field] = to;
            named(rig.post("/key/update", caller, body).await)
        };
        assert_eq!(moved(&member("ann"), "team_id", json!(null)).await, "403 team_id");
        assert_eq!(moved(&member("ann"), "team_id", json!("t3")).await, "403 team_id");
        assert_eq!(moved(&member("ann"), "user_id", json!("bob")).await, "403 user_id");
        assert_eq!(moved(&member("lead"), "team_id", json!("t2")).await, "403 team_id");
        assert_eq!(moved(&member("lead"), "user_id", json!("eve")).await, "400 user_id");
        assert_eq!(moved(&member("ann"), "organization_id", json!("o2")).await,
            "400 organization_id");
        assert_eq!(moved(&master(), "team_id", json!("nobody")).await, "400 team_id");
        let body = json!({"key": made["key"], "user_id": "bob"});
        let row = rig.post("/key/update", &member("lead"), body).await.unwrap();
        assert_eq!(row["user_id"], "bob");
    }
}

async fn all_but_info(rig: &Rig, caller: &Caller, key: &str) -> Vec<String> {
    let mut answers = Vec::new();
    for (path, body) in [
        (
            "/key/update".to_owned(),
            json!({"key": key, "rpm_limit": 1}),
        ),
        ("/key/block".to_owned(), json!({"key": key})),
        (format!("/key/{key}/regenerate"), json!({})),
        (format!("/key/{key}/reset_spend"), json!({"reset_to": 0})),
        ("/key/delete".to_owned(), json!({"keys": [key]})),
    ] {
        answers.push(named(rig.post(&path, caller, body).await));
    }
    answers
}
