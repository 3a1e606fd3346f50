//! Load that wrk does not make, for `cargo xtask bench`: requests at a steady rate whose latency
//! counts from the moment they were due, and many streams held open at once.
//!
//! ```text
//! sluice-load paced ADDRESS PATH KEY BODY_FILE RATE CONNECTIONS SECONDS
//! sluice-load hold ADDRESS KEY MODEL UPSTREAM_ADDRESS STREAMS SECONDS
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

mod hold;
mod http;
mod paced;

use std::process::ExitCode;
use std::time::Duration;

/// Why a run came to nothing.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words).await {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(cause) => {
            eprintln!("sluice-load: {cause}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: &[&str]) -> Result<String, Failure> {
    match words {
        [
            "paced",
            address,
            path,
            key,
            file,
            rate,
            connections,
            seconds,
        ] => {
            let body = std::fs::read(file)?;
            let plan = paced::Plan {
                request: http::post(path, key, &body),
                rate: rate.parse()?,
                connections: connections.parse()?,
                length: Duration::from_secs(seconds.parse()?),
            };
            paced::run(address, plan).await
        }
        ["hold", address, key, model, upstream, streams, seconds] => {
            let plan = hold::Plan {
                model: (*model).to_owned(),
                streams: streams.parse()?,
                length: Duration::from_secs(seconds.parse()?),
            };
            hold::run(address, key, upstream, plan).await
        }
        _ => Err("usage: sluice-load paced|hold ... (see the source)".into()),
    }
}

/// The value below which `share` of the sorted values lie, in milliseconds.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    let at = at.min(sorted.len().saturating_sub(1));
    sorted
        .get(at)
        .map_or(f64::NAN, |it| it.as_secs_f64() * 1000.0)
}
