use super::super::{Config, Env, Remark};
use super::*;

fn read(text: &str) -> (Arc<Config>, Vec<Remark>) {
    Config::parse(text, Env::default()).unwrap()
}

fn warnings(remarks: &[Remark]) -> Vec<&str> {
    let these = remarks.iter().filter(|it| it.taken == Taken::Warning);
    these.map(|it| it.text.as_str()).collect()
}

/// Provider, model and weight of each deployment that serves a name.
fn served(config: &Config, name: &str) -> Vec<String> {
    let found = config.groups.resolve(name);
    let list = found.map(|it| it.deployments).unwrap_or_default();
    list.iter()
        .map(|(it, model)| format!("{}/{model}", it.provider))
        .collect()
}

#[test]
fn exact_beats_pattern_and_a_longer_pattern_goes_first() {
    let (config, _) = read(
        r#"
model_list:
  - {model_name: "*", litellm_params: {model: "openrouter/*"}}
  - {model_name: "anthropic/*", litellm_params: {model: "anthropic/*"}}
  - {model_name: "anthropic/claude-3*", litellm_params: {model: "vertex/claude-3*"}}
  - {model_name: anthropic/claude-3-opus, litellm_params: {model: echo/opus}}
"#,
    );
    assert_eq!(served(&config, "anthropic/claude-3-opus"), ["echo/opus"]);
    assert_eq!(
        served(&config, "anthropic/claude-3-haiku"),
        ["vertex/claude-3-haiku"]
    );
    assert_eq!(served(&config, "anthropic/x"), ["anthropic/x"]);
    assert_eq!(served(&config, "meta/llama"), ["openrouter/meta/llama"]);
}

