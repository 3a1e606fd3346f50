//! The gateway. The rooms and the direction between them are in ARCHITECTURE.md.

pub mod cli;
pub mod config;
pub mod dialect;
pub mod domain;
pub mod http;
pub mod pipeline;
pub mod plugins;
pub mod reload;
pub mod router;
pub mod serve;
pub mod telemetry;
pub mod upstream;
