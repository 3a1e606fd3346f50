//! `sluice plugin build`: a component by its language's own tool.

mod compiled;
mod node;
mod python;
mod rust;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::report::size;
use super::scaffold::Manifest;
use super::{AuthorError, Told};
use crate::cli::{BuildPlugin, Lang};

/// Builds the plugin of a folder.
///
/// # Errors
/// A tool is missing, and the message says what to install; or it failed, and has said why.
pub fn build(options: &BuildPlugin) -> Result<Told, AuthorError> {
    let folder = &options.folder;
    let manifest = Manifest::read(folder)?;
    let file = format!("{}.wasm", manifest.name);
    match manifest.lang {
        Lang::Rust => rust::build(folder, &manifest, &file)?,
        Lang::Js => node::js(folder, &manifest, &file)?,
        Lang::Ts => node::ts(folder, &manifest, &file)?,
        Lang::Python => python::build(folder, &manifest, &file)?,
        Lang::Go => compiled::go(folder, &manifest, &file)?,
        Lang::C => compiled::c(folder, &manifest, &file)?,
    }
    let path = folder.join(&file);
    let bytes = std::fs::metadata(&path).map_err(AuthorError::file(&path))?;
    let (path, size) = (path.display(), size(bytes.len()));
    Ok(Told::good(format!(
        "{path}: {size}\ngo on with `sluice plugin test {path}`"
    )))
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
        let wrong = run(&mut Command::new("no-such-tool-of-sluice"), node::NODE);
        let wrong = wrong.unwrap_err().to_string();
        assert!(
            wrong.contains("`no-such-tool-of-sluice` is missing") && wrong.contains("Node.js"),
            "{wrong}"
        );
        let failed = run(&mut Command::new("false"), python::PYTHON)
            .unwrap_err()
            .to_string();
        assert!(
            failed.contains("failed") && failed.contains("Python"),
            "{failed}"
        );
    }
}
