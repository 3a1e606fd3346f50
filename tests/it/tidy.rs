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

/// Everything a guest of `tests/guests` knows to do is done in a test of the engine or of the
/// running gateway: an arm `"deed" =>` in its source is a word in theirs.
#[test]
fn every_deed_of_a_guest_has_a_test() {
    let mut tests = String::new();
    let mut sources_of_tests = Vec::new();
    sources(&root().join("host/engine/tests"), &mut sources_of_tests);
    sources_of_tests.push(root().join("tests/sdk/test_hostile.py"));
    for file in sources_of_tests {
        tests += &std::fs::read_to_string(file).unwrap();
    }
    for guest in std::fs::read_dir(root().join("tests/guests")).unwrap() {
        let guest = guest.unwrap();
        let package = format!("sluice-guest-{}", guest.file_name().display());
        assert!(tests.contains(&package), "no test builds {package}");
        let mut files = Vec::new();
        sources(&guest.path(), &mut files);
        let mut deeds = 0;
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            for line in text.lines().filter(|line| line.contains("\" =>")) {
                let deed = line.trim().split('"').nth(1).unwrap();
                let is_done = tests.contains(&format!("\"{deed}\""));
                assert!(is_done, "{}: no test does {deed:?}", file.display());
                deeds += 1;
            }
        }
        assert!(deeds > 0, "{package} does nothing");
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
