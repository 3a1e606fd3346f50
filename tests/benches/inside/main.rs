//! What is measured inside one process: a component's and the journal's share of a call, a start
//! after a kill, a choice among deployments, and the database. One program, as each one that is
//! linked pays for the optimiser's pass over all of it. `-- store` measures the database, everything
//! else is for criterion.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, is told by the environment, and stops where something is wrong"
)]

mod journal;
mod restart;
mod routing;
mod store;
mod translation;

use criterion::Criterion;

fn main() {
    if std::env::args().nth(1).is_some_and(|it| it == "store") {
        return store::measure_all();
    }
    let mut criterion = Criterion::default().configure_from_args();
    translation::benches(&mut criterion);
    journal::benches(&mut criterion);
    restart::benches(&mut criterion);
    routing::benches(&mut criterion);
    criterion.final_summary();
}
