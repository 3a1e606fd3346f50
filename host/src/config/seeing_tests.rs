use super::super::{Config, Remark};
use super::*;
use serde_json::json;

fn read(file: Value, env: &[(&str, &str)]) -> (Seeing, Vec<Remark>) {
    let (config, remarks) = Config::parse(&file.to_string(), Env::of(env)).unwrap();
    (config.general.seeing.clone(), remarks)
}

fn said(remarks: &[Remark], path: &str, taken: Taken) -> bool {
    remarks
        .iter()
        .any(|it| it.path == path && it.taken == taken)
}

#[test]
fn nothing_is_sent_and_nobody_is_told_unless_asked_for() {
    let (seeing, _) = read(
        json!({}),
        &[("SLACK_WEBHOOK_URL", "https://hooks.example.com/x")],
    );
    assert_eq!(seeing, Seeing::default());
    let file = json!({"litellm_settings": {"callbacks": ["prometheus"]}});
    let (seeing, remarks) = read(file, &[("OTEL_ENDPOINT", "http://c:4318")]);
    assert_eq!(seeing.export, None);
    assert!(!said(
        &remarks,
        "litellm_settings.callbacks",
        Taken::Accepted
    ));
}

#[test]
fn litellms_callback_and_variables_name_a_collector() {
    for callbacks in [
        json!({"callbacks": ["otel"]}),
        json!({"success_callback": "otel"}),
    ] {
        let env = [
            ("OTEL_EXPORTER", "otlp_http"),
            ("OTEL_ENDPOINT", "https://c.example.com/otlp/v1/traces"),
            ("OTEL_HEADERS", "x-key=a%20b,other=c=d"),
        ];
        let (seeing, _) = read(json!({ "litellm_settings": callbacks }), &env);
        let export = seeing.export.unwrap();
        assert_eq!(export.protocol, Protocol::Http);
        let traces = export.traces.as_deref();
        assert_eq!(traces, Some("https://c.example.com/otlp/v1/traces"));
        let metrics = export.metrics.as_deref();
        assert_eq!(metrics, Some("https://c.example.com/otlp/v1/metrics"));
        let headers: Vec<(&str, &str)> = export
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.reveal()))
            .collect();
        assert_eq!(headers, [("x-key", "a b"), ("other", "c=d")]);
        assert_eq!(export.service_name, "sluice");
        assert!(!export.content);
    }
}

#[test]
fn opentelemetrys_own_variables_need_no_callback_and_go_first() {
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_ENDPOINT", "http://other:1"),
        ("OTEL_EXPORTER", "otlp_http"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=llm,deployment.environment=prod",
        ),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true"),
    ];
    let export = read(json!({}), &env).0.export.unwrap();
    assert_eq!(export.protocol, Protocol::Grpc);
    assert_eq!(export.traces.as_deref(), Some("http://c:4317"));
    assert_eq!((export.metrics, export.content), (None, true));
    assert_eq!(export.service_name, "llm");
    assert_eq!(export.sampler, ("traceidratio".into(), Some("0.25".into())));
    let file = json!({"litellm_settings": {"turn_off_message_logging": true}});
    assert!(!read(file, &env).0.export.unwrap().content);
    let off = [env[0], ("OTEL_SDK_DISABLED", "true")];
    assert_eq!(read(json!({}), &off).0.export, None);
}

