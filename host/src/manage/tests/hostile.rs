//! Whatever is sent, the answer is never a failure of ours.

use serde_json::{Map, Value, json};

use super::rig::{Rig, both, master, named};
use crate::manage::Method::{Patch, Post, Put};
use crate::manage::{Input, OPERATIONS, PUBLIC};
use crate::store::{KeyRow, Query, Store};

/// Fields of all operations: an operation refuses those that it does not know.
const FIELDS: &[&str] = &[
    "key",
    "keys",
    "key_aliases",
    "key_alias",
    "duration",
    "models",
    "max_budget",
    "spend",
    "user_id",
    "team_id",
    "organization_id",
    "budget_id",
    "metadata",
    "budget_duration",
    "budget_limits",
    "model_max_budget",
    "model_rpm_limit",
    "aliases",
    "tags",
    "rpm_limit",
    "rpm_limit_type",
    "allowed_ips",
    "auto_rotate",
    "access_group_ids",
    "grace_period",
    "new_key",
    "reset_to",
    "update_fields",
    "team_ids",
    "member",
    "members",
    "role",
    "team_member_permissions",
    "members_with_roles",
    "team_member_budget",
    "user_email",
    "user_ids",
    "user_role",
    "password",
    "teams",
    "organizations",
    "users",
    "user_updates",
    "organization_alias",
    "organization_ids",
    "budgets",
    "id",
    "name",
    "names",
    "access_group",
    "model_names",
    "access_group_name",
    "invitation_id",
    "is_accepted",
    "credential_name",
    "credential_values",
    "credential_info",
    "model_id",
    "model_name",
    "litellm_params",
    "model_info",
    "general_settings",
    "environment_variables",
    "field_name",
    "field_value",
    "config_type",
    "invitation_link",
    "invite_link",
    "page",
    "size",
    "page_size",
    "sort_by",
    "search",
    "end_user_id",
    "litellm_model_id",
    "model_group",
    "modelId",
    "status",
    "expand",
    "permissions",
    "user_alias",
    "current_password",
    "temp_budget_increase",
];

fn values() -> [Value; 9] {
    [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e308),
        json!("nobody"),
        json!("a\u{0}b\u{7f}\u{202e}'\";--"),
        json!([]),
        json!([{"user_id": "nobody", "role": "user", "model": "x"}, 1, "\u{0}", null, ["a"]]),
        json!({"a": {"b": [1, null, "\u{0}"]}, "\u{0}": "x", "model": "m", "id": "m\u{0}"}),
    ]
}

async fn refused_or_done(rig: &Rig, path: &Map<String, Value>, map: &Map<String, Value>) {
    let input = || Input {
        path: path.clone(),
        query: map.clone(),
        body: map.clone(),
        ..Input::default()
    };
    for (method, route, op) in OPERATIONS {
        if let Err(fault) = op(&rig.manage, &master(), input()).await {
            let status = fault.status.unwrap_or(500);
            assert!(
                (400..500).contains(&status),
                "{method:?} {route} {map:?}: {fault}"
            );
        }
    }
    for (method, route, op) in PUBLIC {
        let answer = op(&rig.manage, input()).await;
        assert!(named(answer).starts_with('4'), "{method:?} {route}");
    }
}

both! {
    async fn no_request_makes_us_fail(store: &Store) {
        let rig = Rig::people(store).await;
        for part in ["nobody", "a\u{0}b", ""] {
            let names = ["key", "team_id", "user_id", "access_group", "credential_name",
                "model_id"];
            let path = Input::pairs(names.map(|it| (it, part)));
            refused_or_done(&rig, &path, &Map::new()).await;
        }
        let path = Input::pairs([("team_id", "t1"), ("key", "k"), ("user_id", "ann"),
            ("access_group", "g"), ("credential_name", "c"), ("model_id", "m")]);
        for field in FIELDS {
            for value in values() {
                let mut map = Map::new();
                map.insert((*field).to_owned(), value);
                refused_or_done(&rig, &path, &map).await;
            }
        }
    }

    async fn no_change_takes_the_name_of_another(store: &Store) {
        let rig = Rig::people(store).await;
        for name in ["one", "two"] {
            rig.ok("/key/generate", json!({"key": format!("sk-of-{name}-12345678"),
                "key_alias": name})).await;
            rig.ok("/v1/access_group", json!({"access_group_name": name,
                "access_model_names": ["alpha"]})).await;
            rig.ok("/guardrails", json!({"guardrail": {"guardrail_id": name,
                "guardrail_name": name, "litellm_params": {"guardrail": "lakera"}}})).await;
        }
        rig.ok("/user/update", json!({"user_id": "bob", "sso_user_id": "bobs"})).await;
        let key = "sk-of-one-12345678";
        let before = rig.everything().await;
        for (method, path, body, refusal) in [
            (Post, "/key/update", json!({"key": key, "key_alias": "two"}), "400 key_alias"),
            (Post, "/key/regenerate", json!({"key": key, "key_alias": "two"}), "400 key_alias"),
            (Post, "/key/regenerate", json!({"key": key, "new_key": "sk-of-two-12345678"}),
                "400 new_key"),
            (Post, "/user/update", json!({"user_id": "ann", "user_email": "bob@example.com"}),
                "409 user_email"),
            (Post, "/user/update", json!({"user_id": "ann", "user_email": "BOB@Example.com"}),
                "409 user_email"),
            (Post, "/user/update", json!({"user_id": "ann", "sso_user_id": "bobs"}),
                "400 sso_user_id"),
            (Put, "/v1/access_group/one", json!({"access_group_name": "two"}),
                "400 access_group_name"),
            (Patch, "/guardrails/one", json!({"guardrail_name": "two"}), "400 guardrail_name"),
            (Put, "/guardrails/one", json!({"guardrail": {"guardrail_name": "two",
                "litellm_params": {"guardrail": "lakera"}}}), "400 guardrail_name"),
        ] {
            let refused = named(rig.send(method, path, &master(), body.clone()).await);
            assert_eq!(refused, refusal, "{method:?} {path} {body}");
        }
        // Many at once are answered one by one.
        for (path, body, failed) in [
            ("/key/bulk_update", json!({"keys": [{"key": key, "key_alias": "two"}]}),
                "/failed_updates/0/failed_reason"),
            ("/user/bulk_update", json!({"users": [{"user_id": "ann",
                "user_email": "bob@example.com"}]}), "/results/0/error"),
            ("/team/bulk_member_add", json!({"team_id": "t1", "members": [
                {"role": "user", "user_id": "ann"}]}), "/results/0/error"),
        ] {
            let answer = rig.ok(path, body).await;
            let told = answer.pointer(failed).and_then(Value::as_str).unwrap_or_default();
            assert!(told.contains("already"), "{path}: {answer}");
        }
        assert_eq!(rig.everything().await, before);
    }

    async fn of_two_requests_for_one_alias_one_is_refused(store: &Store) {
        let rig = Rig::people(store).await;
        let (first, second) = tokio::join!(one(&rig), one(&rig));
        let refused: Vec<String> = [first, second].into_iter()
            .filter(Result::is_err).map(named).collect();
        assert_eq!(refused, ["400 key_alias"]);
        assert_eq!(store.list::<KeyRow>(&Query::new()).await.unwrap().total, 1);
    }
}

async fn one(rig: &Rig) -> Result<Value, crate::domain::Fault> {
    rig.post("/key/generate", &master(), json!({"key_alias": "one"}))
        .await
}
