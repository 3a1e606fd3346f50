//! Numbers at the time of a scrape: of plugins, deployments, money and whatever else is not counted
//! in this room.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::calls::labels::push;
use super::calls::shown::Shown;
use super::calls::write::head;

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

impl PluginSample {
    /// A number without labels.
    pub const fn plain(
        name: &'static str,
        kind: &'static str,
        help: &'static str,
        value: f64,
    ) -> Self {
        Self {
            name,
            kind,
            help,
            labels: Vec::new(),
            value,
        }
    }
}

/// Numbers of this moment, each metric once. Of LiteLLM's, those that are shown; labels that are
/// not are summed over.
pub(super) fn write_samples(mut samples: Vec<&PluginSample>, shown: &Shown, out: &mut String) {
    samples.sort_by_key(|sample| sample.name);
    for same in samples.chunk_by(|left, right| left.name == right.name) {
        let Some(first) = same.first() else { continue };
        let name = first.name;
        let theirs = name.starts_with("litellm_");
        if theirs && !shown.shows(name) {
            continue;
        }
        head(out, (name, first.kind, first.help));
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for sample in same {
            let mut text = String::new();
            for (label, value) in &sample.labels {
                if !theirs || shown.labels(name, label) {
                    push(&mut text, label, value);
                }
            }
            *sums.entry(text).or_default() += sample.value;
        }
        for (labels, value) in sums {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{name}{{{labels}}} {value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::calls::shown::Rules;
    use super::*;

    #[test]
    fn labels_that_are_not_shown_are_summed_over() {
        let rules = Rules {
            without_labels: vec!["model_id".into()],
            without_metrics: vec!["litellm_deployment_tpm_limit".into()],
            ..Rules::default()
        };
        let shown = Shown::read(&rules).unwrap();
        let sample = |name: &'static str, id: &str| PluginSample {
            name,
            kind: "counter",
            help: "How many",
            labels: vec![("model_id", id.to_owned()), ("model_group", "m".into())],
            value: 2.0,
        };
        let total = "litellm_deployment_total_requests_total";
        let limit = "litellm_deployment_tpm_limit";
        let samples = [
            sample(total, "d1"),
            sample(total, "d2"),
            sample(limit, "d1"),
        ];
        let mut text = String::new();
        write_samples(samples.iter().collect(), &shown, &mut text);
        assert!(
            text.contains(&format!("{total}{{model_group=\"m\"}} 4")),
            "{text}"
        );
        assert!(!text.contains(limit));
    }
}
