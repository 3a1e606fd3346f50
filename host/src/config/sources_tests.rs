use serde_json::{Value, json};

use super::*;
use crate::config::{Config, Env, Stored};

/// The config of a folder with these files, the first of which is the main one.
fn config(
    files: &[(&str, Value)],
    env: &[(&str, &str)],
    stored: Stored,
) -> (tempfile::TempDir, Arc<Config>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, document) in files {
        std::fs::write(folder.path().join(name), document.to_string()).unwrap();
    }
    let path = folder.path().join(files[0].0);
    let (config, _) = Config::load_with(&path, Env::of(env), stored).unwrap();
    (folder, config)
}

fn stored(settings: Value) -> Stored {
    Stored {
        settings: settings.as_object().cloned().unwrap(),
        ..Stored::default()
    }
}

#[test]
fn every_value_says_whether_file_database_environment_or_nobody_wrote_it() {
    let main = json!({
        "include": ["more.yaml"],
        "general_settings": {"store_model_in_db": true, "proxy_batch_write_at": 5,
            "user_api_key_cache_ttl": "os.environ/TTL", "max_request_size_mb": "os.environ/NOBODY"},
        "litellm_settings": {"max_budget": 1, "num_retries": 7},
        "router_settings": {"retry_after": 1},
    });
    let more = json!({"router_settings": {"retry_after": 2}});
    let env = [
        ("TTL", "30"),
        ("DATABASE_URL", "sqlite::memory:"),
        ("SSL_VERIFY", "false"),
    ];
    let database = stored(json!({"litellm_settings": {"max_budget": 2, "ssl_verify": true}}));
    let files = [("main.yaml", main), ("more.yaml", more)];
    let (folder, config) = config(&files, &env, database);
    let file = |name: &str| Source::File(folder.path().join(name));
    let variable = |name: &str| Source::Environment(name.to_owned(), Layer::Process);
    for (section, name, value, source) in [
        (
            "general_settings",
            "proxy_batch_write_at",
            json!(5),
            file("main.yaml"),
        ),
        (
            "router_settings",
            "retry_after",
            json!(2),
            file("more.yaml"),
        ),
        ("litellm_settings", "max_budget", json!(2), Source::Database),
        (
            "general_settings",
            "user_api_key_cache_ttl",
            json!(30.0),
            variable("TTL"),
        ),
        (
            "general_settings",
            "database_url",
            json!(MASK),
            variable("DATABASE_URL"),
        ),
        // The environment has the last word on this one.
        (
            "litellm_settings",
            "ssl_verify",
            json!("os.environ/SSL_VERIFY"),
            variable("SSL_VERIFY"),
        ),
        // A variable that is not set leaves the default.
        (
            "general_settings",
            "max_request_size_mb",
            json!(64.0),
            Source::Default,
        ),
        (
            "general_settings",
            "allowed_ips",
            Value::Null,
            Source::Default,
        ),
        // Of another section, which is silent about where it is read.
        (
            "router_settings",
            "num_retries",
            json!(7),
            file("main.yaml"),
        ),
    ] {
        let found = config.written.one(section, name).unwrap();
        assert_eq!(
            (found.value, found.source),
            (value, source),
            "{section}.{name}"
        );
    }
}

#[test]
fn a_setting_in_the_wrong_section_is_listed_at_home_with_its_file() {
    let main = json!({"litellm_settings": {"proxy_batch_write_at": 5}});
    let (folder, config) = config(&[("c.yaml", main)], &[], Stored::default());
    let found = config
        .written
        .one("general_settings", "proxy_batch_write_at")
        .unwrap();
    let file = Source::File(folder.path().join("c.yaml"));
    assert_eq!((found.value, found.source), (json!(5), file));
    assert_eq!(
        config
            .written
            .one("litellm_settings", "proxy_batch_write_at"),
        None
    );
}

#[test]
fn secrets_and_texts_of_the_environment_are_shown_nowhere() {
    let main = json!({
        "general_settings": {"master_key": "sk-of-the-file-7c", "litellm_key_header_name": "os.environ/HOLDS"},
        "environment_variables": {"A": "secret-of-the-file"},
    });
    let env = [
        ("HOLDS", "secret-of-the-process"),
        ("LITELLM_MODEL_COST_MAP_URL", "http://u:secret@h"),
    ];
    let (_folder, config) = config(&[("c.yaml", main)], &env, Stored::default());
    for section in SECTIONS {
        let text = format!("{:?}", config.written.all(section));
        assert!(
            !text.contains("secret-of") && !text.contains("sk-of-the"),
            "{text}"
        );
        assert!(!text.contains("u:secret"), "{text}");
    }
    let variable = config.written.one(ENVIRONMENT, "A").unwrap();
    assert_eq!((variable.value, variable.has_effect), (json!(MASK), true));
}

