//! Builds the admin UI of `host/ui` where npm is found, and embeds it with its compressed forms.
//! `SLUICE_UI_DIR` takes a built folder (`dist`) instead; an empty one leaves the pages out.
//!
//! Without pages the gateway builds all the same: `/ui` says then why they are missing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::{hash_file, hash_folder, only_checking};

/// What lies in `host/ui` and is no source of the pages.
const LEFT_OUT: &[&str] = &["node_modules", "dist", ".vite", "e2e"];

/// Embeds the pages, or the reason why there are none.
pub fn run(root: &Path, out: &Path) -> Result<(), String> {
    println!("cargo::rerun-if-env-changed=SLUICE_UI_DIR");
    if let Ok(given) = std::env::var("SLUICE_UI_DIR") {
        if given.is_empty() {
            return without(out, "SLUICE_UI_DIR was empty when the gateway was built");
        }
        println!("cargo::rerun-if-changed={given}");
        return embed(out, &given_pages(Path::new(&given), out)?);
    }
    if only_checking() {
        rerun();
        return without(out, "the gateway was only checked");
    }
    let sources = root.join("host/ui");
    let hash = hash_of(root, &sources)?;
    let kept = out.join("ui");
    let stamp = out.join("ui.stamp");
    if kept.is_dir() && std::fs::read_to_string(&stamp).is_ok_and(|old| old == hash) {
        return embed(out, &kept);
    }
    if !runs("npm") {
        return without(out, "npm was not found when the gateway was built");
    }
    if let Err(why) = build(&sources, &out.join("ui-build"), &kept) {
        let lines = why.replace('\n', "\ncargo::warning=");
        println!("cargo::warning=the admin UI is not built: {lines}");
        rerun();
        return without(
            out,
            "npm could not build the pages; the warnings of the gateway's build say why",
        );
    }
    std::fs::write(&stamp, &hash).map_err(|cause| cause.to_string())?;
    embed(out, &kept)
}

/// A path that never exists: the next build runs this script again.
fn rerun() {
    println!("cargo::rerun-if-changed=never-built");
}

/// The names of what the pages are made of.
fn entries(sources: &Path) -> Result<Vec<PathBuf>, String> {
    let read =
        std::fs::read_dir(sources).map_err(|cause| format!("{}: {cause}", sources.display()))?;
    let mut paths: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        name.is_some_and(|name| !LEFT_OUT.contains(&name.as_str()))
    });
    paths.sort();
    Ok(paths)
}

fn hash_of(root: &Path, sources: &Path) -> Result<String, String> {
    let mut hash = Sha256::new();
    for path in entries(sources)? {
        println!("cargo::rerun-if-changed={}", path.display());
        if path.is_dir() {
            hash_folder(root, &path, &mut hash)?;
        } else {
            hash_file(root, &path, &mut hash)?;
        }
    }
    let hex = hash.finalize();
    Ok(hex.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn runs(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").output();
    asked.is_ok_and(|it| it.status.success())
}

/// Builds in a copy, so that nothing is left in the sources and nobody's `node_modules` is touched.
fn build(sources: &Path, place: &Path, kept: &Path) -> Result<(), String> {
    std::fs::create_dir_all(place).map_err(|cause| cause.to_string())?;
    for old in entries(place)? {
        remove(&old)?;
    }
    for path in entries(sources)? {
        let name = path.file_name().unwrap_or_default();
        copy(&path, &place.join(name))?;
    }
    npm(place, &["ci", "--include=dev", "--no-audit", "--no-fund"])?;
    npm(place, &["run", "build"])?;
    remove(kept)?;
    copy(&place.join("dist"), kept)
}

fn npm(place: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new("npm")
        .args(arguments)
        .current_dir(place)
        .env_remove("NODE_ENV")
        .output();
    succeeded(&format!("npm {}", arguments.join(" ")), output)
}

fn succeeded(what: &str, output: std::io::Result<Output>) -> Result<(), String> {
    let output = output.map_err(|cause| format!("{what} could not be run: {cause}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let (out, errors) = (said(&output.stdout), said(&output.stderr));
    Err(format!("{what} failed\n{out}\n{errors}"))
}

/// A folder that was built elsewhere.
fn given_pages(given: &Path, out: &Path) -> Result<PathBuf, String> {
    if !given.join("index.html").is_file() {
        return Err(format!(
            "SLUICE_UI_DIR: {} is missing",
            given.join("index.html").display()
        ));
    }
    let copied = out.join("ui-given");
    remove(&copied)?;
    copy(given, &copied)?;
    Ok(copied)
}

fn remove(path: &Path) -> Result<(), String> {
    let done = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else if path.exists() {
        std::fs::remove_file(path)
    } else {
        Ok(())
    };
    done.map_err(|cause| format!("{}: {cause}", path.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |cause: std::io::Error| format!("{}: {cause}", from.display());
    if !from.is_dir() {
        return std::fs::copy(from, to).map(drop).map_err(failed);
    }
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)?.flatten() {
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn without(out: &Path, why: &str) -> Result<(), String> {
    write(out, "", why)
}

/// Every file of the folder but the compressed forms, which stand with what they are of.
fn embed(out: &Path, folder: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    walk(folder, &mut files)?;
    files.sort();
    let mut code = String::new();
    for file in &files {
        let shown = file.display().to_string();
        if shown.ends_with(".br") || shown.ends_with(".gz") {
            continue;
        }
        let name = file.strip_prefix(folder).unwrap_or(file);
        let name = name.display().to_string().replace('\\', "/");
        let form = |ending: &str| {
            let path = format!("{shown}.{ending}");
            let there = Path::new(&path).is_file();
            if there {
                format!("Some(include_bytes!({path:?}))")
            } else {
                "None".to_owned()
            }
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            code,
            "Page {{ path: {name:?}, bytes: include_bytes!({shown:?}), brotli: {}, gzip: {} }},",
            form("br"),
            form("gz"),
        );
    }
    write(out, &code, "")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let read =
        std::fs::read_dir(folder).map_err(|cause| format!("{}: {cause}", folder.display()))?;
    for entry in read.flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn write(out: &Path, list: &str, why: &str) -> Result<(), String> {
    let code = format!("Pages {{ all: &[{list}], missing: {why:?} }}");
    std::fs::write(out.join("pages.rs"), code).map_err(|cause| cause.to_string())
}
