//! The rules of the house that no compiler holds: sizes of files, and the direction of rooms.

use std::path::{Path, PathBuf};

use crate::root;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir()
            && name != "target"
            && name != "node_modules"
            && !name.to_string_lossy().starts_with('.')
        {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_longer_than_800_lines() {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 80, "{}", found.len());
    for path in found {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 800, "{}: {lines} lines", path.display());
    }
}

/// A room, and the rooms it may import from.
const ROOMS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("config", &["domain"]),
    ("telemetry", &["domain"]),
    ("dialect", &["domain"]),
    ("plugins", &["domain", "config", "telemetry"]),
    ("upstream", &["domain", "config", "telemetry", "dialect"]),
    ("router", &["domain", "config", "telemetry"]),
    (
        "pipeline",
        &[
            "domain",
            "config",
            "telemetry",
            "dialect",
            "plugins",
            "upstream",
            "router",
        ],
    ),
    (
        "http",
        &["domain", "config", "telemetry", "plugins", "pipeline"],
    ),
    ("cli", &["domain", "config", "telemetry"]),
    (
        "reload.rs",
        &[
            "domain",
            "config",
            "telemetry",
            "plugins",
            "pipeline",
            "http",
        ],
    ),
    (
        "serve.rs",
        &[
            "domain",
            "config",
            "telemetry",
            "dialect",
            "plugins",
            "upstream",
            "router",
            "pipeline",
            "http",
            "cli",
            "reload",
        ],
    ),
];

#[test]
fn rooms_import_from_their_left_only() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        let path = root().join("host/src").join(room);
        let mut found = Vec::new();
        if path.is_dir() {
            sources(&path, &mut found)
        } else {
            found.push(path)
        }
        assert!(!found.is_empty(), "{room}");
        for file in found {
            for (at, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
                for part in line.split("crate::").skip(1) {
                    let name: String = part
                        .chars()
                        .take_while(|it| it.is_ascii_lowercase() || *it == '_')
                        .collect();
                    let is_room = ROOMS
                        .iter()
                        .any(|(known, _)| known.trim_end_matches(".rs") == name);
                    if is_room && name != room && !allowed.contains(&name.as_str()) {
                        wrong.push(format!(
                            "{}:{}: {room} imports {name}",
                            file.display(),
                            at + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_outside_crate_is_named_in_its_room_only() {
    let mut found = Vec::new();
    sources(&root().join("host/src"), &mut found);
    for (name, room) in [("reqwest::", "upstream"), ("axum::", "http")] {
        for file in &found {
            let home = file.components().any(|part| part.as_os_str() == room);
            let text = std::fs::read_to_string(file).unwrap();
            let named = text
                .lines()
                .any(|line| line.contains(name) && !line.trim_start().starts_with("//"));
            assert!(!named || home, "{} names {name}", file.display());
        }
    }
}

#[test]
fn the_environment_is_read_in_config_only() {
    let mut found = Vec::new();
    sources(&root().join("host/src"), &mut found);
    for file in found {
        let home = file.components().any(|part| part.as_os_str() == "config");
        let reads = std::fs::read_to_string(&file)
            .unwrap()
            .contains("std::env::var");
        assert!(!reads || home, "{} reads the environment", file.display());
    }
}
