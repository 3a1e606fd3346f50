use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named, user};
use crate::auth::Role;
use crate::domain::Secret;
use crate::manage::{Input, PUBLIC, verify_password};
use crate::store::{KeyRow, Query, Store, TeamMemberRow, UserRow};

async fn public(rig: &Rig, path: &str, input: Input) -> Result<Value, crate::domain::Fault> {
    let (_, _, op) = PUBLIC.iter().find(|(_, known, _)| *known == path).unwrap();
    op(&rig.manage, input).await
}

both! {
    async fn a_new_user_comes_with_a_key(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"user_id": "zoe", "user_email": "zoe@example.com", "user_alias": "Zoe",
            "user_role": "internal_user", "max_budget": 10, "budget_duration": "1mo",
            "models": ["gpt-4o"], "tpm_limit": 5, "metadata": {"a": 1}, "key_alias": "first",
            "duration": "1d", "teams": ["t2", {"team_id": "t1", "user_role": "admin",
            "max_budget_in_team": 2}], "organizations": ["o1"], "spend": 1});
        let made = rig.ok("/user/new", body).await;
        assert!(made["key"].as_str().unwrap().starts_with("sk-"));
        assert_eq!((&made["max_budget"], &made["spend"]), (&json!(10.0), &json!(1.0)));
        assert_eq!(made["teams"], json!(["t1", "t2"]));
        let info = rig.see("/user/info?user_id=zoe").await;
        assert_eq!(info["user_info"]["organization_memberships"][0]["organization_id"], "o1");
        assert_eq!(info["keys"][0]["key_alias"], "first");
        assert_eq!(info["keys"][0]["max_budget"], Value::Null);
        assert_eq!(info["teams"].as_array().unwrap().len(), 2);
        let seat = store.get::<TeamMemberRow>("t1/zoe").await.unwrap().unwrap();
        assert!(seat.role == "admin" && seat.budget_id.is_some());
        let bare = rig.ok("/user/new", json!({"auto_create_key": false})).await;
        assert_eq!(bare["key"], Value::Null);
    }

    async fn bad_fields_of_a_user_are_refused_and_nothing_is_written(store: &Store) {
        let rig = Rig::people(store).await;
        for (field, value, refusal) in [
            ("max_budget", json!(-1), "400 max_budget"),
            ("user_role", json!("org_admin"), "400 user_role"),
            ("user_email", json!("nobody"), "400 user_email"),
            ("user_email", json!("ANN@example.com"), "409 user_email"),
            ("user_id", json!("ann"), "400 user_id"),
            ("teams", json!(["nobody"]), "400 teams.0"),
            ("teams", json!([{"team_id": "nobody"}]), "400 teams.0.team_id"),
            ("teams", json!([5]), "400 teams.0"),
            ("organizations", json!(["nobody"]), "400 organizations"),
            ("budget_id", json!("nobody"), "400 budget_id"),
            ("password", json!("short"), "400 password"),
            ("key", json!("no-key"), "400 key"),
            ("team_id", json!("nobody"), "400 team_id"),
            ("duration", json!("x"), "400 duration"),
            ("user_mail", json!("x"), "400 user_mail"),
        ] {
            let mut body = json!({});
            body[field] = value.clone();
            assert_eq!(rig.refused("/user/new", body).await, refusal, "{field}: {value}");
        }
        assert_eq!(store.list::<UserRow>(&Query::new()).await.unwrap().total, 6);
        assert_eq!(store.list::<KeyRow>(&Query::new()).await.unwrap().total, 0);
    }

    async fn users_change_little_of_themselves_and_nothing_of_others(store: &Store) {
        let rig = Rig::people(store).await;
        let ann = member("ann");
        let update = async |caller, body| rig.post("/user/update", caller, body).await;
        let row = update(&ann, json!({"user_id": "ann", "user_alias": "A."})).await.unwrap();
        assert_eq!(row["data"]["user_alias"], "A.");
        for (field, value) in [("max_budget", json!(1e6)), ("user_role", json!("proxy_admin")),
            ("models", json!([])), ("tpm_limit", json!(5)), ("spend", json!(0)),
            ("password", json!("long enough")), ("budget_id", json!(null))] {
            let mut body = json!({"user_id": "ann"});
            body[field] = value;
            assert_eq!(named(update(&ann, body).await), format!("403 {field}"));
        }
        let bob = json!({"user_id": "bob", "user_alias": "B."});
        assert_eq!(named(update(&ann, bob.clone()).await), "403 user_id");
        let head = member("head");
        assert_eq!(named(update(&head, bob).await), "403 user_id");
        let viewer = user("ann", Role::InternalUserViewer);
        let own = json!({"user_id": "ann", "user_alias": "x"});
        assert_eq!(named(update(&viewer, own).await), "403 user_id");
        for path in ["/user/info?user_id=bob", "/v2/user/info?user_id=bob"] {
            assert_eq!(named(rig.get(path, &ann).await), "403 user_id");
        }
        let own = rig.get("/v2/user/info", &ann).await.unwrap();
        assert_eq!(own["user_id"], "ann");
        assert_eq!(named(rig.get("/user/list", &ann).await), "403 user_ids");
        let gone = json!({"user_ids": ["bob"]});
        assert_eq!(named(rig.post("/user/delete", &ann, gone).await), "403 user_ids");
    }

    async fn organization_admins_rule_their_own_users_only(store: &Store) {
        let rig = Rig::people(store).await;
        let head = member("head");
        let made = async |body| rig.post("/user/new", &head, body).await;
        assert_eq!(named(made(json!({})).await), "403 organizations");
        assert_eq!(named(made(json!({"organizations": ["o2"]})).await), "403 organizations");
        let admin = json!({"organizations": ["o1"], "user_role": "proxy_admin"});
        assert_eq!(named(made(admin).await), "403 user_role");
        let other = json!({"organizations": ["o1"], "teams": ["t3"]});
        assert_eq!(named(made(other).await), "403 teams.0");
        made(json!({"user_id": "zoe", "organizations": ["o1"]})).await.unwrap();
        let body = json!({"user_id": "zoe", "max_budget": 5});
        rig.post("/user/update", &head, body).await.unwrap();
        let page = rig.get("/user/list?sort_by=user_id&sort_order=asc", &head).await.unwrap();
        assert_eq!((&page["total"], &page["users"][1]["user_id"]), (&json!(2), &json!("zoe")));
        // Of two organisations: no longer the one's alone.
        let body = json!({"organization_id": "o2", "member": {"user_id": "zoe",
            "role": "internal_user"}});
        rig.ok("/organization/member_add", body).await;
        let body = json!({"user_ids": ["zoe"]});
        assert_eq!(named(rig.post("/user/delete", &head, body).await), "403 user_ids");
    }

    async fn users_are_listed_by_role_team_and_email(store: &Store) {
        let rig = Rig::people(store).await;
        let total = async |query: &str| {
            rig.see(&format!("/user/list?{query}")).await["total"].as_i64().unwrap()
        };
        assert_eq!(total("").await, 6);
        assert_eq!(total("role=proxy_admin").await, 1);
        assert_eq!(total("team=t1").await, 3);
        assert_eq!(total("user_email=AN").await, 1);
        assert_eq!(total("user_ids=ann, bob").await, 2);
        assert_eq!(total("search=example.com").await, 6);
        assert_eq!(total("organization_ids=o1, o2").await, 1);
        assert_eq!(total("organization_ids=o2").await, 0);
        let form = async |query: &str| rig.see(&format!("/user/filter/ui?{query}")).await;
        let ann = json!([{"user_id": "ann", "user_email": "ann@example.com"}]);
        assert_eq!(form("user_email=ann@").await, ann);
        assert_eq!(form("search=AN").await, ann);
        assert_eq!(form("user_id=nobody").await, json!([]));
        assert_eq!(form("page_size=4").await.as_array().unwrap().len(), 4);
        let of_members = rig.get("/user/filter/ui", &member("ann")).await;
        assert_eq!(named(of_members), "403 user_ids");
        let page = rig.see("/user/list?page=2&page_size=4").await;
        assert_eq!(page["users"].as_array().unwrap().len(), 2);
        assert_eq!((&page["page_size"], &page["total_pages"]), (&json!(4), &json!(2)));
        assert_eq!(page["users"][0]["key_count"], 0);
        let wrong = rig.get("/user/list?role=root", &master()).await;
        assert_eq!(named(wrong), "400 role");
    }

    async fn a_user_goes_with_keys_seats_and_memberships(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/key/generate", json!({"user_id": "head"})).await;
        rig.ok("/invitation/new", json!({"user_id": "head"})).await;
        let bad = json!({"user_ids": ["head", "nobody"]});
        assert_eq!(rig.refused("/user/delete", bad).await, "404 user_ids");
        let gone = rig.ok("/user/delete", json!({"user_ids": ["head", "ann"]})).await;
        assert_eq!(gone["deleted_count"], 2);
        assert_eq!(rig.see("/key/list").await["total_count"], 0);
        assert_eq!(store.get::<TeamMemberRow>("t1/ann").await.unwrap(), None);
    }

    async fn many_users_are_changed_one_by_one(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"users": [{"user_id": "ann", "max_budget": 1},
            {"user_id": "nobody", "max_budget": 1}, {"user_id": "bob", "max_budget": -1}]});
        let answer = rig.ok("/user/bulk_update", body).await;
        assert_eq!((&answer["successful_updates"], &answer["failed_updates"]),
            (&json!(1), &json!(2)));
        let all = json!({"all_users": true, "user_updates": {"rpm_limit": 3}});
        assert_eq!(rig.ok("/user/bulk_update", all).await["successful_updates"], 6);
        let body = json!({"users": [{"user_id": "ann"}]});
        let refused = rig.post("/user/bulk_update", &member("head"), body).await;
        assert!(named(refused).starts_with("403"));
    }

    async fn an_invitation_sets_a_password_once(store: &Store) {
        let rig = Rig::people(store).await;
        assert_eq!(rig.refused("/invitation/new", json!({"user_id": "nobody"})).await,
            "400 user_id");
        let link = rig.ok("/invitation/new", json!({"user_id": "ann"})).await;
        let id = link["id"].as_str().unwrap();
        let query = Input { query: Input::pairs([("invite_link", id)]), ..Input::default() };
        let opened = public(&rig, "/onboarding/get_token", query).await.unwrap();
        assert_eq!(opened["user_email"], "ann@example.com");
        let claim = |user: &str, password: &str| Input {
            body: json!({"invitation_link": id, "user_id": user, "password": password})
                .as_object().cloned().unwrap(),
            ..Input::default()
        };
        let path = "/onboarding/claim_token";
        let other = public(&rig, path, claim("bob", "long enough")).await;
        assert_eq!(named(other), "400 user_id");
        let short = public(&rig, path, claim("ann", "short")).await;
        assert_eq!(named(short), "400 password");
        let done = public(&rig, path, claim("ann", "long enough")).await.unwrap();
        assert!(!done.to_string().contains("scrypt"));
        let twice = public(&rig, path, claim("ann", "other password")).await;
        assert_eq!(named(twice), "401 invitation_link");
        let row = store.get::<UserRow>("ann").await.unwrap().unwrap();
        let hash = row.doc.password_hash.unwrap();
        assert!(verify_password(&Secret::new("long enough"), &hash).await.unwrap());
        let log = format!("{:?}", rig.audit().await);
        assert!(!log.contains(id) && !log.contains("scrypt") && log.contains("password set"));
        let info = rig.see(&format!("/invitation/info?invitation_id={id}")).await;
        assert_eq!(info["is_accepted"], true);
        let body = json!({"invitation_id": id, "is_accepted": false});
        assert_eq!(rig.ok("/invitation/update", body).await["is_accepted"], false);
        rig.ok("/invitation/delete", json!({"invitation_id": id})).await;
        assert_eq!(rig.refused("/invitation/delete", json!({"invitation_id": id})).await,
            "404 invitation_id");
    }

    async fn nobody_invites_upwards(store: &Store) {
        let rig = Rig::people(store).await;
        let invite = async |caller: &str, user: &str| {
            let body = json!({"user_id": user});
            named(rig.post("/invitation/new", &member(caller), body).await)
        };
        assert_eq!(invite("ann", "bob").await, "403 user_id");
        assert_eq!(invite("lead", "ann").await, "403 user_id");
        let body = json!({"organization_id": "o1", "member": {"user_id": "root",
            "role": "internal_user"}});
        rig.ok("/organization/member_add", body).await;
        assert_eq!(invite("head", "root").await, "403 user_id");
        assert_eq!(invite("head", "eve").await, "403 user_id");
    }

    async fn a_password_is_changed_by_who_knows_it(store: &Store) {
        let rig = Rig::people(store).await;
        let change = async |old: &str, new: &str| {
            let body = json!({"current_password": old, "new_password": new});
            rig.post("/user/password/change", &member("ann"), body).await
        };
        assert_eq!(named(change("x", "long enough").await), "400 current_password");
        rig.ok("/user/update", json!({"user_id": "ann", "password": "the first one"})).await;
        assert_eq!(named(change("wrong one", "long enough").await), "400 current_password");
        assert_eq!(named(change("the first one", "short").await), "400 new_password");
        assert_eq!(named(change("the first one", "the first one").await), "400 new_password");
        change("the first one", "the second one").await.unwrap();
        assert_eq!(named(change("the first one", "another one").await), "400 current_password");
        let all = format!("{:?}{}", rig.audit().await, rig.see("/user/info?user_id=ann").await);
        assert!(!all.contains("scrypt") && !all.contains("second"));
    }
}
