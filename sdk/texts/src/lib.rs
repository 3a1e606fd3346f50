//! What guardrails that ask a service have in common, as pure functions: the texts of a call as the
//! service is to see them ([`Sheet`]), cut and packed to its limits ([`cut`], [`pack`]), and what it
//! gave back in the place of each.
//!
//! Knows no service, no contract and no network.
#![deny(missing_docs)]

mod cut;
mod definition;
mod literals;
mod sheet;

pub use cut::{Piece, characters, cut, json_bytes, pack};
pub use definition::is_definition;
pub use sheet::Sheet;
