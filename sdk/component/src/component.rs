//! A component of a core module.

use std::fs;
use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::contract;

/// Reads the module, gives it the types of the world, and writes the component. What it imports of
/// WASI's first preview, as Go's runtime does, is bound to the second, which a gateway links, and
/// leaves empty.
pub fn make(module: &Path, world: &str, out: &Path) -> Result<(), String> {
    let (resolve, id) = contract(world)?;
    let mut bytes = fs::read(module).map_err(|cause| format!("{}: {cause}", module.display()))?;
    let unfit = |cause| format!("{} as {world}: {cause:#}", module.display());
    embed_component_metadata(&mut bytes, &resolve, id, StringEncoding::UTF8).map_err(unfit)?;
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    encoder.module(&bytes).map_err(unfit)?;
    encoder
        .adapter(
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )
        .map_err(unfit)?;
    let made = encoder.encode().map_err(unfit)?;
    fs::write(out, made).map_err(|cause| format!("{}: {cause}", out.display()))
}
