//! What is understood of a config, and what is refused.

use super::*;
use crate::config::Env;
use serde_json::json;

fn read(file: Value) -> Result<Understood, Misread> {
    let (config, _) = Config::parse(&file.to_string(), Env::default()).unwrap();
    Understood::read(&config)
}

#[test]
fn bodies_are_stored_only_where_the_operator_asks_for_them() {
    let bodies = |general: Value, litellm: Value, env: &[(&str, &str)]| {
        let file = json!({"general_settings": general, "litellm_settings": litellm});
        let (config, _) = Config::parse(&file.to_string(), Env::of(env)).unwrap();
        Understood::read(&config).unwrap().accounting.bodies
    };
    let asked = json!({"store_prompts_in_spend_logs": true});
    let private = json!({"turn_off_message_logging": true});
    assert_eq!(bodies(json!({}), private.clone(), &[]), None);
    let found = bodies(asked.clone(), json!({}), &[]).unwrap();
    assert_eq!((found.redacts, found.longest_text), (false, 2048));
    let found = bodies(asked, private, &[("MAX_STRING_LENGTH_PROMPT_IN_DB", "9")]).unwrap();
    assert_eq!((found.redacts, found.longest_text), (true, 9));
    let env = [("STORE_PROMPTS_IN_SPEND_LOGS", "True")];
    assert!(bodies(json!({}), json!({}), &env).is_some());
    let off = json!({"store_prompts_in_spend_logs": true, "disable_spend_logs": true});
    assert_eq!(bodies(off, json!({}), &env), None);
}

#[test]
fn what_is_shown_of_alerts_where_nothing_is_said_is_what_they_go_by() {
    use crate::config::defaults;
    let usual = alerts::Settings::usual(Vec::new());
    let times = [usual.threshold, usual.budget_period, usual.outage_period];
    let shown = [
        defaults::ALERTING_THRESHOLD,
        defaults::BUDGET_ALERT_TTL,
        defaults::OUTAGE_ALERT_TTL,
    ];
    assert_eq!(times, shown);
    let counts = [defaults::MINOR_OUTAGE, defaults::MAJOR_OUTAGE];
    assert_eq!([usual.minor_outage, usual.major_outage], counts);
}

#[test]
fn the_gateway_has_a_budget_only_above_zero() {
    let budget = |max: Value| {
        let file = json!({"litellm_settings": {"max_budget": max}});
        read(file).unwrap().accounting.proxy_budget
    };
    assert!(budget(json!(0)).is_none() && budget(json!(0.0)).is_none());
    let max = budget(json!(2)).unwrap().max_budget;
    assert_eq!(max, Usd::from_dollars(2.0));
}

#[test]
fn responses_are_kept_as_openai_keeps_them_unless_the_operator_says_otherwise() {
    let of = |general: Value| {
        let read = read(json!({ "general_settings": general }));
        read.map(|it| it.accounting.responses)
    };
    assert_eq!(of(json!({})).unwrap(), ResponseSettings::default());
    let said = of(json!({
        "store_responses": false, "stored_responses_retention_period": "12h",
        "max_stored_response_size_mb": 0.5, "disable_responses_id_security": true
    }));
    let want = ResponseSettings {
        keeps: false,
        keep_for: Duration::from_secs(12 * 3600),
        longest: 512 << 10,
        is_open: true,
    };
    assert_eq!(said.unwrap(), want);
    let (name, text) = ("stored_responses_retention_period", "for ever");
    let why = of(json!({ name: text })).err().unwrap();
    assert_eq!(why.path, format!("general_settings.{name}"));
    for size in [0, -1, 33] {
        let file = json!({"general_settings": {"max_stored_response_size_mb": size}});
        let (config, remarks) = Config::parse(&file.to_string(), Env::default()).unwrap();
        assert_eq!(config.money.responses.longest, None);
        assert!(
            remarks
                .iter()
                .any(|it| it.taken == crate::config::Taken::Wrong),
            "{size}"
        );
    }
}

#[test]
fn what_cannot_be_read_is_named_by_its_path() {
    for (section, name, value, path) in [
        (
            "general_settings",
            "token_rate_limit_type",
            json!("all"),
            "",
        ),
        ("litellm_settings", "max_budget", json!(-1), ""),
        (
            "litellm_settings",
            "cost_discount_config",
            json!({"openai": 1.5}),
            ".openai",
        ),
        (
            "litellm_settings",
            "cost_margin_config",
            json!({"openai": -1}),
            ".openai",
        ),
        ("litellm_settings", "key_alias_pattern", json!("("), ""),
        (
            "litellm_settings",
            "budget_exceeded_throttle_percentage",
            json!(10),
            "",
        ),
    ] {
        let why = read(json!({ section: { name: value } })).err().unwrap();
        assert_eq!(why.path, format!("{section}.{name}{path}"));
    }
    for length in ["0", "-1", "long", "4000001"] {
        let file = json!({"environment_variables": {"MAX_STRING_LENGTH_PROMPT_IN_DB": length}});
        let why = read(file).err().unwrap();
        assert_eq!(why.path, "MAX_STRING_LENGTH_PROMPT_IN_DB");
    }
    let period = json!({"litellm_settings": {"max_budget": 1, "budget_duration": "x"}});
    assert_eq!(
        read(period).err().unwrap().path,
        "litellm_settings.budget_duration"
    );
}

#[test]
fn rows_are_kept_as_long_as_is_said_and_never_shorter_than_is_exact() {
    const HOUR: Duration = Duration::from_secs(3600);
    let rows = |general: Value| {
        let read = read(json!({"general_settings": general}))?.accounting;
        let kept = read.retention.map(|it| (it.keep, it.every));
        Ok::<_, Misread>((kept, read.bare_rows))
    };
    let (period, interval) = (
        "maximum_spend_logs_retention_period",
        "maximum_spend_logs_retention_interval",
    );
    assert_eq!(rows(json!({})).unwrap(), (None, false));
    assert_eq!(rows(json!({interval: "1h"})).unwrap(), (None, false));
    let week = rows(json!({period: "7d"})).unwrap();
    assert_eq!(week, (Some((7 * 24 * HOUR, 24 * HOUR)), false));
    let often = rows(json!({period: "30d", interval: "6h"})).unwrap();
    assert_eq!(often, (Some((30 * 24 * HOUR, 6 * HOUR)), false));
    // The switch goes before what is said of a time.
    let off = json!({"disable_spend_logs": true, period: "30d"});
    assert_eq!(rows(off).unwrap(), (Some((HOUR, HOUR / 6)), true));
    for (name, text) in [(period, "59m"), (period, "soon"), (interval, "often")] {
        let why = rows(json!({period: "1d", name: text})).err().unwrap();
        assert_eq!(why.path, format!("general_settings.{name}"), "{text}");
    }
}
