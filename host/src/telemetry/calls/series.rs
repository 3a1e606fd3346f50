//! What is counted of calls that are alike in every label.

use std::time::Duration;

use super::Sample;

/// Upper ends of LiteLLM's buckets, in seconds, unless configured.
pub const BOUNDS: [f64; 17] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 420.0,
    600.0,
];

/// Times, counted by their length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Times {
    /// By bucket, the last one without an end. Empty until the first.
    pub counts: Vec<u64>,
    /// Seconds.
    pub sum: f64,
}

impl Times {
    pub fn add(&mut self, bounds: &[f64], seconds: f64) {
        if self.counts.is_empty() {
            self.counts.resize(bounds.len() + 1, 0);
        }
        let at = bounds.partition_point(|end| *end < seconds);
        if let Some(count) = self.counts.get_mut(at) {
            *count += 1;
            self.sum += seconds;
        }
    }

    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own += more;
        }
        self.sum += other.sum;
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct End {
    pub status: u16,
    /// LiteLLM's name of the exception. None: it did not fail.
    pub class: Option<&'static str>,
}

/// What an upstream says is left of its own limits, and when that was, by a count of calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    pub value: Option<u64>,
    pub turn: u64,
}

/// Calls that are alike.
#[derive(Debug, Clone, Default)]
pub struct Series {
    pub ends: Vec<(End, u64)>,
    pub input: u64,
    pub output: u64,
    pub cached: u64,
    pub cache_write: u64,
    pub input_audio: u64,
    pub output_audio: u64,
    pub reasoning: u64,
    /// Dollars.
    pub spend: f64,
    pub cache_hits: u64,
    pub cache_misses: u64,
    /// Tokens of answers that were kept.
    pub kept_tokens: u64,
    pub total: Times,
    pub upstream: Times,
    pub first_token: Times,
    pub overhead: Times,
    pub queue: Times,
    pub per_token: Times,
    pub left_requests: Left,
    pub left_tokens: Left,
}

impl Series {
    /// Ends of answered calls.
    pub fn answered(&self) -> u64 {
        let good = self.ends.iter().filter(|(end, _)| end.class.is_none());
        good.map(|(_, count)| count).sum()
    }

    pub fn end(&mut self, end: End) {
        match self.ends.iter_mut().find(|(it, _)| *it == end) {
            Some((_, count)) => *count += 1,
            None => self.ends.push((end, 1)),
        }
    }

    pub fn count(&mut self, call: &Sample<'_>, bounds: &[f64], turn: u64) {
        self.end(End {
            status: call.status,
            class: call.class,
        });
        match call.kept {
            Some(true) => {
                self.cache_hits += 1;
                self.kept_tokens += call.tokens.input.saturating_add(call.tokens.output);
            }
            Some(false) => self.cache_misses += 1,
            None => {}
        }
        // Tokens of a kept answer were counted when it was made.
        if call.kept != Some(true) {
            let tokens = &call.tokens;
            let parts = [
                (&mut self.input, tokens.input),
                (&mut self.output, tokens.output),
                (&mut self.cached, tokens.cached),
                (&mut self.cache_write, tokens.cache_write),
                (&mut self.input_audio, tokens.input_audio),
                (&mut self.output_audio, tokens.output_audio),
                (&mut self.reasoning, tokens.reasoning),
            ];
            for (sum, more) in parts {
                *sum = sum.saturating_add(more);
            }
        }
        self.spend += call.spend_usd.filter(|it| *it > 0.0).unwrap_or(0.0);
        let time = |times: &mut Times, it: Duration| times.add(bounds, it.as_secs_f64());
        time(&mut self.total, call.duration);
        time(&mut self.overhead, call.overhead);
        time(&mut self.queue, call.queue);
        if let Some(upstream) = call.upstream {
            time(&mut self.upstream, upstream);
            if call.tokens.output > 0 && call.class.is_none() {
                #[expect(clippy::cast_precision_loss, reason = "a mean of seconds")]
                let each = upstream.as_secs_f64() / call.tokens.output as f64;
                self.per_token.add(bounds, each);
            }
        }
        if let Some(first) = call.first_token {
            time(&mut self.first_token, first);
        }
        for (left, said) in [
            (&mut self.left_requests, call.left_requests),
            (&mut self.left_tokens, call.left_tokens),
        ] {
            if said.is_some() {
                *left = Left { value: said, turn };
            }
        }
    }
}
