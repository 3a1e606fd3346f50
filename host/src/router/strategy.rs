//! By what the deployments of a level are told apart.

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
    /// percent above the lowest).
    LatencyBased { buffer: f64 },
    /// The lowest price.
    CostBased,
    /// The better of two that are drawn: by a latency that goes up at once and down slowly, times
    /// the calls under way. Ours.
    P2cEwma,
}

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

    /// Of a name. `provider-budget-routing` shuffles: the budgets are kept whatever the strategy.
    pub fn named(name: &str, buffer: f64) -> Option<Self> {
        Some(match name {
            "simple-shuffle" | "provider-budget-routing" => Self::SimpleShuffle,
            "least-busy" => Self::LeastBusy,
            "usage-based-routing" | "usage-based-routing-v2" => Self::UsageBased,
            "latency-based-routing" => Self::LatencyBased { buffer },
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
}
