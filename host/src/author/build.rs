//! `sluice plugin build`: a component by its language's own tool.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::report::size;
use super::scaffold::Manifest;
use super::{AuthorError, Told};
use crate::cli::{BuildPlugin, Lang};

const TARGET: &str = "wasm32-wasip2";
const NODE: &str = "install Node.js 18 or newer, which brings it";
const PYTHON: &str = "install Python 3.10 or newer, with its `venv`";
const RUST: &str = "install Rust with rustup (https://rustup.rs)";

/// Builds the plugin of a folder.
///
/// # Errors
/// A tool is missing, and the message says what to install; or it failed, and has said why.
pub fn build(options: &BuildPlugin) -> Result<Told, AuthorError> {
    let folder = &options.folder;
    let manifest = Manifest::read(folder)?;
    let file = format!("{}.wasm", manifest.name);
    match manifest.lang {
        Lang::Rust => rust(folder, &manifest, &file)?,
        Lang::Js => js(folder, &manifest, &file)?,
        Lang::Python => python(folder, &manifest, &file)?,
    }
    let path = folder.join(&file);
    let bytes = std::fs::metadata(&path).map_err(AuthorError::file(&path))?;
    let (path, size) = (path.display(), size(bytes.len()));
    Ok(Told::good(format!(
        "{path}: {size}\ngo on with `sluice plugin test {path}`"
    )))
}

fn rust(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
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

fn js(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let tool = PathBuf::from("node_modules/.bin/componentize-qjs");
    if !folder.join(&tool).exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-fund", "--no-audit"]);
        run(npm.current_dir(folder), NODE)?;
    }
    let mut componentize = Command::new(absolute(folder, &tool)?);
    componentize.args([
        "--wit",
        "wit/sluice-plugin.wit",
        "--world",
        manifest.world(),
    ]);
    componentize.args(["--js", "plugin.js", "-o", file]);
    run(componentize.current_dir(folder), NODE)
}

fn python(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let tool = PathBuf::from(".venv/bin/componentize-py");
    if !folder.join(&tool).exists() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", ".venv"]);
        run(venv.current_dir(folder), PYTHON)?;
        let mut pip = Command::new(absolute(folder, Path::new(".venv/bin/pip"))?);
        pip.args(["install", "--quiet", "-r", "requirements.txt"]);
        run(pip.current_dir(folder), PYTHON)?;
    }
    let mut componentize = Command::new(absolute(folder, &tool)?);
    componentize.args(["-d", "wit/sluice-plugin.wit", "-w", manifest.world()]);
    componentize.args(["componentize", "app", "-p", ".", "-o", file]);
    componentize.env("PYTHONDONTWRITEBYTECODE", "1");
    run(componentize.current_dir(folder), PYTHON)
}

/// A program of the folder's own, wherever it is started from.
fn absolute(folder: &Path, program: &Path) -> Result<PathBuf, AuthorError> {
    let path = folder.join(program);
    std::path::absolute(&path).map_err(AuthorError::file(&path))
}

/// Runs a tool, which says itself what it does. `cure` is what to install if it is missing.
fn run(command: &mut Command, cure: &str) -> Result<(), AuthorError> {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(AuthorError::refused(format!(
            "`{program}` failed ({status}); what it said stands above. If it is not complete: {cure}"
        ))),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Err(AuthorError::refused(
            format!("`{program}` is missing: {cure}"),
        )),
        Err(cause) => Err(AuthorError::refused(format!("`{program}`: {cause}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_is_missing_is_named_with_what_to_install() {
        let wrong = run(&mut Command::new("no-such-tool-of-sluice"), NODE);
        let wrong = wrong.unwrap_err().to_string();
        assert!(
            wrong.contains("`no-such-tool-of-sluice` is missing") && wrong.contains("Node.js"),
            "{wrong}"
        );
        let failed = run(&mut Command::new("false"), RUST)
            .unwrap_err()
            .to_string();
        assert!(
            failed.contains("failed") && failed.contains("rustup"),
            "{failed}"
        );
    }
}
