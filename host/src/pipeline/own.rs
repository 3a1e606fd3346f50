//! The router's settings for the calls of each key that has its own, understood once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use serde_json::{Map, Value};

use crate::auth::Grant;
use crate::config::{OwnRouting, RouterSettings};

/// Keys whose settings are remembered, before those of keys that are gone are dropped.
const MOST: usize = 10_000;

/// What keys and teams wrote.
type Written = Map<String, Value>;

/// By where what was written lies: all calls of a key share it.
type Known = HashMap<usize, (Weak<Written>, Option<Arc<OwnRouting>>)>;

/// Those of one config.
#[derive(Debug, Default)]
pub struct OwnRoutings {
    known: RwLock<Known>,
}

impl OwnRoutings {
    /// None: the key has none, or they cannot be understood.
    pub fn of(&self, base: &RouterSettings, grant: Option<&Arc<Grant>>) -> Option<Arc<OwnRouting>> {
        let written = grant?.router_settings.as_ref()?;
        // While its weak pointer is kept, nothing else lies there.
        let place = Arc::as_ptr(written) as usize;
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, routing)) = known.get(&place) {
                return routing.clone();
            }
        }
        let routing = OwnRouting::over(base, written).map(Arc::new);
        let routing = routing.inspect_err(|cause| {
            tracing::warn!("`router_settings` of a key or team have no effect: {cause}");
        });
        let routing = routing.ok();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (written, _)| written.strong_count() > 0);
        }
        if known.len() < MOST {
            known.insert(place, (Arc::downgrade(written), routing.clone()));
        }
        routing
    }
}