#[test]
fn a_bare_name_is_served_by_its_providers_wildcard() {
    let (config, _) =
        read(r#"model_list: [{model_name: "openai/*", litellm_params: {model: "openai/*"}}]"#);
    assert_eq!(served(&config, "gpt-4o"), ["openai/gpt-4o"]);
    assert_eq!(served(&config, "openai/gpt-4o"), ["openai/gpt-4o"]);
    assert!(config.groups.resolve("unheard-of").is_none());
}

#[test]
fn a_star_to_a_star_does_not_double_the_provider() {
    let (config, remarks) =
        read(r#"model_list: [{model_name: "*", litellm_params: {model: "*"}}]"#);
    assert_eq!(served(&config, "openai/gpt-4o"), ["openai/gpt-4o"]);
    assert_eq!(served(&config, "gpt-4o"), ["openai/gpt-4o"]);
    assert!(warnings(&remarks)[0].contains("names no provider"));
}

#[test]
fn aliases_lead_to_groups_and_hidden_ones_are_not_listed() {
    let (config, remarks) = read(
        r#"
model_list: [{model_name: a, litellm_params: {model: echo/a}}]
router_settings:
  model_group_alias: {b: a, c: {model: a, hidden: true}, d: ghost, e: [a]}
"#,
    );
    assert_eq!(served(&config, "b"), ["echo/a"]);
    assert_eq!(served(&config, "c"), ["echo/a"]);
    assert_eq!(config.groups.resolve("b").unwrap().group.as_str(), "a");
    assert_eq!(config.groups.names().collect::<Vec<_>>(), ["a", "b", "d"]);
    assert_eq!(
        warnings(&remarks),
        ["names `ghost`, which is no model group"]
    );
    let wrong = remarks.iter().find(|it| it.taken == Taken::Wrong).unwrap();
    assert_eq!(wrong.path, "router_settings.model_group_alias.e");
}

#[test]
fn deployments_with_one_id_are_told_apart() {
    let (config, remarks) = read(
        r#"
model_list:
  - {model_name: a, litellm_params: {model: echo/a}, model_info: {id: 1}}
  - {model_name: a, litellm_params: {model: echo/b}, model_info: {id: 1}}
  - {model_name: a, litellm_params: {model: echo/c}}
  - {model_name: a, litellm_params: {model: echo/c}}
"#,
    );
    assert_eq!(served(&config, "1"), ["echo/a"]);
    assert_eq!(served(&config, "1-2"), ["echo/b"]);
    assert_eq!(served(&config, "a").len(), 4);
    assert_eq!(warnings(&remarks).len(), 2);
}

#[test]
fn the_groups_first_deployment_decides_what_weighs() {
    let weights = |params: [&str; 2]| {
        let (config, remarks) = read(&format!(
            "model_list: [{{model_name: a, litellm_params: {{model: echo/a, {}}}}}, {{model_name: a, litellm_params: {{model: echo/b, {}}}}}]",
            params[0], params[1]
        ));
        let weights: Vec<_> = config.groups.deployments().map(|it| it.weight).collect();
        (weights, warnings(&remarks).len())
    };
    assert_eq!(
        weights(["rpm: 10", "rpm: 30"]),
        (vec![Some(10.0), Some(30.0)], 0)
    );
    assert_eq!(
        weights(["weight: 1", "rpm: 900"]),
        (vec![Some(1.0), Some(0.0)], 1)
    );
    assert_eq!(weights(["order: 1", "weight: 9"]), (vec![None, None], 1));
    assert_eq!(weights(["order: 1", "order: 2"]), (vec![None, None], 0));
}

#[test]
fn a_blocked_deployment_serves_nothing_and_weighs_nothing() {
    let (config, remarks) = read(
        "model_list: [{model_name: a, litellm_params: {model: echo/x, weight: 1}, model_info: {id: x, blocked: true}}, \
         {model_name: a, litellm_params: {model: echo/y}}, \
         {model_name: b, litellm_params: {model: echo/z}, model_info: {blocked: true}}]",
    );
    assert_eq!(served(&config, "a"), ["echo/y"]);
    assert!(served(&config, "b").is_empty() && served(&config, "x").is_empty());
    assert_eq!(config.groups.names().collect::<Vec<_>>(), ["a"]);
    assert_eq!(config.groups.deployments().count(), 3);
    assert!(warnings(&remarks).is_empty(), "{remarks:?}");
}

#[test]
fn an_id_that_two_deployments_have_names_both_their_models() {
    let (_, remarks) = read(
        "model_list: [{model_name: a, litellm_params: {model: echo/x}, model_info: {id: one}}, \
         {model_name: b, litellm_params: {model: echo/y}, model_info: {id: one}}]",
    );
    let said = "a deployment of model `b` has the id `one` of one of model `a`; it is `one-2` now";
    assert_eq!(warnings(&remarks), [said]);
}

#[test]
fn what_is_set_for_one_name_is_for_every_name_that_leads_to_the_same_models() {
    let (config, _) = read(
        r#"
model_list:
  - {model_name: m, litellm_params: {model: echo/a}, model_info: {id: first}}
  - {model_name: m, litellm_params: {model: echo/b}, model_info: {id: second}}
  - {model_name: n, litellm_params: {model: echo/a}}
  - {model_name: own_1, litellm_params: {model: echo/a}, model_info: {team_id: t, team_public_model_name: own}}
  - {model_name: "openai/*", litellm_params: {model: "openai/*"}}
router_settings: {model_group_alias: {fast: m, slow: n}}
"#,
    );
    for (set_for, asked, expected) in [
        ("m", "m", true),
        ("m", "first", true),
        ("m", "second", true),
        ("m", "fast", true),
        ("fast", "m", true),
        ("first", "second", true),
        ("m", "n", false),
        ("m", "slow", false),
        ("fast", "slow", false),
        ("own", "own_1", true),
        ("own", "m", false),
        ("gpt-4o", "openai/gpt-4o", true),
        ("openai/gpt-4o", "gpt-4o", true),
        ("gpt-4o", "openai/gpt-4o-mini", false),
        ("openai/*", "gpt-4o", false),
        ("unheard-of", "unheard-of", true),
        ("unheard-of", "m", false),
    ] {
        assert_eq!(
            config.groups.means(set_for, asked),
            expected,
            "{set_for} for {asked}"
        );
    }
}
