//! By what the deployments of a level are told apart.

use std::time::Duration;

use super::remarks::{Taken, hint};
use super::section::{Names, Section};

/// LiteLLM's memory of latencies.
const LATENCY_MEMORY: Duration = Duration::from_secs(3600);

/// `routing_strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Strategy {
    /// Drawn by weight.
    #[default]
    SimpleShuffle,
    /// The fewest calls under way.
    LeastBusy,
    /// The fewest tokens this minute.
    UsageBased,
    /// The lowest mean latency; drawn among those within `buffer` of it, as a share (0.1: ten
    /// percent above the lowest). Latencies are forgotten after `memory` without a new one.
    LatencyBased { buffer: f64, memory: Duration },
    /// The lowest price.
    CostBased,
    /// The better of two that are drawn: by a latency that goes up at once and down slowly, times
    /// the calls under way. Ours.
    P2cEwma,
}

/// `routing_strategy_args`.
pub const ARGS: Names = Names {
    known: &["lowest_latency_buffer", "ttl"],
    accepted: &["max_latency_list_size", "rpm", "tpm"],
    unenforced: &[],
};

impl Strategy {
    /// The names that a config may use, LiteLLM's and ours.
    pub const NAMES: [&'static str; 8] = [
        "simple-shuffle",
        "least-busy",
        "usage-based-routing",
        "usage-based-routing-v2",
        "latency-based-routing",
        "cost-based-routing",
        "provider-budget-routing",
        "p2c-ewma",
    ];

    /// Of a name, with defaults. `provider-budget-routing` shuffles: the budgets are kept whatever
    /// the strategy.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "simple-shuffle" | "provider-budget-routing" => Self::SimpleShuffle,
            "least-busy" => Self::LeastBusy,
            "usage-based-routing" | "usage-based-routing-v2" => Self::UsageBased,
            "latency-based-routing" => Self::LatencyBased {
                buffer: 0.0,
                memory: LATENCY_MEMORY,
            },
            "cost-based-routing" => Self::CostBased,
            "p2c-ewma" => Self::P2cEwma,
            _ => return None,
        })
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SimpleShuffle => "simple-shuffle",
            Self::LeastBusy => "least-busy",
            Self::UsageBased => "usage-based-routing-v2",
            Self::LatencyBased { .. } => "latency-based-routing",
            Self::CostBased => "cost-based-routing",
            Self::P2cEwma => "p2c-ewma",
        }
    }

    /// Whether a deployment over its `rpm` or `tpm` is passed over; under the others the two are
    /// weights only, unless `enforce_model_rate_limits` is asked for.
    pub const fn keeps_limits(self) -> bool {
        matches!(
            self,
            Self::UsageBased | Self::CostBased | Self::LatencyBased { .. }
        )
    }

    /// Reads `routing_strategy` and `routing_strategy_args` of `router_settings`.
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let name = "routing_strategy";
        let mut strategy = Self::default();
        if let Some(wished) = section.text(name) {
            match Self::named(&wished) {
                Some(known) => strategy = known,
                None => {
                    let hint = hint(&wished, Self::NAMES);
                    let text = format!("is `{wished}`, which is no strategy{hint}");
                    section.say(Taken::Wrong, name, text);
                }
            }
        }
        let args = "routing_strategy_args";
        let written = section.raw(args);
        let has_args = written.is_some();
        let (buffer, memory) = section.inner(
            args,
            written,
            |args| {
                let buffer = args.number("lowest_latency_buffer");
                if buffer.is_some_and(|it| it < 0.0) {
                    let text = "is below 0, expected a share, such as 0.1 for ten percent";
                    args.say(Taken::Wrong, "lowest_latency_buffer", text);
                }
                (buffer.filter(|it| *it >= 0.0), args.seconds("ttl"))
            },
            &ARGS,
        );
        match &mut strategy {
            Self::LatencyBased {
                buffer: to,
                memory: kept,
            } => {
                *to = buffer.unwrap_or(*to);
                *kept = memory.unwrap_or(*kept);
            }
            _ if has_args => {
                let text = format!("has no effect with `{}`", strategy.as_str());
                section.say(Taken::Warning, args, text);
            }
            _ => {}
        }
        strategy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_strategy_and_every_strategy_has_a_name() {
        for name in Strategy::NAMES {
            let strategy = Strategy::named(name).unwrap();
            assert!(Strategy::NAMES.contains(&strategy.as_str()), "{name}");
        }
        assert_eq!(Strategy::named("round-robin"), None);
    }
}
