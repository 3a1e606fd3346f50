//! Reports for an invoice: by team, customer and key, and by the users of a team.

use serde_json::json;

use super::rig::{Rig, TODAY, both, hash, holder, master, member, named};
use crate::auth::Caller;
use crate::store::Store;

fn range() -> String {
    format!("start_date={TODAY}&end_date={TODAY}")
}

both! {
    async fn a_report_has_holders_by_day_with_their_models(store: &Store) {
        let rig = Rig::new(store).await;
        let path = format!("/global/spend/report?{}", range());
        let teams = rig.see(&path).await;
        assert_eq!(teams[0]["group_by_day"], TODAY);
        assert_eq!(teams[0]["teams"][0]["team_name"], "team t1");
        assert_eq!(teams[0]["teams"][0]["total_spend"], 3.0);
        assert_eq!(teams[0]["teams"][1]["metadata"], json!([{"model": "gpt", "spend": 4.0,
            "total_tokens": 15, "api_key": hash("eve")}]));
        let one = rig.see(&format!("{path}&team_id=t3")).await;
        assert_eq!(one[0]["teams"].as_array().unwrap().len(), 1);
        let customers = rig.see(&format!("{path}&group_by=customer")).await;
        assert_eq!(customers[0]["customers"][0]["customer"], "customer");
        assert_eq!(customers[0]["customers"][0]["total_spend"], 15.0);
        let keys = rig.see(&format!("{path}&api_key=sk-ann")).await;
        assert_eq!(keys, json!([{"api_key": hash("ann"), "total_cost": 1.0,
            "total_input_tokens": 10, "total_output_tokens": 5, "model_details": [{"model": "gpt",
            "total_cost": 1.0, "total_input_tokens": 10, "total_output_tokens": 5}]}]));
        let all = rig.see(&format!("{path}&group_by=api_key")).await;
        assert_eq!(all.as_array().unwrap().len(), 4);
        let user = rig.see(&format!("{path}&internal_user_id=bob")).await;
        assert_eq!((user.as_array().unwrap().len(), &user[0]["total_cost"]), (1, &json!(2.0)));
        for (query, field) in [("&group_by=model", "group_by"), ("&who=me", "who")] {
            let answer = rig.get(&format!("{path}{query}"), &master()).await;
            assert_eq!(named(answer), format!("400 {field}"));
        }
        let answer = rig.get("/global/spend/report", &master()).await;
        assert_eq!(named(answer), "400 start_date");
    }

    async fn the_spend_of_a_teams_users_is_for_its_admins_and_for_each_user(store: &Store) {
        let rig = Rig::new(store).await;
        let told = async |caller: &Caller, teams: &str| {
            let path = format!("/team/spend/by_user?{}{teams}", range());
            match rig.get(&path, caller).await {
                Ok(answer) => answer["results"].as_array().unwrap().iter()
                    .map(|it| format!("{} {}", it["user_id"].as_str().unwrap(), it["spend"]))
                    .collect::<Vec<_>>().join(", "),
                refusal => named(refusal),
            }
        };
        let t1 = "&team_ids=t1";
        assert_eq!(told(&master(), "&team_ids=t1,t3").await, "eve 4.0, bob 2.0, ann 1.0");
        assert_eq!(told(&member("lead"), t1).await, "bob 2.0, ann 1.0");
        assert_eq!(told(&member("head"), t1).await, "bob 2.0, ann 1.0");
        assert_eq!(told(&member("ann"), t1).await, "ann 1.0");
        assert_eq!(told(&member("eve"), t1).await, "403 team_ids");
        assert_eq!(told(&holder(&hash("solo")), t1).await, "403 team_ids");
        assert_eq!(told(&master(), "").await, "400 team_ids");
        let path = format!("/team/spend/by_user?{}{t1}", range());
        let first = rig.see(&path).await["results"][0].clone();
        assert_eq!((&first["user_email"], &first["team_alias"]),
            (&json!("bob@example.com"), &json!("team t1")));
    }
}
