//! Components of `tests/guests`, built as a third party builds its own.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the guest of this name (`tests/guests/<name>`) into `target` and gives its bytes.
///
/// # Panics
/// If it does not build.
pub fn build(name: &str, target: &Path) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO"));
    command
        .current_dir(root)
        .args(["build", "--quiet", "--locked", "--profile", "plugin"])
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(target)
        .args(["-p", &format!("sluice-guest-{name}")]);
    // What the outer build is told is not for the inner one.
    for variable in [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
    ] {
        command.env_remove(variable);
    }
    let status = command.status();
    assert!(
        status.is_ok_and(|it| it.success()),
        "the guest `{name}` does not build"
    );
    let file = target.join(format!("wasm32-wasip2/plugin/sluice_guest_{name}.wasm"));
    std::fs::read(&file).unwrap_or_else(|cause| panic!("{}: {cause}", file.display()))
}
