//! The gateway. The rooms and the direction between them are in ARCHITECTURE.md.

pub mod auth;
pub mod budget;
pub mod cli;
pub mod config;
pub mod dialect;
pub mod domain;
pub mod http;
pub mod in_force;
pub mod limits;
pub mod manage;
pub mod migrate;
pub mod pipeline;
pub mod plugins;
pub mod prices;
pub mod reload;
pub mod reports;
pub mod router;
pub mod serve;
pub mod services;
pub mod spend;
pub mod store;
pub mod telemetry;
pub mod upkeep;
pub mod upstream;
