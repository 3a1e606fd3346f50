//! Which of LiteLLM's metrics are shown, and with which labels.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::families::{self, UNSERVED};
use super::labels::Label;
use super::series::BOUNDS;

/// What the config says of metrics, as it says it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// `prometheus_metrics_config`: metrics, and their labels (None: all of them). Empty: every
    /// metric.
    pub only: Vec<(Vec<String>, Option<Vec<String>>)>,
    /// `prometheus_exclude_metrics`.
    pub without_metrics: Vec<String>,
    /// `prometheus_exclude_labels`.
    pub without_labels: Vec<String>,
    /// `custom_prometheus_metadata_labels`.
    pub custom: Vec<String>,
    /// `prometheus_latency_buckets`: upper ends in seconds, ascending. Empty: LiteLLM's.
    pub bounds: Vec<f64>,
    /// `enable_end_user_cost_tracking_prometheus_only`.
    pub end_users: bool,
}

/// What is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// None: every metric with every label.
    only: Option<HashMap<String, Option<HashSet<String>>>>,
    without_metrics: HashSet<String>,
    without_labels: HashSet<String>,
    /// Paths in the metadata, and the labels that they become.
    pub custom: Vec<(String, String)>,
    pub bounds: Arc<[f64]>,
    /// Whether the customer of a call is one of its labels.
    pub end_users: bool,
    /// Whether the address of a client is.
    pub client_ips: bool,
    /// Whether its program is.
    pub user_agents: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self {
            only: None,
            without_metrics: HashSet::new(),
            without_labels: HashSet::new(),
            custom: Vec::new(),
            bounds: BOUNDS.into(),
            end_users: false,
            client_ips: false,
            user_agents: false,
        }
    }
}

impl Shown {
    /// Understands what the config says.
    ///
    /// # Errors
    /// The setting that names what there is not, and what it names.
    pub fn read(rules: &Rules) -> Result<Self, (&'static str, String)> {
        let custom: Vec<(String, String)> = rules
            .custom
            .iter()
            .map(|path| (path.clone(), label_of(path)))
            .collect();
        let metric = |setting: &'static str, name: &String| {
            let name = plain(name);
            let known = families::NAMES.contains(&name) || UNSERVED.contains(&name);
            match known {
                true => Ok(name.to_owned()),
                false => Err((setting, format!("`{name}` is none of LiteLLM's metrics"))),
            }
        };
        let label = |setting: &'static str, name: &String| {
            let own = custom.iter().any(|(_, label)| label == name);
            match own || Label::parse(name).is_some() || MORE_LABELS.contains(&name.as_str()) {
                true => Ok(name.clone()),
                false => Err((setting, format!("`{name}` is none of LiteLLM's labels"))),
            }
        };
        let mut only = HashMap::new();
        for (names, labels) in &rules.only {
            let setting = "prometheus_metrics_config";
            let labels = labels.as_ref().map(|labels| {
                let all = labels.iter().map(|it| label(setting, it));
                all.collect::<Result<HashSet<String>, _>>()
            });
            let labels = labels.transpose()?;
            for name in names {
                only.insert(metric(setting, name)?, labels.clone());
            }
        }
        let asks = |wanted: Label| {
            let lists = only.values().flatten();
            lists.into_iter().any(|it| it.contains(wanted.as_str()))
        };
        let (client_ips, user_agents) = (asks(Label::ClientIp), asks(Label::UserAgent));
        let without_metrics = rules.without_metrics.iter();
        let without_labels = rules.without_labels.iter();
        Ok(Self {
            only: (!rules.only.is_empty()).then_some(only),
            without_metrics: without_metrics
                .map(|it| metric("prometheus_exclude_metrics", it))
                .collect::<Result<_, _>>()?,
            without_labels: without_labels
                .map(|it| label("prometheus_exclude_labels", it))
                .collect::<Result<_, _>>()?,
            custom,
            bounds: match rules.bounds.is_empty() {
                true => BOUNDS.into(),
                false => rules.bounds.as_slice().into(),
            },
            end_users: rules.end_users,
            client_ips,
            user_agents,
        })
    }

    /// Whether anything is to be known of a call beside the usual.
    pub fn wants_extra(&self) -> bool {
        self.end_users || self.client_ips || self.user_agents || !self.custom.is_empty()
    }

    /// Whether a metric is shown.
    pub fn shows(&self, name: &str) -> bool {
        let name = plain(name);
        let listed = self.only.as_ref().is_none_or(|it| it.contains_key(name));
        listed && !self.without_metrics.contains(name)
    }

    /// Whether a metric has a label, of those that it may have.
    pub fn labels(&self, metric: &str, label: &str) -> bool {
        let list = self.only.as_ref().and_then(|it| it.get(plain(metric)));
        let listed = match list {
            Some(Some(list)) => list.contains(label),
            Some(None) | None => true,
        };
        listed && !self.without_labels.contains(label)
    }
}

