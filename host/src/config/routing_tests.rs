use serde_json::{Value, json};

use super::super::{Config, Env};
use super::*;

/// What is said of settings of the router, and of a deployment with these parameters.
fn said(router: Value, params: Value) -> Vec<String> {
    let mut deployment = json!({"model": "openai/m", "api_key": "k"});
    let more = params.as_object().unwrap().clone();
    deployment.as_object_mut().unwrap().extend(more);
    let models = json!([{"model_name": "m", "litellm_params": deployment}]);
    let file = json!({"model_list": models, "router_settings": router});
    let (_, remarks) = Config::parse(&file.to_string(), Env::default()).unwrap();
    let loud = remarks.iter().filter(|it| it.taken != Taken::Honoured);
    loud.map(|it| format!("{}: {}", it.path, it.text)).collect()
}

fn of_router(router: Value) -> Vec<String> {
    said(router, json!({}))
}

#[test]
fn what_says_how_tags_choose_is_doubted_where_they_do_not() {
    for (name, value) in [
        ("tag_filtering_match_any", json!(false)),
        ("tag_routing_prefix", json!("route:")),
    ] {
        let [only] = of_router(json!({name: value})).try_into().unwrap();
        assert_eq!(only, format!("router_settings.{name}: {WITHOUT_TAGS}"));
        let with = json!({name: value, "enable_tag_filtering": true});
        assert_eq!(of_router(with), Vec::<String>::new());
    }
    let pattern = json!({"tag_regex": ["^User-Agent: x"]});
    let [only] = said(json!({}), pattern.clone()).try_into().unwrap();
    assert_eq!(only, format!("model_list: `tag_regex` {WITHOUT_TAGS}"));
    let with = json!({"enable_tag_filtering": true});
    assert_eq!(said(with, pattern), Vec::<String>::new());
}

#[test]
fn a_first_token_that_may_come_later_than_the_end_is_doubted_where_it_stands() {
    let late =
        |name: &str| format!("has no effect: `{name}` is not longer and ends the stream first");
    let router = json!({"first_token_timeout": 9, "timeout": 9, "stream_timeout": 8});
    let at = "router_settings.first_token_timeout";
    let wanted = ["timeout", "stream_timeout"].map(|it| format!("{at}: {}", late(it)));
    assert_eq!(of_router(router), wanted);
    let at = "model_list[0].litellm_params.first_token_timeout";
    let own = json!({"timeout": 2});
    let wanted = [format!("{at}: {}", late("timeout"))];
    assert_eq!(said(json!({"first_token_timeout": 3}), own), wanted);
    let room = json!({"first_token_timeout": 3, "timeout": 4, "stream_timeout": 4});
    assert_eq!(said(json!({"timeout": 3}), room), Vec::<String>::new());
}

#[test]
fn a_time_for_ties_is_doubted_where_nothing_ties() {
    let name = "deployment_affinity_ttl_seconds";
    let [only] = of_router(json!({name: 60})).try_into().unwrap();
    assert!(
        only.starts_with(&format!("router_settings.{name}: has no effect without")),
        "{only}"
    );
    for tie in [
        json!({name: 60, "optional_pre_call_checks": ["session_affinity"]}),
        json!({name: 60, "model_group_affinity_config": {"m": ["deployment_affinity"]}}),
    ] {
        assert_eq!(of_router(tie), Vec::<String>::new());
    }
}

#[test]
fn a_weighted_failover_is_always_so() {
    let [only] = of_router(json!({"enable_weighted_failover": true}))
        .try_into()
        .unwrap();
    let start = "router_settings.enable_weighted_failover: is always so";
    assert!(only.starts_with(start), "{only}");
}

#[test]
fn limits_of_input_and_output_tokens_are_not_to_be_relied_on() {
    let told = said(json!({}), json!({"itpm": 1000, "otpm": 100}));
    for (told, name) in told.iter().zip(["itpm", "otpm"]) {
        let start = format!("model_list[0].litellm_params.{name}: is not enforced");
        assert!(told.starts_with(&start), "{told}");
    }
    assert_eq!(told.len(), 2);
}
