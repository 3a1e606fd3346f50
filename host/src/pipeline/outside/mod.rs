//! What guardrails and callbacks reach through the host: requests to hosts that they were granted,
//! and a small store. They get no socket and no credential.

mod fetch;
mod kv;
mod target;

use std::sync::Arc;

use sluice_engine::Outside;

use crate::upstream::{Target, Upstream};

use fetch::Fetcher;
use kv::Shelf;
pub use kv::Shelves;
pub use target::{Entry, own_base, target};

/// Whose call it is: the plugin, its entry in the config, and the tenant whose store it sees.
pub struct Whose<'w> {
    pub plugin: &'w str,
    pub call_id: &'w str,
    pub tenant: &'w str,
}

/// What one call may reach.
pub fn of(
    upstream: &Upstream,
    target: &Arc<Target>,
    shelves: &Shelves,
    whose: &Whose<'_>,
) -> Outside {
    let fetcher = Fetcher::new(upstream.clone(), Arc::clone(target), whose);
    let shelf: Shelf = shelves.of(whose.plugin, whose.tenant);
    Outside {
        fetch: Some(Arc::new(fetcher)),
        kv: Some(Arc::new(shelf)),
    }
}
