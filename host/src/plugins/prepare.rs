//! From bytes to a generation that may serve: pin, compile, describe, self-test. No look at the
//! other plugins.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sluice_engine::{Engine, LoadError, Plugin};
use tokio::time::Instant;

use super::describe::{Describe, DescribeError};
use super::registry::{Generation, Outcomes, Source};
use super::settings::PluginsConfig;
use super::trust;

/// The examples of one plugin take no longer than this together.
pub(super) const SELF_TEST: Duration = Duration::from_secs(60);

/// Why a plugin was not taken.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("it failed to describe itself: {0}")]
    DescribeCall(#[from] sluice_engine::CallError),
    #[error(transparent)]
    Describe(#[from] DescribeError),
    #[error("its sha256 is {found}, but `plugins.sha256.{name}` says {pinned}")]
    Pin {
        name: String,
        found: String,
        pinned: String,
    },
    #[error(
        "no key of `plugins.trust.keys` vouches for it ({found}), and `plugins.trust.require` is on: `sluice plugin sign` signs `{name}`"
    )]
    Unsigned { name: String, found: String },
    #[error("it imports `{import}`, but `plugins.wasi.{name}` is off")]
    Wasi { name: String, import: String },
    #[error(
        "`{name}` asks for what `plugins.grants` does not give it ({told}), and `plugins.ungranted` does not let it serve without: this line under `plugins.grants` grants it: {line}"
    )]
    Ungranted {
        name: String,
        /// Hosts and variables, by name.
        told: String,
        /// Of the config.
        line: String,
    },
    #[error("{0}")]
    Clash(String),
    #[error("{0}")]
    Settings(String),
    #[error("its own example {0}")]
    Example(String),
    #[error("it was found bad before: {0}")]
    Quarantined(String),
    #[error("{} has {bytes} bytes; the limit is {limit}", path.display())]
    FileTooLarge {
        path: PathBuf,
        bytes: u64,
        limit: u64,
    },
    #[error("{}: it cannot be read: {cause}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: std::io::Error,
    },
    #[error("{} {what}", path.display())]
    NoFile { path: PathBuf, what: String },
}

impl InstallError {
    /// Whether the fault is in the component's bytes, so that the same bytes need no second look.
    pub const fn is_in_the_bytes(&self) -> bool {
        match self {
            Self::Load(_) | Self::Describe(_) | Self::Example(_) => true,
            Self::DescribeCall(cause) => cause.is_plugins_fault(),
            _ => false,
        }
    }

    /// Whether it may be the beginning of a component that is still being copied. A beginning that
    /// ends between two sections is a component, without the contract.
    pub const fn may_be_half_copied(&self) -> bool {
        matches!(
            self,
            Self::Load(LoadError::CutShort(_) | LoadError::NoContract { .. })
        )
    }

    /// Whether it may be taken once another file or the config has changed.
    pub const fn depends_on_others(&self) -> bool {
        matches!(
            self,
            Self::Clash(_)
                | Self::Settings(_)
                | Self::Pin { .. }
                | Self::Unsigned { .. }
                | Self::Wasi { .. }
                | Self::Ungranted { .. }
        )
    }
}

/// A component as it came.
pub struct Arrival {
    /// The file's name without its ending: what it is called until it has said its own name.
    pub stem: String,
    pub digest: String,
    pub bytes: Bytes,
    /// What its signature file says; empty: there is none.
    pub signatures: String,
    pub source: Source,
}

static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// Compiles a component, checks it and runs its examples.
pub async fn prepare(
    engine: &Engine,
    config: &PluginsConfig,
    arrival: Arrival,
) -> Result<Generation, InstallError> {
    let generation = load(engine, config, arrival).await?;
    let examples = super::examples::run(&generation.plugin, &generation.describe);
    let tested = tokio::time::timeout(SELF_TEST, examples).await;
    tested
        .unwrap_or_else(|_| Err(format!("run takes longer than {} s", SELF_TEST.as_secs())))
        .map_err(InstallError::Example)?;
    Ok(generation)
}

/// Compiles a component, has it describe itself and checks it.
pub(super) async fn load(
    engine: &Engine,
    config: &PluginsConfig,
    arrival: Arrival,
) -> Result<Generation, InstallError> {
    let Arrival {
        stem,
        digest,
        bytes,
        signatures,
        source,
    } = arrival;
    // Before a line of it runs, and again when it has said its name.
    check_pin(config, &stem, &digest)?;
    let bundled = source == Source::Bundled;
    let signed_by = trust::signers(&signatures, &digest);
    if !bundled {
        trust::check(config, &stem, &signed_by)?;
    }
    let settings = config.settings_for(&stem, bundled);
    let unnamed = engine.load(&stem, bytes, settings).await?;
    check_wasi(config, &stem, &unnamed)?;
    let describe = Describe::parse(&unnamed.describe().await?)?;
    describe.fits(unnamed.kind().as_str())?;
    check_pin(config, &describe.name, &digest)?;
    check_wasi(config, &describe.name, &unnamed)?;
    let own = config.settings_for(&describe.name, bundled);
    let plugin = unnamed.renamed(&describe.name, own);
    Ok(Generation {
        plugin,
        describe,
        source,
        signed_by,
        stem,
        number: NUMBERS.fetch_add(1, Ordering::Relaxed),
        since: Instant::now(),
        outcomes: Outcomes::default(),
        is_suspect: AtomicBool::new(false),
    })
}

impl Generation {
    /// The same version as the config has it run: itself, or with other limits.
    pub fn under(self, config: &PluginsConfig) -> Self {
        let settings = config.settings_for(&self.describe.name, self.source == Source::Bundled);
        if *self.plugin.settings() == settings {
            return self;
        }
        let plugin = self.plugin.renamed(&self.describe.name, settings);
        Self { plugin, ..self }
    }

    /// Whether it is what the config pins and trusts, and imports what the config lets it, by its file's name and
    /// by its own.
    pub fn check(&self, config: &PluginsConfig) -> Result<(), InstallError> {
        for name in [&self.stem, &self.describe.name] {
            check_pin(config, name, self.plugin.digest())?;
            check_wasi(config, name, &self.plugin)?;
        }
        if self.source != Source::Bundled {
            trust::check(config, &self.describe.name, &self.signed_by)?;
        }
        Ok(())
    }
}

fn check_wasi(config: &PluginsConfig, name: &str, plugin: &Plugin) -> Result<(), InstallError> {
    if !config.without_wasi.contains(name) {
        return Ok(());
    }
    let mut imports = plugin.inspection().imports.iter();
    match imports.find(|it| it.starts_with("wasi:")) {
        None => Ok(()),
        Some(import) => Err(InstallError::Wasi {
            name: name.to_owned(),
            import: import.clone(),
        }),
    }
}

fn check_pin(config: &PluginsConfig, name: &str, digest: &str) -> Result<(), InstallError> {
    match config.pins.get(name) {
        Some(pinned) if !pinned.eq_ignore_ascii_case(digest) => Err(InstallError::Pin {
            name: name.to_owned(),
            found: digest.to_owned(),
            pinned: pinned.clone(),
        }),
        _ => Ok(()),
    }
}
