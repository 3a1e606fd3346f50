//! What each strategy promises of whom it chooses, whatever the deployments are like.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::choice::*;
use super::place::{Place, Terms};
use super::standing::{Flight, Landed, Standing};
use crate::config::Strategy;
use crate::domain::DeploymentId;

/// What is known of a deployment.
#[derive(Debug, Clone)]
struct Known {
    weight: f64,
    busy: u32,
    tokens: u64,
    seconds: f64,
    price: Option<f64>,
}

impl Known {
    fn load(&self) -> f64 {
        self.seconds * f64::from(self.busy + 1)
    }
}

fn any_known() -> impl proptest::strategy::Strategy<Value = Known> {
    let weight = select(vec![0.0, 0.5, 3.0]);
    let seconds = select(vec![0.25, 1.0, 1.5, 8.0]);
    let price = option::of(select(vec![1e-6, 2e-6, 5e-5]));
    (weight, 0u32..4, 1u64..4, seconds, price).prop_map(|(weight, busy, tokens, seconds, price)| {
        Known {
            weight,
            busy,
            tokens,
            seconds,
            price,
        }
    })
}

fn place(id: usize, known: &Known, flights: &mut Vec<Flight>) -> Place {
    let place = Place {
        id: DeploymentId::new(format!("d{id}")),
        terms: Terms {
            weight: known.weight,
            ..Terms::default()
        },
        standing: Arc::new(Standing::default()),
        cooling: Arc::default(),
        ready: true,
    };
    // Every call took as long, and only their number differs in tokens.
    for _ in 0..known.tokens {
        let landed = Landed {
            latency: Duration::from_secs_f64(known.seconds),
            output_tokens: 1,
            ..Landed::default()
        };
        place.standing.begin(0).landed(&landed, 0);
    }
    flights.extend((0..known.busy).map(|_| place.standing.begin(0)));
    place
}

proptest! {
    #[test]
    fn a_strategy_keeps_its_promise(all in vec(any_known(), 2..10), buffer in 0.0f64..1.0, seed: u64) {
        let mut flights = Vec::new();
        let places: Vec<Place> = all.iter().enumerate().map(|(id, it)| place(id, it, &mut flights)).collect();
        let prices: Vec<Option<f64>> = all.iter().map(|it| it.price).collect();
        let ask = Ask { prices: &prices, ..Ask::default() };
        let chosen = |strategy| {
            let decision = choose(&places, &ask, strategy, &mut StdRng::seed_from_u64(seed));
            &all[decision.chosen.unwrap()]
        };
        let least = |of: fn(&Known) -> f64| all.iter().map(of).fold(f64::INFINITY, f64::min);

        let drawn = chosen(Strategy::SimpleShuffle);
        prop_assert!(drawn.weight > 0.0 || all.iter().all(|it| it.weight <= 0.0));
        let idle = chosen(Strategy::LeastBusy);
        prop_assert!(all.iter().all(|it| idle.busy <= it.busy));
        let unused = chosen(Strategy::UsageBased);
        prop_assert!(all.iter().all(|it| unused.tokens <= it.tokens));
        let memory = Duration::from_secs(60);
        let quick = chosen(Strategy::LatencyBased { buffer, memory });
        prop_assert!(quick.seconds <= least(|it| it.seconds) * (1.0 + buffer) + 1e-9);
        let cheap = chosen(Strategy::CostBased);
        let price = |it: &Known| it.price.unwrap_or(f64::INFINITY);
        prop_assert!(price(cheap) <= least(price));
        // Of two that are drawn the worse one never wins, so the worst of all is never chosen.
        let light = chosen(Strategy::P2cEwma);
        let lighter = all.iter().filter(|it| it.load() < light.load()).count();
        prop_assert!(lighter + 1 < all.len() || all.iter().filter(|it| it.load() >= light.load()).count() > 1);
    }
}
