//! Dependencies that nothing names.

use std::path::Path;

use crate::{code, files, nothing_wrong, read, root, shown};

/// The keys of every section of a manifest whose name ends in this.
fn keys(manifest: &str, section: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(name) = line.strip_prefix('[') {
            inside = name.trim_end().trim_end_matches(']').ends_with(section);
        } else if inside && let Some((key, _)) = line.split_once('=') {
            found.push(key.trim().trim_end_matches(".workspace").to_owned());
        }
    }
    found
}

fn is_named(name: &str, folder: &Path) -> bool {
    let ident = name.replace('-', "_");
    files(folder, &["rs"]).iter().any(|path| {
        let code = code(path);
        code.contains(&format!("{ident}::")) || code.contains(&format!("use {ident}"))
    })
}

#[test]
fn every_dependency_of_a_crate_is_named_in_it() {
    let mut wrong = Vec::new();
    for manifest in files(&root(), &["toml"]) {
        let folder = manifest.parent().unwrap();
        if !manifest.ends_with("Cargo.toml") || folder.join("Cargo.lock").exists() {
            continue;
        }
        for name in keys(&read(&manifest), "dependencies") {
            if !is_named(&name, folder) {
                wrong.push(format!("{}: {name}", shown(&manifest)));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn every_dependency_of_the_workspace_is_some_crates() {
    let taken: Vec<String> = files(&root(), &["toml"])
        .iter()
        .filter(|path| !path.parent().unwrap().join("Cargo.lock").exists())
        .flat_map(|path| keys(&read(path), "dependencies"))
        .collect();
    let all = keys(&read(&root().join("Cargo.toml")), "workspace.dependencies");
    assert!(all.len() > 40, "{}", all.len());
    let unused: Vec<String> = all.into_iter().filter(|it| !taken.contains(it)).collect();
    nothing_wrong(&unused);
}
