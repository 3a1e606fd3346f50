//! Logs and metrics: what an operator sees. Knows no other room than `domain`.

pub mod log;
pub mod metrics;
