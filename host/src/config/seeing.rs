//! What LiteLLM's sections say of metrics, traces and alerts. Read here, understood by the rooms
//! that it is for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::env::Env;
use super::remarks::Taken;
use super::section::{Section, flag_of};
use crate::domain::Secret;

/// What operators see.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seeing {
    pub metrics: MetricsShown,
    /// None: nobody is told of anything.
    pub alerting: Option<Alerting>,
    /// None: no traces and no metrics are sent anywhere.
    pub export: Option<Export>,
    /// `redact_user_api_key_info`: what is told of a call elsewhere does not say whose it was.
    pub hides_callers: bool,
}

/// Which of LiteLLM's metrics are shown, and with which labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsShown {
    /// `prometheus_metrics_config`: metrics and their `include_labels`.
    pub only: Vec<(Vec<String>, Option<Vec<String>>)>,
    /// `prometheus_exclude_metrics`.
    pub without_metrics: Vec<String>,
    /// `prometheus_exclude_labels`.
    pub without_labels: Vec<String>,
    /// `custom_prometheus_metadata_labels`, and `custom_prometheus_tags` with `tag:` before each.
    pub custom: Vec<String>,
    /// `prometheus_latency_buckets`: upper ends in seconds, ascending.
    pub bounds: Vec<f64>,
    /// `enable_end_user_cost_tracking_prometheus_only`.
    pub end_users: bool,
    /// `prometheus_initialize_budget_metrics`: budgets of keys that nobody used yet, too.
    pub all_budgets: bool,
}

/// Who is told of what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alerting {
    /// `SLACK_WEBHOOK_URL`, else `ALERTING_WEBHOOK_URL`.
    pub url: Option<Secret>,
    /// `alert_to_webhook_url`, by alert type.
    pub by_type: BTreeMap<String, Vec<Secret>>,
    /// Addresses were set through the API: private ones are refused.
    pub of_database: bool,
    /// `alert_types`. None: all.
    pub types: Option<Vec<String>>,
    /// `alerting_threshold`.
    pub threshold: Option<Duration>,
    /// `alerting_args.budget_alert_ttl`.
    pub budget_period: Option<Duration>,
    /// `alerting_args.outage_alert_ttl`.
    pub outage_period: Option<Duration>,
    /// `alerting_args.minor_outage_alert_threshold`.
    pub minor_outage: Option<u32>,
    /// `alerting_args.major_outage_alert_threshold`.
    pub major_outage: Option<u32>,
}

/// How traces and metrics are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    /// HTTP with protobuf bodies.
    Http,
}

/// Where traces and metrics are sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub protocol: Protocol,
    /// Whole addresses of the two signals. None: that signal is off.
    pub traces: Option<String>,
    pub metrics: Option<String>,
    pub headers: Vec<(String, Secret)>,
    pub service_name: String,
    /// `OTEL_RESOURCE_ATTRIBUTES`.
    pub resource: Vec<(String, String)>,
    /// `OTEL_TRACES_SAMPLER` and its argument.
    pub sampler: (String, Option<String>),
    /// What was asked and answered is sent along.
    pub content: bool,
    /// Of one request to the collector.
    pub timeout: Duration,
    /// Between two sends of metrics.
    pub metrics_every: Duration,
}

/// As OpenTelemetry has them, where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);
const METRICS_EVERY: Duration = Duration::from_secs(60);

