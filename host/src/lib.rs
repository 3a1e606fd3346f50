//! The gateway. The rooms and the direction between them are in ARCHITECTURE.md.

pub mod domain;
