//! Every question about somebody, asked by everybody whose it is not.

use http::Method;
use serde_json::{Value, json};

use super::rig::{Rig, TODAY, both, each, hash, holder, master, member, named, user};
use crate::auth::{Caller, Gate, Role, class_of, samples};
use crate::reports::OPERATIONS;
use crate::store::Store;

fn range() -> String {
    format!("start_date={TODAY}&end_date={TODAY}")
}

/// What a caller is told of a question: the calls, or the refusal.
async fn told(rig: &Rig, path: &str, caller: &Caller) -> Vec<String> {
    match rig.get(path, caller).await {
        Ok(answer) => each(answer.get("data").unwrap_or(&answer), "request_id"),
        refusal => vec![named(refusal)],
    }
}

#[test]
fn every_operation_has_a_gate_and_no_stranger_passes_it() {
    for (method, path, _) in OPERATIONS {
        let class = class_of(method, &path.replace(['{', '}'], ""));
        let gate = class.map(|it| it.gate);
        assert!(
            gate.is_some_and(|it| it != Gate::Public),
            "{method} {path}: {gate:?}"
        );
    }
}

both! {
    async fn nobody_reads_the_calls_of_others(store: &Store) {
        let rig = Rig::new(store).await;
        let (ann, lead, head, solo) =
            (member("ann"), member("lead"), member("head"), holder(&hash("solo")));
        let viewer = user("ann", Role::InternalUserViewer);
        for (caller, filter, wanted) in [
            (&ann, "", vec!["c-ann"]),
            (&viewer, "", vec!["c-ann"]),
            (&ann, "&user_id=ann", vec!["c-ann"]),
            (&ann, "&user_id=bob", vec!["403 user_id"]),
            (&ann, "&api_key=sk-ann", vec!["c-ann"]),
            (&ann, "&api_key=sk-bob", vec!["403 api_key"]),
            (&ann, "&api_key=sk-solo", vec!["403 api_key"]),
            (&ann, "&api_key=sk-nobody", vec!["403 api_key"]),
            (&ann, "&api_key=sk-ann&user_id=bob", vec!["403 user_id"]),
            // A member sees its own part of a team, an admin the whole of it.
            (&ann, "&team_id=t1", vec!["c-ann"]),
            (&ann, "&team_id=t3", vec!["403 team_id"]),
            (&ann, "&team_id=t1,t3", vec!["403 team_id"]),
            (&ann, "&organization_id=o1", vec!["403 organization_id"]),
            (&ann, "&request_id=c-bob", vec![]),
            (&ann, "&end_user=customer", vec!["c-ann"]),
            (&lead, "", vec![]),
            (&lead, "&team_id=t1", vec!["c-ann", "c-bob"]),
            (&lead, "&team_id=t1&user_id=bob", vec!["c-bob"]),
            (&lead, "&api_key=sk-bob", vec!["c-bob"]),
            (&lead, "&api_key=sk-eve", vec!["403 api_key"]),
            (&lead, "&api_key=sk-bob&team_id=t3", vec!["403 team_id"]),
            (&lead, "&team_id=t2", vec!["403 team_id"]),
            (&lead, "&user_id=bob", vec!["403 user_id"]),
            (&head, "&organization_id=o1", vec!["c-ann", "c-bob"]),
            (&head, "&organization_id=o2", vec!["403 organization_id"]),
            (&head, "&team_id=t1", vec!["c-ann", "c-bob"]),
            (&head, "&team_id=t3", vec!["403 team_id"]),
            (&head, "&api_key=sk-ann", vec!["c-ann"]),
            (&solo, "", vec!["c-failed", "c-solo"]),
            (&solo, "&api_key=sk-solo", vec!["c-failed", "c-solo"]),
            (&solo, "&api_key=sk-ann", vec!["403 api_key"]),
            (&solo, "&user_id=ann", vec!["403 user_id"]),
            (&solo, "&team_id=t1", vec!["403 team_id"]),
            (&Caller::anonymous(), "", vec!["403 "]),
        ] {
            for path in ["/spend/logs/v2", "/spend/logs/ui"] {
                let path = format!("{path}?{}{filter}", range());
                assert_eq!(told(&rig, &path, caller).await, wanted, "{caller:?} {path}");
            }
        }
    }

    async fn a_single_call_of_others_is_as_if_it_were_not(store: &Store) {
        let rig = Rig::new(store).await;
        for (caller, seen, hidden) in [
            (member("ann"), vec!["c-ann", "c-old"], vec!["c-bob", "c-eve", "c-solo", "nothing"]),
            (member("lead"), vec!["c-ann", "c-bob"], vec!["c-eve", "c-solo"]),
            (member("head"), vec!["c-ann", "c-bob"], vec!["c-eve", "c-solo"]),
            (holder(&hash("solo")), vec!["c-solo"], vec!["c-ann", "c-eve"]),
            (Caller::anonymous(), vec![], vec!["c-ann", "c-solo"]),
            (user("x", Role::ProxyAdminViewer), vec!["c-ann", "c-solo"], vec!["nothing"]),
        ] {
            for id in seen {
                assert!(rig.get(&format!("/spend/logs/ui/{id}"), &caller).await.is_ok(), "{id}");
                let list = rig.get(&format!("/spend/logs?request_id={id}"), &caller).await.unwrap();
                assert_eq!(list.as_array().unwrap().len(), 1, "{id}");
            }
            for id in hidden {
                let answer = rig.get(&format!("/spend/logs/ui/{id}"), &caller).await;
                assert_eq!(named(answer), "404 request_id", "{caller:?} {id}");
                let list = rig.get(&format!("/spend/logs?request_id={id}"), &caller).await;
                assert_eq!(list.unwrap(), json!([]), "{id}");
            }
        }
    }

    async fn nobody_reads_the_sums_of_others(store: &Store) {
        let rig = Rig::new(store).await;
        let (ann, lead, head, solo) =
            (member("ann"), member("lead"), member("head"), holder(&hash("solo")));
        for (caller, path, wanted) in [
            (&ann, "/user/daily/activity?", "1.0"),
            (&ann, "/user/daily/activity?user_id=ann", "1.0"),
            (&ann, "/user/daily/activity?user_id=bob", "403 user_id"),
            (&ann, "/user/daily/activity?api_key=sk-bob", "0.0"),
            (&solo, "/user/daily/activity?", "8.0"),
            (&solo, "/user/daily/activity?api_key=sk-ann", "0.0"),
            (&solo, "/user/daily/activity?user_id=ann", "403 user_id"),
            (&ann, "/team/daily/activity?", "1.0"),
            (&ann, "/team/daily/activity?team_ids=t1", "1.0"),
            (&ann, "/team/daily/activity?team_ids=t1&api_key=sk-bob", "0.0"),
            (&ann, "/team/daily/activity?team_ids=t3", "403 team_ids"),
            (&lead, "/team/daily/activity?", "3.0"),
            (&lead, "/team/daily/activity?team_ids=t1,t3", "403 team_ids"),
            (&lead, "/team/daily/activity?team_ids=t2", "403 team_ids"),
            (&head, "/team/daily/activity?", "3.0"),
            (&head, "/team/daily/activity?team_ids=t3", "403 team_ids"),
            // Whoever is in no team sees no team, not all of them.
            (&member("stranger"), "/team/daily/activity?", "0.0"),
            (&solo, "/team/daily/activity?", "0.0"),
            (&head, "/organization/daily/activity?", "3.0"),
            (&head, "/organization/daily/activity?organization_ids=o2", "403 organization_ids"),
            (&ann, "/organization/daily/activity?", "403 "),
            (&ann, "/organization/daily/activity?organization_ids=o1", "403 organization_ids"),
            (&ann, "/tag/daily/activity?", "1.0"),
            (&ann, "/tag/daily/activity?tags=red&api_key=sk-bob", "0.0"),
            (&solo, "/tag/daily/activity?tags=red", "8.0"),
            (&Caller::anonymous(), "/tag/daily/activity?", "0.0"),
            (&Caller::anonymous(), "/user/daily/activity?", "403 "),
        ] {
            let (route, query) = path.split_once('?').unwrap();
            for path in [route.to_owned(), format!("{route}/aggregated")] {
                let path = format!("{path}?{}&{query}", range());
                let told = match rig.get(&path, caller).await {
                    Ok(answer) => format!("{:?}", answer["metadata"]["total_spend"].as_f64().unwrap()),
                    refusal => named(refusal),
                };
                assert_eq!(told, wanted, "{caller:?} {path}");
            }
        }
    }

    async fn sums_of_all_are_for_those_who_see_all(store: &Store) {
        let rig = Rig::new(store).await;
        let all = |path: &str| {
            path.starts_with("/global/")
                || path.starts_with("/customer/")
                || path.starts_with("/end_user/")
                || (path.starts_with("/tag/") && !path.contains("/activity"))
                || ["/spend/keys", "/spend/users", "/spend/tags"].contains(&path)
        };
        let mut tried = 0;
        for (method, path, _) in OPERATIONS.iter().filter(|it| all(it.1)) {
            let dated = ["activity", "report", "summary"].iter().any(|it| path.contains(it));
            let mut path = if dated { format!("{path}?{}", range()) } else { (*path).to_owned() };
            if path.contains("exceptions") {
                path.push_str("&model_group=fast");
            }
            for caller in [member("ann"), member("lead"), member("head"), holder(&hash("solo")),
                Caller::anonymous()] {
                let answer = rig.send(method.clone(), &path, &caller, json!({})).await;
                assert_eq!(named(answer), "403 ", "{path}");
            }
            let viewer = user("x", Role::ProxyAdminViewer);
            let answer = rig.send(method.clone(), &path, &viewer, json!({})).await;
            // Who only looks changes nothing.
            assert_eq!(answer.is_ok(), path != "/global/spend/reset", "{path}");
            tried += 1;
        }
        assert_eq!(tried, 30);
        let permitted = samples::key_permitted("get_spend_routes");
        let dated = format!("/global/spend/report?{}", range());
        for path in ["/global/spend", "/global/spend/teams", "/global/spend/tags", &dated] {
            assert!(rig.get(path, &permitted).await.is_ok(), "{path}");
        }
        for path in ["/global/activity", "/spend/keys", "/tag/summary"] {
            let path = format!("{path}?{}", range());
            assert!(rig.get(&path, &permitted).await.is_err(), "{path}");
        }
        let admin = user("root", Role::ProxyAdmin);
        let answer = rig.post("/global/spend/reset", &admin, json!({})).await;
        assert_eq!(named(answer), "403 ");
        let answer = rig.send(Method::POST, "/global/spend/reset", &master(), Value::Null).await;
        assert!(answer.is_ok());
    }

    async fn a_seat_that_is_lost_is_lost_at_once(store: &Store) {
        let rig = Rig::new(store).await;
        let path = format!("/spend/logs/ui?{}&team_id=t1", range());
        assert_eq!(told(&rig, &path, &member("lead")).await, ["c-ann", "c-bob"]);
        let mut change = store.change(crate::store::tests::NOW).await.unwrap();
        let seat = crate::store::member_id("t1", "lead");
        change.delete::<crate::store::TeamMemberRow>(&[seat]).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(told(&rig, &path, &member("lead")).await, ["403 team_id"]);
    }
}
