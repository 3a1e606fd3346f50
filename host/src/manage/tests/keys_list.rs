use serde_json::{Value, json};

use super::rig::{Rig, both, member, named, user};
use crate::auth::{Caller, Role};
use crate::store::Store;

/// Keys with aliases: ann's own, ann's and bob's in t1, t1's service, eve's in t3, nobody's.
async fn keys(store: &Store) -> Rig {
    let rig = Rig::people(store).await;
    for (alias, user, team) in [
        ("ann own", json!("ann"), json!(null)),
        ("ann t1", json!("ann"), json!("t1")),
        ("bob t1", json!("bob"), json!("t1")),
        ("service t1", json!(null), json!("t1")),
        ("eve t3", json!("eve"), json!("t3")),
        ("nobody", json!(null), json!(null)),
    ] {
        let body = json!({"key_alias": alias, "user_id": user, "team_id": team});
        rig.ok("/key/generate", body).await;
    }
    rig
}

async fn seen(rig: &Rig, caller: &Caller, query: &str) -> Vec<String> {
    let path =
        format!("/key/list?return_full_object=true&sort_by=key_alias&sort_order=asc&{query}");
    let page = rig.get(&path, caller).await.unwrap();
    let keys = page["keys"].as_array().unwrap();
    assert_eq!(page["total_count"], keys.len());
    keys.iter()
        .map(|it| it["key_alias"].as_str().unwrap().to_owned())
        .collect()
}

