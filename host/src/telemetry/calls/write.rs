//! Calls as the text that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::families::{FAMILIES, Read, float};
use super::labels::{ABSENT, Extra, Label, Site, Who, push};
use super::series::{End, Left, Series, Times};
use super::shown::Shown;
use super::{Calls, Key};
use crate::telemetry::route::route;

/// What a metric comes to for one set of labels.
enum Sum {
    Number(f64),
    Times(Times),
    Left(Left),
}

/// Everything that series refer to, while they are written.
struct Words {
    whos: Vec<Arc<Who>>,
    names: Vec<Arc<str>>,
    sites: Vec<Arc<Site>>,
    extras: Vec<Arc<Extra>>,
}

fn at<K: ?Sized>(list: &[Arc<K>], number: u32) -> Option<&K> {
    let at = usize::try_from(number).ok()?;
    list.get(at).map(|it| &**it)
}

impl Words {
    fn of(calls: &Calls) -> Self {
        Self {
            whos: calls.whos.all(),
            names: calls.names.all(),
            sites: calls.sites.all(),
            extras: calls.extras.all(),
        }
    }

    fn name(&self, number: u32) -> Option<&str> {
        at(&self.names, number)
    }

    fn value<'w>(&'w self, key: &Key, label: Label) -> Option<&'w str> {
        match label {
            Label::RequestedModel => self.name(key.asked),
            Label::Model => self.name(key.model),
            Label::ModelGroup => self.name(key.group),
            Label::ServiceTier => self.name(key.tier),
            Label::Route => Some(route(key.operation)),
            Label::ModelId | Label::Provider | Label::LitellmModel | Label::ApiBase => {
                at(&self.sites, key.site)?.value(label)
            }
            Label::EndUser | Label::ClientIp | Label::UserAgent => {
                at(&self.extras, key.extra)?.value(label)
            }
            // Said by how a call ended.
            Label::Status | Label::ExceptionStatus | Label::ExceptionClass => None,
            _ => at(&self.whos, key.who)?.value(label),
        }
    }
}

impl Calls {
    /// Appends LiteLLM's metrics and ours that are made of calls.
    pub fn write(&self, out: &mut String) {
        let (all, words, shown) = (self.copy(), Words::of(self), self.shown());
        for (name, help, labels, read) in &FAMILIES {
            if shown.shows(name) {
                let labels: Vec<Label> = labels
                    .iter()
                    .copied()
                    .filter(|it| shown.labels(name, it.as_str()))
                    .collect();
                let sums = sums(&all, &words, (&labels, *read), &shown, name);
                write_family((name, help, *read), sums, &shown, out);
            }
        }
        self.write_own(&all, &words, out);
    }

    /// Our own: by operation and model group only.
    fn write_own(&self, all: &[(Key, Series)], words: &Words, out: &mut String) {
        let mut requests = BTreeMap::new();
        let mut tokens = BTreeMap::new();
        let mut spend = BTreeMap::new();
        let add = |sums: &mut BTreeMap<String, f64>, labels: &[(&str, &str)], more: f64| {
            let mut text = String::new();
            for (name, value) in labels {
                push(&mut text, name, value);
            }
            *sums.entry(text).or_default() += more;
        };
        for (key, series) in all {
            let group = ("model_group", words.name(key.group).unwrap_or(ABSENT));
            for (end, count) in &series.ends {
                let (operation, status) = (("operation", key.operation), end.status.to_string());
                let labels = [operation, group, ("status", status.as_str())];
                add(&mut requests, &labels, float(*count));
            }
            for (direction, sum) in [("input", series.input), ("output", series.output)] {
                if sum > 0 {
                    let labels = [group, ("direction", direction)];
                    add(&mut tokens, &labels, float(sum));
                }
            }
            if series.spend > 0.0 {
                add(&mut spend, &[group], series.spend);
            }
        }
        let own = [
            ("sluice_requests_total", "Calls answered", requests),
            ("sluice_tokens_total", "Tokens used", tokens),
            (
                "sluice_spend_usd_total",
                "Dollars spent, by calls whose price is known",
                spend,
            ),
        ];
        for (name, help, sums) in own {
            head(out, (name, "counter", help));
            for (labels, sum) in sums {
                line(out, name, &labels, sum);
            }
        }
    }
}

