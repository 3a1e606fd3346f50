//! JavaScript and TypeScript: the tools of the folder's `package.json`, which npm installs.

use std::path::Path;
use std::process::Command;

use super::{absolute, run};
use crate::author::AuthorError;
use crate::author::scaffold::Manifest;

pub const NODE: &str = "install Node.js 18 or newer, which brings it";
const PROGRAMS: &str = "node_modules/.bin";

pub fn js(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    install(folder, &["componentize-qjs"])?;
    componentize(folder, manifest, "plugin.js", file)
}

/// The types are checked, and one script is made of the sources and the SDK.
pub fn ts(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    install(folder, &["tsc", "esbuild", "componentize-qjs"])?;
    program(folder, "tsc", &["-p", "."])?;
    let bundle = [
        "plugin.ts",
        "--bundle",
        "--format=esm",
        "--external:sluice:*",
        "--log-level=warning",
        "--outfile=build/plugin.js",
    ];
    program(folder, "esbuild", &bundle)?;
    componentize(folder, manifest, "build/plugin.js", file)
}

/// Brings the tools into the folder, unless they are there.
fn install(folder: &Path, programs: &[&str]) -> Result<(), AuthorError> {
    let bin = folder.join(PROGRAMS);
    if programs.iter().all(|it| bin.join(it).exists()) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-fund", "--no-audit"]);
    run(npm.current_dir(folder), NODE)
}

fn componentize(
    folder: &Path,
    manifest: &Manifest,
    script: &str,
    file: &str,
) -> Result<(), AuthorError> {
    let wit = ["--wit", "wit/sluice-plugin.wit", "--world"];
    let rest = [manifest.world(), "--js", script, "-o", file];
    program(folder, "componentize-qjs", &[&wit[..], &rest[..]].concat())
}

fn program(folder: &Path, name: &str, arguments: &[&str]) -> Result<(), AuthorError> {
    let mut command = Command::new(absolute(folder, &Path::new(PROGRAMS).join(name))?);
    run(command.args(arguments).current_dir(folder), NODE)
}
