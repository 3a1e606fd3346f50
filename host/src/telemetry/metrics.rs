//! The gateway's own metrics, in Prometheus' text format.
//!
//! | name | unit | labels |
//! |---|---|---|
//! | `sluice_requests_total` | calls | operation, model_group, status; made of [`Calls`] |
//! | `sluice_request_duration_seconds` | seconds, histogram | operation |
//! | `sluice_overhead_seconds` | seconds, histogram; the call less the time spent waiting for upstreams | operation |
//! | `sluice_attempts_total` | sends to a deployment | provider, outcome (`ok` or an error kind) |
//! | `sluice_tokens_total` | tokens | model_group, direction (`input`, `output`); made of [`Calls`] |
//! | `sluice_spend_usd_total` | dollars, of calls whose price is known | model_group; made of [`Calls`] |
//! | `sluice_stage_seconds` | seconds, histogram | stage, see [`Stage`] |
//! | `sluice_metric_series`, `sluice_metric_series_beyond_total` | sets of labels, calls beyond their cap | |
//! | `sluice_in_flight_requests` | calls | |
//! | `sluice_config_reloads_total` | reloads | result |
//! | `sluice_price_refreshes_total` | price tables that were fetched or read | result (`applied`, `unchanged`, `refused`) |
//! | `sluice_keys_rotated_total` | keys that were replaced by themselves | |
//! | `sluice_hedges_total` | calls that were to go to a second deployment as well | result (`won`, `lost`, `failed`, `capped`) |
//! | `sluice_requests_shed_total`, `sluice_waiting_requests` | calls turned away, and calls in line | why (`full`, `late`) |
//! | `sluice_realtime_sessions` | sessions that are open | |
//! | `sluice_cache_lookups_total` | calls that the response cache was asked for | operation, outcome (`hit`, `miss`, `partial`, `joined`) |
//! | `sluice_cache_tokens_total` | tokens of answers that were kept, given again | model_group |
//! | `sluice_cache_failures_total` | what the response cache could not do | what (`unreachable`, `refused`, `corrupt`, `full`) |
//! | `sluice_cache_entries`, `sluice_cache_bytes` | answers kept in memory, and their bytes | |
//! | `sluice_health_checks_total` | checks of deployments | provider, result (`healthy`, `unhealthy`, `unchecked`) |
//! | `sluice_guardrail_decisions_total` | looks of guardrails | guardrail, stage, decision (`allow`, `edit`, `replace`, `block`, `failed_open`, `failed_closed`) |
//! | `sluice_guardrail_seconds` | seconds, histogram | guardrail, stage |
//! | `litellm_guardrail_requests_total` | the same looks | guardrail_name, status, hook_type |
//! | `litellm_guardrail_latency_seconds` | seconds, histogram | guardrail_name, status, error_type, hook_type |
//! | `litellm_guardrail_errors_total` | looks that failed | guardrail_name, error_type (`failed_open`, `failed_closed`), hook_type |
//! | `sluice_callback_batch_seconds` | seconds, histogram | callback |
//! | `sluice_batches_booked_total` | batches that have ended and are charged | |
//! | `sluice_responses_booked_total` | responses of the background that were seen done and are charged | |
//! | `sluice_sign_ins_total` | attempts to sign in to the admin UI | way (`username_password`, `master_key`, `key`, `password`, `sso`; what failed by name and password or key is `password`), result (`ok`, `refused`, `throttled`, `failed`) |
//! | `sluice_changes_forgotten_total` | notices between replicas that were deleted because of their age | |
//! | `sluice_log_lines_dropped_total` | log lines whose reader did not keep up | |
//! | `litellm_deployment_successful_fallbacks_total`, `litellm_deployment_failed_fallbacks_total` | fallbacks | requested_model, fallback_model, exception_status, exception_class |
//! | `litellm_deployment_*` | see [`PluginSample`] | of a deployment |
//! | other `litellm_*` | see [`super::calls::families`] | of LiteLLM |
//! | `sluice_plugin_*` | see [`PluginSample`] | plugin |

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;

use super::calls::{Calls, Sample};
use super::families::All;
use super::labels::{
    AttemptLabels, CheckLabels, FallbackLabels, LookupLabels, OperationLabel, ResultLabel,
    SignInLabels, SpendLabels, WhatLabel, WhyLabel,
};
use super::sample::write_samples;
use super::times::Stage;

pub use super::sample::PluginSample;

/// Model groups that are told apart. Behind a wildcard, or by mistake, clients name what they like,
/// and every new name is a series for ever: what comes later is counted as `other`.
const MAX_GROUPS: usize = 1000;

/// Handles to every metric. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    all: Arc<All>,
}

impl Metrics {
    /// Counts a finished call.
    pub fn call(&self, sample: &Sample<'_>) {
        let operation = OperationLabel {
            operation: sample.operation,
        };
        let durations = self.all.durations.get_or_create(&operation);
        durations.observe(sample.duration.as_secs_f64());
        let overheads = self.all.overheads.get_or_create(&operation);
        overheads.observe(sample.overhead.as_secs_f64());
        self.all.calls.count(sample);
    }

    /// Calls by LiteLLM's labels.
    pub fn calls(&self) -> &Calls {
        &self.all.calls
    }

