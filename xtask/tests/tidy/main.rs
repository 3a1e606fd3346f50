//! The rules of the house that no compiler holds. They stand beside the tasks because this crate
//! depends on nothing: they are checked in seconds, before anything large is built.
#![expect(
    clippy::unwrap_used,
    reason = "a test tells what is wrong by panicking"
)]

mod dependencies;
mod documents;
mod files;
mod rooms;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Every file below a folder with one of these endings, without what tools leave behind.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, endings, &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let left = name.starts_with('.') || name.starts_with("target") || name == "node_modules";
        if path.is_dir() && !left {
            walk(&path, endings, found);
        } else if path
            .extension()
            .is_some_and(|it| endings.contains(&it.to_string_lossy().as_ref()))
        {
            found.push(path);
        }
    }
}

/// The code of a file: without its comments.
fn code(path: &Path) -> String {
    let text = read(path);
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[track_caller]
fn nothing_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
