//! Guardrails of keys and teams, which only a proxy admin takes away.

use serde_json::{Value, json};

use super::rig::{Rig, both, master, member, named};
use crate::auth::Caller;
use crate::domain::Fault;
use crate::store::Store;

/// Every way to be without `pii`.
fn without() -> [Value; 6] {
    [
        json!({"guardrails": []}),
        json!({"guardrails": null}),
        json!({"guardrails": ["own"]}),
        json!({"metadata": {"guardrails": []}}),
        json!({"metadata": {"guardrails": null}}),
        json!({"metadata": {"guardrails": ["pii"]}, "guardrails": []}),
    ]
}

async fn change(
    rig: &Rig,
    caller: &Caller,
    path: &str,
    which: &Value,
    with: Value,
) -> Result<Value, Fault> {
    let mut body = which.clone();
    body.as_object_mut()
        .unwrap()
        .extend(with.as_object().unwrap().clone());
    rig.post(path, caller, body).await
}

both! {
    async fn holders_and_team_admins_take_no_guardrail_from_a_key(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"team_id": "t1", "user_id": "ann", "guardrails": ["pii"]});
        let made = rig.ok("/key/generate", body).await;
        let key = json!({"key": made["key"]});
        for caller in [member("ann"), member("lead"), member("head")] {
            for with in without() {
                for path in ["/key/update", "/key/regenerate"] {
                    let answer = change(&rig, &caller, path, &key, with.clone()).await;
                    assert_eq!(named(answer), "403 guardrails", "{path} {with}");
                }
                let mut item = key.clone();
                item.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
                let bulk = rig.post("/key/bulk_update", &caller, json!({"keys": [item]})).await.unwrap();
                let why = &bulk["failed_updates"][0]["failed_reason"];
                assert_eq!(why, "only a proxy admin may take away the guardrail `pii`");
            }
            // What says nothing of them leaves them.
            for metadata in [json!({"a": 1}), json!(null)] {
                let row = change(&rig, &caller, "/key/update", &key, json!({"metadata": metadata})).await;
                assert_eq!(row.unwrap()["metadata"]["guardrails"], json!(["pii"]));
            }
        }
    }

    async fn guardrails_of_a_key_are_added_to_by_all_and_taken_away_by_admins(store: &Store) {
        let rig = Rig::people(store).await;
        let body = json!({"user_id": "ann", "guardrails": ["pii"]});
        let made = rig.ok("/key/generate", body).await;
        let key = json!({"key": made["key"]});
        let more = json!({"guardrails": ["own", "pii"]});
        let row = change(&rig, &member("ann"), "/key/update", &key, more.clone()).await.unwrap();
        assert_eq!(row["metadata"]["guardrails"], more["guardrails"]);
        let fewer = json!({"metadata": {"guardrails": ["pii"]}});
        let answer = change(&rig, &member("ann"), "/key/update", &key, fewer).await;
        assert_eq!(named(answer), "403 guardrails");
        for (fewer, left) in [
            (json!({"guardrails": ["pii"]}), json!(["pii"])),
            (json!({"metadata": {"guardrails": []}}), json!([])),
        ] {
            let admin = master();
            let row = change(&rig, &admin, "/key/update", &key, fewer).await.unwrap();
            assert_eq!(row["metadata"]["guardrails"], left);
        }
    }

    async fn admins_of_a_team_take_no_guardrail_from_it(store: &Store) {
        let rig = Rig::people(store).await;
        let team = json!({"team_id": "t1"});
        let set = json!({"team_id": "t1", "guardrails": ["pii"]});
        rig.ok("/team/update", set).await;
        for caller in [member("lead"), member("head")] {
            for with in without() {
                let answer = change(&rig, &caller, "/team/update", &team, with.clone()).await;
                assert_eq!(named(answer), "403 guardrails", "{with}");
            }
            let anew = json!({"metadata": {"cost_centre": "7"}});
            let row = change(&rig, &caller, "/team/update", &team, anew).await.unwrap();
            assert_eq!(row["data"]["metadata"]["guardrails"], json!(["pii"]));
            let more = json!({"guardrails": ["pii", "own"]});
            let row = change(&rig, &caller, "/team/update", &team, more).await.unwrap();
            assert_eq!(row["data"]["guardrails"], json!(["pii", "own"]));
            let row = rig.ok("/team/update", json!({"team_id": "t1", "guardrails": ["pii"]})).await;
            assert_eq!(row["data"]["guardrails"], json!(["pii"]));
        }
    }
}
