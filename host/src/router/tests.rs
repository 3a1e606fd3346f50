use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::*;
use crate::config::{Config, Env};

fn group(text: &str) -> Vec<Candidate> {
    let (config, _) = Config::parse(text, Env::default()).unwrap();
    config.groups.resolve("g").unwrap().deployments
}

fn models(ordered: &[Candidate]) -> Vec<&str> {
    ordered.iter().map(|(_, model)| model.as_str()).collect()
}

#[test]
fn a_lower_order_always_goes_first() {
    let deployments = group(
        "model_list: [{model_name: g, litellm_params: {model: echo/b, order: 2}}, {model_name: g, litellm_params: {model: echo/a, order: 1}}]",
    );
    for seed in 0..20 {
        let ordered = order(deployments.clone(), &mut StdRng::seed_from_u64(seed));
        assert_eq!(models(&ordered), ["a", "b"]);
    }
}

#[test]
fn weights_decide_how_often_a_deployment_is_first() {
    let deployments = group(
        "model_list: [{model_name: g, litellm_params: {model: echo/a, weight: 3}}, {model_name: g, litellm_params: {model: echo/b, weight: 1}}]",
    );
    let mut rng = StdRng::seed_from_u64(7);
    let first = (0..4000)
        .filter(|_| models(&order(deployments.clone(), &mut rng))[0] == "a")
        .count();
    assert!((2850..3150).contains(&first), "{first}");
}

#[test]
fn a_long_prompt_goes_to_its_own_fallback() {
    let text = "litellm_settings: {default_fallbacks: [d], fallbacks: [{g: [f]}], context_window_fallbacks: [{g: [long]}]}";
    let (config, _) = Config::parse(text, Env::default()).unwrap();
    let of = |kind, group: &str| fallbacks(&config.router, group, &Fault::upstream(kind, ""), None);
    assert_eq!(of(ErrorKind::ContextWindow, "g"), ["long"]);
    assert_eq!(of(ErrorKind::Upstream, "g"), ["f"]);
    assert_eq!(of(ErrorKind::Upstream, "other"), ["d"]);
}
