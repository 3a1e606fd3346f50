//! What LiteLLM has beside its rows: customers and tags of calls, groups given to their holders, and
//! fields that mean nothing here.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::domain::{Entity, EntityKind, SpendRow, Usd};
use crate::manage::Method::{Patch, Put};
use crate::store::Store;
use crate::store::tests::call;

both! {
    async fn whoever_a_call_names_is_a_customer(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/customer/new", json!({"user_id": "known", "alias": "Known"})).await;
        let named = |id: &str, customer: &str| {
            let payer = Entity::new(EntityKind::EndUser, customer);
            SpendRow { end_user: Some(customer.to_owned()), ..call(id, Usd::from_dollars(0.5), &[payer]) }
        };
        let rows = [named("1", "new"), named("2", "new"), named("3", "known"), call("4", None, &[])];
        store.settle(&rows).await.unwrap();
        let info = rig.see("/customer/info?end_user_id=new").await;
        assert_eq!((&info["spend"], &info["blocked"]), (&json!(1.0), &json!(false)));
        let info = rig.see("/customer/info?end_user_id=known").await;
        assert_eq!((&info["spend"], &info["alias"]), (&json!(0.5), &json!("Known")));
        assert_eq!(rig.see("/customer/list").await.as_array().unwrap().len(), 2);
        rig.ok("/customer/update", json!({"user_id": "new", "max_budget": 1})).await;
        store.settle(&[named("5", "new")]).await.unwrap();
        let info = rig.see("/customer/info?end_user_id=new").await;
        assert_eq!(info["litellm_budget_table"]["max_budget"], 1.0);
    }

    async fn tags_of_calls_are_listed_with_the_days_they_were_used_on(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/tag/new", json!({"name": "made"})).await;
        let tagged = |id: &str, tag: &str, day: i64| {
            let mut row = call(id, Usd::from_dollars(0.5), &[Entity::new(EntityKind::Tag, tag)]);
            row.started_ms = day * 86_400_000;
            row
        };
        let rows = [tagged("1", "made", 3), tagged("2", "free", 3), tagged("3", "free", 5), tagged("4", "old", 1)];
        store.settle(&rows).await.unwrap();
        let names = |list: &Value| -> Vec<String> {
            let all = list.as_array().unwrap().iter();
            all.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
        };
        let list = rig.see("/tag/list").await;
        assert_eq!(names(&list), ["made", "free", "old"]);
        assert_eq!((&list[1]["created_at"], &list[1]["updated_at"]),
            (&json!("1970-01-04T00:00:00Z"), &json!("1970-01-06T00:00:00Z")));
        let list = rig.see("/tag/list?start_date=1970-01-03&end_date=1970-01-04").await;
        assert_eq!(names(&list), ["made", "free"]);
        let list = rig.see("/tag/list?start_date=1970-01-07").await;
        assert_eq!(names(&list), ["made"]);
        let refused = rig.get("/tag/list?end_date=soon", &master()).await;
        assert_eq!(named(refused), "400 end_date");
        // What others call their calls is not for everybody.
        assert_eq!(names(&rig.get("/tag/list", &member("ann")).await.unwrap()), ["made"]);
    }

    async fn an_access_group_is_given_to_keys_and_teams_and_taken_again(store: &Store) {
        let rig = Rig::people(store).await;
        let key = rig.ok("/key/generate", json!({})).await;
        let body = json!({"access_group_name": "g", "access_model_names": ["m"],
            "assigned_team_ids": ["t1", "t2"], "assigned_key_ids": [key["key"]]});
        let made = rig.ok("/v1/access_group", body).await;
        assert_eq!(made["assigned_key_ids"], json!([key["token"]]));
        assert_eq!(made["assigned_team_ids"].as_array().unwrap().len(), 2);
        let id = made["access_group_id"].as_str().unwrap();
        assert_eq!(rig.see("/team/info?team_id=t1").await["team_info"]["access_group_ids"], json!([id]));
        let path = format!("/v1/access_group/{id}");
        let put = async |body: Value| rig.send(Put, &path, &master(), body).await;
        let row = put(json!({"assigned_team_ids": ["t2"], "assigned_key_ids": []})).await.unwrap();
        assert_eq!((&row["assigned_team_ids"], &row["assigned_key_ids"]), (&json!(["t2"]), &json!([])));
        assert_eq!(put(json!({"description": "d"})).await.unwrap()["assigned_team_ids"], json!(["t2"]));
        for (body, wanted) in [
            (json!({"assigned_team_ids": ["nobody"]}), "400 assigned_team_ids"),
            (json!({"assigned_key_ids": ["nobody"]}), "400 assigned_key_ids"),
        ] {
            assert_eq!(named(put(body).await), wanted);
        }
        // Deployments stand for their model groups.
        let body = json!({"access_group": "h", "model_ids": ["d1", "d3"]});
        assert_eq!(rig.ok("/access_group/new", body).await["model_names"], json!(["alpha", "gamma"]));
        let body = json!({"access_group": "i", "model_ids": ["nobody"]});
        assert_eq!(rig.refused("/access_group/new", body).await, "400 model_ids");
    }

    async fn what_litellm_takes_and_means_nothing_here_is_told_or_taken(store: &Store) {
        let rig = Rig::people(store).await;
        let key = rig.ok("/key/generate", json!({})).await;
        for (path, body, wanted) in [
            ("/team/update", json!({"team_id": "t1", "require_trace_id": true}), "400 require_trace_id"),
            ("/team/new", json!({"require_trace_id": true}), "400 require_trace_id"),
            ("/user/update", json!({"user_id": "ann", "blocked": true}), "400 blocked"),
            ("/user/update", json!({"user_id": "ann", "duration": "1d"}), "400 duration"),
            ("/user/update", json!({"user_id": "ann", "team_id": "t1"}), "400 team_id"),
            ("/user/update", json!({"user_id": "ann", "permissions": {"a": 1}}), "400 permissions"),
            ("/config/update", json!({"model_list": [{"model_name": "m"}]}), "400 model_list"),
            ("/key/regenerate", json!({"key": key["key"], "new_master_key": "sk-x"}), "400 new_master_key"),
        ] {
            let before = rig.everything().await;
            assert_eq!(rig.refused(path, body).await, wanted, "{path}");
            assert_eq!(rig.everything().await, before, "{path}");
        }
        for (path, body) in [
            ("/team/update", json!({"team_id": "t1", "require_trace_id": false})),
            ("/user/update", json!({"user_id": "ann", "blocked": false, "aliases": {"a": "b"},
                "config": {}, "key_alias": "x", "agent_id": "y", "budget_fallbacks": {}, "team_id": null})),
            ("/config/update", json!({"model_list": []})),
        ] {
            rig.ok(path, body).await;
        }
        let body = json!({"organization_id": "o1", "updated_by": "somebody"});
        let row = rig.send(Patch, "/organization/update", &master(), body).await.unwrap();
        assert_eq!(row["updated_by"], "litellm_proxy_master_key");
    }

    async fn spend_of_tags_and_models_of_members_are_set(store: &Store) {
        let rig = Rig::people(store).await;
        rig.ok("/tag/new", json!({"name": "prod"})).await;
        let row = rig.ok("/tag/update", json!({"name": "prod", "spend": 2.5})).await;
        assert_eq!(row["tag"]["spend"], 2.5);
        let budget = json!({"gpt": {"budget_limit": 1.0, "time_period": "1d"}});
        let body = json!({"team_id": "t1", "user_id": "bob", "model_max_budget": budget});
        assert_eq!(rig.ok("/team/member_update", body).await["model_max_budget"], budget);
        let body = json!({"team_id": "t1", "team_member_model_max_budget": budget});
        rig.ok("/team/update", body).await;
        let seats = rig.see("/team/info?team_id=t1").await["team_memberships"].clone();
        let ann = seats.as_array().unwrap().iter().find(|it| it["user_id"] == "ann").unwrap();
        assert_eq!(ann["litellm_budget_table"]["model_max_budget"], budget);
        let body = json!({"model_name": "held", "blocked": true, "model_info": {"id": "m1"},
            "litellm_params": {"model": "openai/gpt"}});
        assert_eq!(rig.ok("/model/new", body).await["blocked"], true);
        for (path, body, wanted) in [
            ("/tag/update", json!({"name": "prod", "spend": -1}), "400 spend"),
            ("/team/update", json!({"team_id": "t1", "team_member_model_max_budget": {"gpt": -1}}),
                "400 team_member_model_max_budget.gpt"),
        ] {
            assert_eq!(rig.refused(path, body).await, wanted);
        }
    }
}
