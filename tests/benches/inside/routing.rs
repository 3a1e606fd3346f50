//! What it costs to choose among a thousand deployments, by strategy.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sluice::config::Strategy;
use sluice::domain::DeploymentId;
use sluice::router::{Ask, Landed, Place, Standing, Terms, choose};

const DEPLOYMENTS: u16 = 1000;

/// A deployment that has answered before; every tenth of them rests.
fn place(number: u16) -> Place {
    let standing = Arc::new(Standing::default());
    let landed = Landed {
        latency: Duration::from_millis(200 + u64::from(number % 97)),
        input_tokens: 600,
        output_tokens: 200,
        streamed: false,
    };
    standing.begin(1).landed(&landed, 1);
    if number.is_multiple_of(10) {
        standing.rest_until(i64::MAX);
    }
    Place {
        id: DeploymentId::new(format!("{number:064x}")),
        terms: Terms {
            rpm: Some(1000),
            tpm: Some(1_000_000),
            ..Terms::default()
        },
        standing,
        cooling: Arc::default(),
        ready: true,
    }
}

pub fn benches(criterion: &mut Criterion) {
    let places: Vec<Place> = (0..DEPLOYMENTS).map(place).collect();
    let prices: Vec<Option<f64>> = (0..DEPLOYMENTS).map(|it| Some(f64::from(it))).collect();
    let mut dice = StdRng::seed_from_u64(1);
    for name in Strategy::NAMES {
        let strategy = Strategy::named(name).unwrap_or_default();
        // Two names of one strategy are measured once.
        if strategy.as_str() != name {
            continue;
        }
        let ask = Ask {
            now_ms: 2,
            prices: &prices,
            ..Ask::default()
        };
        criterion.bench_function(&format!("choose of 1000/{name}"), |bench| {
            bench.iter(|| choose(black_box(&places), &ask, strategy, &mut dice));
        });
    }
}
