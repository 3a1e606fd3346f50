//! The gateway. The rooms and the direction between them are in ARCHITECTURE.md.

pub mod config;
pub mod dialect;
pub mod domain;
pub mod plugins;
pub mod telemetry;
pub mod upstream;