both! {
    async fn everyone_lists_what_is_theirs(store: &Store) {
        let rig = keys(store).await;
        let root = user("root", Role::ProxyAdmin);
        assert_eq!(seen(&rig, &root, "").await.len(), 6);
        assert_eq!(seen(&rig, &user("v", Role::ProxyAdminViewer), "").await.len(), 6);
        assert_eq!(seen(&rig, &member("ann"), "").await, ["ann own", "ann t1"]);
        assert_eq!(seen(&rig, &member("ann"), "include_team_keys=true").await,
            ["ann own", "ann t1", "service t1"]);
        assert_eq!(seen(&rig, &member("lead"), "include_team_keys=true").await,
            ["ann t1", "bob t1", "service t1"]);
        assert_eq!(seen(&rig, &member("lead"), "team_id=t1").await,
            ["ann t1", "bob t1", "service t1"]);
        assert_eq!(seen(&rig, &member("head"), "team_id=t1").await.len(), 3);
        assert_eq!(seen(&rig, &user("stranger", Role::InternalUser), "").await.len(), 0);
        for (query, field) in [("user_id=bob", "user_id"), ("team_id=t3", "team_id"),
            ("organization_id=o2", "organization_id"), ("team_id=nobody", "team_id")] {
            let answer = rig.get(&format!("/key/list?{query}"), &member("ann")).await;
            assert_eq!(named(answer), format!("403 {field}"));
        }
    }

    async fn a_key_is_of_the_organization_of_its_team(store: &Store) {
        let rig = keys(store).await;
        let root = user("root", Role::ProxyAdmin);
        let of_t1 = ["ann t1", "bob t1", "service t1"];
        assert_eq!(seen(&rig, &root, "organization_id=o1").await, of_t1);
        assert_eq!(seen(&rig, &root, "organization_id=o2").await, ["eve t3"]);
        assert_eq!(seen(&rig, &member("head"), "").await, of_t1);
        let page = rig.see("/key/list?return_full_object=true&team_id=t3").await;
        assert_eq!((&page["keys"][0]["organization_id"], &page["keys"][0]["org_id"]),
            (&json!("o2"), &json!("o2")));
        let info = rig.see(&format!("/key/info?key={}", page["keys"][0]["token"].as_str().unwrap())).await;
        assert_eq!(info["info"]["organization_id"], "o2");
        // A team that moves takes its keys along.
        rig.ok("/team/update", json!({"team_id": "t3", "organization_id": "o1"})).await;
        assert_eq!(seen(&rig, &root, "organization_id=o1").await.len(), 4);
        let made = rig.ok("/key/generate", json!({"team_id": "t2"})).await;
        assert_eq!(made["organization_id"], "o1");
    }

    async fn keys_are_found_by_their_access_group_and_agent(store: &Store) {
        let rig = keys(store).await;
        let root = user("root", Role::ProxyAdmin);
        let group = rig.ok("/v1/access_group", json!({"access_group_name": "g", "access_model_names": []})).await;
        let id = group["access_group_id"].as_str().unwrap().to_owned();
        let body = json!({"key_alias": "grouped", "access_group_ids": [&id], "agent_id": "a1"});
        rig.ok("/key/generate", body).await;
        // Its id elsewhere is not its name.
        let body = json!({"key_alias": "noted", "metadata": {"access_group_ids": [&id], "agent_id": "a1"}});
        rig.ok("/key/generate", body).await;
        assert_eq!(seen(&rig, &root, &format!("access_group_id={id}")).await, ["grouped"]);
        assert_eq!(seen(&rig, &root, "agent_id=a1").await, ["grouped"]);
        assert_eq!(seen(&rig, &root, "agent_id=a2").await.len(), 0);
    }

    async fn filters_narrow_a_list(store: &Store) {
        let rig = keys(store).await;
        let root = user("root", Role::ProxyAdmin);
        assert_eq!(seen(&rig, &root, "user_id=ann").await, ["ann own", "ann t1"]);
        assert_eq!(seen(&rig, &root, "team_id=t1&user_id=bob").await, ["bob t1"]);
        assert_eq!(seen(&rig, &root, "key_alias=t1").await.len(), 0);
        assert_eq!(seen(&rig, &root, "key_alias=T1&substring_matching=true").await.len(), 3);
        assert_eq!(seen(&rig, &root, "search=own").await, ["ann own"]);
        let ann = rig.see("/key/list?key_alias=ann own").await["keys"][0].clone();
        let hash = ann.as_str().unwrap();
        assert_eq!(seen(&rig, &root, &format!("key_hash={hash}")).await, ["ann own"]);
        rig.ok("/key/block", json!({"key": hash})).await;
        assert_eq!(seen(&rig, &root, "status=revoked").await, ["ann own"]);
        assert_eq!(seen(&rig, &root, "status=active").await.len(), 5);
        assert_eq!(seen(&rig, &root, "expires=expired").await.len(), 0);
        assert_eq!(seen(&rig, &root, "status=deleted").await.len(), 0);
    }

    async fn pages_are_counted_from_one(store: &Store) {
        let rig = keys(store).await;
        let page = rig.see("/key/list?page=2&size=4").await;
        assert_eq!(page["keys"].as_array().unwrap().len(), 2);
        assert_eq!((&page["total_count"], &page["current_page"], &page["total_pages"]),
            (&json!(6), &json!(2), &json!(2)));
        assert!(page["keys"][0].as_str().unwrap().len() == 64);
        for (query, field) in [("page=0", "page"), ("page=x", "page"), ("size=101", "size"),
            ("sort_by=doc", "sort_by"), ("sort_order=up", "sort_order"), ("status=new", "status"),
            ("return_full_object=maybe", "return_full_object"), ("expand=team", "expand"),
            ("pages=1", "pages")] {
            let answer = rig.get(&format!("/key/list?{query}"), &user("r", Role::ProxyAdmin)).await;
            assert_eq!(named(answer), format!("400 {field}"));
        }
    }

    async fn the_user_of_a_key_is_shown_with_it(store: &Store) {
        let rig = keys(store).await;
        let page = rig.see("/key/list?user_id=ann&expand=user").await;
        assert_eq!(page["keys"][0]["user"]["user_email"], "ann@example.com");
    }

    async fn aliases_are_listed_like_keys(store: &Store) {
        let rig = keys(store).await;
        assert_eq!(rig.see("/key/aliases").await["total_count"], 6);
        let own = rig.get("/key/aliases", &member("ann")).await.unwrap();
        assert_eq!(own["aliases"], json!(["ann own", "ann t1", "service t1"]));
        let found = rig.see("/key/aliases?search=EVE&size=1").await;
        assert_eq!(found["aliases"], json!(["eve t3"]));
        assert_eq!(found["keys"], Value::Null);
    }
}
