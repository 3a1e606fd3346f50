//! Python: componentize-py, in an environment of the folder's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{absolute, run};
use crate::author::AuthorError;
use crate::author::scaffold::Manifest;

pub const PYTHON: &str = "install Python 3.10 or newer, with its `venv`";

pub fn build(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let tool = Path::new(".venv/bin/componentize-py");
    if !folder.join(tool).exists() {
        environment(folder, PYTHON)?;
    }
    let mut componentize = Command::new(absolute(folder, tool)?);
    componentize.args(["-d", "wit/sluice-plugin.wit", "-w", manifest.world()]);
    componentize.args(["componentize", "app", "-p", ".", "-o", file]);
    componentize.env("PYTHONDONTWRITEBYTECODE", "1");
    run(componentize.current_dir(folder), PYTHON)
}

/// An environment with what `requirements.txt` names. `cure` is what to install if there is no Python. Gives its
/// interpreter.
pub fn environment(folder: &Path, cure: &str) -> Result<PathBuf, AuthorError> {
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", ".venv"]);
    run(venv.current_dir(folder), cure)?;
    let python = interpreter(folder)?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "-r", "requirements.txt"]);
    run(pip.current_dir(folder), cure)?;
    Ok(python)
}

/// The interpreter of the folder's environment, whether or not it is there.
pub fn interpreter(folder: &Path) -> Result<PathBuf, AuthorError> {
    absolute(folder, Path::new(".venv/bin/python"))
}