fn sums(
    all: &[(Key, Series)],
    words: &Words,
    (labels, read): (&[Label], Read),
    shown: &Shown,
    name: &str,
) -> BTreeMap<String, Sum> {
    let mut sums = BTreeMap::new();
    for (key, series) in all {
        match read {
            Read::Number(read) => {
                let more = read(series);
                if more != 0.0 {
                    let text = text(words, key, labels, None, (shown, name));
                    add(&mut sums, text, Sum::Number(more));
                }
            }
            Read::Times(read) => {
                let times = read(series);
                if !times.counts.is_empty() {
                    let text = text(words, key, labels, None, (shown, name));
                    add(&mut sums, text, Sum::Times(times.clone()));
                }
            }
            Read::Left(read) => {
                let left = read(series);
                if left.value.is_some() {
                    let text = text(words, key, labels, None, (shown, name));
                    add(&mut sums, text, Sum::Left(left));
                }
            }
            Read::Ends(which) => {
                for (end, count) in series.ends.iter().filter(|(end, _)| which(end)) {
                    let text = text(words, key, labels, Some(end), (shown, name));
                    add(&mut sums, text, Sum::Number(float(*count)));
                }
            }
        }
    }
    sums
}

fn add(sums: &mut BTreeMap<String, Sum>, labels: String, more: Sum) {
    match (sums.get_mut(&labels), more) {
        (Some(Sum::Number(sum)), Sum::Number(more)) => *sum += more,
        (Some(Sum::Times(sum)), Sum::Times(more)) => sum.merge(&more),
        (Some(Sum::Left(last)), Sum::Left(more)) => {
            if more.turn >= last.turn {
                *last = more;
            }
        }
        (_, more) => {
            sums.insert(labels, more);
        }
    }
}

/// The labels of a series, as one text.
fn text(
    words: &Words,
    key: &Key,
    labels: &[Label],
    end: Option<&End>,
    (shown, name): (&Shown, &str),
) -> String {
    let mut out = String::with_capacity(512);
    for label in labels {
        let status = end.map(|it| it.status.to_string());
        let value = match label {
            Label::Status | Label::ExceptionStatus => status.as_deref(),
            Label::ExceptionClass => end.and_then(|it| it.class),
            other => words.value(key, *other),
        };
        push(&mut out, label.as_str(), value.unwrap_or(ABSENT));
    }
    if !shown.custom.is_empty() {
        let extra = at(&words.extras, key.extra);
        for (place, (_, label)) in shown.custom.iter().enumerate() {
            if shown.labels(name, label) {
                let value = extra.and_then(|it| it.custom.get(place)?.as_deref());
                push(&mut out, label, value.unwrap_or(ABSENT));
            }
        }
    }
    out
}

fn write_family(
    (name, help, read): (&str, &str, Read),
    sums: BTreeMap<String, Sum>,
    shown: &Shown,
    out: &mut String,
) {
    let (name, kind) = match read {
        Read::Number(_) | Read::Ends(_) => (format!("{name}_total"), "counter"),
        Read::Times(_) => (name.to_owned(), "histogram"),
        Read::Left(_) => (name.to_owned(), "gauge"),
    };
    head(out, (&name, kind, help));
    for (labels, sum) in sums {
        match sum {
            Sum::Number(sum) => line(out, &name, &labels, sum),
            Sum::Left(left) => line(out, &name, &labels, float(left.value.unwrap_or(0))),
            Sum::Times(times) => write_times(out, (&name, &labels), &times, &shown.bounds),
        }
    }
}

/// The lines of a histogram.
fn write_times(out: &mut String, (name, labels): (&str, &str), times: &Times, bounds: &[f64]) {
    let count = write_counts(out, (name, labels), &times.counts, bounds);
    line(out, &format!("{name}_sum"), labels, times.sum);
    line(out, &format!("{name}_count"), labels, count);
}

/// The buckets of a histogram; gives how many it counted.
pub fn write_counts(
    out: &mut String,
    (name, labels): (&str, &str),
    counts: &[u64],
    bounds: &[f64],
) -> f64 {
    let gap = if labels.is_empty() { "" } else { "," };
    let mut so_far = 0;
    for (at, count) in counts.iter().enumerate() {
        so_far += count;
        // Writing to a string does not fail.
        let _ = match bounds.get(at) {
            Some(end) => {
                let end = bound(*end);
                writeln!(out, "{name}_bucket{{{labels}{gap}le=\"{end}\"}} {so_far}")
            }
            None => writeln!(out, "{name}_bucket{{{labels}{gap}le=\"+Inf\"}} {so_far}"),
        };
    }
    float(so_far)
}

/// The end of a bucket, as Prometheus' own clients write it.
fn bound(end: f64) -> String {
    let text = end.to_string();
    match text.contains('.') {
        true => text,
        false => format!("{text}.0"),
    }
}

/// The lines before a metric's own.
pub fn head(out: &mut String, (name, kind, help): (&str, &str, &str)) {
    let _ = writeln!(out, "# HELP {name} {help}");
    let _ = writeln!(out, "# TYPE {name} {kind}");
}

/// One line of a metric.
pub fn line(out: &mut String, name: &str, labels: &str, value: f64) {
    let _ = match labels.is_empty() {
        true => writeln!(out, "{name} {value}"),
        false => writeln!(out, "{name}{{{labels}}} {value}"),
    };
}