#[test]
fn an_exporter_that_cannot_be_is_a_warning_and_sends_nothing() {
    let file = json!({"litellm_settings": {"callbacks": ["otel"]}});
    for env in [
        ("OTEL_EXPORTER", "console"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ] {
        let (seeing, remarks) = read(file.clone(), &[env]);
        assert_eq!(seeing.export, None);
        assert!(
            said(&remarks, "litellm_settings.callbacks", Taken::Warning),
            "{env:?}"
        );
    }
}

#[test]
fn alerts_go_where_the_config_and_the_environment_say() {
    let file = json!({"general_settings": {
        "alerting": ["slack"], "alerting_threshold": 30, "alert_types": ["budget_alerts"],
        "alert_to_webhook_url": {"db_exceptions": "os.environ/DB_HOOK",
            "outage_alerts": ["http://10.0.0.1/a", "http://10.0.0.1/b"]},
        "alerting_args": {"budget_alert_ttl": 60, "major_outage_alert_threshold": 20,
            "daily_report_frequency": 5},
    }});
    let env = [
        ("SLACK_WEBHOOK_URL", "https://hooks.example.com/x"),
        ("DB_HOOK", "https://hooks.example.com/db"),
    ];
    let (seeing, remarks) = read(file, &env);
    let alerting = seeing.alerting.unwrap();
    let url = alerting.url.as_ref().map(Secret::reveal);
    assert_eq!(url, Some("https://hooks.example.com/x"));
    let count = |name: &str| alerting.by_type.get(name).map(Vec::len);
    assert_eq!(
        (count("db_exceptions"), count("outage_alerts")),
        (Some(1), Some(2))
    );
    assert_eq!(alerting.threshold, Some(Duration::from_secs(30)));
    assert_eq!(alerting.budget_period, Some(Duration::from_secs(60)));
    assert_eq!(alerting.major_outage, Some(20));
    let unused = "general_settings.alerting_args.daily_report_frequency";
    assert!(said(&remarks, unused, Taken::Accepted));
}

#[test]
fn alerts_that_have_nowhere_to_go_are_a_warning() {
    let slack = json!({"general_settings": {"alerting": ["slack"]}});
    let email = json!({"general_settings": {"alerting": ["email"]}});
    for file in [slack, email] {
        let (seeing, remarks) = read(file, &[]);
        assert_eq!(seeing.alerting, None);
        assert!(said(&remarks, "general_settings.alerting", Taken::Warning));
    }
    let file = json!({"general_settings": {"alerting": ["slack"]}});
    let (_, remarks) = read(file, &[("SLACK_WEBHOOK_URL", "hooks.example.com")]);
    assert!(said(&remarks, "general_settings.alerting", Taken::Wrong));
    let file = json!({"general_settings": {"alerting": ["slack"],
        "alerting_args": {"budget_alert_ttl": "long"}}});
    let (_, remarks) = read(file, &[("SLACK_WEBHOOK_URL", "https://h.example.com")]);
    let path = "general_settings.alerting_args.budget_alert_ttl";
    assert!(said(&remarks, path, Taken::Wrong));
}

#[test]
fn metrics_are_chosen_as_litellms_config_has_it() {
    let file = json!({"litellm_settings": {
        "prometheus_metrics_config": [
            {"group": "a", "metrics": ["litellm_spend_metric"], "include_labels": ["team"]},
            {"group": "b", "metrics": ["litellm_requests_metric"]},
        ],
        "prometheus_latency_buckets": [1, 0.5, 30],
        "custom_prometheus_metadata_labels": ["metadata.foo"],
        "prometheus_initialize_budget_metrics": true,
        "enable_end_user_cost_tracking_prometheus_only": true,
    }});
    let (seeing, _) = read(file, &[]);
    let metrics = seeing.metrics;
    assert_eq!(metrics.only.len(), 2);
    assert_eq!(metrics.only[0].1.as_deref(), Some(&["team".to_owned()][..]));
    assert_eq!(metrics.bounds, [0.5, 1.0, 30.0]);
    assert!(metrics.end_users && metrics.all_budgets);
    for (name, value) in [
        ("prometheus_metrics_config", json!({"group": "a"})),
        ("prometheus_latency_buckets", json!([0, 1])),
        ("prometheus_latency_buckets", json!("fast")),
    ] {
        let (_, remarks) = read(json!({"litellm_settings": { name: value }}), &[]);
        let path = format!("litellm_settings.{name}");
        assert!(said(&remarks, &path, Taken::Wrong), "{name}");
    }
    let file = json!({"litellm_settings": {"prometheus_metrics_config": [{"group": "a"}]}});
    let (_, remarks) = read(file, &[]);
    let path = "litellm_settings.prometheus_metrics_config[0]";
    assert!(said(&remarks, path, Taken::Wrong));
}