impl Seeing {
    /// What `general_settings` has of it.
    pub fn read_general(section: &mut Section<'_>) -> Option<Alerting> {
        let channels = section.texts("alerting");
        let by_type = section.resolved("alert_to_webhook_url");
        let types = section.texts("alert_types");
        let threshold = section.seconds("alerting_threshold");
        let args = section.members("alerting_args");
        let channels = channels?;
        for name in &channels {
            if name != "slack" {
                let text = format!("names `{name}`, which is not served: `slack` is");
                section.say(Taken::Warning, "alerting", text);
            }
        }
        if !channels.iter().any(|it| it == "slack") {
            return None;
        }
        let env = section.env();
        let url = env.get("SLACK_WEBHOOK_URL");
        let mut read = Alerting {
            url: url.or_else(|| env.get("ALERTING_WEBHOOK_URL")),
            by_type: webhooks(section, by_type),
            types,
            threshold,
            ..Alerting::default()
        };
        read.read_args(section, args.unwrap_or_default());
        if read.url.is_none() && read.by_type.is_empty() {
            let text = "has nowhere to go: set SLACK_WEBHOOK_URL or `alert_to_webhook_url`";
            section.say(Taken::Warning, "alerting", text);
            return None;
        }
        let urls = read.url.iter().chain(read.by_type.values().flatten());
        if urls.into_iter().any(|it| !is_http(it.reveal())) {
            let text = "has a webhook that is no http or https address";
            section.say(Taken::Wrong, "alerting", text);
            return None;
        }
        Some(read)
    }

    /// `turn_off_message_logging`: nothing of what was said leaves.
    pub fn keep_private(&mut self) {
        if let Some(export) = &mut self.export {
            export.content = false;
        }
    }

    /// What `litellm_settings` has of it.
    /// `asked`: a list of callbacks names `otel`.
    pub fn read_litellm(&mut self, section: &mut Section<'_>, asked: bool) {
        self.metrics = MetricsShown::read(section);
        let hidden = section.flag("redact_user_api_key_info");
        self.hides_callers = hidden.unwrap_or(false);
        self.export = match Export::read(section.env(), asked) {
            Ok(export) => export,
            Err(why) => {
                section.say(Taken::Warning, "callbacks", why);
                None
            }
        };
    }
}

impl Alerting {
    fn read_args(&mut self, section: &mut Section<'_>, args: Map<String, Value>) {
        let seconds = |it: &Value| Duration::try_from_secs_f64(it.as_f64()?).ok();
        let count = |it: &Value| u32::try_from(it.as_u64()?).ok();
        for (name, value) in &args {
            let taken = match name.as_str() {
                "budget_alert_ttl" => {
                    self.budget_period = seconds(value);
                    self.budget_period.is_some()
                }
                "outage_alert_ttl" => {
                    self.outage_period = seconds(value);
                    self.outage_period.is_some()
                }
                "minor_outage_alert_threshold" => {
                    self.minor_outage = count(value).filter(|it| *it > 0);
                    self.minor_outage.is_some()
                }
                "major_outage_alert_threshold" => {
                    self.major_outage = count(value).filter(|it| *it > 0);
                    self.major_outage.is_some()
                }
                _ => {
                    let name = format!("alerting_args.{name}");
                    section.say(Taken::Accepted, &name, "has no effect yet");
                    continue;
                }
            };
            if !taken {
                let name = format!("alerting_args.{name}");
                section.say(Taken::Wrong, &name, "is no number that it can have");
            }
        }
    }
}

/// `alert_to_webhook_url`: one address or several for a type.
fn webhooks(section: &mut Section<'_>, written: Option<Value>) -> BTreeMap<String, Vec<Secret>> {
    let Some(written) = written else {
        return BTreeMap::new();
    };
    let Value::Object(members) = written else {
        // An empty text is what some examples have for none.
        if written.as_str() != Some("") {
            let text = "is no mapping of alert types to addresses";
            section.say(Taken::Wrong, "alert_to_webhook_url", text);
        }
        return BTreeMap::new();
    };
    let mut all = BTreeMap::new();
    for (name, value) in members {
        let list = match value {
            Value::Array(list) => list,
            Value::Null => continue,
            one => vec![one],
        };
        let urls: Vec<Secret> = list
            .iter()
            .filter_map(Value::as_str)
            .filter(|it| !it.is_empty())
            .map(Secret::new)
            .collect();
        if !urls.is_empty() {
            all.insert(name, urls);
        }
    }
    all
}

