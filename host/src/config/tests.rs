use std::time::Duration;

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
fn how_long_rows_are_kept_is_read_and_a_cron_is_not_supported() {
    let (config, remarks) = read(
        "general_settings: {maximum_spend_logs_retention_period: 30d, \
         maximum_spend_logs_retention_interval: 12h, disable_spend_logs: true, \
         maximum_spend_logs_cleanup_cron: \"0 4 * * *\"}",
    );
    let rows = &config.money.rows;
    assert_eq!(rows.keep.as_deref(), Some("30d"));
    assert_eq!(rows.sweep_every.as_deref(), Some("12h"));
    assert!(rows.off);
    let warned = said(&remarks, Taken::Warning);
    let of_cron = "maximum_spend_logs_cleanup_cron: is not supported";
    assert!(warned.iter().any(|it| it.contains(of_cron)), "{warned:?}");
    let of_rows = warned.iter().filter(|it| it.contains("spend_logs"));
    assert_eq!(of_rows.count(), 1, "{warned:?}");
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

fn fixture(name: &str, env: &[(&str, &str)]) -> (Arc<Config>, Vec<Remark>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/fixtures");
    Config::load(&folder.join(name), Env::of(env)).unwrap()
}

/// What is said besides of missing variables.
fn complaints(remarks: &[Remark]) -> Vec<String> {
    let quiet = [Taken::Honoured, Taken::Accepted];
    let loud = remarks.iter().filter(|it| !quiet.contains(&it.taken));
    loud.filter(|it| !it.text.contains("is not set"))
        .map(|it| format!("{}: {}", it.path, it.text))
        .collect()
}

#[test]
fn a_teams_config_loads_without_a_complaint() {
    let env = [
        ("AZURE_API_KEY_EU", "eu"),
        ("LITELLM_MASTER_KEY", "sk-of-the-team-5f3a"),
        ("REDIS_HOST", "answers.internal"),
        ("SLACK_WEBHOOK_URL", "https://hooks.test/team"),
    ];
    let (config, remarks) = fixture("team.yaml", &env);
    assert_eq!(complaints(&remarks), Vec::<String>::new());
    assert!(config.general.loopback_only().is_none());
    let group = config.groups.resolve("gpt-4").unwrap();
    let [(eu, _), (us, _)] = group.deployments.as_slice() else {
        panic!("{group:?}")
    };
    assert_eq!((eu.id.as_str(), eu.weight), ("gpt-4o-eu", Some(600.0)));
    assert_eq!(eu.secrets["api_key"].reveal(), "eu");
    assert_eq!(eu.settings["api_version"], "2025-01-01-preview");
    assert_eq!(eu.info.base_model.as_deref(), Some("azure/gpt-4o"));
    assert_eq!(eu.stream_timeout, Some(Duration::from_secs(120)));
    assert_eq!(us.stream_timeout, Some(Duration::from_secs(60)));
    assert_eq!(config.router.num_retries, Some(3));
    assert_eq!(config.router.default_fallbacks, ["claude-sonnet"]);
    let missing = said(&remarks, Taken::Warning).join("\n");
    assert!(missing.contains(
        "model_list[1].litellm_params.api_key: the environment variable AZURE_API_KEY_US is not set (model `gpt-4o`)"
    ), "{missing}");
    let accepted = said(&remarks, Taken::Accepted).join("\n");
    let callbacks = config.callbacks.iter();
    let callbacks = callbacks.map(|it| (it.name.as_str(), it.success, it.failure));
    let told = [("langfuse", true, false), ("sentry", false, true)];
    assert_eq!(callbacks.collect::<Vec<_>>(), told);
    for name in ["cooldown_time", "retry_policy"] {
        assert!(!accepted.contains(name), "{name}");
    }
}

#[test]
fn a_workstations_config_is_read_as_python_reads_it() {
    let (config, remarks) = fixture("local.yaml", &[]);
    assert_eq!(complaints(&remarks), ["x-none: is not known"]);
    assert!(config.general.loopback_only().is_some());
    assert!(config.general.drop_params && config.general.verify == Verify::Nothing);
    let one = |name: &str| config.groups.resolve(name).unwrap().deployments.remove(0);
    let (local, model) = one("local/llama");
    assert_eq!(
        (local.provider.as_str(), model.as_str()),
        ("hosted_vllm", "llama")
    );
    assert_eq!(local.timeout, Some(Duration::from_secs(1200)));
    assert_eq!(local.drop_params, Some(true));
    let (qwen, model) = one("qwen");
    assert_eq!(
        (qwen.provider.as_str(), model.as_str()),
        ("openai", "Qwen/Qwen3-32B")
    );
    assert_eq!(qwen.settings.len(), 2);
    assert_eq!(one("meta/llama").0.provider, "openrouter");
    assert_eq!(
        one("canned").0.mock_response.as_deref(),
        Some("This is a test")
    );
}

#[test]
fn a_platforms_config_loads_without_a_complaint() {
    let env = [
        ("OPENAI_API_KEY", "sk-live"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    let (config, remarks) = fixture("platform.yaml", &env);
    let complaints = complaints(&remarks);
    assert!(complaints.is_empty(), "{complaints:?}");
    assert!(config.general.access.allowed_ips.is_some());
    let one = |name: &str| config.groups.resolve(name).unwrap().deployments.remove(0).0;
    let gpt = one("gpt-4.1");
    assert_eq!(gpt.secrets["api_key"].reveal(), "sk-live");
    assert_eq!(gpt.settings["organization"], "org-1");
    assert_eq!(
        one("claude-bedrock").settings["aws_region_name"],
        "eu-central-1"
    );
    let house = one("house");
    assert_eq!(
        house.api_base.as_ref().unwrap().host_str(),
        Some("llm.platform.test")
    );
    assert_eq!(house.extra_body["tenant"], "eu-central-1");
    assert_eq!(one("gemini-pro").settings.len(), 2);
}

#[test]
fn every_mistake_of_a_sloppy_config_is_named() {
    let (config, remarks) = fixture("sloppy.yaml", &[]);
    let expected = [
        (
            Taken::Unknown,
            "modle_list: is not known; did you mean `model_list`?",
        ),
        (
            Taken::Warning,
            "model_list[0].litellm_params.timeout: stands twice",
        ),
        (
            Taken::Warning,
            "model_list[0].litellm_params.api_key: the environment variable MISSING_KEY is not set (model `gpt-4o`)",
        ),
        (
            Taken::Warning,
            "model_list[0].litellm_params.api_bsae: is no known parameter, so it goes to the plugin or upstream; did you mean `api_base`?",
        ),
        (
            Taken::Warning,
            "model_list[0].litellm_params.temprature: is no known parameter, so it goes to the plugin or upstream; did you mean `temperature`?",
        ),
        (
            Taken::Wrong,
            "model_list[1].litellm_params.api_base: is no URL",
        ),
        (
            Taken::Wrong,
            "model_list[1].litellm_params.rpm: is `\"lots\"`, expected a number",
        ),
        (
            Taken::Warning,
            "model_list[1].api_key: belongs under `litellm_params`",
        ),
        (
            Taken::Wrong,
            "model_list[2].litellm_params.model: is missing (model `nameless`)",
        ),
        (Taken::Wrong, "model_list[3].model_name: is missing"),
        (
            Taken::Wrong,
            "model_list[4].litellm_params.model: is missing (model `parameterless`)",
        ),
        (
            Taken::Warning,
            "model_list[5].litellm_params.model: `my-model` names no provider",
        ),
        (
            Taken::Warning,
            "model_list[5].model_info.mode: is `chatting`",
        ),
        (
            Taken::Wrong,
            "model_list[6].litellm_params.litellm_credential_name: names `nobody`",
        ),
        (
            Taken::Warning,
            "litellm_settings.master_key: belongs under `general_settings`; it is honoured",
        ),
        (
            Taken::Unknown,
            "litellm_settings.drop_parms: is not known; did you mean `drop_params`?",
        ),
        (
            Taken::Wrong,
            "litellm_settings.num_retries: is `-1`, expected a whole number",
        ),
        (
            Taken::Warning,
            "router_settings.fallbacks: names `gtp-4o`, which is no model group; did you mean `gpt-4o`?",
        ),
        (
            Taken::Warning,
            "router_settings.fallbacks: names `ghost`, which is no model group",
        ),
        (
            Taken::Unknown,
            "router_settings.retry_policy.TimeoutErorRetries: is not known; did you mean `TimeoutErrorRetries`?",
        ),
        (Taken::Unknown, "router_settings.nope: is not known"),
        (
            Taken::Warning,
            "general_settings.routing_strategy: stands under `router_settings` as well",
        ),
        (
            Taken::Wrong,
            "general_settings.max_request_size_mb: is `\"big\"`, expected a number",
        ),
        (Taken::Wrong, "plugins.sha256.acme: is no SHA-256"),
        (
            Taken::Wrong,
            "plugins.isolation.acme: is \"jail\", expected `pooled`, `call` or `fresh`",
        ),
        (
            Taken::Unknown,
            "plugins.limits.memory: is not known; did you mean `memory_mb`?",
        ),
    ];
    for (taken, start) in expected {
        let these = said(&remarks, taken);
        assert!(
            these.iter().any(|it| it.starts_with(start)),
            "{taken:?} {start}\n in {these:#?}"
        );
    }
    let key = config.general.master_key.as_ref().unwrap();
    assert_eq!(key.reveal(), "sk-in-the-wrong-section");
    assert!(!format!("{remarks:?}").contains("sk-"), "{remarks:?}");
}

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config.example.yaml");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_example_config_is_read_without_a_complaint() {
    let (config, remarks) = Config::parse(&example(), Env::default()).unwrap();
    assert_eq!(complaints(&remarks), Vec::<String>::new());
    let demo = config.groups.resolve("demo").unwrap();
    assert_eq!(demo.deployments[0].0.provider, "echo");
    assert!(config.general.loopback_only().is_some());
}

#[test]
fn the_examples_commented_keys_are_keys_and_show_the_defaults() {
    let uncommented = |line: &str| {
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let rest = rest.strip_prefix("# ").filter(|rest| {
            let entry = rest.trim_start().trim_start_matches("- ");
            let (name, after) = entry.split_once(':').unwrap_or((" ", ""));
            let named = name.chars().all(|it| {
                it.is_ascii_lowercase() || it == '_' || it == '2' || it == '5' || it == '6'
            });
            named && (after.is_empty() || after.starts_with(' '))
        });
        rest.map_or_else(|| line.to_owned(), |rest| format!("{indent}{rest}"))
    };
    let text: Vec<String> = example().lines().map(uncommented).collect();
    let env = Env::of(&[("SLACK_WEBHOOK_URL", "https://hooks.test/all")]);
    let (config, remarks) = Config::parse(&text.join("\n"), env).unwrap();
    assert_eq!(complaints(&remarks), Vec::<String>::new());
    assert_eq!(config.general.request_timeout, defaults::REQUEST_TIMEOUT);
    assert_eq!(
        config.general.max_request_bytes,
        defaults::MAX_REQUEST_BYTES
    );
    assert_eq!(config.general.max_reply_bytes, defaults::MAX_REPLY_BYTES);
    assert_eq!(config.router.num_retries, Some(defaults::NUM_RETRIES));
    assert_eq!(config.router.max_fallbacks, defaults::MAX_FALLBACKS);
    let rollback = (
        defaults::ROLLBACK_WINDOW,
        u64::from(defaults::ROLLBACK_MIN_FAILURES),
        defaults::ROLLBACK_FACTOR,
    );
    assert_eq!(config.plugins.rollback, Some(rollback));
    let honoured = said(&remarks, Taken::Honoured).join("\n");
    let own = plugins::NAMES
        .known
        .iter()
        .map(|it| format!("plugins.{it}:"));
    let limits = plugins::LIMITS
        .known
        .iter()
        .map(|it| format!("plugins.limits.{it}:"));
    for name in own.chain(limits) {
        assert!(honoured.contains(&name), "{name} is not in the example");
    }
}

#[test]
fn a_file_that_says_nothing_is_known_as_such_and_one_with_a_comment_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    for text in ["", "# only a word\n", "{}"] {
        std::fs::write(&path, text).unwrap();
        let (config, remarks) = Config::load(&path, Env::default()).unwrap();
        assert!(config.is_blank, "{text}");
        let warned = said(&remarks, Taken::Warning);
        assert!(
            warned.iter().any(|it| it.ends_with(": is empty")),
            "{warned:?}"
        );
        assert_eq!(config.remarks.len(), remarks.len());
    }
    std::fs::write(&path, "model_list: []").unwrap();
    assert!(!Config::load(&path, Env::default()).unwrap().0.is_blank);
}
