//! Tasks of the house: `cargo xtask test` runs everything there is; `cargo xtask bench` measures;
//! `cargo xtask release` makes what is handed out.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line tool, which is told by its environment what to do"
)]

mod bench;
mod bouncer;
mod pages;
mod python;
mod redis;
mod release;
mod sbom;
mod services;
mod sh;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask test [sdk] | bench [--rows N] [--keys N] | screenshots [FOLDER] | \
    release [--binary FILE] [--out FOLDER]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let done = match task.as_str() {
        "test" => match arguments.next().as_deref() {
            None => test(),
            Some("sdk") => sdk(),
            Some(_) => Err("`test` alone runs everything, `test sdk` the clients alone".to_owned()),
        },
        "bench" => bench::run(&arguments.collect::<Vec<_>>()),
        "screenshots" => pages::screenshots(arguments.next().as_deref().unwrap_or("screenshots")),
        "release" => release::run(&arguments.collect::<Vec<_>>()),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}

/// Every test: the rules of the house, native ones, the plugins as components, and the running
/// gateway with the official SDKs as clients.
fn test() -> Result<(), String> {
    sh::cargo(&["test", "--locked", "-p", "xtask"])?;
    // One selection of packages: another one has other features, and pays for wasmtime again.
    sh::cargo(&["build", "--locked", "--workspace", "--all-targets"])?;
    let postgres = postgres(services::FORGETFUL)?;
    let bouncer = bouncer(postgres.as_ref())?;
    let database = postgres.iter().map(|it| (services::DATABASE_URL, it.url()));
    let redis = redis()?;
    let shared = redis.iter().map(|it| (redis::REDIS_URL, it.url()));
    let pooled = bouncer.iter().map(|it| (bouncer::POOLED_URL, it.url()));
    let servers = database.chain(pooled).chain(shared);
    let all = ["test", "--locked", "--workspace", "--no-fail-fast"];
    sh::cargo_with(&all, servers)?;
    drop(bouncer);
    match tools::ensure_all(&python::TOOLS) {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests/sdk ({what})");
            Ok(())
        }
        ready => {
            let database = postgres.as_ref().map(services::Postgres::url);
            ready.and_then(|()| python::sdk_tests(database))
        }
    }
}

/// The official SDKs as clients of a gateway that is built.
fn sdk() -> Result<(), String> {
    let postgres = postgres(services::FORGETFUL)?;
    tools::ensure_all(&python::TOOLS)?;
    python::sdk_tests(postgres.as_ref().map(services::Postgres::url))
}

/// A pooler before the database server, for the tests that go through one.
fn bouncer(postgres: Option<&services::Postgres>) -> Result<Option<bouncer::Bouncer>, String> {
    if std::env::var_os(bouncer::POOLED_URL).is_some() {
        return Ok(None);
    }
    let told = std::env::var(services::DATABASE_URL).ok();
    let Some(server) = postgres.map(|it| it.url().to_owned()).or(told) else {
        return Ok(None);
    };
    match bouncer::Bouncer::start(&server) {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests behind PgBouncer ({what})");
            Ok(None)
        }
        started => started.map(Some),
    }
}

/// The database server of the tests, unless they are told of another one. Without it they run on
/// SQLite alone, which is not allowed in CI.
fn postgres(settings: &[&str]) -> Result<Option<services::Postgres>, String> {
    if std::env::var_os(services::DATABASE_URL).is_some() {
        return Ok(None);
    }
    match services::Postgres::start(settings) {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests on PostgreSQL ({what})");
            Ok(None)
        }
        started => started.map(Some),
    }
}

/// The Redis server of the tests, as [`postgres`]. Tests that stop one start their own.
fn redis() -> Result<Option<redis::Redis>, String> {
    if std::env::var_os(redis::REDIS_URL).is_some() {
        return Ok(None);
    }
    match redis::Redis::start() {
        Err(what) if !tools::must_run_all() => {
            println!("\n== NOT RUN: tests on Redis ({what})");
            Ok(None)
        }
        started => started.map(Some),
    }
}
