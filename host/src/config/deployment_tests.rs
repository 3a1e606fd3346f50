use super::super::{Config, Remark, has_errors};
use super::*;

fn read(params: &str) -> (Deployment, Vec<Remark>) {
    let text = format!("model_list: [{{model_name: m, litellm_params: {params}}}]");
    let env = Env::of(&[("KEY", "sk-live"), ("REGION", "eu-west-1")]);
    let (config, remarks) = Config::parse(&text, env).unwrap();
    let deployment = config.groups.deployments().next().unwrap();
    (deployment.as_ref().clone(), remarks)
}

fn said(remarks: &[Remark], taken: Taken) -> Vec<&str> {
    let these = remarks.iter().filter(|it| it.taken == taken);
    these.map(|it| it.path.as_str()).collect()
}

#[test]
fn unknown_keys_are_handed_on_and_what_is_read_never_is() {
    let (it, remarks) = read(
        "{model: openai/x, temperature: 0.5, foo: {bar: os.environ/REGION}, num_retries: 1, max_retries: 2, \
         api_base: https://a.test, base_url: https://b.test, extra_headers: {}, headers: {}, \
         custom_llm_provider: openai}",
    );
    assert!(!has_errors(&remarks), "{remarks:?}");
    let expected = serde_json::json!({"temperature": 0.5, "foo": {"bar": "eu-west-1"}});
    assert_eq!(Value::from(it.settings), expected);
    assert_eq!(it.num_retries, Some(1));
    assert_eq!(it.api_base.unwrap().host_str(), Some("a.test"));
}

#[test]
fn a_slip_of_the_pen_is_pointed_out() {
    let (_, remarks) =
        read("{model: openai/x, temprature: 0.5, api_bsae: 'https://a.test', zork: 1}");
    let at = |name: &str| format!("model_list[0].litellm_params.{name}");
    assert_eq!(
        said(&remarks, Taken::Warning),
        [at("temprature"), at("api_bsae")]
    );
}

#[test]
fn secrets_stand_apart_whatever_they_are_called() {
    let (it, remarks) = read(
        "{model: bedrock/x, aws_access_key_id: AKIA, aws_secret_access_key: s, aws_region_name: os.environ/REGION, \
         vertex_credentials: {type: service_account, private_key: os.environ/KEY}, api_key: ''}",
    );
    assert!(!has_errors(&remarks), "{remarks:?}");
    assert_eq!(it.settings.keys().collect::<Vec<_>>(), ["aws_region_name"]);
    let names: Vec<_> = it.secrets.keys().collect();
    let expected = [
        "aws_access_key_id",
        "aws_secret_access_key",
        "vertex_credentials",
    ];
    assert_eq!(names, expected);
    let json = it.secrets["vertex_credentials"].reveal();
    assert!(json.contains("\"private_key\":\"sk-live\""));
}

#[test]
fn header_values_follow_references_and_are_never_printed() {
    let (it, _) = read(
        "{model: openai/x, headers: {x-a: '1', Authorization: old}, extra_headers: {authorization: os.environ/KEY, x-n: 5}}",
    );
    let headers: Vec<_> = it
        .extra_headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.reveal()))
        .collect();
    assert_eq!(
        headers,
        [("x-a", "1"), ("authorization", "sk-live"), ("x-n", "5")]
    );
    assert!(!format!("{it:?}").contains("sk-live"));
}

#[test]
fn prices_are_kept_with_the_models_info() {
    let (it, remarks) = read(
        "{model: openai/x, input_cost_per_token: 1e-6, output_cost_per_reasoning_token: '2e-6', model_info: {mode: chat}}",
    );
    assert!(it.secrets.is_empty() && it.settings.is_empty());
    assert_eq!(it.info.rest.len(), 2);
    assert_eq!(it.info.mode.as_deref(), Some("chat"));
    assert_eq!(said(&remarks, Taken::Accepted).len(), 0);
}

#[test]
fn prices_that_are_no_numbers_are_prices_too() {
    let (it, remarks) = read(
        "{model: openai/x, off_peak_pricing: {}, provider_specific_entry: {fast: 2}, \
         regional_processing_uplift_multiplier_eu: 1.1, web_search_billing_unit: per_query, \
         tiered_pricing: [{range: [0, 1000], input_cost_per_token: 1e-6, output_cost_per_token: 2e-6}]}",
    );
    assert!(it.settings.is_empty(), "{:?}", it.settings);
    assert_eq!(it.info.rest.len(), 5);
    assert_eq!(said(&remarks, Taken::Accepted).len(), 0);
}