fn is_http(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

impl MetricsShown {
    fn read(section: &mut Section<'_>) -> Self {
        let mut list = |name: &str| section.texts(name).unwrap_or_default();
        let without_metrics = list("prometheus_exclude_metrics");
        let without_labels = list("prometheus_exclude_labels");
        let mut custom = list("custom_prometheus_metadata_labels");
        let tags = list("custom_prometheus_tags").into_iter();
        custom.extend(tags.map(|it| format!("tag:{it}")));
        let end_users = section.flag("enable_end_user_cost_tracking_prometheus_only") == Some(true)
            && section.flag("disable_end_user_cost_tracking_prometheus_only") != Some(true);
        Self {
            only: only(section),
            without_metrics,
            without_labels,
            custom,
            bounds: bounds(section),
            end_users,
            all_budgets: section.flag("prometheus_initialize_budget_metrics") == Some(true),
        }
    }
}

/// `prometheus_metrics_config`.
fn only(section: &mut Section<'_>) -> Vec<(Vec<String>, Option<Vec<String>>)> {
    const NAME: &str = "prometheus_metrics_config";
    let texts = |it: &Value| -> Option<Vec<String>> {
        let list = it.as_array()?.iter();
        list.map(|it| it.as_str().map(str::to_owned)).collect()
    };
    let groups = match section.raw(NAME) {
        None => return Vec::new(),
        Some(Value::Array(groups)) => groups,
        Some(_) => {
            section.say(Taken::Wrong, NAME, "is no list of groups");
            return Vec::new();
        }
    };
    let mut only = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        let metrics = group.get("metrics").and_then(texts);
        let labels = group.get("include_labels").filter(|it| !it.is_null());
        let read = labels.map(texts);
        match (metrics, read) {
            (Some(metrics), None) => only.push((metrics, None)),
            (Some(metrics), Some(Some(labels))) => only.push((metrics, Some(labels))),
            _ => {
                let name = format!("{NAME}[{at}]");
                let text =
                    "needs `metrics`, a list of names, and may have `include_labels`, another";
                section.say(Taken::Wrong, &name, text);
            }
        }
    }
    only
}

/// `prometheus_latency_buckets`.
fn bounds(section: &mut Section<'_>) -> Vec<f64> {
    const NAME: &str = "prometheus_latency_buckets";
    /// More buckets are more than anybody looks at, and each is a series.
    const MOST: usize = 100;
    let Some(written) = section.raw(NAME) else {
        return Vec::new();
    };
    let list = written.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut bounds: Vec<f64> = list.iter().filter_map(Value::as_f64).collect();
    let whole = bounds.len() == list.len() && (1..=MOST).contains(&list.len());
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    if !whole || bounds.first().is_none_or(|it| *it <= 0.0) {
        let text = format!("is no list of at most {MOST} numbers of seconds above 0");
        section.say(Taken::Wrong, NAME, text);
        return Vec::new();
    }
    bounds
}

