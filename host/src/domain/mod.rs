//! The words of the house: what went wrong and whose fault it is, what was used, who is who.
//! No I/O and no clock here; every other room may import this one.

mod call_type;
mod class;
mod entity;
mod fault;
pub mod glob;
pub mod host_pattern;
mod ids;
pub mod json;
mod moment;
mod response;
mod secret;
mod spend;
mod usage;
mod usd;

pub use call_type::call_type;
pub use class::{ErrorClass, PerClass};
pub use entity::{Entity, EntityKind};
pub use fault::{At, Blame, ErrorKind, Fault, QUIET, Retry};
pub use ids::{CallId, DeploymentId, KeyHash, ModelGroup};
pub use moment::moment;
pub use response::{ResponsePlace, StoredResponse};
pub use secret::Secret;
pub use spend::{CallBodies, CallError, CallStatus, CostLine, SpendRow};
pub use usage::{Told, Usage};
pub use usd::Usd;
