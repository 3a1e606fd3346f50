//! What the database costs: keys, settling and usage, on SQLite and PostgreSQL, with as many keys
//! and calls in it as an installation gathers in years.
//!
//! `--rows 100000 --keys 10000` is a quick run; without them it is 10,000,000 calls and 1,000,000
//! keys, which need 20 GB in the folder for temporary files and half an hour. `--engine sqlite` or
//! `--engine postgres` measures one of them. PostgreSQL is the server named by
//! `SLUICE_TEST_DATABASE_URL`. `--keep` leaves the database there, and `--in URL` measures the reports
//! of one that was left.
mod calls;
mod checks;
mod holders;
mod lists;
mod raw;
mod reports;
mod settling;
mod usage;

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use raw::Raw;
use sluice::store::{Address, Store};

/// How much there is.
#[derive(Debug, Clone, Copy)]
struct Size {
    keys: u64,
    rows: u64,
}

/// What follows an argument.
fn argument(name: &str) -> Option<String> {
    let mut all = std::env::args().skip_while(|it| it != name);
    all.nth(1)
}

/// Whether the engine called `name` is measured: both are, unless `--engine` names one.
fn is_asked(name: &str) -> bool {
    argument("--engine").is_none_or(|it| it == name)
}

impl Size {
    /// Of `--keys N` and `--rows N`; cargo's own arguments are passed over.
    fn of_arguments() -> Self {
        let number =
            |name: &str, unsaid: u64| argument(name).map_or(unsaid, |it| it.parse().unwrap());
        Self {
            keys: number("--keys", 1_000_000),
            rows: number("--rows", 10_000_000),
        }
    }
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// The median of some runs, in milliseconds. The first one, which fills caches, does not count.
async fn median<T>(mut run: impl AsyncFnMut() -> T) -> f64 {
    run().await;
    let mut times = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        run().await;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// A line of a table.
fn line(what: &str, ms: f64) {
    println!("| {what} | {ms:.1} ms |");
}

/// Prints the tables.
pub fn measure_all() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(all());
}

async fn all() {
    let size = Size::of_arguments();
    if let Some(left) = argument("--in") {
        let store = Store::open(&Address::parse(&left).unwrap(), now_ms()).await;
        return reports(&store.unwrap(), &holders::calling(size.keys)).await;
    }
    println!("{} keys, {} calls", size.keys, size.rows);
    checks::reservations();
    if is_asked("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.db");
        println!("\n## SQLite");
        measure(&Address::file(path.clone()), Raw::sqlite(&path), size).await;
    }
    if is_asked("postgres") {
        postgres(size).await;
    }
}

async fn postgres(size: Size) {
    match std::env::var("SLUICE_TEST_DATABASE_URL") {
        Err(_) => println!("\nNOT RUN: PostgreSQL (SLUICE_TEST_DATABASE_URL is not set)"),
        Ok(server) => {
            println!("\n## PostgreSQL");
            let (url, admin) = raw::database(&server).await;
            let address = Address::parse(&url).unwrap();
            measure(&address, Raw::postgres(&url), size).await;
            match std::env::args().any(|it| it == "--keep") {
                true => println!("left: {url}"),
                false => admin.drop_database().await,
            }
        }
    }
}

async fn measure(address: &Address, raw: Raw, size: Size) {
    let store = Store::open(address, now_ms()).await.unwrap();
    let begun = Instant::now();
    holders::fill(&store, size.keys).await;
    let holders = holders::calling(size.keys);
    println!("keys made in {:.0} s", begun.elapsed().as_secs_f64());
    let raw = raw.open().await;
    let begun = Instant::now();
    calls::fill(&raw, &holders, size.rows).await;
    raw.analyze().await;
    println!("calls made in {:.0} s", begun.elapsed().as_secs_f64());
    raw.sizes(size).await;
    checks::keys(&store, size.keys).await;
    println!("\n| a page of a list | median |\n|---|---|");
    lists::keys(&store, &holders).await;
    lists::others(&store).await;
    println!("\n| usage and rows | median |\n|---|---|");
    usage::sums(&store).await;
    usage::rows(&store, &holders).await;
    reports(&store, &holders).await;
    settling::rows(&store, &holders).await;
    store.close().await;
    raw.close().await;
}

async fn reports(store: &Store, holders: &[holders::Holder]) {
    println!("\n| reports | median |\n|---|---|");
    reports::all(store, holders).await;
}
