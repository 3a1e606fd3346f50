//! Tests that look at the whole house.

mod example_config;
mod schemas;
mod tidy;

use std::path::PathBuf;

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
