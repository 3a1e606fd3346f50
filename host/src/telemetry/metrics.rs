//! The gateway's own metrics, in Prometheus' text format.
//!
//! | name | unit | labels |
//! |---|---|---|
//! | `sluice_requests_total` | calls | operation, model_group, status |
//! | `sluice_request_duration_seconds` | seconds, histogram | operation |
//! | `sluice_overhead_seconds` | seconds, histogram; the call less the time spent waiting for upstreams | operation |
//! | `sluice_attempts_total` | sends to a deployment | provider, outcome (`ok` or an error kind) |
//! | `sluice_tokens_total` | tokens | model_group, direction (`input`, `output`) |
//! | `sluice_spend_usd_total` | dollars, of calls whose price is known | model_group |
//! | `sluice_in_flight_requests` | calls | |
//! | `sluice_config_reloads_total` | reloads | result |
//! | `sluice_price_refreshes_total` | price tables that were fetched or read | result (`applied`, `unchanged`, `refused`) |
//! | `sluice_keys_rotated_total` | keys that were replaced by themselves | |
//! | `sluice_requests_shed_total`, `sluice_waiting_requests` | calls turned away, and calls in line | why (`full`, `late`) |
//! | `sluice_cache_lookups_total` | calls that the response cache was asked for | operation, outcome (`hit`, `miss`, `partial`, `joined`) |
//! | `sluice_cache_tokens_total` | tokens of answers that were kept, given again | model_group |
//! | `sluice_cache_failures_total` | what the response cache could not do | what (`unreachable`, `refused`, `corrupt`, `full`) |
//! | `sluice_cache_entries`, `sluice_cache_bytes` | answers kept in memory, and their bytes | |
//! | `sluice_health_checks_total` | checks of deployments | provider, result (`healthy`, `unhealthy`, `unchecked`) |
//! | `sluice_changes_forgotten_total` | notices between replicas that were deleted because of their age | |
//! | `sluice_log_lines_dropped_total` | log lines whose reader did not keep up | |
//! | `litellm_deployment_successful_fallbacks_total`, `litellm_deployment_failed_fallbacks_total` | fallbacks | requested_model, fallback_model, exception_class (an error kind) |
//! | `litellm_deployment_*` | see [`PluginSample`] | of a deployment |
//! | `sluice_plugin_*` | see [`PluginSample`] | plugin |

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Model groups that are told apart. Behind a wildcard, or by mistake, clients name what they like,
/// and every new name is a series for ever: what comes later is counted as `other`.
const MAX_GROUPS: usize = 1000;

