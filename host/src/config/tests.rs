use super::*;

fn read(text: &str) -> (Arc<Config>, Vec<Remark>) {
    Config::parse(text, Env::of(&[("KEY", "sk-live")])).unwrap()
}

fn said(remarks: &[Remark], taken: Taken) -> Vec<String> {
    let these = remarks.iter().filter(|it| it.taken == taken);
    these
        .map(|it| format!("{}: {}", it.path, it.text))
        .collect()
}

#[test]
fn a_usual_litellm_config_is_honoured() {
    let (config, remarks) = read(
        r#"
model_list:
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o, api_key: os.environ/KEY, rpm: 10, temperature: 0.5}
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/KEY, timeout: 30}
    model_info: {id: second}
  - model_name: "anthropic/*"
    litellm_params: {model: "anthropic/*"}
litellm_settings: {drop_params: yes, fallbacks: [{gpt-4o: [anthropic/claude-x]}]}
router_settings: {num_retries: 3, model_group_alias: {mine: gpt-4o}}
general_settings: {master_key: sk-master-x}
"#,
    );
    assert!(!has_errors(&remarks), "{remarks:?}");
    assert_eq!(said(&remarks, Taken::Unknown), Vec::<String>::new());
    let group = config.groups.resolve("mine").unwrap();
    assert_eq!(group.deployments.len(), 2);
    assert_eq!(group.deployments[1].0.id.as_str(), "second");
    assert_eq!(group.deployments[0].0.settings["temperature"], 0.5);
    assert_eq!(
        group.deployments[0].0.secrets["api_key"].reveal(),
        "sk-live"
    );
    assert_eq!(
        config
            .groups
            .resolve("anthropic/claude-x")
            .unwrap()
            .deployments[0]
            .1,
        "claude-x"
    );
    assert!(config.general.drop_params && config.router.num_retries == Some(3));
    assert!(config.groups.resolve("nope").is_none());
}

#[test]
fn every_mistake_of_a_sloppy_config_is_named() {
    let (config, remarks) = read(
        r#"
modle_list: []
model_list:
  - model_name: a
    litellm_params: {model: openai/a, api_key: os.environ/MISSING, api_base: "not a url", timeout: soon}
  - litellm_params: {model: openai/b}
  - model_name: c
litellm_settings: {master_key: sk-in-the-wrong-place, success_callback: [langfuse], drop_parms: true}
router_settings: {fallbacks: [{a: [ghost]}], routing_strategy: latency-based-routing}
"#,
    );
    let wrong = said(&remarks, Taken::Wrong).join("\n");
    for part in [
        "model_list[0].litellm_params.api_base",
        "litellm_params.timeout",
        "model_list[1].model_name: is missing",
        "model_list[2].litellm_params.model: is missing",
    ] {
        assert!(wrong.contains(part), "{part} in\n{wrong}");
    }
    let unknown = said(&remarks, Taken::Unknown).join("\n");
    assert!(
        unknown.contains("modle_list: is not known; did you mean `model_list`?"),
        "{unknown}"
    );
    assert!(
        unknown.contains("litellm_settings.drop_parms: is not known; did you mean `drop_params`?"),
        "{unknown}"
    );
    let warnings = said(&remarks, Taken::Warning).join("\n");
    for part in [
        "MISSING is not set",
        "belongs under `general_settings`",
        "`ghost`, which is no model group",
        "latency-based-routing",
    ] {
        assert!(warnings.contains(part), "{part} in\n{warnings}");
    }
    assert!(
        said(&remarks, Taken::Accepted)
            .join("")
            .contains("success_callback")
    );
    assert_eq!(
        config.general.master_key.as_ref().unwrap().reveal(),
        "sk-in-the-wrong-place"
    );
}

#[test]
fn a_credential_fills_what_the_deployment_leaves_open() {
    let (config, remarks) = read(
        r#"
credential_list:
  - {credential_name: c, credential_values: {api_key: os.environ/KEY, api_base: "https://c.test"}}
model_list:
  - {model_name: a, litellm_params: {model: openai/a, litellm_credential_name: c, api_base: "https://own.test"}}
"#,
    );
    assert!(!has_errors(&remarks), "{remarks:?}");
    let deployment = &config.groups.resolve("a").unwrap().deployments[0].0;
    assert_eq!(deployment.secrets["api_key"].reveal(), "sk-live");
    assert_eq!(
        deployment.api_base.as_ref().unwrap().as_str(),
        "https://own.test/"
    );
}

#[test]
fn a_secret_setting_never_stands_among_the_settings() {
    let (config, _) = read(
        "model_list: [{model_name: a, litellm_params: {model: x/a, aws_secret_access_key: s, my_token: t, region: r}}]",
    );
    let deployment = &config.groups.resolve("a").unwrap().deployments[0].0;
    assert_eq!(deployment.settings.keys().collect::<Vec<_>>(), ["region"]);
    assert_eq!(deployment.secrets.len(), 2);
}

#[test]
fn included_files_add_their_models_and_never_lead_in_circles() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "main.yaml",
        "include: [more.yaml]\nmodel_list: [{model_name: a, litellm_params: {model: echo/a}}]\n",
    );
    write(
        "more.yaml",
        "model_list: [{model_name: b, litellm_params: {model: echo/b}}]\n",
    );
    let (config, _) = Config::load(&folder.path().join("main.yaml"), Env::default()).unwrap();
    assert_eq!(config.groups.names().collect::<Vec<_>>(), ["a", "b"]);
    write("more.yaml", "include: [main.yaml]\n");
    let error = Config::load(&folder.path().join("main.yaml"), Env::default()).unwrap_err();
    assert!(error.to_string().contains("leads back to itself"));
}

#[test]
fn a_well_known_master_key_keeps_the_gateway_on_loopback() {
    let loopback = |text: &str| read(text).0.general.loopback_only().is_some();
    assert!(loopback("general_settings: {master_key: sk-1234}"));
    assert!(loopback("model_list: []"));
    assert!(!loopback(
        "general_settings: {master_key: sk-of-my-own-5f3a}"
    ));
}