#[test]
fn what_has_no_effect_is_listed_where_somebody_wrote_it() {
    let main = json!({"general_settings": {"custom_sso": "sso.handler", "nope": 1}});
    let (_folder, config) = config(&[("c.yaml", main)], &[], Stored::default());
    let all = config.written.all("general_settings");
    let idle: Vec<&str> = all
        .iter()
        .filter(|it| !it.has_effect)
        .map(|it| &*it.name)
        .collect();
    assert_eq!(idle, ["custom_sso", "nope"]);
}

#[test]
fn defaults_are_those_that_an_empty_config_has() {
    let (_folder, config) = config(&[("c.yaml", json!({}))], &[], Stored::default());
    let default = |section: &str, name: &str| config.written.one(section, name).unwrap().value;
    let general = &config.general;
    let mebibytes = |bytes: usize| f64::from(u32::try_from(bytes).unwrap()) / 1_048_576.0;
    let size = mebibytes(general.max_request_bytes);
    assert_eq!(
        default("general_settings", "max_request_size_mb"),
        json!(size)
    );
    let size = mebibytes(general.max_reply_bytes);
    assert_eq!(
        default("general_settings", "max_response_size_mb"),
        json!(size)
    );
    let seconds = general.request_timeout.as_secs_f64();
    assert_eq!(
        default("litellm_settings", "request_timeout"),
        json!(seconds)
    );
    let status = config.money.budget_status;
    assert_eq!(
        default("litellm_settings", "budget_exceeded_status_code"),
        json!(status)
    );
    let retries = config
        .router
        .num_retries
        .unwrap_or(crate::config::defaults::NUM_RETRIES);
    assert_eq!(default("router_settings", "num_retries"), json!(retries));
    assert_eq!(
        default("router_settings", "max_fallbacks"),
        json!(config.router.max_fallbacks)
    );
}

#[test]
fn entries_of_lists_and_our_own_section_say_who_wrote_them() {
    let main = json!({
        "include": ["more.yaml"],
        "general_settings": {"store_model_in_db": true},
        "model_list": [{"model_name": "a", "litellm_params": {"model": "echo/a", "api_key": "sk-1"}}],
        "plugins": {"poll_interval": 5},
    });
    let more = json!({
        "model_list": [{"model_name": "b", "litellm_params": {"model": "echo/b"}}],
        "credential_list": [{"credential_name": "c", "credential_values": {"api_key": "sk-2"}}],
        "plugins": {"override": ["echo"]},
    });
    let database = Stored {
        models: vec![json!({"model_name": "d", "litellm_params": {"model": "echo/d"}})],
        ..Stored::default()
    };
    let files = [("main.yaml", main), ("more.yaml", more)];
    let (folder, config) = config(&files, &[], database);
    let file = |name: &str| Source::File(folder.path().join(name));
    let of = |section: &str| -> Vec<(String, Source)> {
        let all = config.written.all(section).into_iter();
        all.map(|it| (it.name, it.source)).collect()
    };
    let named = |name: &str, source: Source| (name.to_owned(), source);
    assert_eq!(
        of("model_list"),
        [
            named("a", file("main.yaml")),
            named("b", file("more.yaml")),
            named("d", Source::Database),
        ]
    );
    assert_eq!(of("credential_list"), [named("c", file("more.yaml"))]);
    let plugins = of("plugins");
    for wanted in [
        named("poll_interval", file("main.yaml")),
        named("override", file("more.yaml")),
        named("directory", Source::Default),
    ] {
        assert!(plugins.contains(&wanted), "{wanted:?} in {plugins:?}");
    }
    let shown = format!("{:?}", config.written.all("model_list"));
    assert!(!shown.contains("sk-1"), "{shown}");
    let one = config.written.one("credential_list", "c").unwrap();
    assert_eq!(one.value["credential_values"]["api_key"], MASK);
    let port = Setting {
        name: "port".to_owned(),
        source: Source::CommandLine,
        ..one
    };
    let env = Env::of(&[]).with_options(vec![port.clone()]);
    let (config, _) = Config::parse("{}", env).unwrap();
    let options = config.written.all("command_line");
    assert_eq!(options, std::slice::from_ref(&port));
    assert_eq!(config.written.one("command_line", "port"), Some(port));
}