    /// Counts the time that a stage of a call took.
    pub fn stage(&self, stage: Stage, time: Duration) {
        self.all.stages.add(stage.as_str(), time);
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

    /// Counts a fallback from the asked group to another, and the status and the class of the failure
    /// that it was for.
    pub fn fallback(&self, (from, to): (&str, &str), answered: bool, (status, class): (u16, &str)) {
        let [successful, failed] = &self.all.fallbacks;
        let labels = FallbackLabels {
            requested_model: self.group(from).to_owned(),
            fallback_model: self.group(to).to_owned(),
            exception_status: status.to_string(),
            exception_class: class.to_owned(),
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

    /// Counts an attempt to sign in to the admin UI.
    pub fn sign_in(&self, way: &'static str, result: &'static str) {
        let labels = SignInLabels { way, result };
        self.all.sign_ins.get_or_create(&labels).inc();
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

    /// Counts a batch that has ended and is charged.
    pub fn batch_booked(&self) {
        self.all.batches_booked.inc();
    }

    /// Counts a response of the background that is done and is charged.
    pub fn response_booked(&self) {
        self.all.responses_booked.inc();
    }

    /// Counts a look of a guardrail, at this stage.
    pub fn guardrail(&self, look: (&str, &'static str), decision: &'static str, took: Duration) {
        self.all.guardrails.count(look, decision, took);
    }

    /// Counts a batch that a callback was handed.
    pub fn callback_batch(&self, callback: &str, took: Duration) {
        self.all.callbacks.batch(callback, took);
    }

    /// Counts a call that was turned away.
    pub fn shed(&self, why: &'static str) {
        self.all.shed.get_or_create(&WhyLabel { why }).inc();
    }

    /// Counts a call whose first deployment was slow.
    pub fn hedge(&self, result: &'static str) {
        self.all.hedges.get_or_create(&ResultLabel { result }).inc();
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
        let shown = self.all.calls.shown();
        for litellm in &self.all.litellm {
            let mut theirs = String::new();
            if encode(&mut theirs, litellm).is_err() {
                continue;
            }
            let lines = theirs.lines().filter(|it| *it != "# EOF");
            for line in lines.filter(|it| shown.shows(named(it))) {
                out.push_str(line);
                out.push('\n');
            }
        }
        let calls = &self.all.calls;
        calls.write(&mut out);
        let help = "Where the time of calls goes";
        self.all
            .stages
            .write(("sluice_stage_seconds", help), &mut out);
        #[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are floats")]
        let own = [
            PluginSample::plain(
                "sluice_log_lines_dropped_total",
                "counter",
                "Log lines whose reader did not keep up",
                super::log::dropped_lines() as f64,
            ),
            PluginSample::plain(
                "sluice_metric_series",
                "gauge",
                "Sets of labels that calls are told apart by",
                calls.len() as f64,
            ),
            PluginSample::plain(
                "sluice_metric_series_beyond_total",
                "counter",
                "Calls that found no room among them and are counted as other",
                calls.beyond() as f64,
            ),
            PluginSample::plain(
                "litellm_in_flight_requests",
                "gauge",
                "Calls being served",
                self.all.in_flight.get() as f64,
            ),
        ];
        let samples: Vec<&PluginSample> = plugins.iter().chain(&own).collect();
        write_samples(samples, &shown, &mut out);
        out
    }
}

/// The metric that a line is of.
fn named(line: &str) -> &str {
    let rest = ["# HELP ", "# TYPE "]
        .iter()
        .find_map(|it| line.strip_prefix(it));
    let rest = rest.unwrap_or(line);
    rest.split(['{', ' ']).next().unwrap_or(rest)
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
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_call_is_counted_with_its_tokens_and_its_times() {
        let metrics = Metrics::default();
        let calls = metrics.calls();
        metrics.call(&Sample {
            operation: "chat",
            asked: calls.name("demo"),
            group: calls.name("demo"),
            status: 200,
            duration: Duration::from_millis(3),
            overhead: Duration::from_micros(80),
            tokens: super::super::calls::Tokens {
                input: 5,
                ..Default::default()
            },
            spend_usd: Some(0.25),
            ..Sample::default()
        });
        metrics.stage(Stage::Admit, Duration::from_micros(20));
        let text = metrics.render(&[PluginSample {
            name: "sluice_plugin_calls_total",
            kind: "counter",
            help: "Calls of a plugin's exports",
            labels: vec![("plugin", "echo".into())],
            value: 2.0,
        }]);
        for line in [
            r#"sluice_requests_total{operation="chat",model_group="demo",status="200"} 1"#,
            r#"sluice_tokens_total{model_group="demo",direction="input"} 5"#,
            r#"sluice_spend_usd_total{model_group="demo"} 0.25"#,
            r#"sluice_plugin_calls_total{plugin="echo"} 2"#,
            r#"sluice_overhead_seconds_count{operation="chat"} 1"#,
            r#"sluice_stage_seconds_count{stage="admit"} 1"#,
            r#"sluice_metric_series{} 1"#,
            r#"litellm_in_flight_requests{} 0"#,
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }

    #[test]
    fn each_metric_has_one_head_and_no_other_beside_it() {
        let metrics = Metrics::default();
        metrics.fallback(("a", "b"), true, (429, "RateLimitError"));
        let sample = |id: &str| PluginSample {
            name: "litellm_deployment_state",
            kind: "gauge",
            help: "How it is",
            labels: vec![("model_id", id.to_owned()), ("api_base", "x\"y".into())],
            value: 1.0,
        };
        let text = metrics.render(&[sample("d1"), sample("d2")]);
        let heads: Vec<&str> = text.lines().filter(|it| it.starts_with("# TYPE")).collect();
        let names: HashSet<&str> = heads.iter().filter_map(|it| it.split(' ').nth(2)).collect();
        assert_eq!(names.len(), heads.len(), "{heads:?}");
        assert!(text.contains(r#"litellm_deployment_state{model_id="d2",api_base="x\"y"} 1"#));
        assert!(!text.contains("# EOF"));
    }
}
