//! Tests with the official SDKs as clients: the running gateway before a loopback upstream that
//! serves recorded bytes.

use std::path::PathBuf;
use std::process::Command;

use crate::sh;

/// The packages, pinned.
const PACKAGES: [&str; 4] = [
    "openai==3.57.0",
    "anthropic==2.13.0",
    "pytest==9.2.0",
    "httpx==0.28.1",
];

/// The npm package, pinned.
const NPM_PACKAGE: &str = "openai@7.57.0";

/// Installs the SDKs into a folder of their own and runs `tests/sdk`.
pub fn sdk_tests() -> Result<(), String> {
    let venv = sh::target_dir().join("sdk-venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        sh::run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    sh::run(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(PACKAGES),
    )?;
    let node = std::path::absolute(sh::target_dir().join("sdk-node"))
        .map_err(|cause| cause.to_string())?;
    std::fs::create_dir_all(&node).map_err(|cause| cause.to_string())?;
    sh::run(
        Command::new("npm")
            .args(["install", "--silent", "--no-fund", "--no-audit", "--prefix"])
            .arg(&node)
            .arg(NPM_PACKAGE),
    )?;
    let guests = guests()?;
    let gateway = std::path::absolute(gateway()).map_err(|cause| cause.to_string())?;
    println!("\n== pytest tests/sdk");
    sh::run(
        Command::new(&python)
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sdk"])
            .env("SLUICE_BINARY", gateway)
            .env("SLUICE_GUESTS", guests)
            .env("SDK_NODE", node),
    )
}

/// Builds the guests that misbehave, where the bundled plugins are built too.
fn guests() -> Result<PathBuf, String> {
    let target = std::path::absolute(sh::target_dir().join("sluice-plugins"))
        .map_err(|cause| cause.to_string())?;
    sh::cargo(&[
        "build",
        "--quiet",
        "--profile",
        "plugin",
        "--target",
        "wasm32-wasip2",
        "-p",
        "sluice-guest-hostile",
        "--target-dir",
        &target.display().to_string(),
    ])?;
    Ok(target.join("wasm32-wasip2/plugin"))
}

fn gateway() -> PathBuf {
    sh::target_dir().join("debug/sluice")
}