/// Labels of metrics that are not made of calls.
const MORE_LABELS: [&str; 5] = [
    "callback_name",
    "fallback_model",
    "rate_limit_type",
    "stream",
    "tag",
];

/// A metric's name as LiteLLM's config has it, without what Prometheus puts behind.
fn plain(name: &str) -> &str {
    let whole = families::NAMES.contains(&name);
    let cut = name.strip_suffix("_total").filter(|_| !whole);
    cut.unwrap_or(name)
}

/// The label that a path in the metadata becomes.
fn label_of(path: &str) -> String {
    let letter = |it: char| {
        let fits = it.is_ascii_alphanumeric() || it == '_';
        if fits { it } else { '_' }
    };
    let label: String = path.chars().map(letter).collect();
    match label.starts_with(|it: char| it.is_ascii_digit()) || label.is_empty() {
        true => format!("_{label}"),
        false => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn a_config_that_lists_metrics_shows_these_and_their_labels_only() {
        let rules = Rules {
            only: vec![
                (
                    texts(&["litellm_spend_metric"]),
                    Some(texts(&["team", "client_ip"])),
                ),
                (texts(&["litellm_requests_metric_total"]), None),
            ],
            without_labels: texts(&["user"]),
            ..Rules::default()
        };
        let shown = Shown::read(&rules).unwrap();
        assert!(shown.shows("litellm_spend_metric_total"));
        assert!(shown.shows("litellm_requests_metric"));
        assert!(!shown.shows("litellm_total_tokens_metric"));
        assert!(shown.labels("litellm_spend_metric", "team"));
        assert!(!shown.labels("litellm_spend_metric", "model"));
        assert!(shown.labels("litellm_requests_metric", "model"));
        assert!(!shown.labels("litellm_requests_metric", "user"));
        assert!(shown.wants_extra() && shown.client_ips && !shown.user_agents);
    }

    #[test]
    fn names_that_there_are_not_are_told_with_their_setting() {
        let rules = Rules {
            without_metrics: texts(&["litellm_weather_metric"]),
            ..Rules::default()
        };
        let (setting, why) = Shown::read(&rules).unwrap_err();
        assert_eq!(setting, "prometheus_exclude_metrics");
        assert!(why.contains("litellm_weather_metric"));
        let rules = Rules {
            only: vec![(texts(&["litellm_spend_metric"]), Some(texts(&["colour"])))],
            ..Rules::default()
        };
        assert_eq!(
            Shown::read(&rules).unwrap_err().0,
            "prometheus_metrics_config"
        );
        // LiteLLM has it, this gateway has not: no mistake of the operator's.
        let rules = Rules {
            only: vec![(texts(&["litellm_pod_lock_manager_size"]), None)],
            ..Rules::default()
        };
        assert!(Shown::read(&rules).is_ok());
    }

    #[test]
    fn paths_of_metadata_become_labels_that_prometheus_takes() {
        assert_eq!(label_of("metadata.team-name"), "metadata_team_name");
        assert_eq!(label_of("1st"), "_1st");
    }
}