#[test]
fn the_id_is_of_name_and_parameters_and_outlives_a_key() {
    let id = |text: &str, key: &str| {
        let (config, _) = Config::parse(text, Env::of(&[("KEY", key)])).unwrap();
        let id = config.groups.deployments().next().unwrap().id.clone();
        id.as_str().to_owned()
    };
    let one =
        "model_list: [{model_name: m, litellm_params: {model: echo/a, api_key: os.environ/KEY}}]";
    let info = "model_list: [{model_name: m, litellm_params: {model: echo/a, api_key: os.environ/KEY}, model_info: {mode: chat}}]";
    let other =
        "model_list: [{model_name: m, litellm_params: {model: echo/b, api_key: os.environ/KEY}}]";
    assert_eq!(id(one, "a"), id(one, "b"));
    assert_eq!(id(one, "a"), id(info, "a"));
    assert_ne!(id(one, "a"), id(other, "a"));
    assert_eq!(id(one, "a").len(), 64);
}

#[test]
fn a_parameter_beside_litellm_params_is_told_its_place() {
    let text = "model_list: [{model_name: m, litellm_params: {model: echo/a}, api_key: x, model_inof: {}}]";
    let (_, remarks) = Config::parse(text, Env::default()).unwrap();
    assert_eq!(said(&remarks, Taken::Warning), ["model_list[0].api_key"]);
    let unknown = remarks.iter().find(|it| it.taken == Taken::Unknown);
    assert!(unknown.unwrap().text.contains("`model_info`"));
}

#[test]
fn wrong_types_are_named_with_their_path() {
    let (it, remarks) = read(
        "{model: openai/x, timeout: soon, order: first, api_base: nowhere, extra_body: [1], extra_headers: [a], tags: {a: 1}, rpm: many}",
    );
    let at = |name: &str| format!("model_list[0].litellm_params.{name}");
    let mut wrong = said(&remarks, Taken::Wrong);
    wrong.sort_unstable();
    let expected = [
        "api_base",
        "extra_body",
        "extra_headers",
        "order",
        "rpm",
        "tags",
        "timeout",
    ]
    .map(at);
    assert_eq!(wrong, expected);
    assert_eq!(it.model, "x");
}

#[test]
fn headers_that_cannot_be_sent_are_wrong_by_their_path() {
    let (it, remarks) = read(
        r#"{model: openai/x, headers: {"bad header": x, Host: evil.test, x-good: a}, extra_headers: {transfer-encoding: chunked, x-split: "a\r\nb"}}"#,
    );
    let at = |name: &str| format!("model_list[0].litellm_params.{name}");
    let expected = [
        "headers.bad header",
        "headers.Host",
        "extra_headers.transfer-encoding",
        "extra_headers.x-split",
    ];
    assert_eq!(said(&remarks, Taken::Wrong), expected.map(at));
    let names: Vec<_> = it.extra_headers.iter().map(|it| it.0.as_str()).collect();
    assert_eq!(names, ["x-good"]);
}

#[test]
fn numbers_that_cannot_be_are_wrong_by_their_path() {
    let (it, remarks) = read(
        "{model: openai/x, weight: -3, rpm: -1, allowed_openai_params: 5, additional_drop_params: [1]}",
    );
    let at = |name: &str| format!("model_list[0].litellm_params.{name}");
    let expected = [
        "weight",
        "rpm",
        "additional_drop_params",
        "allowed_openai_params",
    ];
    assert_eq!(said(&remarks, Taken::Wrong), expected.map(at));
    assert_eq!(it.rpm, None);
    assert!(it.allowed_openai_params.is_empty());
}

#[test]
fn what_is_litellms_own_is_neither_a_setting_nor_a_member_of_requests() {
    let (it, remarks) = read(
        "{model: openai/x, stream: true, caching: true, metadata: {a: 1}, verbose: true, guardrails: [pii], base_model: openai/gpt-4o}",
    );
    assert!(it.settings.is_empty(), "{:?}", it.settings);
    assert_eq!(it.info.base_model.as_deref(), Some("openai/gpt-4o"));
    assert!(said(&remarks, Taken::Warning).is_empty(), "{remarks:?}");
}

