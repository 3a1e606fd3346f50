//! What a component is, read from its imports and exports before it is compiled.

use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

use crate::error::LoadError;

/// The contract this engine runs: `major.minor` decides until 1.0.
pub const CONTRACT_VERSION: &str = "0.1.0";

const PACKAGE: &str = "sluice:plugin/";

/// Which world a component was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Provider,
    Guardrail,
    Callback,
}

impl Kind {
    /// As the contract spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Guardrail => "guardrail",
            Self::Callback => "callback",
        }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    pub kind: Kind,
    /// The version of the contract it was built for.
    pub version: String,
    pub imports: Vec<String>,
    pub exports: Vec<String>,
}

impl Inspection {
    /// Whether it exports this interface of the contract.
    pub(crate) fn exports(&self, interface: &str) -> bool {
        let bare = |name: &String| {
            let rest = name.strip_prefix(PACKAGE)?;
            rest.split('@').next().map(str::to_owned)
        };
        self.exports
            .iter()
            .any(|it| bare(it).as_deref() == Some(interface))
    }
}

/// Interfaces that any plugin may import.
const COMMON: &[&str] = &[
    "sluice:plugin/types",
    "sluice:plugin/host",
    "sluice:plugin/files",
];

/// Interfaces that a guardrail or a callback may import besides.
const OUTSIDE: &[&str] = &["sluice:plugin/http", "sluice:plugin/kv"];

/// WASI packages whose interfaces are linked, and lead nowhere.
const WASI: &[&str] = &[
    "wasi:cli/",
    "wasi:io/",
    "wasi:clocks/",
    "wasi:random/",
    "wasi:filesystem/",
    "wasi:sockets/",
];

/// Reads the names of a component's interfaces and judges them.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    if bytes.is_empty() {
        return Err(LoadError::CutShort("the file is empty".into()));
    }
    let magic = b"\0asm";
    if bytes.len() < magic.len() && magic.starts_with(bytes) {
        return Err(LoadError::CutShort("it ends within its magic".into()));
    }
    if bytes.get(..4) != Some(magic) {
        return Err(LoadError::NotAComponent(
            "it does not begin with the WebAssembly magic".into(),
        ));
    }
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(bytes)
        .map_err(|cause| not_a_component(&cause, bytes.len()))?;
    let (imports, exports) = names(bytes)?;
    let (kind, version) = kind_and_version(&exports)?;
    if !same_line(&version) {
        let supported = CONTRACT_VERSION.to_owned();
        return Err(LoadError::Version {
            found: version,
            supported,
        });
    }
    let allowed = |name: &String| {
        let bare = name.split('@').next().unwrap_or_default();
        COMMON.contains(&bare)
            || kind != Kind::Provider && OUTSIDE.contains(&bare)
            || WASI.iter().any(|package| bare.starts_with(package))
    };
    if let Some(forbidden) = imports.iter().find(|name| !allowed(name)) {
        return Err(LoadError::ForbiddenImport(forbidden.clone()));
    }
    Ok(Inspection {
        kind,
        version,
        imports,
        exports,
    })
}

/// What a reader met that came to the end of the bytes, or to anything else. A reader names the
/// place where it wanted more, which may lie before the end: the beginning of a section.
fn not_a_component(cause: &wasmparser::BinaryReaderError, length: usize) -> LoadError {
    let wants_more = cause.message().starts_with("unexpected end") || cause.offset() >= length;
    if wants_more {
        LoadError::CutShort(cause.to_string())
    } else {
        LoadError::NotAComponent(cause.to_string())
    }
}

fn names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), LoadError> {
    let wrong = |cause: wasmparser::BinaryReaderError| LoadError::NotAComponent(cause.to_string());
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(wrong)? {
            Payload::Version {
                encoding: Encoding::Module,
                ..
            } if depth == 0 => {
                return Err(LoadError::CoreModule);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(wrong)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    let export = export.map_err(wrong)?;
                    if export.kind == ComponentExternalKind::Instance {
                        exports.push(export.name.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn kind_and_version(exports: &[String]) -> Result<(Kind, String), LoadError> {
    // A component may be built for several versions; one that runs here is enough.
    let find = |interface: &str| {
        let version = |name: &String| {
            let rest = name.strip_prefix(PACKAGE)?.strip_prefix(interface)?;
            rest.strip_prefix('@').map(str::to_owned)
        };
        let mut versions: Vec<String> = exports.iter().filter_map(version).collect();
        versions.sort_by_key(|it| !same_line(it));
        versions.into_iter().next()
    };
    let kinds = [Kind::Provider, Kind::Guardrail, Kind::Callback];
    let found = kinds
        .iter()
        .find_map(|kind| Some((*kind, find(kind.as_str())?)));
    found
        .filter(|_| find("plugin").is_some())
        .ok_or_else(|| LoadError::NoContract {
            found: if exports.is_empty() {
                "none".into()
            } else {
                exports.join(", ")
            },
            supported: format!(
                "{PACKAGE}provider, guardrail or callback@{CONTRACT_VERSION} with {PACKAGE}plugin"
            ),
        })
}

/// Before 1.0 a minor version is a line of its own; from then on a major version is.
fn same_line(version: &str) -> bool {
    let line = |version: &str| -> Option<(u64, u64)> {
        let mut parts = version.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some((major, if major == 0 { minor } else { 0 }))
    };
    line(version).is_some() && line(version) == line(CONTRACT_VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patch_versions_are_one_line_and_minors_are_not() {
        assert!(same_line("0.1.7"));
        assert!(!same_line("0.2.0") && !same_line("1.1.0") && !same_line("x"));
    }

    #[test]
    fn of_several_versions_the_one_that_runs_here_counts() {
        let exports = ["provider@9.0.0", "provider@0.1.2", "plugin@0.1.2"];
        let exports = exports.map(|name| format!("{PACKAGE}{name}"));
        let found = kind_and_version(&exports).unwrap();
        assert_eq!(found, (Kind::Provider, "0.1.2".into()));
    }

    #[test]
    fn bytes_that_are_no_component_are_named_so() {
        assert!(matches!(
            inspect(b"hello"),
            Err(LoadError::NotAComponent(_))
        ));
        for beginning in [&b""[..], b"\0as", b"\0asm\x0d\0"] {
            assert!(matches!(inspect(beginning), Err(LoadError::CutShort(_))));
        }
        let module = b"\0asm\x01\0\0\0";
        assert!(matches!(inspect(module), Err(LoadError::CoreModule)));
    }
}
