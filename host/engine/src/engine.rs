//! The engine: one for the process. It compiles components and counts time for all of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::{Cache, compile, hex};
use crate::contract::bindings::sluice::plugin as wit;
use crate::contract::guards::sluice::plugin as outside;
use crate::error::{EngineError, LoadError};
use crate::inspect::inspect;
use crate::limits::Settings;
use crate::plugin::Plugin;
use crate::store::State;
use crate::wasi;

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Linear memory of one instance, at most, whatever a plugin's own limit says: the pool reserves
/// address space for it.
const MAX_MEMORY: usize = 256 << 20;

/// How the engine is set up.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where machine code is kept; none: components are compiled at each start.
    pub cache_dir: Option<PathBuf>,
    /// Machine code that came with the program, as an image has it: read where `cache_dir` has none, never
    /// written.
    pub shipped_dir: Option<PathBuf>,
    /// Largest component, in bytes.
    pub max_component_bytes: usize,
    /// Instances at the same time, of all plugins.
    pub max_instances: u32,
    /// Bytes of a freed instance's memory that stay resident, so that the next one starts faster.
    pub keep_resident: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            cache_dir: None,
            shipped_dir: None,
            max_component_bytes: 128 << 20,
            max_instances: 500,
            keep_resident: 1 << 20,
        }
    }
}

/// Loads plugins. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    engine: wasmtime::Engine,
    is_pooled: bool,
    linker: Linker<State>,
    cache: Option<Cache>,
    shipped: Option<Cache>,
    /// Compiling takes all cores already; one at a time.
    compiling: Semaphore,
    max_component_bytes: usize,
}

impl Engine {
    /// Sets the engine up: with pooled memory where the address space allows it, else on demand.
    pub fn new(config: &EngineConfig) -> Result<Self, EngineError> {
        let wrong = |cause: wasmtime::Error| EngineError::Wasmtime(format!("{cause:#}"));
        let (engine, is_pooled) = match wasmtime::Engine::new(&settings(Some(pooling(config)))) {
            Ok(engine) => (engine, true),
            Err(cause) => {
                let cause = format!("{cause:#}");
                tracing::warn!(%cause, "no pooled memory on this machine; instances start slower");
                (
                    wasmtime::Engine::new(&settings(None)).map_err(wrong)?,
                    false,
                )
            }
        };
        start_ticker(&engine)?;
        let cache = config
            .cache_dir
            .as_deref()
            .map(|path| Cache::open(path, &engine))
            .transpose()?
            .flatten();
        let shipped = config.shipped_dir.as_deref();
        let shipped = shipped.map(|path| Cache::shipped(path, &engine));
        let shipped = shipped.transpose()?.flatten();
        let linker = linker(&engine).map_err(wrong)?;
        Ok(Self {
            shared: Arc::new(Shared {
                engine,
                is_pooled,
                linker,
                cache,
                shipped,
                compiling: Semaphore::new(1),
                max_component_bytes: config.max_component_bytes,
            }),
        })
    }

    /// Whether memory is pooled; else the address space did not allow it.
    pub fn is_pooled(&self) -> bool {
        self.shared.is_pooled
    }

    /// Whether machine code is kept: a directory was named, and it can be used.
    pub fn keeps_code(&self) -> bool {
        self.shared.cache.is_some()
    }

    /// Checks, compiles (or takes from the cache) and links a component. `name` is for messages.
    pub async fn load(
        &self,
        name: &str,
        bytes: impl AsRef<[u8]> + Send + 'static,
        settings: Settings,
    ) -> Result<Plugin, LoadError> {
        let limit = self.shared.max_component_bytes;
        let length = bytes.as_ref().len();
        if length > limit {
            return Err(LoadError::TooLarge {
                bytes: length,
                limit,
            });
        }
        let shared = Arc::clone(&self.shared);
        let turn = shared.compiling.acquire().await;
        let worker = Arc::clone(&self.shared);
        let work = move || -> Result<_, LoadError> {
            let bytes = bytes.as_ref();
            let digest = hex(&Sha256::digest(bytes));
            let inspection = inspect(bytes)?;
            let component = worker.component(&digest, bytes)?;
            let pre = worker.linker.instantiate_pre(&component);
            let pre = pre.map_err(|cause| LoadError::Link(format!("{cause:#}")))?;
            Ok((digest, inspection, pre))
        };
        let done = tokio::task::spawn_blocking(work).await;
        drop(turn);
        let (digest, inspection, pre) =
            done.map_err(|cause| LoadError::Compile(cause.to_string()))??;
        Plugin::new(name, digest, inspection, pre, settings)
    }
}

impl Shared {
    fn component(&self, digest: &str, bytes: &[u8]) -> Result<Component, LoadError> {
        let mut kept = [&self.cache, &self.shipped].into_iter().flatten();
        if let Some(kept) = kept.find_map(|it| it.load(digest, &self.engine)) {
            return Ok(kept);
        }
        let Some(cache) = &self.cache else {
            return compile(bytes, &self.engine);
        };
        let started = tokio::time::Instant::now();
        let component = cache.compile(digest, bytes, &self.engine)?;
        let millis = started.elapsed().as_millis() as u64;
        tracing::debug!(
            plugin.digest = digest,
            compile_ms = millis,
            "component compiled"
        );
        Ok(component)
    }
}

fn pooling(config: &EngineConfig) -> PoolingAllocationConfig {
    let instances = config.max_instances;
    let mut pooling = PoolingAllocationConfig::new();
    pooling
        .total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(50))
        .total_memories(instances.saturating_mul(2))
        .total_tables(instances.saturating_mul(8))
        .total_stacks(instances)
        .max_memory_size(MAX_MEMORY)
        .table_elements(100_000)
        .max_tables_per_module(4)
        .max_memories_per_module(2)
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_unused_warm_slots(16)
        .linear_memory_keep_resident(config.keep_resident)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pooling
}

fn settings(pooling: Option<PoolingAllocationConfig>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10);
    if let Some(pooling) = pooling {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pooling));
    }
    config
}

fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    wit::types::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    wit::host::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    wit::files::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    // Which of the kinds may import these is judged by their names, see `inspect`.
    outside::http::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    outside::kv::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// A plain thread that moves the epoch on while the engine lives.
fn start_ticker(engine: &wasmtime::Engine) -> Result<(), EngineError> {
    let weak = engine.weak();
    let ticker = move || {
        while let Some(engine) = weak.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    let thread = std::thread::Builder::new()
        .name("sluice-ticker".into())
        .spawn(ticker);
    thread.map(drop).map_err(EngineError::Ticker)
}
