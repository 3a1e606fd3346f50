//! Loads, limits and calls plugins: WebAssembly components of the `sluice:plugin` contract.
//! Knows no HTTP, no SQL and no YAML.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sluice_engine::{Engine, EngineConfig, Settings};
//!
//! let engine = Engine::new(&EngineConfig::default())?;
//! let plugin = engine.load("echo", std::fs::read("echo.wasm")?, Settings::default()).await?;
//! println!("{}", plugin.describe().await?);
//! # Ok(())
//! # }
//! ```

mod breaker;
mod cache;
mod clock;
pub mod contract;
mod engine;
mod error;
mod guard;
mod guest_log;
mod inspect;
mod limits;
mod outside;
mod plugin;
mod pool;
mod session;
mod stats;
mod store;
mod wasi;

pub use engine::{Engine, EngineConfig};
pub use error::{CallError, EngineError, LoadError, Trap};
pub use inspect::{CONTRACT_VERSION, Inspection, Kind, inspect};
pub use limits::{Isolation, Limits, Settings};
pub use outside::{Fetch, Kv, Outside, Pending};
pub use plugin::Plugin;
pub use session::{FileBytes, Files, Session};
pub use stats::{Meter, Stats, TrapCounts, WasiCounts};
