use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::domain::{Entity, EntityKind, Usd};
use crate::manage::Method::{Get, Patch};
use crate::store::{BudgetRow, KeyRow, Query, Store, TOTAL, TeamMemberRow, UserRow};

/// Every field that a team takes.
fn everything() -> Value {
    let fields = r#"{
        "team_alias": "search", "organization_id": "o1", "metadata": {"cost_centre": "7"},
        "models": ["gpt-4o"], "blocked": false, "router_settings": {"num_retries": 1},
        "access_group_ids": [], "default_team_member_models": ["gpt-4o"],
        "model_aliases": {"fast": "gpt-4o"}, "object_permission": {"mcp_servers": ["s"]},
        "secret_manager_settings": {"a": 1},
        "enforced_batch_output_expires_after": {"anchor": "created_at", "seconds": 3600},
        "enforced_file_expires_after": {"anchor": "created_at", "seconds": 3600},
        "team_member_key_duration": "7d", "team_member_permissions": ["/key/generate"],
        "max_budget": 100.0, "soft_budget": 80.0, "budget_duration": "30d",
        "budget_limits": [{"budget_duration": "1d", "max_budget": 5.0}], "tpm_limit": 1,
        "rpm_limit": 2, "tpd_limit": 3, "max_parallel_requests": 4,
        "model_max_budget": {"gpt-4o": {"budget_limit": 1.0, "time_period": "1d"}},
        "model_rpm_limit": {"gpt-4o": 2}, "model_tpm_limit": {"gpt-4o": 200}, "tags": ["a"],
        "guardrails": ["pii"], "policies": ["p"], "prompts": ["q"],
        "disable_global_guardrails": true, "allowed_passthrough_routes": ["/x"],
        "mcp_rpm_limit": {"github": 5}, "rpm_limit_type": "guaranteed_throughput"
    }"#;
    serde_json::from_str(fields).unwrap()
}

