//! Guests that misbehave are contained: a clear error, a count, and the next call works.
#![expect(
    clippy::unwrap_used,
    reason = "a test tells what is wrong by panicking"
)]

mod contained;
mod guards;
mod guest;
mod setup;
mod sharing;
