//! Logs, metrics and traces: what an operator sees. Knows no other room than `domain`.

mod callbacks;
pub mod calls;
mod families;
mod guardrails;
mod labels;
pub mod log;
pub mod metrics;
pub mod otel;
pub mod process;
mod route;
mod sample;
pub mod times;
