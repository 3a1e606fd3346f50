//! Rust: cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::run;
use crate::author::AuthorError;
use crate::author::scaffold::Manifest;

const TARGET: &str = "wasm32-wasip2";
const RUST: &str = "install Rust with rustup (https://rustup.rs)";

pub fn build(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let missing = format!("{RUST}, and its target: `rustup target add {TARGET}`");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--target", TARGET]);
    run(cargo.current_dir(folder), &missing)?;
    let crate_name = manifest.name.replace('-', "_");
    let built = target_directory(folder)?.join(TARGET).join("release");
    let built = built.join(format!("{crate_name}.wasm"));
    let to = folder.join(file);
    std::fs::copy(&built, &to).map_err(AuthorError::file(&built))?;
    Ok(())
}

/// Where cargo builds: its settings may say elsewhere than in the folder.
fn target_directory(folder: &Path) -> Result<PathBuf, AuthorError> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = cargo.current_dir(folder).output();
    let output = output.map_err(AuthorError::file(folder))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let named = metadata.get("target_directory").and_then(|it| it.as_str());
    named.map(PathBuf::from).ok_or_else(|| {
        AuthorError::refused(format!(
            "`cargo metadata` does not say where it builds: {RUST}"
        ))
    })
}
