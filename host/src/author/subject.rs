//! The component that a command is about.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use sluice_engine::{Engine, EngineConfig, Isolation, Kind, Limits, Plugin, Settings};
use tokio::time::Instant;

use super::AuthorError;
use crate::loading::engine_config;
use crate::plugins::describe::Describe;
use crate::plugins::{InstallError, read_component};

/// Instances at the same time: a command runs one or few.
const MAX_INSTANCES: u32 = 16;

/// A component that loads and describes itself.
pub struct Subject {
    pub bytes: Bytes,
    pub digest: String,
    pub plugin: Plugin,
    /// Its document as it gave it.
    pub described: String,
    pub describe: Describe,
    /// How long it took to compile, or to be taken from the cache.
    pub compiled: Duration,
}

/// The engine of a command. Machine code is kept below `data`, as the gateway's is.
///
/// # Errors
/// The engine does not start on this machine.
pub fn engine(data: &Path) -> Result<Engine, AuthorError> {
    Ok(Engine::new(&EngineConfig {
        max_instances: MAX_INSTANCES,
        ..engine_config(data)
    })?)
}

impl Subject {
    /// Reads and loads a component, as the gateway does.
    ///
    /// # Errors
    /// It cannot be read, is no plugin, or does not describe itself.
    pub async fn open(engine: &Engine, file: &Path) -> Result<Self, AuthorError> {
        let arrival = read_component(file)?;
        Self::of(engine, &arrival.stem, arrival.bytes).await
    }

    /// The same for bytes that are there already. `stem` is for messages.
    ///
    /// # Errors
    /// It is no plugin, or does not describe itself.
    pub async fn of(engine: &Engine, stem: &str, bytes: Bytes) -> Result<Self, AuthorError> {
        let begun = Instant::now();
        let loaded = engine.load(stem, bytes.clone(), Settings::default()).await;
        let plugin = loaded.map_err(InstallError::from)?;
        let compiled = begun.elapsed();
        let described = plugin.describe().await.map_err(InstallError::from)?;
        let describe = Describe::parse(&described).map_err(InstallError::from)?;
        describe
            .fits(plugin.kind().as_str())
            .map_err(InstallError::from)?;
        Ok(Self {
            digest: plugin.digest().to_owned(),
            plugin: plugin.renamed(&describe.name, Settings::default()),
            bytes,
            described,
            describe,
            compiled,
        })
    }

    pub fn kind(&self) -> Kind {
        self.plugin.kind()
    }

    /// The same component with instances, numbers and a circuit breaker of its own.
    pub fn run_as(&self, isolation: Isolation, limits: &Limits) -> Plugin {
        let limits = limits.clone();
        let settings = Settings { limits, isolation };
        self.plugin.renamed(&self.describe.name, settings)
    }
}
