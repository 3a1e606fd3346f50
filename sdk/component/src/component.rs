//! A component of a core module.

use std::fs;
use std::path::Path;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::{CONTRACT, world};

/// WASI's first preview, as far as a plugin has anything of it.
const PREVIEW1: &str = include_str!("preview1.wat");

/// What [`PREVIEW1`] imports.
const PREVIEW1_WORLD: &str = "world preview1 { import host; }";

/// Reads the module, gives it the types of the world, and writes the component. What it imports of
/// WASI's first preview, as Go's runtime does, is answered by the contract's own `host`.
///
/// # Errors
/// The module cannot be read, was not compiled with the bindings of this world, or imports what nobody has.
pub fn make(module: &Path, name: &str, out: &Path) -> Result<(), String> {
    let bytes = fs::read(module).map_err(|cause| format!("{}: {cause}", module.display()))?;
    let preview1 = wat::parse_str(PREVIEW1).map_err(|cause| cause.to_string())?;
    let preview1 = typed(
        preview1,
        &format!("{CONTRACT}\n{PREVIEW1_WORLD}"),
        "preview1",
    )?;
    let bytes = typed(bytes, CONTRACT, name)?;
    let unfit = |cause| format!("{} as {name}: {cause:#}", module.display());
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&bytes).map_err(unfit)?;
    encoder
        .adapter("wasi_snapshot_preview1", &preview1)
        .map_err(unfit)?;
    let made = encoder.encode().map_err(unfit)?;
    fs::write(out, made).map_err(|cause| format!("{}: {cause}", out.display()))
}

/// The module with the types of a world.
fn typed(mut module: Vec<u8>, contract: &str, name: &str) -> Result<Vec<u8>, String> {
    let (resolve, id) = world(contract, name)?;
    embed_component_metadata(&mut module, &resolve, id, StringEncoding::UTF8)
        .map_err(|cause| format!("as {name}: {cause:#}"))?;
    Ok(module)
}
