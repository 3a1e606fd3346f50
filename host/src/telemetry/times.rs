//! Times that every call adds to: plain counters, no lock and no labels.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::calls::write::{head, line, write_counts};

/// Upper ends of our own buckets, in seconds. The first ones tell overhead apart, the last ones
/// long completions.
pub const BOUNDS: [f64; 16] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5, 10.0, 30.0,
    120.0, 600.0,
];

/// How often a time was how long.
#[derive(Debug)]
pub struct Times {
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            counts: array::from_fn(|_| AtomicU64::new(0)),
            nanos: AtomicU64::new(0),
        }
    }
}

impl Times {
    pub fn add(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let at = BOUNDS.partition_point(|end| *end < seconds);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// Where the time of a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// From the proven caller to the understood request: the client's upload is in it.
    Read,
    /// Limits, budgets, the line in the journal.
    Admit,
    /// Choosing deployments, plugins, retries, up to the answer or a stream's first event, without
    /// the time spent waiting for upstreams.
    Attempts,
    /// Waiting for upstreams.
    Upstream,
    /// Pricing, the row in the journal, the charge.
    Settle,
}

impl Stage {
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Admit,
        Self::Attempts,
        Self::Upstream,
        Self::Settle,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Admit => "admit",
            Self::Attempts => "attempts",
            Self::Upstream => "upstream",
            Self::Settle => "settle",
        }
    }
}

/// Histograms of one metric, by the value of its one label.
#[derive(Debug)]
pub struct ByLabel<const N: usize> {
    label: &'static str,
    values: [&'static str; N],
    times: [Times; N],
}

impl<const N: usize> ByLabel<N> {
    pub fn new(label: &'static str, values: [&'static str; N]) -> Self {
        Self {
            label,
            values,
            times: array::from_fn(|_| Times::default()),
        }
    }

    /// Adds a time. A value that is none of the known ones is not counted.
    pub fn add(&self, value: &str, time: Duration) {
        let at = self.values.iter().position(|it| *it == value);
        if let Some(times) = at.and_then(|at| self.times.get(at)) {
            times.add(time);
        }
    }

    /// Appends the metric; values that never came are left out.
    pub fn write(&self, (name, help): (&str, &str), out: &mut String) {
        head(out, (name, "histogram", help));
        for (value, times) in self.values.iter().zip(&self.times) {
            let counts: Vec<u64> = times
                .counts
                .iter()
                .map(|it| it.load(Ordering::Relaxed))
                .collect();
            if counts.iter().all(|it| *it == 0) {
                continue;
            }
            let labels = format!("{}=\"{value}\"", self.label);
            let count = write_counts(out, (name, &labels), &counts, &BOUNDS);
            let nanos = Duration::from_nanos(times.nanos.load(Ordering::Relaxed));
            line(out, &format!("{name}_sum"), &labels, nanos.as_secs_f64());
            line(out, &format!("{name}_count"), &labels, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_the_bucket_they_fit_in() {
        let stages = ByLabel::new("stage", Stage::ALL.map(Stage::as_str));
        stages.add("admit", Duration::from_micros(50));
        stages.add("admit", Duration::from_micros(51));
        stages.add("admit", Duration::from_secs(1000));
        stages.add("nowhere", Duration::from_secs(1));
        let mut out = String::new();
        stages.write(("x_seconds", "Help"), &mut out);
        for line in [
            r#"x_seconds_bucket{stage="admit",le="0.00005"} 1"#,
            r#"x_seconds_bucket{stage="admit",le="0.0001"} 2"#,
            r#"x_seconds_bucket{stage="admit",le="600.0"} 2"#,
            r#"x_seconds_bucket{stage="admit",le="+Inf"} 3"#,
            r#"x_seconds_count{stage="admit"} 3"#,
        ] {
            assert!(out.contains(line), "{line} in {out}");
        }
        assert!(!out.contains("nowhere") && !out.contains("settle"));
    }
}
