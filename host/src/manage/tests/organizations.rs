use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::manage::Method::{Delete, Patch};
use crate::store::{BudgetRow, Query, Store, TeamRow};

both! {
    async fn an_organization_has_a_budget_of_its_own_or_by_name(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"organization_alias": "acme", "organization_id": "o9", "models": ["m"],
            "max_budget": 100, "budget_duration": "30d", "metadata": {"a": 1},
            "model_rpm_limit": {"m": 5}, "spend": 2.5});
        let made = rig.ok("/organization/new", body).await;
        assert_eq!(made["spend"], 2.5);
        assert_eq!(made["litellm_budget_table"]["max_budget"], 100.0);
        assert_eq!(made["metadata"], json!({"a": 1, "model_rpm_limit": {"m": 5}}));
        let more = json!({"organization_id": "o9", "max_budget": 200});
        let row = rig.send(Patch, "/organization/update", &master(), more).await.unwrap();
        assert_eq!(row["budget_id"], made["budget_id"]);
        assert_eq!(row["litellm_budget_table"]["max_budget"], 200.0);
        assert_eq!(row["litellm_budget_table"]["budget_duration"], "30d");
        for (body, param) in [
            (json!({}), "organization_alias"),
            (json!({"organization_alias": "x", "budget_id": "nobody"}), "budget_id"),
            (json!({"organization_alias": "x", "budget_id": made["budget_id"], "max_budget": 1}),
                "max_budget"),
            (json!({"organization_alias": "x", "max_budget": -1}), "max_budget"),
            (json!({"organization_alias": "x", "organization_id": "o1"}), "organization_id"),
            (json!({"organization_alias": "x", "organisation_id": "o"}), "organisation_id"),
        ] {
            assert_eq!(rig.refused("/organization/new", body).await, format!("400 {param}"));
        }
    }

    async fn members_of_an_organization_come_change_and_go(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"organization_id": "o1", "max_budget_in_organization": 5,
            "member": {"user_email": "new@example.com", "role": "internal_user"}});
        let added = rig.post("/organization/member_add", &member("head"), body).await.unwrap();
        let seat = &added["updated_organization_memberships"][0];
        assert_eq!(seat["litellm_budget_table"]["max_budget"], 5.0);
        let id = &added["updated_users"][0]["user_id"];
        let body = json!({"organization_id": "o1", "user_id": id, "role": "org_admin"});
        let path = "/organization/member_update";
        let row = rig.send(Patch, path, &member("head"), body).await.unwrap();
        assert_eq!(row["user_role"], "org_admin");
        let gone = json!({"organization_id": "o1", "user_id": id});
        let path = "/organization/member_delete";
        rig.send(Delete, path, &master(), gone.clone()).await.unwrap();
        assert_eq!(named(rig.send(Delete, path, &master(), gone).await), "404 user_id");
        assert_eq!(store.list::<BudgetRow>(&Query::new()).await.unwrap().total, 0);
        let body = json!({"organization_id": "o1", "member": {"user_id": "ann", "role": "boss"}});
        assert_eq!(rig.refused("/organization/member_add", body).await, "400 role");
        let body = json!({"organization_id": "o1", "member": {"user_id": "head",
            "role": "internal_user"}});
        assert_eq!(rig.refused("/organization/member_add", body).await, "400 member.user_id");
    }

    async fn an_organization_goes_with_its_teams(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/key/generate", json!({"team_id": "t1"})).await;
        rig.ok("/key/generate", json!({"organization_id": "o1"})).await;
        let path = "/organization/delete";
        let bad = json!({"organization_ids": ["o1", "nobody"]});
        assert_eq!(named(rig.send(Delete, path, &master(), bad).await), "404 organization_ids");
        let body = json!({"organization_ids": ["o1"]});
        rig.send(Delete, path, &master(), body).await.unwrap();
        assert_eq!(rig.see("/key/list").await["total_count"], 0);
        assert_eq!(store.list::<TeamRow>(&Query::new()).await.unwrap().total, 1);
    }

    async fn organizations_are_seen_by_who_is_in_them(store: &Store) {
        let rig = Rig::people(store).await;
        let list = rig.get("/organization/list", &member("head")).await.unwrap();
        assert_eq!((list.as_array().unwrap().len(), &list[0]["organization_id"]),
            (1, &json!("o1")));
        assert_eq!(rig.get("/organization/list", &member("ann")).await.unwrap(), json!([]));
        assert_eq!(rig.see("/organization/list").await.as_array().unwrap().len(), 2);
        let info = rig.get("/organization/info?organization_id=o1", &member("head")).await;
        assert_eq!(info.unwrap()["teams"].as_array().unwrap().len(), 2);
        let foreign = rig.get("/organization/info?organization_id=o2", &member("head")).await;
        assert_eq!(named(foreign), "403 organization_id");
        let body = json!({"organizations": ["o1", "o2"]});
        let foreign = rig.post("/organization/info", &member("head"), body).await;
        assert_eq!(named(foreign), "403 organizations");
        let money = json!({"organization_id": "o1", "max_budget": 1e6});
        let refused = rig.send(Patch, "/organization/update", &member("head"), money).await;
        assert_eq!(named(refused), "403 max_budget");
        let made = rig.post("/organization/new", &member("head"), Value::Null).await;
        assert!(named(made).starts_with("403"));
    }
}
