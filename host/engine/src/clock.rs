//! How long a guest computed, and until when it may be waited for.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::Instant;

use tokio::time::Sleep;

use crate::store::Yields;

/// Runs a guest's future and gives the time its polls took: what it computed, not what it waited.
/// None: `wall` after it first waited for the host it was not done. Waiting for a processor, as
/// guests on a busy machine do, does not count.
pub(crate) async fn timed<F: Future>(
    future: F,
    wall: Duration,
    yields: &Yields,
) -> (Option<F::Output>, Duration) {
    let mut future = pin!(future);
    let mut spent = Duration::ZERO;
    // Most calls end in their first poll, and need no timer.
    let mut alarm: Option<Pin<Box<Sleep>>> = None;
    let output = std::future::poll_fn(|context| {
        let started = Instant::now();
        let polled = future.as_mut().poll(context);
        spent += started.elapsed();
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Some(output));
        }
        if yields.now() {
            return Poll::Pending;
        }
        let alarm = alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(wall)));
        alarm.as_mut().poll(context).map(|()| None)
    })
    .await;
    (output, spent)
}
