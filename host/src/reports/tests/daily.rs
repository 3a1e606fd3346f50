use serde_json::{Value, json};

use super::rig::{Rig, TODAY, both, call, costs, hash, member};
use crate::store::Store;

fn today(path: &str) -> String {
    format!("{path}?start_date={TODAY}&end_date={TODAY}")
}

const BREAKDOWNS: [&str; 6] = [
    "models",
    "model_groups",
    "providers",
    "endpoints",
    "api_keys",
    "entities",
];

both! {
    async fn a_day_has_litellms_metrics(store: &Store) {
        let rig = Rig::new(store).await;
        let answer = rig.see(&today("/user/daily/activity")).await;
        assert_eq!(answer["results"][0]["date"], TODAY);
        assert_eq!(answer["results"][0]["metrics"], json!({
            "spend": 15.0, "prompt_tokens": 50, "completion_tokens": 25,
            "cache_read_input_tokens": 20, "cache_creation_input_tokens": 10,
            "total_tokens": 75, "successful_requests": 4, "failed_requests": 1, "api_requests": 5,
        }));
        let metadata = &answer["metadata"];
        assert_eq!(metadata["total_spend"], 15.0);
        assert_eq!(metadata["total_tokens"], 75);
        assert_eq!(metadata["total_api_requests"], 5);
        assert_eq!((&metadata["page"], &metadata["has_more"]), (&json!(1), &json!(false)));
    }

    async fn every_breakdown_adds_up_to_its_day(store: &Store) {
        let rig = Rig::new(store).await;
        // One more call, of which another provider answered after the first had cost something.
        let mut row = costs(call("c-more", "eve", Some("eve"), Some("t3")), 0.3);
        let mut line = row.lines[0].clone();
        (line.provider, line.model) = ("anthropic".to_owned(), "claude".to_owned());
        line.cost = crate::domain::Usd::from_dollars(0.2);
        row.lines[0].cost = crate::domain::Usd::from_dollars(0.1);
        row.lines.push(line);
        (row.provider, row.model) = ("anthropic".to_owned(), "claude".to_owned());
        row.operation = "messages".to_owned();
        store.settle(&[row]).await.unwrap();
        for path in ["/team/daily/activity", "/organization/daily/activity",
            "/customer/daily/activity", "/tag/daily/activity"] {
            let answer = rig.see(&today(path)).await;
            let day = &answer["results"][0];
            for name in BREAKDOWNS {
                let sum = |field: &str| -> f64 {
                    let groups = day["breakdown"][name].as_object().unwrap().values();
                    groups.map(|it| it["metrics"][field].as_f64().unwrap()).sum()
                };
                for field in ["spend", "total_tokens", "api_requests"] {
                    let whole = day["metrics"][field].as_f64().unwrap();
                    assert!((sum(field) - whole).abs() < 1e-9, "{path} {name} {field}");
                }
            }
        }
        let day = rig.see(&today("/team/daily/activity")).await["results"][0].clone();
        assert_eq!(day["breakdown"]["providers"]["openai"]["metrics"]["spend"], 7.1);
        assert_eq!(day["breakdown"]["endpoints"]["/v1/messages"]["metrics"]["api_requests"], 1);
        let team = &day["breakdown"]["entities"]["t1"];
        assert_eq!(team["metadata"]["team_alias"], "team t1");
        assert_eq!(team["api_key_breakdown"][hash("bob")]["metrics"]["spend"], 2.0);
        let key = &day["breakdown"]["api_keys"][hash("ann")];
        assert_eq!(key["metadata"], json!({"key_alias": "ann", "team_id": "t1"}));
    }

    async fn every_part_is_broken_down_by_key(store: &Store) {
        let rig = Rig::new(store).await;
        let day = rig.see(&today("/team/daily/activity")).await["results"][0].clone();
        for (part, name) in [("models", "gpt"), ("model_groups", "fast"), ("providers", "openai"),
            ("endpoints", "/chat/completions")] {
            let group = &day["breakdown"][part][name];
            let keys = group["api_key_breakdown"].as_object().unwrap();
            let spends = keys.values().map(|it| it["metrics"]["spend"].as_f64().unwrap());
            assert_eq!(spends.sum::<f64>(), group["metrics"]["spend"].as_f64().unwrap(), "{part}");
            assert_eq!(keys[&hash("bob")]["metrics"]["spend"], 2.0, "{part}");
            assert_eq!(keys[&hash("bob")]["metadata"]["key_alias"], "bob", "{part}");
        }
        assert_eq!(day["breakdown"]["api_keys"][hash("bob")]["metrics"]["spend"], 2.0);
    }

    async fn a_route_that_was_moved_from_litellm_is_the_same_one(store: &Store) {
        let rig = Rig::new(store).await;
        let mut row = costs(call("c-moved", "eve", Some("eve"), Some("t3")), 0.5);
        row.operation = "/chat/completions".to_owned();
        store.settle(&[row]).await.unwrap();
        let path = today("/team/daily/activity") + "&team_ids=t3";
        let day = rig.see(&path).await["results"][0].clone();
        let endpoints = day["breakdown"]["endpoints"].as_object().unwrap();
        assert_eq!(endpoints.keys().collect::<Vec<_>>(), ["/chat/completions"]);
        assert_eq!(endpoints["/chat/completions"]["metrics"]["spend"], 4.5);
        let file = rig.see(&format!("{path}&format=csv")).await;
        let lines: Vec<&str> = file.as_str().unwrap().split("\r\n").skip(1).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains(",/chat/completions,4.5,"), "{lines:?}");
    }

    async fn pages_are_days_the_newest_first(store: &Store) {
        let rig = Rig::new(store).await;
        let range = "start_date=2026-08-01&end_date=2026-09-30&page_size=1";
        let first = rig.see(&format!("/user/daily/activity?{range}")).await;
        assert_eq!(first["results"][0]["date"], TODAY);
        assert_eq!((&first["metadata"]["total_pages"], &first["metadata"]["has_more"]),
            (&json!(2), &json!(true)));
        let second = rig.see(&format!("/user/daily/activity?{range}&page=2")).await;
        assert_eq!(second["results"][0]["date"], "2026-08-12");
        assert_eq!(second["metadata"]["total_spend"], 16.0);
        let third = rig.see(&format!("/user/daily/activity?{range}&page=3")).await;
        assert_eq!(third["results"], json!([]));
        let range = "start_date=2026-08-01&end_date=2026-09-30";
        let whole = rig.see(&format!("/user/daily/activity/aggregated?{range}")).await;
        assert_eq!(whole["results"].as_array().unwrap().len(), 2);
        assert_eq!(whole["metadata"]["total_spend"], 31.0);
    }

    async fn filters_of_holder_key_and_model_hold_together(store: &Store) {
        let rig = Rig::new(store).await;
        for (path, spend) in [
            ("/team/daily/activity?team_ids=t1,t3", 7.0),
            ("/team/daily/activity?team_ids=t1&api_key=sk-bob", 2.0),
            ("/team/daily/activity?team_ids=t1&model=other", 0.0),
            ("/user/daily/activity?user_id=eve&model=gpt", 4.0),
            ("/tag/daily/activity?tags=blue", 0.0),
            ("/tag/daily/activity?tags=red,blue", 15.0),
            ("/customer/daily/activity?end_user_ids=customer", 15.0),
            ("/organization/daily/activity?organization_ids=o2", 4.0),
            ("/organization/daily/activity?exclude_organization_ids=o2", 3.0),
            ("/team/daily/activity?exclude_team_ids=t1,t2", 4.0),
            ("/customer/daily/activity?exclude_end_user_ids=customer", 0.0),
            ("/end_user/daily/activity?end_user_ids=customer", 15.0),
            ("/user/daily/activity?include_current_utc_day=true&user_id=eve", 4.0),
        ] {
            let path = format!("{path}&start_date={TODAY}&end_date={TODAY}");
            assert_eq!(rig.see(&path).await["metadata"]["total_spend"], spend, "{path}");
        }
    }

    async fn a_file_has_a_line_for_each_part(store: &Store) {
        let rig = Rig::new(store).await;
        let path = format!("{}&format=csv", today("/team/daily/activity"));
        let Value::String(text) = rig.get(&path, &member("lead")).await.unwrap() else {
            panic!("no text")
        };
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "date,team_id,api_key,key_alias,model_group,model,provider,endpoint,\
            spend,prompt_tokens,completion_tokens,cache_read_input_tokens,\
            cache_creation_input_tokens,total_tokens,successful_requests,failed_requests,\
            api_requests");
        let mut parts = [("ann", "1.0"), ("bob", "2.0")].map(|(name, spend)| {
            let key = hash(name);
            format!("{TODAY},t1,{key},{name},fast,gpt,openai,/chat/completions,{spend},10,5,4,2,15,1,0,1")
        });
        parts.sort();
        assert_eq!(lines[1..], [parts[0].as_str(), parts[1].as_str(), ""]);
    }
}
