//! The words of the house: what went wrong and whose fault it is, what was used, who is who.
//! No I/O and no clock here; every other room may import this one.

mod fault;
pub mod glob;
mod ids;
pub mod json;
mod secret;
mod usage;

pub use fault::{At, Blame, ErrorKind, Fault, Retry};
pub use ids::{CallId, DeploymentId, ModelGroup};
pub use secret::Secret;
pub use usage::Usage;
