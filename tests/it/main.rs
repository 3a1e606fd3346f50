//! Tests that look at the whole house.
#![expect(
    clippy::unwrap_used,
    reason = "a test tells what is wrong by panicking"
)]

mod author;
mod callbacks;
mod collector;
mod config_reference;
mod conformance;
mod documents;
mod endpoints;
mod example_config;
mod providers;
mod schemas;
mod steps;

use std::path::PathBuf;

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