/// Seconds. The first ones tell overhead apart, the last ones long completions.
const BUCKETS: [f64; 16] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5, 10.0, 30.0,
    120.0, 600.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: String,
    model_group: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    provider: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpendLabels {
    model_group: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    model_group: String,
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookupLabels {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WhyLabel {
    why: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WhatLabel {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FallbackLabels {
    requested_model: String,
    fallback_model: String,
    exception_class: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckLabels {
    provider: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// Handles to every metric. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    all: Arc<All>,
}

#[derive(Debug)]
struct All {
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabel, Histogram>,
    overheads: Family<OperationLabel, Histogram>,
    attempts: Family<AttemptLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    spend: Family<SpendLabels, Counter<f64, AtomicU64>>,
    in_flight: Gauge,
    config_reloads: Family<ResultLabel, Counter>,
    price_refreshes: Family<ResultLabel, Counter>,
    keys_rotated: Counter,
    cache_lookups: Family<LookupLabels, Counter>,
    cache_tokens: Family<SpendLabels, Counter>,
    cache_failures: Family<WhatLabel, Counter>,
    shed: Family<WhyLabel, Counter>,
    changes_forgotten: Counter,
    health_checks: Family<CheckLabels, Counter>,
    /// That led to an answer, and that failed too.
    fallbacks: [Family<FallbackLabels, Counter>; 2],
    /// What has LiteLLM's names.
    litellm: Registry,
    /// The groups that have series of their own.
    groups: RwLock<HashSet<String>>,
    registry: Registry,
}

/// One call, as the metrics count it.
#[derive(Debug)]
pub struct CallSample<'a> {
    pub operation: &'a str,
    pub model_group: &'a str,
    pub status: u16,
    pub duration: Duration,
    pub overhead: Duration,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Dollars, if the price is known.
    pub spend_usd: Option<f64>,
}

/// A plugin's number at the time of the scrape: `sluice_plugin_<name>{plugin="..."}`.
#[derive(Debug, Clone)]
pub struct PluginSample {
    pub name: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
    pub help: &'static str,
    /// Label pairs, the plugin's name first.
    pub labels: Vec<(&'static str, String)>,
    pub value: f64,
}

impl Default for All {
    fn default() -> Self {
        let histogram = || Histogram::new(BUCKETS);
        let requests = Family::default();
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let overheads = Family::new_with_constructor(histogram as fn() -> Histogram);
        let attempts = Family::default();
        let tokens = Family::default();
        let spend = Family::default();
        let in_flight = Gauge::default();
        let config_reloads = Family::default();
        let price_refreshes = Family::default();
        let keys_rotated = Counter::default();
        let cache_lookups = Family::default();
        let cache_tokens = Family::default();
        let cache_failures = Family::default();
        let shed = Family::default();
        let changes_forgotten = Counter::default();
        let health_checks = Family::default();
        let mut registry = Registry::with_prefix("sluice");
        registry.register("requests", "Calls answered", Family::clone(&requests));
        registry.register(
            "request_duration_seconds",
            "Whole calls",
            Family::clone(&durations),
        );
        registry.register(
            "overhead_seconds",
            "Calls less the time spent waiting for upstreams",
            Family::clone(&overheads),
        );
        registry.register(
            "attempts",
            "Sends to a deployment",
            Family::clone(&attempts),
        );
        registry.register("tokens", "Tokens used", Family::clone(&tokens));
        registry.register(
            "spend_usd",
            "Dollars spent, by calls whose price is known",
            Family::clone(&spend),
        );
        registry.register(
            "in_flight_requests",
            "Calls being served",
            in_flight.clone(),
        );
        registry.register(
            "config_reloads",
            "Config reloads",
            Family::clone(&config_reloads),
        );
        registry.register(
            "price_refreshes",
            "Price tables from outside",
            Family::clone(&price_refreshes),
        );
        registry.register(
            "keys_rotated",
            "Keys that were replaced by themselves",
            keys_rotated.clone(),
        );
        registry.register(
            "cache_lookups",
            "Calls that the response cache was asked for",
            Family::clone(&cache_lookups),
        );
        registry.register(
            "cache_tokens",
            "Tokens of kept answers that were given again",
            Family::clone(&cache_tokens),
        );
        registry.register(
            "cache_failures",
            "What the response cache could not do",
            Family::clone(&cache_failures),
        );
        registry.register(
            "requests_shed",
            "Calls turned away because the gateway had too many",
            Family::clone(&shed),
        );
        registry.register(
            "health_checks",
            "Checks of deployments by what they came to",
            Family::clone(&health_checks),
        );
        registry.register(
            "changes_forgotten",
            "Notices between replicas that were deleted because of their age",
            changes_forgotten.clone(),
        );
        let fallbacks: [Family<FallbackLabels, Counter>; 2] = Default::default();
        let mut litellm = Registry::with_prefix("litellm_deployment");
        let names = [
            ("successful_fallbacks", "Fallbacks that led to an answer"),
            ("failed_fallbacks", "Fallbacks that failed too"),
        ];
        for (family, (name, help)) in fallbacks.iter().zip(names) {
            litellm.register(name, help, Family::clone(family));
        }
        Self {
            requests,
            durations,
            overheads,
            attempts,
            tokens,
            spend,
            in_flight,
            config_reloads,
            price_refreshes,
            keys_rotated,
            cache_lookups,
            cache_tokens,
            cache_failures,
            shed,
            changes_forgotten,
            health_checks,
            fallbacks,
            litellm,
            groups: RwLock::default(),
            registry,
        }
    }
}

impl Metrics {
    /// Counts a finished call.
    pub fn call(&self, sample: &CallSample<'_>) {
        let operation = OperationLabel {
            operation: sample.operation.to_owned(),
        };
        let labels = RequestLabels {
            operation: operation.operation.clone(),
            model_group: self.group(sample.model_group).to_owned(),
            status: sample.status,
        };
        self.all.requests.get_or_create(&labels).inc();
        self.all
            .durations
            .get_or_create(&operation)
            .observe(sample.duration.as_secs_f64());
        self.all
            .overheads
            .get_or_create(&operation)
            .observe(sample.overhead.as_secs_f64());
        if let Some(spend) = sample.spend_usd.filter(|it| *it > 0.0) {
            let model_group = labels.model_group.clone();
            let labels = SpendLabels { model_group };
            self.all.spend.get_or_create(&labels).inc_by(spend);
        }
        for (direction, tokens) in [
            ("input", sample.input_tokens),
            ("output", sample.output_tokens),
        ] {
            if tokens > 0 {
                let model_group = labels.model_group.clone();
                self.all
                    .tokens
                    .get_or_create(&TokenLabels {
                        model_group,
                        direction,
                    })
                    .inc_by(tokens);
            }
        }
    }

    /// The label of a model group.
    fn group<'a>(&self, name: &'a str) -> &'a str {
        let groups = &self.all.groups;
        if groups.read().is_ok_and(|known| known.contains(name)) {
            return name;
        }
        // A poisoned lock only costs the name.
        let room = groups.write().is_ok_and(|mut known| {
            let room = known.len() < MAX_GROUPS;
            if room {
                known.insert(name.to_owned());
            }
            room
        });
        if room { name } else { "other" }
    }

    /// Counts one send to a deployment. `outcome` is `ok` or an error kind.
    pub fn attempt(&self, provider: &str, outcome: &str) {
        let labels = AttemptLabels {
            provider: provider.to_owned(),
            outcome: outcome.to_owned(),
        };
        self.all.attempts.get_or_create(&labels).inc();
    }

    /// Counts a fallback from the asked group to another, and what it was for.
    pub fn fallback(&self, (from, to): (&str, &str), answered: bool, why: &str) {
        let [successful, failed] = &self.all.fallbacks;
        let labels = FallbackLabels {
            requested_model: self.group(from).to_owned(),
            fallback_model: self.group(to).to_owned(),
            exception_class: why.to_owned(),
        };
        let family = if answered { successful } else { failed };
        family.get_or_create(&labels).inc();
    }

    /// Counts a config reload.
    pub fn config_reload(&self, result: &'static str) {
        self.all
            .config_reloads
            .get_or_create(&ResultLabel { result })
            .inc();
    }

    /// Counts a price table that came from outside.
    pub fn price_refresh(&self, result: &'static str) {
        self.all
            .price_refreshes
            .get_or_create(&ResultLabel { result })
            .inc();
    }

    /// Counts keys that were replaced by themselves.
    pub fn keys_rotated(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.all.keys_rotated.inc_by(count);
    }

    /// Counts a call that the response cache was asked for.
    pub fn cache_lookup(&self, operation: &'static str, outcome: &'static str) {
        let labels = LookupLabels { operation, outcome };
        self.all.cache_lookups.get_or_create(&labels).inc();
    }

    /// Counts the tokens of a kept answer that is given again.
    pub fn cache_tokens(&self, model_group: &str, tokens: u64) {
        let model_group = self.group(model_group).to_owned();
        let labels = SpendLabels { model_group };
        self.all.cache_tokens.get_or_create(&labels).inc_by(tokens);
    }

    /// Counts a call that was turned away.
    pub fn shed(&self, why: &'static str) {
        self.all.shed.get_or_create(&WhyLabel { why }).inc();
    }

    /// Counts what the response cache could not do.
    pub fn cache_failure(&self, what: &'static str) {
        self.all
            .cache_failures
            .get_or_create(&WhatLabel { what })
            .inc();
    }

    /// Counts a health check of a deployment.
    pub fn health_check(&self, provider: &str, result: &'static str) {
        let provider = provider.to_owned();
        let labels = CheckLabels { provider, result };
        self.all.health_checks.get_or_create(&labels).inc();
    }

    /// Calls under way.
    pub fn calls_under_way(&self) -> i64 {
        self.all.in_flight.get()
    }

    /// Counts notices between replicas that were deleted because of their age.
    pub fn changes_forgotten(&self, count: u64) {
        self.all.changes_forgotten.inc_by(count);
    }

    /// A call that counts as being served until the guard is dropped.
    pub fn in_flight(&self) -> InFlight {
        self.all.in_flight.inc();
        InFlight(self.all.in_flight.clone())
    }

    /// Everything in Prometheus' text format, with the plugins' numbers of this moment.
    pub fn render(&self, plugins: &[PluginSample]) -> String {
        let mut out = String::new();
        if encode(&mut out, &self.all.registry).is_err() {
            return String::new();
        }
        let end = out.rfind("# EOF").unwrap_or(out.len());
        out.truncate(end);
        let mut theirs = String::new();
        if encode(&mut theirs, &self.all.litellm).is_ok() {
            out.push_str(theirs.trim_end_matches("# EOF\n"));
        }
        let dropped = PluginSample {
            name: "sluice_log_lines_dropped_total",
            kind: "counter",
            help: "Log lines whose reader did not keep up",
            labels: Vec::new(),
            value: super::log::dropped_lines() as f64,
        };
        let plugins = plugins.iter().chain([&dropped]);
        let mut samples: Vec<&PluginSample> = plugins.collect();
        samples.sort_by_key(|sample| sample.name);
        let mut last = "";
        for sample in samples {
            // Writing to a string does not fail.
            if sample.name != last {
                let _ = writeln!(out, "# HELP {} {}", sample.name, sample.help);
                let _ = writeln!(out, "# TYPE {} {}", sample.name, sample.kind);
                last = sample.name;
            }
            let labels: Vec<String> = sample
                .labels
                .iter()
                .map(|(name, value)| format!("{name}={value:?}"))
                .collect();
            let _ = writeln!(
                out,
                "{}{{{}}} {}",
                sample.name,
                labels.join(","),
                sample.value
            );
        }
        out
    }
}

/// Counts a call as being served while it lives.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(model_group: &str) -> CallSample<'_> {
        CallSample {
            operation: "chat",
            model_group,
            status: 200,
            duration: Duration::from_millis(3),
            overhead: Duration::from_micros(80),
            input_tokens: 5,
            output_tokens: 0,
            spend_usd: Some(0.25),
        }
    }

    #[test]
    fn names_that_clients_make_up_do_not_grow_the_metrics_for_ever() {
        let metrics = Metrics::default();
        for number in 0..MAX_GROUPS + 10 {
            metrics.call(&sample(&format!("m{number}")));
        }
        metrics.call(&sample("m0"));
        let text = metrics.render(&[]);
        assert!(
            text.contains(r#"model_group="other",status="200"} 10"#),
            "{text}"
        );
        assert!(text.contains(r#"model_group="m0",status="200"} 2"#));
    }

    #[test]
    fn a_name_with_quotes_breaks_no_line() {
        let metrics = Metrics::default();
        metrics.call(&sample("a\"b\\c"));
        let text = metrics.render(&[]);
        assert!(text.contains(r#"model_group="a\"b\\c""#), "{text}");
    }

    #[test]
    fn a_call_is_counted_with_its_tokens() {
        let metrics = Metrics::default();
        metrics.call(&sample("demo"));
        let text = metrics.render(&[PluginSample {
            name: "sluice_plugin_calls_total",
            kind: "counter",
            help: "Calls of a plugin's exports",
            labels: vec![("plugin", "echo".into())],
            value: 2.0,
        }]);
        assert!(text.contains(
            r#"sluice_requests_total{operation="chat",model_group="demo",status="200"} 1"#
        ));
        assert!(text.contains(r#"sluice_tokens_total{model_group="demo",direction="input"} 5"#));
        assert!(text.contains(r#"sluice_spend_usd_total{model_group="demo"} 0.25"#));
        assert!(text.contains(r#"sluice_plugin_calls_total{plugin="echo"} 2"#));
    }
}
