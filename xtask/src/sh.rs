//! Running programs.

use std::path::PathBuf;
use std::process::Command;

/// Runs a program; its failure is an error that names it.
pub fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(|cause| format!("{name} could not be started: {cause}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command:?} failed ({status})"))
    }
}

/// Runs a program for what it prints; its failure is an error that names it.
pub fn output(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|cause| format!("{name} could not be started: {cause}"))?;
    if done.status.success() {
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    } else {
        Err(format!("{command:?} failed ({})", done.status))
    }
}

/// Runs cargo.
pub fn cargo(arguments: &[&str]) -> Result<(), String> {
    cargo_with(arguments, [])
}

/// Runs cargo with variables of the environment.
pub fn cargo_with<'a>(
    arguments: &[&str],
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), String> {
    println!("\n== cargo {}", arguments.join(" "));
    let mut command = Command::new(cargo_program());
    command.args(arguments).envs(variables);
    // What cargo says of this very program: build scripts ask for it, and would run again after
    // each build that was started by hand.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&*name);
        }
    }
    run(&mut command)
}

/// The cargo that runs us.
pub fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// The folder cargo builds into, as an absolute path.
pub fn target_dir() -> PathBuf {
    let asked = std::env::var_os("CARGO_TARGET_DIR");
    let folder = asked.map_or_else(|| PathBuf::from("target"), PathBuf::from);
    std::path::absolute(&folder).unwrap_or(folder)
}

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
