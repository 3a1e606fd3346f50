//! Go and C: a compiler makes a module with bindings that are written here, and the module becomes a
//! component.

use std::path::{Path, PathBuf};
use std::process::Command;

use sluice_component::{Language, bindings, component};

use super::{python, run};
use crate::author::AuthorError;
use crate::author::scaffold::Manifest;
use crate::cli::PluginKind;
use crate::config::Env;

const GO: &str = "install Go 1.25 or newer (https://go.dev/dl)";
const C: &str = "install Python 3.10 or newer, with its `venv`: its package `ziglang` is the compiler; or name \
                 another clang that compiles to WebAssembly in `CC`";
const SDK: &str = "sluice";
const MADE: &str = "build";
const MODULE: &str = "build/module.wasm";

pub fn go(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    write(Language::Go, manifest, &folder.join(SDK))?;
    let mut go = Command::new("go");
    go.args(["build", "-buildmode=c-shared", "-trimpath"]);
    go.args(["-ldflags=-s -w", "-o", MODULE, "."]);
    // The folder is a module of its own, also below somebody's workspace.
    go.env("GOOS", "wasip1")
        .env("GOARCH", "wasm")
        .env("GOWORK", "off");
    run(go.current_dir(folder), GO)?;
    make(folder, manifest, file)
}

pub fn c(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let given = Env::of_process(Path::new("")).text("CC");
    let mut compiler = match given {
        Some(given) => named(&given)?,
        None => zig(folder)?,
    };
    write(Language::C, manifest, &folder.join(MADE))?;
    compiler.args(["-target", "wasm32-wasi", "-mexec-model=reactor"]);
    compiler.args(["-Wl,-z,stack-size=262144", "-std=c23", "-Os", "-s"]);
    compiler.args(["-Wall", "-Wextra", "-I", MADE, "-I", SDK, "-o", MODULE]);
    compiler.args(sources(manifest.kind));
    run(compiler.current_dir(folder), C)?;
    make(folder, manifest, file)
}

/// The plugin's own, those of the SDK for its kind, and the generated one.
fn sources(kind: PluginKind) -> Vec<String> {
    let of_kind: &[&str] = match kind {
        PluginKind::Provider => &["provider"],
        PluginKind::Guardrail => &["guardrail", "http"],
        PluginKind::Callback => &["callback", "http"],
    };
    let shared = ["plugin", "json", "memory"];
    let sdk = of_kind.iter().chain(&shared);
    let sdk = sdk.map(|it| format!("{SDK}/{it}.c"));
    let ends = [String::from("main.c"), format!("{MADE}/sluice.c")];
    ends.into_iter().chain(sdk).collect()
}

/// A compiler as `CC` names one: a program and its first arguments.
fn named(given: &str) -> Result<Command, AuthorError> {
    let mut words = given.split_whitespace();
    let program = words.next();
    let program = program.ok_or_else(|| AuthorError::refused("`CC` names no program"))?;
    let mut command = Command::new(program);
    command.args(words);
    Ok(command)
}

/// zig's, which is brought into the folder unless it is there.
fn zig(folder: &Path) -> Result<Command, AuthorError> {
    let python: PathBuf = python::interpreter(folder)?;
    let mut asked = Command::new(&python);
    asked.args(["-c", "import ziglang"]);
    let is_there = asked.output().is_ok_and(|it| it.status.success());
    if !is_there {
        python::environment(folder, C)?;
    }
    let mut command = Command::new(python);
    command.args(["-m", "ziglang", "cc"]);
    Ok(command)
}

fn write(language: Language, manifest: &Manifest, to: &Path) -> Result<(), AuthorError> {
    bindings::write(language, manifest.world(), to).map_err(AuthorError::Refused)
}

fn make(folder: &Path, manifest: &Manifest, file: &str) -> Result<(), AuthorError> {
    let (module, out) = (folder.join(MODULE), folder.join(file));
    component::make(&module, manifest.world(), &out).map_err(AuthorError::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_is_a_program_and_its_first_arguments() {
        let command = named("zig  cc -g").unwrap();
        assert_eq!(command.get_program(), "zig");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["cc", "-g"]);
        assert!(named("  ").unwrap_err().to_string().contains("CC"));
    }

    #[test]
    fn only_a_provider_is_built_without_requests_of_its_own() {
        let has_http = |kind| sources(kind).contains(&"sluice/http.c".to_owned());
        assert!(!has_http(PluginKind::Provider));
        assert!(has_http(PluginKind::Guardrail) && has_http(PluginKind::Callback));
    }
}