#[test]
fn a_secret_whose_variable_is_not_set_is_remembered_and_an_empty_one_is_not() {
    let (it, _) = read("{model: openai/x, api_key: os.environ/NOT_SET, other_api_key: ''}");
    assert_eq!(it.unset.iter().collect::<Vec<_>>(), ["api_key"]);
}

#[test]
fn what_a_models_info_has_no_effect_of_is_said() {
    let text = "model_list: [{model_name: m, litellm_params: {model: echo/a}, model_info: {allowed_fails: 3, access_windows: [a], blocked: maybe}}]";
    let (_, remarks) = Config::parse(text, Env::default()).unwrap();
    let at = |name: &str| format!("model_list[0].model_info.{name}");
    let accepted = said(&remarks, Taken::Accepted);
    assert!(accepted.is_empty(), "{accepted:?}");
    assert_eq!(said(&remarks, Taken::Warning), [at("access_windows")]);
    assert_eq!(said(&remarks, Taken::Wrong), [at("blocked")]);
}

#[test]
fn what_a_deployment_leaves_open_is_as_the_router_has_it_for_all() {
    let text = "
credential_list: [{credential_name: c, credential_values: {api_key: of-the-credential}}]
router_settings:
  default_litellm_params: {temperature: 0.2, timeout: 7, api_key: for-all, api_base: 'http://all.test', model: openai/no}
model_list:
  - {model_name: a, litellm_params: {model: openai/x, temperature: 1, base_url: 'http://own.test'}}
  - {model_name: b, litellm_params: {model: openai/x, litellm_credential_name: c}}
";
    let (config, remarks) = Config::parse(text, Env::default()).unwrap();
    assert!(!has_errors(&remarks), "{remarks:?}");
    let warned = said(&remarks, Taken::Warning);
    assert_eq!(warned, ["router_settings.default_litellm_params.model"]);
    let all: Vec<_> = config.groups.deployments().collect();
    let host = |at: usize| all[at].api_base.as_ref().unwrap().host_str().unwrap();
    assert_eq!((host(0), host(1)), ("own.test", "all.test"));
    assert_eq!(all[0].settings["temperature"], 1);
    assert_eq!(all[1].settings["temperature"], 0.2);
    assert_eq!(all[0].timeout, Some(Duration::from_secs(7)));
    assert_eq!(all[0].secrets["api_key"].reveal(), "for-all");
    assert_eq!(all[1].secrets["api_key"].reveal(), "of-the-credential");
    // A default is no part of what a deployment is.
    let without = text.replace("temperature: 0.2", "temperature: 0.3");
    let (other, _) = Config::parse(&without, Env::default()).unwrap();
    let ids = |config: &Config| -> Vec<_> {
        let all = config.groups.deployments();
        all.map(|it| it.id.clone()).collect()
    };
    assert_eq!(ids(&config), ids(&other));
}

#[test]
fn a_deployment_with_a_mistake_is_left_out_where_that_is_asked_for() {
    let read = |ignore: bool| {
        let text = format!(
            "
router_settings: {{ignore_invalid_deployments: {ignore}}}
model_list:
  - {{model_name: good, litellm_params: {{model: openai/x}}}}
  - {{model_name: bad, litellm_params: {{model: openai/x, api_base: nowhere}}}}
  - {{model_name: none}}
"
        );
        Config::parse(&text, Env::default()).unwrap()
    };
    let (_, remarks) = read(false);
    assert!(has_errors(&remarks));
    let (config, remarks) = read(true);
    assert!(!has_errors(&remarks), "{remarks:?}");
    let groups: Vec<_> = config.groups.names().collect();
    assert_eq!(groups, ["good"]);
    let warned = remarks.iter().filter(|it| it.taken == Taken::Warning);
    let texts: Vec<_> = warned.map(|it| it.text.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts
            .iter()
            .all(|it| it.ends_with("; this deployment is left out"))
    );
}

#[test]
fn a_pattern_that_is_none_is_named_and_matches_nobody() {
    let (it, remarks) = read("{model: openai/x, tag_regex: ['^User-Agent: a', '(?=b)']}");
    assert_eq!(
        it.tag_patterns,
        [TagPattern::new("^User-Agent: a").unwrap()]
    );
    assert!(!has_errors(&remarks));
    let at = "model_list[0].litellm_params.tag_regex";
    // The other one chooses nothing either, as the router does not go by tags.
    assert_eq!(said(&remarks, Taken::Warning), [at, "model_list"]);
}
