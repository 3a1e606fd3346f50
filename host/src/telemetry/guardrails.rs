//! What guardrails decide, and how long they take. Names of guardrails are the config's, so there
//! are not many series.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::times::BOUNDS;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decision {
    guardrail: String,
    stage: &'static str,
    decision: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Look {
    guardrail: String,
    stage: &'static str,
}

/// As LiteLLM labels them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    guardrail_name: String,
    status: &'static str,
    hook_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Latency {
    guardrail_name: String,
    status: &'static str,
    error_type: &'static str,
    hook_type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Broken {
    guardrail_name: String,
    error_type: &'static str,
    hook_type: &'static str,
}

/// The families.
#[derive(Debug)]
pub struct Guardrails {
    decisions: Family<Decision, Counter>,
    seconds: Family<Look, Histogram>,
    requests: Family<Request, Counter>,
    latency: Family<Latency, Histogram>,
    errors: Family<Broken, Counter>,
}

impl Guardrails {
    /// Ours are registered in the first, those with LiteLLM's names in the second.
    pub fn register(ours: &mut Registry, litellm: &mut Registry) -> Self {
        let histogram = || Histogram::new(BOUNDS);
        let all = Self {
            decisions: Family::default(),
            seconds: Family::new_with_constructor(histogram as fn() -> Histogram),
            requests: Family::default(),
            latency: Family::new_with_constructor(histogram as fn() -> Histogram),
            errors: Family::default(),
        };
        ours.register(
            "guardrail_decisions",
            "What guardrails decided",
            Family::clone(&all.decisions),
        );
        ours.register(
            "guardrail_seconds",
            "How long guardrails looked",
            Family::clone(&all.seconds),
        );
        litellm.register(
            "requests",
            "Looks of guardrails",
            Family::clone(&all.requests),
        );
        litellm.register(
            "latency_seconds",
            "How long guardrails looked",
            Family::clone(&all.latency),
        );
        litellm.register(
            "errors",
            "Looks of guardrails that failed",
            Family::clone(&all.errors),
        );
        all
    }

    /// Counts one look.
    pub fn count(
        &self,
        (name, stage): (&str, &'static str),
        decision: &'static str,
        took: Duration,
    ) {
        let guardrail = name.to_owned();
        let labels = Decision {
            guardrail: guardrail.clone(),
            stage,
            decision,
        };
        self.decisions.get_or_create(&labels).inc();
        let look = Look { guardrail, stage };
        self.seconds
            .get_or_create(&look)
            .observe(took.as_secs_f64());
        let failed = matches!(decision, "failed_open" | "failed_closed");
        // LiteLLM has the exception's class for an error; ours are told apart by what followed.
        let (status, error_type) = match failed {
            true => ("error", decision),
            false => ("success", "None"),
        };
        let hook_type = match stage {
            "pre" => "pre_call",
            "during" => "during_call",
            "post" => "post_call",
            _ => "logging_only",
        };
        let request = Request {
            guardrail_name: name.to_owned(),
            status,
            hook_type,
        };
        self.requests.get_or_create(&request).inc();
        let latency = Latency {
            guardrail_name: name.to_owned(),
            status,
            error_type,
            hook_type,
        };
        let histogram = self.latency.get_or_create(&latency);
        histogram.observe(took.as_secs_f64());
        if failed {
            let broken = Broken {
                guardrail_name: name.to_owned(),
                error_type,
                hook_type,
            };
            self.errors.get_or_create(&broken).inc();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Metrics;
    use super::*;

    #[test]
    fn every_decision_is_counted_by_our_names_and_litellms() {
        let metrics = Metrics::default();
        metrics.guardrail(("pii", "pre"), "edit", Duration::from_millis(2));
        metrics.guardrail(("pii", "post"), "failed_closed", Duration::from_millis(2));
        let text = metrics.render(&[]);
        for line in [
            r#"sluice_guardrail_decisions_total{guardrail="pii",stage="pre",decision="edit"} 1"#,
            r#"sluice_guardrail_seconds_count{guardrail="pii",stage="pre"} 1"#,
            r#"litellm_guardrail_requests_total{guardrail_name="pii",status="success",hook_type="pre_call"} 1"#,
            r#"litellm_guardrail_requests_total{guardrail_name="pii",status="error",hook_type="post_call"} 1"#,
            r#"litellm_guardrail_latency_seconds_count{guardrail_name="pii",status="success",error_type="None",hook_type="pre_call"} 1"#,
            r#"litellm_guardrail_latency_seconds_sum{guardrail_name="pii",status="error",error_type="failed_closed",hook_type="post_call"} 0.002"#,
            r#"litellm_guardrail_errors_total{guardrail_name="pii",error_type="failed_closed",hook_type="post_call"} 1"#,
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        // What did not fail is no error.
        assert!(
            !text.contains(
                r#"litellm_guardrail_errors_total{guardrail_name="pii",error_type="None""#
            )
        );
    }
}
