//! The parts of the SDKs that a new plugin brings along, in its folder `sluice`: it is built far from this tree.

use super::templates::Text;

pub const JAVASCRIPT: &[Text] = &[
    (
        "sluice/http.d.ts",
        include_str!("../../../../sdk/javascript/http.d.ts"),
    ),
    (
        "sluice/http.js",
        include_str!("../../../../sdk/javascript/http.js"),
    ),
    (
        "sluice/imports.d.ts",
        include_str!("../../../../sdk/javascript/imports.d.ts"),
    ),
    (
        "sluice/sluice.d.ts",
        include_str!("../../../../sdk/javascript/sluice.d.ts"),
    ),
    (
        "sluice/sluice.js",
        include_str!("../../../../sdk/javascript/sluice.js"),
    ),
    (
        "sluice/tsconfig.json",
        include_str!("../../../../sdk/javascript/tsconfig.json"),
    ),
];

pub const GO: &[Text] = &[
    (
        "sluice/.gitignore",
        include_str!("../../../../sdk/go/.gitignore"),
    ),
    (
        "sluice/callback/callback.go",
        include_str!("../../../../sdk/go/callback/callback.go"),
    ),
    (
        "sluice/callback/export_sluice_plugin_callback/export.go",
        include_str!("../../../../sdk/go/callback/export_sluice_plugin_callback/export.go"),
    ),
    (
        "sluice/callback/export_sluice_plugin_plugin/export.go",
        include_str!("../../../../sdk/go/callback/export_sluice_plugin_plugin/export.go"),
    ),
    (
        "sluice/describe.go",
        include_str!("../../../../sdk/go/describe.go"),
    ),
    (
        "sluice/fault.go",
        include_str!("../../../../sdk/go/fault.go"),
    ),
    ("sluice/go.mod", include_str!("../../../../sdk/go/go.mod")),
    (
        "sluice/guardrail/export_sluice_plugin_guardrail/export.go",
        include_str!("../../../../sdk/go/guardrail/export_sluice_plugin_guardrail/export.go"),
    ),
    (
        "sluice/guardrail/export_sluice_plugin_plugin/export.go",
        include_str!("../../../../sdk/go/guardrail/export_sluice_plugin_plugin/export.go"),
    ),
    (
        "sluice/guardrail/guardrail.go",
        include_str!("../../../../sdk/go/guardrail/guardrail.go"),
    ),
    (
        "sluice/http/http.go",
        include_str!("../../../../sdk/go/http/http.go"),
    ),
    (
        "sluice/provider/export_sluice_plugin_plugin/export.go",
        include_str!("../../../../sdk/go/provider/export_sluice_plugin_plugin/export.go"),
    ),
    (
        "sluice/provider/export_sluice_plugin_provider/export.go",
        include_str!("../../../../sdk/go/provider/export_sluice_plugin_provider/export.go"),
    ),
    (
        "sluice/provider/provider.go",
        include_str!("../../../../sdk/go/provider/provider.go"),
    ),
    (
        "sluice/wit/runtime/runtime.go",
        include_str!("../../../../sdk/go/wit/runtime/runtime.go"),
    ),
    (
        "sluice/wit/types/types.go",
        include_str!("../../../../sdk/go/wit/types/types.go"),
    ),
];

pub const C: &[Text] = &[
    (
        "sluice/callback.c",
        include_str!("../../../../sdk/c/callback.c"),
    ),
    (
        "sluice/callback.h",
        include_str!("../../../../sdk/c/callback.h"),
    ),
    (
        "sluice/guardrail.c",
        include_str!("../../../../sdk/c/guardrail.c"),
    ),
    (
        "sluice/guardrail.h",
        include_str!("../../../../sdk/c/guardrail.h"),
    ),
    ("sluice/http.c", include_str!("../../../../sdk/c/http.c")),
    ("sluice/http.h", include_str!("../../../../sdk/c/http.h")),
    ("sluice/json.c", include_str!("../../../../sdk/c/json.c")),
    ("sluice/json.h", include_str!("../../../../sdk/c/json.h")),
    (
        "sluice/memory.c",
        include_str!("../../../../sdk/c/memory.c"),
    ),
    (
        "sluice/plugin.c",
        include_str!("../../../../sdk/c/plugin.c"),
    ),
    (
        "sluice/plugin.h",
        include_str!("../../../../sdk/c/plugin.h"),
    ),
    (
        "sluice/provider.c",
        include_str!("../../../../sdk/c/provider.c"),
    ),
    (
        "sluice/provider.h",
        include_str!("../../../../sdk/c/provider.h"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    /// What the build makes there, and what belongs to the tree only.
    const LEFT_OUT: [&str; 8] = [
        "gen",
        "wit_exports",
        "build",
        ".venv",
        "node_modules",
        "package.json",
        "package-lock.json",
        "requirements.txt",
    ];

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                _ if LEFT_OUT.contains(&name.as_str()) => {}
                true => files(&path, found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn every_file_of_the_sdks_comes_along() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk");
        for (name, listed) in [("javascript", JAVASCRIPT), ("go", GO), ("c", C)] {
            let folder = sdk.join(name);
            let mut found = Vec::new();
            files(&folder, &mut found);
            let there: BTreeSet<PathBuf> = found
                .iter()
                .map(|it| Path::new("sluice").join(it.strip_prefix(&folder).unwrap()))
                .collect();
            let listed: BTreeSet<PathBuf> =
                listed.iter().map(|(path, _)| PathBuf::from(path)).collect();
            assert_eq!(listed, there);
        }
    }
}
