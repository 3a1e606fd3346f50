//! The sources that a plugin in C or Go is compiled with.

use std::fs;
use std::path::{Path, PathBuf};

use wit_bindgen_core::{Files, WorldGenerator};

use crate::{CONTRACT, Language};

/// Writes them below a folder, which is made if need be.
///
/// # Errors
/// There is no such world, or a file cannot be written.
pub fn write(language: Language, world: &str, out: &Path) -> Result<(), String> {
    let (mut resolve, id) = crate::world(CONTRACT, world)?;
    let mut files = Files::default();
    generator(language, world)
        .generate(&mut resolve, id, &mut files)
        .map_err(|cause| format!("the bindings of {world}: {cause:#}"))?;
    for (name, bytes) in files.iter() {
        let bytes = own_support(bytes);
        let path = out.join(place(language, world, name));
        let folder = path.parent().unwrap_or(out);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|cause| format!("{}: {cause}", path.display()))?;
    }
    Ok(())
}

fn generator(language: Language, world: &str) -> Box<dyn WorldGenerator> {
    match language {
        // One name for all worlds, so that sources can be shared. The types go into the component
        // by `make`, as for Go.
        Language::C => wit_bindgen_c::Opts {
            no_object_file: true,
            rename_world: Some("sluice".to_owned()),
            ..Default::default()
        }
        .build(),
        Language::Go => wit_bindgen_go::Opts {
            pkg_name: Some("sluice/gen".to_owned()),
            export_pkg_name: Some(format!("sluice/{}", kind(world))),
            ..Default::default()
        }
        .build(),
    }
}

/// Go: what the generated sources are made with is in the SDK's module, which depends on no other.
fn own_support(source: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(source);
    text.replace("\"go.bytecodealliance.org/pkg/wit/", "\"sluice/wit/")
        .into_bytes()
}

/// `provider-plugin` is of the kind `provider`.
fn kind(world: &str) -> &str {
    world.trim_end_matches("-plugin")
}

/// Go: types and imports are the same in every world, what is exported is not.
fn place(language: Language, world: &str, name: &str) -> PathBuf {
    match language {
        Language::C => PathBuf::from(name),
        Language::Go if name.starts_with("wit_exports") => Path::new(kind(world)).join(name),
        Language::Go => Path::new("gen").join(name),
    }
}

#[test]
fn exports_of_go_stand_apart_by_kind() {
    let at = |name| place(Language::Go, "callback-plugin", name);
    let exports = at("wit_exports/wit_exports.go");
    assert_eq!(exports, Path::new("callback/wit_exports/wit_exports.go"));
    let types = at("sluice_plugin_types/wit_bindings.go");
    assert_eq!(types, Path::new("gen/sluice_plugin_types/wit_bindings.go"));
}