impl Export {
    /// Reads the environment. OpenTelemetry's own names go before LiteLLM's.
    fn read(env: &Env, asked: bool) -> Result<Option<Self>, String> {
        let flag = |name: &str| env.text(name).as_deref().and_then(flag_of);
        if flag("OTEL_SDK_DISABLED") == Some(true) {
            return Ok(None);
        }
        let endpoint = env.text("OTEL_EXPORTER_OTLP_ENDPOINT");
        let endpoint = endpoint.or_else(|| env.text("OTEL_ENDPOINT").filter(|_| asked));
        let of_signal = |signal: &str| env.text(&format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"));
        let (traces, metrics) = (of_signal("TRACES"), of_signal("METRICS"));
        if !asked && endpoint.is_none() && traces.is_none() && metrics.is_none() {
            return Ok(None);
        }
        let written = env.text("OTEL_EXPORTER_OTLP_PROTOCOL");
        let written = written.or_else(|| env.text("OTEL_EXPORTER"));
        let protocol = match written.as_deref() {
            None | Some("http/protobuf" | "otlp_http" | "http/json") => Protocol::Http,
            Some("grpc" | "otlp_grpc") => Protocol::Grpc,
            Some(other) => {
                return Err(format!(
                    "asks for `otel`, and nothing is sent: `{other}` is none of `http/protobuf` and \
                     `grpc` (OTEL_EXPORTER_OTLP_PROTOCOL)"
                ));
            }
        };
        let usual = match protocol {
            Protocol::Http => "http://localhost:4318",
            Protocol::Grpc => "http://localhost:4317",
        };
        let endpoint = endpoint.unwrap_or_else(|| usual.to_owned());
        let off = |name: &str| env.text(name).is_some_and(|it| it == "none");
        let traces = traces.unwrap_or_else(|| address(&endpoint, protocol, "traces"));
        let metrics = metrics.unwrap_or_else(|| address(&endpoint, protocol, "metrics"));
        for it in [&traces, &metrics] {
            if !is_http(it) {
                return Err(
                    "asks for `otel`, and nothing is sent: the address of the collector \
                            is no http or https address"
                        .to_owned(),
                );
            }
        }
        let headers = env.get("OTEL_EXPORTER_OTLP_HEADERS");
        let headers = headers.or_else(|| env.get("OTEL_HEADERS"));
        let headers = headers.map(|it| pairs(it.reveal())).unwrap_or_default();
        let resource = env.text("OTEL_RESOURCE_ATTRIBUTES");
        let resource = resource.map(|it| pairs(&it)).unwrap_or_default();
        let service = env.text("OTEL_SERVICE_NAME").or_else(|| {
            let named = resource.iter().find(|(name, _)| name == "service.name");
            named.map(|(_, value)| value.clone())
        });
        let millis = |name: &str, usual: Duration| {
            let text = env.text(name);
            let number = text.and_then(|it| it.trim().parse::<u64>().ok());
            let number = number.filter(|it| (1..=3_600_000).contains(it));
            number.map_or(usual, Duration::from_millis)
        };
        let content = [
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
            "LITELLM_OTEL_CAPTURE_MESSAGE_CONTENT",
        ];
        Ok(Some(Self {
            protocol,
            traces: (!off("OTEL_TRACES_EXPORTER")).then_some(traces),
            metrics: (!off("OTEL_METRICS_EXPORTER")).then_some(metrics),
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, Secret::new(value)))
                .collect(),
            service_name: service.unwrap_or_else(|| "sluice".to_owned()),
            resource,
            sampler: (
                env.text("OTEL_TRACES_SAMPLER")
                    .unwrap_or_else(|| "parentbased_always_on".to_owned()),
                env.text("OTEL_TRACES_SAMPLER_ARG"),
            ),
            content: content.iter().any(|it| flag(it) == Some(true)),
            timeout: millis("OTEL_EXPORTER_OTLP_TIMEOUT", TIMEOUT),
            metrics_every: millis("OTEL_METRIC_EXPORT_INTERVAL", METRICS_EVERY),
        }))
    }
}

/// The address of one signal. gRPC has one for both; LiteLLM's users write the path of traces.
fn address(endpoint: &str, protocol: Protocol, signal: &str) -> String {
    let base = endpoint.trim_end_matches('/');
    let base = ["/v1/traces", "/v1/metrics", "/v1/logs"]
        .iter()
        .find_map(|it| base.strip_suffix(it))
        .unwrap_or(base);
    match protocol {
        Protocol::Grpc => base.to_owned(),
        Protocol::Http => format!("{base}/v1/{signal}"),
    }
}

/// `name=value` with commas between, values encoded as in URLs.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), decoded(value.trim())))
    };
    text.split(',').filter_map(pair).collect()
}

/// `%20` and its like, read; what is none stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = (*first == b'%').then(|| more.get(..2)).flatten();
        let code = code.and_then(|it| std::str::from_utf8(it).ok());
        let code = code.and_then(|it| u8::from_str_radix(it, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
#[path = "seeing_tests.rs"]
mod tests;