both! {
    async fn every_field_of_a_team_is_given_back(store: &Store) {
        let rig = Rig::people(store).await;
        let made = rig.ok("/team/new", everything()).await;
        let id = made["team_id"].as_str().unwrap();
        let info = rig.see(&format!("/team/info?team_id={id}")).await;
        for (name, value) in everything().as_object().unwrap() {
            if name != "metadata" {
                assert_eq!(&info["team_info"][name], value, "{name}");
            }
        }
        assert_eq!(info["team_info"]["metadata"]["cost_centre"], "7");
        let aliases = &info["team_info"]["litellm_model_table"]["model_aliases"];
        assert_eq!(aliases["fast"], "gpt-4o");
        assert_eq!((&info["keys"], &info["team_memberships"]), (&json!([]), &json!([])));
    }

    async fn bad_fields_of_a_team_are_refused_and_nothing_is_written(store: &Store) {
        let rig = Rig::people(store).await;
        for (field, value, param) in [
            ("max_budget", json!(-1), "max_budget"),
            ("budget_duration", json!("soon"), "budget_duration"),
            ("organization_id", json!("nobody"), "organization_id"),
            ("team_id", json!("t1"), "team_id"),
            ("team_id", json!("a/b"), "team_id"),
            ("models", json!("gpt"), "models"),
            ("admins", json!(["nobody"]), "admins"),
            ("team_member_permissions", json!(["/config/update"]), "team_member_permissions"),
            ("access_group_ids", json!(["nobody"]), "access_group_ids"),
            ("members_with_roles", json!([{"user_id": "nobody", "role": "user"}]),
                "members_with_roles.0.user_id"),
            ("members_with_roles", json!([{"user_id": "ann"}]), "members_with_roles.0.role"),
            ("members_with_roles", json!([{"user_email": "x", "role": "user"}]),
                "members_with_roles.0.user_email"),
            ("team_alia", json!("x"), "team_alia"),
            ("team_member_budget", json!(-1), "team_member_budget"),
        ] {
            let mut body = json!({"members_with_roles": [
                {"user_email": "new@example.com", "role": "user"}]});
            body[field] = value.clone();
            let refused = rig.refused("/team/new", body).await;
            assert_eq!(refused, format!("400 {param}"), "{field}: {value}");
        }
        assert_eq!(store.list::<UserRow>(&Query::new()).await.unwrap().total, 6);
        assert!(rig.audit().await.is_empty() && rig.heard().is_empty());
    }

    async fn members_come_by_id_or_email_and_leave_with_their_keys(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"team_id": "t2", "member": [
            {"user_id": "ann", "role": "user"},
            {"user_email": "New@Example.com", "role": "admin"}], "max_budget_in_team": 5});
        let added = rig.ok("/team/member_add", body).await;
        assert_eq!(added["updated_users"].as_array().unwrap().len(), 2);
        let memberships = added["updated_team_memberships"].as_array().unwrap();
        assert!(memberships.iter().all(|it| it["litellm_budget_table"]["max_budget"] == 5.0));
        let again = json!({"team_id": "t2", "member": {"user_email": "ANN@example.com",
            "role": "user"}});
        assert_eq!(rig.refused("/team/member_add", again).await, "400 member.user_email");
        let unknown = json!({"team_id": "t2", "member": {"user_id": "nobody", "role": "user"}});
        assert_eq!(rig.refused("/team/member_add", unknown).await, "400 member.user_id");

        rig.ok("/key/generate", json!({"team_id": "t2", "user_id": "ann"})).await;
        rig.heard();
        let gone = json!({"team_id": "t2", "user_email": "ann@example.com"});
        let left = rig.ok("/team/member_delete", gone.clone()).await;
        assert_eq!(left["members_with_roles"].as_array().unwrap().len(), 1);
        let heard = rig.heard();
        assert!(heard.iter().any(|(kind, _)| *kind == "key"));
        assert!(heard.contains(&("team_member", "t2/ann".to_owned())));
        assert!(heard.contains(&("user", "ann".to_owned())));
        assert_eq!(store.list::<KeyRow>(&Query::new()).await.unwrap().total, 0);
        // The other member's budget is all that is left of the two.
        assert_eq!(store.list::<BudgetRow>(&Query::new()).await.unwrap().total, 1);
        assert_eq!(rig.refused("/team/member_delete", gone).await, "404 user_email");
    }

    async fn one_bad_member_keeps_all_out_but_not_in_bulk(store: &Store) {
        let rig = Rig::people(store).await;
        let members = json!([{"user_email": "new@example.com", "role": "user"},
            {"user_id": "nobody", "role": "user"}]);
        let all = json!({"team_id": "t2", "member": members});
        assert_eq!(rig.refused("/team/member_add", all).await, "400 member.1.user_id");
        assert_eq!(store.list::<UserRow>(&Query::new()).await.unwrap().total, 6);
        let each = json!({"team_id": "t2", "members": members});
        let answer = rig.ok("/team/bulk_member_add", each).await;
        assert_eq!((&answer["successful_additions"], &answer["failed_additions"]),
            (&json!(1), &json!(1)));
        assert_eq!(answer["results"][1]["success"], false);
        assert_eq!(store.list::<UserRow>(&Query::new()).await.unwrap().total, 7);
    }

    async fn a_member_has_the_teams_budget_or_its_own(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/team/update", json!({"team_id": "t1", "team_member_budget": 3})).await;
        let seat = store.get::<TeamMemberRow>("t1/ann").await.unwrap().unwrap();
        let shared = seat.budget_id.clone().unwrap();
        let bob = store.get::<TeamMemberRow>("t1/bob").await.unwrap().unwrap();
        assert_eq!(bob.budget_id.as_ref(), Some(&shared));
        let body = json!({"team_id": "t1", "user_id": "ann", "max_budget_in_team": 9,
            "allowed_models": ["gpt-4o"], "role": "admin"});
        let own = rig.ok("/team/member_update", body).await;
        assert_eq!((&own["max_budget_in_team"], &own["role"]), (&json!(9.0), &json!("admin")));
        let seat = store.get::<TeamMemberRow>("t1/ann").await.unwrap().unwrap();
        assert_ne!(seat.budget_id.as_ref(), Some(&shared));
        rig.ok("/team/update", json!({"team_id": "t1", "team_member_budget": 4})).await;
        let budget = store.get::<BudgetRow>(&shared).await.unwrap().unwrap();
        assert_eq!(budget.max_budget.unwrap().dollars(), 4.0);
        let me = rig.get("/team/t1/members/me", &member("bob")).await.unwrap();
        assert_eq!(me["litellm_budget_table"]["max_budget"], 4.0);
        assert_eq!((&me["team_alias"], &me["role"]), (&json!("team t1"), &json!("user")));
        let half = json!({"team_id": "t1", "user_id": "ann", "temp_budget_increase": 1});
        assert_eq!(rig.refused("/team/member_update", half).await, "400 temp_budget_expiry");
    }

    async fn a_members_spend_is_reset_by_who_leads_the_team(store: &Store) {
        let rig = Rig::people(store).await;
        let entity = Entity::new(EntityKind::TeamMember, "t1/ann");
        store.set_spent(&entity, TOTAL, Usd::from_dollars(2.0).unwrap(), None).await.unwrap();
        let path = "/team/t1/member/ann/reset_spend";
        assert_eq!(rig.refused(path, json!({"reset_to": 3})).await, "400 reset_to");
        let foreign = rig.post(path, &member("bob"), json!({})).await;
        assert_eq!(named(foreign), "403 team_id");
        let done = rig.post(path, &member("lead"), json!({})).await.unwrap();
        assert_eq!((&done["spend"], &done["previous_spend"]), (&json!(0.0), &json!(2.0)));
        let me = rig.get("/team/t1/members/me", &member("ann")).await.unwrap();
        assert_eq!((&me["spend"], &me["total_spend"]), (&json!(0.0), &json!(2.0)));
        let none = rig.post("/team/t1/member/eve/reset_spend", &master(), json!({})).await;
        assert_eq!(named(none), "404 user_id");
    }

    async fn a_team_goes_with_all_that_hangs_on_it(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/team/update", json!({"team_id": "t1", "team_member_budget": 3})).await;
        rig.ok("/key/generate", json!({"team_id": "t1"})).await;
        let bad = json!({"team_ids": ["t1", "nobody"]});
        assert_eq!(rig.refused("/team/delete", bad).await, "404 team_ids");
        assert_eq!(rig.see("/key/list").await["total_count"], 1);
        let gone = rig.ok("/team/delete", json!({"team_ids": ["t1"]})).await;
        assert_eq!(gone["deleted_teams"], json!(["t1"]));
        assert_eq!(rig.see("/key/list").await["total_count"], 0);
        assert_eq!(store.list::<BudgetRow>(&Query::new()).await.unwrap().total, 0);
        assert_eq!(rig.see("/user/info?user_id=ann").await["teams"], json!([]));
    }

    async fn models_come_and_go_but_not_the_last(store: &Store) {
        let rig = Rig::people(store).await;
        let body = |models: Value| json!({"team_id": "t1", "models": models});
        let team = rig.ok("/team/model/add", body(json!(["a", "b", "a"]))).await;
        assert_eq!(team["models"], json!(["a", "b"]));
        let team = rig.ok("/team/model/delete", body(json!(["a"]))).await;
        assert_eq!(team["models"], json!(["b"]));
        assert_eq!(rig.refused("/team/model/delete", body(json!(["b"]))).await, "400 models");
        assert_eq!(rig.refused("/team/model/delete", body(json!(["z"]))).await, "400 models");
        assert_eq!(rig.refused("/team/model/add", body(json!([]))).await, "400 models");
    }

    async fn a_team_is_patched_blocked_and_permits(store: &Store) {
        let rig = Rig::people(store).await;
        let path = "/team/t1";
        let row = rig.send(Patch, path, &master(), json!({"rpm_limit": 5})).await.unwrap();
        assert_eq!((&row["rpm_limit"], &row["team_alias"]), (&json!(5), &json!("team t1")));
        let other = rig.send(Patch, path, &master(), json!({"team_id": "t2"})).await;
        assert_eq!(named(other), "400 team_id");
        assert_eq!(rig.ok("/team/block", json!({"team_id": "t1"})).await["blocked"], true);
        assert_eq!(rig.ok("/team/unblock", json!({"team_id": "t1"})).await["blocked"], false);
        let body = json!({"team_id": "t1", "team_member_permissions": ["/key/generate"]});
        rig.ok("/team/permissions_update", body).await;
        let listed = rig.see("/team/permissions_list?team_id=t1").await;
        assert_eq!(listed["team_member_permissions"], json!(["/key/generate"]));
        let bulk = "/team/permissions_bulk_update";
        let body = json!({"permissions": ["/key/update"], "apply_to_all_teams": true});
        assert_eq!(rig.ok(bulk, body).await["teams_updated"], 3);
        let listed = rig.see("/team/permissions_list?team_id=t1").await;
        assert_eq!(listed["team_member_permissions"], json!(["/key/generate", "/key/update"]));
        let body = json!({"permissions": ["/key/update"], "team_ids": ["t1", "nobody"]});
        assert_eq!(rig.refused(bulk, body).await, "404 team_ids");
        let body = json!({"team_id": "t1", "team_member_permissions": ["/everything"]});
        assert_eq!(rig.refused("/team/permissions_update", body).await,
            "400 team_member_permissions");
    }

    async fn everyone_lists_their_teams(store: &Store) {
        let rig = Rig::people(store).await;
        let teams = async |caller: &str, query: &str| {
            let path = format!("/v2/team/list?sort_by=team_id&sort_order=asc{query}");
            let page = rig.send(Get, &path, &member(caller), Value::Null).await.unwrap();
            let all = page["teams"].as_array().unwrap();
            all.iter().map(|it| it["team_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(teams("ann", "").await, ["t1"]);
        assert_eq!(teams("head", "").await, ["t1", "t2"]);
        assert_eq!(teams("eve", "&team_alias=T3").await, ["t3"]);
        assert_eq!(teams("eve", "&team_id=t1").await, Vec::<String>::new());
        let page = rig.see("/v2/team/list?page=2&page_size=2").await;
        assert_eq!((&page["total"], &page["total_pages"]), (&json!(3), &json!(2)));
        assert_eq!(page["teams"].as_array().unwrap().len(), 1);
        assert_eq!(rig.see("/team/list").await.as_array().unwrap().len(), 3);
        let found = async |query: &str| rig.see(&format!("/v2/team/list?{query}")).await["total"].clone();
        assert_eq!(found("search=t").await, 3);
        rig.ok("/team/new", json!({"team_id": "x-1", "team_alias": "y"})).await;
        assert_eq!(found("search=x-").await, 0);
        assert_eq!(found("search=x-&search_team_id_match=prefix").await, 1);
        assert_eq!(found("team_ids=x-1, t1,nobody").await, 2);
        assert_eq!(found("status=deleted").await, 0);
        let form = rig.get("/team/filter/ui?team_id=t", &member("head")).await.unwrap();
        assert_eq!(form.as_array().unwrap().len(), 2);
        for _ in 0..3 {
            rig.ok("/key/generate", json!({"team_id": "t1"})).await;
        }
        let info = rig.see("/team/info?team_id=t1&key_limit=2").await;
        assert_eq!(info["keys"].as_array().unwrap().len(), 2);
        for (path, refusal) in [("/v2/team/list?status=gone", "400 status"),
            ("/team/info?team_id=t1&key_limit=0", "400 key_limit")] {
            assert_eq!(named(rig.get(path, &member("lead")).await), refusal);
        }
        let foreign = rig.get("/team/list?user_id=eve", &member("ann")).await;
        assert_eq!(named(foreign), "403 user_id");
    }

    async fn who_makes_a_team_leads_it(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"team_id": "t9", "organization_id": "o1"});
        let made = rig.post("/team/new", &member("head"), body).await.unwrap();
        assert_eq!(made["members_with_roles"][0]["user_id"], "head");
        assert_eq!(made["members_with_roles"][0]["role"], "admin");
    }
}
