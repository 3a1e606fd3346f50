//! Every operation on a team or an organisation, tried by everybody whose it is not.

use serde_json::json;

use super::rig::{Rig, both, holder, member, named, user};
use crate::auth::Role;
use crate::manage::Method::{Delete, Get, Patch, Post};
use crate::store::Store;

both! {
    async fn nobody_changes_a_team_of_others(store: &Store) {
        let rig = Rig::people(store).await;
        for caller in [
            member("ann"),
            member("eve"),
            member("stranger"),
            holder("ab"),
            user("lead", Role::InternalUserViewer),
            user("x", Role::ProxyAdminViewer),
        ] {
            for (method, path, body) in [
                (Post, "/team/update", json!({"team_id": "t1", "models": []})),
                (Patch, "/team/t1", json!({"models": []})),
                (Post, "/team/delete", json!({"team_ids": ["t1"]})),
                (Post, "/team/block", json!({"team_id": "t1"})),
                (Post, "/team/unblock", json!({"team_id": "t1"})),
                (Post, "/team/member_add", json!({"team_id": "t1",
                    "member": {"user_id": "eve", "role": "user"}})),
                (Post, "/team/bulk_member_add", json!({"team_id": "t1",
                    "members": [{"user_id": "eve", "role": "user"}]})),
                (Post, "/team/member_update", json!({"team_id": "t1", "user_id": "ann",
                    "role": "admin"})),
                (Post, "/team/member_delete", json!({"team_id": "t1", "user_id": "bob"})),
                (Post, "/team/model/add", json!({"team_id": "t1", "models": ["m"]})),
                (Post, "/team/model/delete", json!({"team_id": "t1", "models": ["m"]})),
                (Post, "/team/permissions_update", json!({"team_id": "t1",
                    "team_member_permissions": []})),
                (Post, "/team/key/bulk_update", json!({"team_id": "t1",
                    "all_keys_in_team": true, "update_fields": {"rpm_limit": 1}})),
            ] {
                let answer = named(rig.send(method, path, &caller, body).await);
                assert!(answer.starts_with("403 team_id"), "{path}: {answer}");
            }
        }
        for path in ["/team/info?team_id=t1", "/team/permissions_list?team_id=t1",
            "/team/t1/members/me"] {
            for caller in [member("eve"), member("stranger")] {
                assert_eq!(named(rig.get(path, &caller).await), "403 team_id", "{path}");
            }
        }
        assert!(rig.heard().is_empty() && rig.audit().await.is_empty());
    }

    async fn a_team_admin_does_not_lift_the_teams_limits(store: &Store) {
        let rig = Rig::people(store).await;
        let lead = member("lead");
        let ok = json!({"team_id": "t1", "team_alias": "renamed"});
        rig.post("/team/update", &lead, ok).await.unwrap();
        for (field, value) in [("max_budget", json!(1e6)), ("budget_limits", json!([])),
            ("tpm_limit", json!(null)), ("rpm_limit", json!(9)), ("blocked", json!(false)),
            ("organization_id", json!("o2")), ("spend", json!(0))] {
            let mut body = json!({"team_id": "t1"});
            body[field] = value;
            let answer = rig.post("/team/update", &lead, body).await;
            assert_eq!(named(answer), format!("403 {field}"));
        }
        let body = json!({"team_ids": ["t1"]});
        assert_eq!(named(rig.post("/team/delete", &lead, body).await), "403 team_ids");
        let body = json!({"team_id": "t1"});
        assert_eq!(named(rig.post("/team/unblock", &lead, body).await), "403 team_id");
        let all = json!({"team_id": "t1", "all_users": true});
        let answer = rig.post("/team/bulk_member_add", &lead, all).await;
        assert!(named(answer).starts_with("403"));
    }

    async fn an_organization_admin_stays_inside(store: &Store) {
        let rig = Rig::people(store).await;
        let head = member("head");
        let body = json!({"team_id": "t2", "max_budget": 5});
        rig.post("/team/update", &head, body).await.unwrap();
        for body in [json!({"team_id": "t3", "max_budget": 5})] {
            assert_eq!(named(rig.post("/team/update", &head, body).await), "403 team_id");
        }
        let body = json!({"team_id": "t2", "organization_id": "o2"});
        assert_eq!(named(rig.post("/team/update", &head, body).await), "403 organization_id");
        let body = json!({"team_id": "t2", "organization_id": null});
        assert!(named(rig.post("/team/update", &head, body).await).starts_with("403"));
        for body in [json!({}), json!({"organization_id": "o2"})] {
            let answer = rig.post("/team/new", &head, body).await;
            assert_eq!(named(answer), "403 organization_id");
        }
        let answer = rig.post("/team/new", &member("ann"), json!({"organization_id": "o1"})).await;
        assert_eq!(named(answer), "403 organization_id");
        for (method, path, body) in [
            (Post, "/organization/member_add", json!({"organization_id": "o2",
                "member": {"user_id": "head", "role": "org_admin"}})),
            (Patch, "/organization/member_update", json!({"organization_id": "o2",
                "user_id": "eve", "role": "org_admin"})),
            (Delete, "/organization/member_delete", json!({"organization_id": "o2",
                "user_id": "eve"})),
            (Patch, "/organization/update", json!({"organization_id": "o2"})),
            (Get, "/organization/info?organization_id=o2", json!({})),
        ] {
            let answer = named(rig.send(method, path, &head, body).await);
            assert_eq!(answer, "403 organization_id", "{path}");
        }
    }

    async fn members_see_only_their_own_part_of_a_team(store: &Store) {
        let rig = Rig::people(store).await;
        for user in ["ann", "bob"] {
            rig.ok("/key/generate", json!({"team_id": "t1", "user_id": user})).await;
        }
        let seen = rig.get("/team/info?team_id=t1", &member("ann")).await.unwrap();
        assert_eq!(seen["keys"].as_array().unwrap().len(), 1);
        assert_eq!(seen["team_memberships"].as_array().unwrap().len(), 1);
        let seen = rig.get("/team/info?team_id=t1", &member("lead")).await.unwrap();
        assert_eq!(seen["keys"].as_array().unwrap().len(), 2);
        assert_eq!(seen["team_memberships"].as_array().unwrap().len(), 3);
    }
}
