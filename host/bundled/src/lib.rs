//! The plugins and the pages of the admin UI that ship inside the binary, as bytes.

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

/// One file of the admin UI.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// Below `/ui/`, such as `assets/index-1a2b.js`.
    pub path: &'static str,
    pub bytes: &'static [u8],
    /// The same, compressed, where that is worth it.
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// The admin UI.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    pub all: &'static [Page],
    /// Why there are none; empty if there are.
    pub missing: &'static str,
}

/// The pages as they were built, `index.html` among them.
pub static PAGES: Pages = include!(concat!(env!("OUT_DIR"), "/pages.rs"));
