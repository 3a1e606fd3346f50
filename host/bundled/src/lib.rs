//! The plugins that ship inside the binary, as bytes.

/// A plugin built from this repository's `plugins/` folder.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// The plugin's name, as its `describe` says it.
    pub name: &'static str,
    /// The component.
    pub wasm: &'static [u8],
}

/// Every bundled plugin. Empty in a build that was only checked. A static: a constant's bytes would
/// stand in the binary once for each place that uses them.
pub static PLUGINS: &[Bundled] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));
