//! Running fixtures natively: `cargo test` replays recorded traffic through a provider, and the
//! examples of a guardrail or a callback, without a gateway.

use std::future::Future;
use std::marker::PhantomData;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use sluice_fixture::{Chunking, Fixture};

use crate::Provider;

mod driver {
    sluice_fixture::runner!(crate);
}
mod hooks;
mod played;

pub use crate::gather::gathered;
pub use driver::Outcome;
pub use hooks::{
    inspection, piece, run_callback_dir, run_callback_examples, run_guardrail_dir,
    run_guardrail_examples, span, streamed, streamed_at_every_cut,
};
pub use played::Played;

/// Ways to cut a stream; the events must be the same for all of them.
const CHUNKINGS: [Chunking; 4] = [
    Chunking::Whole,
    Chunking::Bytes,
    Chunking::Random(1),
    Chunking::Random(42),
];

/// Runs every `*.json` fixture of a folder at several chunkings. Panics with a list of all that
/// is not as expected.
///
/// # Panics
/// If a fixture cannot be read or fails, or the folder holds none.
#[expect(clippy::panic, reason = "a test tells what is wrong by panicking")]
pub fn run_dir<P: Provider>(dir: impl AsRef<Path>) {
    let dir = dir.as_ref();
    let entries =
        std::fs::read_dir(dir).unwrap_or_else(|cause| panic!("{}: {cause}", dir.display()));
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "json"));
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no fixtures", dir.display());
    let mut wrong = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let fixture: Fixture = serde_json::from_str(&text)
            .unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        if let Err(what) = run::<P>(&fixture) {
            wrong.push(format!("{}: {what}", path.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} fixtures fail:\n{}",
        wrong.len(),
        paths.len(),
        wrong.join("\n")
    );
}

/// Runs one fixture at several chunkings.
pub fn run<P: Provider>(fixture: &Fixture) -> Result<(), String> {
    for chunking in CHUNKINGS {
        ready(driver::run(
            &mut Native::<P>(PhantomData),
            fixture,
            chunking,
        ))
        .map_err(|what| format!("{chunking:?}: {what}"))?;
    }
    Ok(())
}

/// Drives a provider through a fixture at every chunking and gives what it came to; an error if
/// the chunkings disagree.
pub fn replay<P: Provider>(fixture: &Fixture) -> Result<Outcome, String> {
    let whole = replay_at::<P>(fixture, Chunking::Whole)?;
    for chunking in CHUNKINGS {
        let other = replay_at::<P>(fixture, chunking)?;
        let same = other.events == whole.events
            && other.usage == whole.usage
            && other.error == whole.error
            && other.response == whole.response;
        if !same {
            return Err(format!(
                "{chunking:?} gives other events than the whole stream at once"
            ));
        }
    }
    Ok(whole)
}

/// Drives a provider through a fixture at one chunking and gives what it came to.
pub fn replay_at<P: Provider>(fixture: &Fixture, chunking: Chunking) -> Result<Outcome, String> {
    ready(driver::drive(
        &mut Native::<P>(PhantomData),
        fixture,
        chunking,
    ))
}

struct Native<P>(PhantomData<P>);

impl<P: Provider> driver::Exports for Native<P> {
    async fn start(
        &mut self,
        call: &crate::Call,
        body: &str,
    ) -> Result<Result<crate::Step, crate::Error>, String> {
        Ok(P::start(call, body))
    }

    async fn resume(
        &mut self,
        call: &crate::Call,
        replies: Vec<crate::Reply>,
    ) -> Result<Result<crate::Step, crate::Error>, String> {
        Ok(P::resume(call, replies))
    }

    async fn decode(
        &mut self,
        head: Option<crate::Head>,
        state: String,
        frames: Vec<crate::Frame>,
        last: bool,
    ) -> Result<Result<crate::Decoded, crate::Error>, String> {
        Ok(P::decode(head, state, frames, last))
    }

    async fn map_error(
        &mut self,
        call: &crate::Call,
        reply: &crate::Reply,
    ) -> Result<Option<crate::Error>, String> {
        Ok(P::map_error(call, reply))
    }
}

/// The output of a future that never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
