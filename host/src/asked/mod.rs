//! What management and reports have in common: what a request brings, who asks and where they
//! sit, and how they are refused. It knows no operation, and no HTTP server.

pub mod fault;
mod input;
#[cfg(test)]
pub(crate) mod noted;
#[cfg(test)]
pub(crate) mod rig;
mod standing;

pub use input::{Input, Paging, number};
pub use standing::Standing;

/// Who acts when the master key does: in rows, in `created_by` and in the audit log.
pub const MASTER: &str = "litellm_proxy_master_key";
