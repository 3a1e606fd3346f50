//! Instances of one plugin: made, kept warm, taken by one call at a time, thrown away.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::contract::bindings::exports::sluice::plugin::{plugin, provider, provider_errors};
use crate::limits::Limits;
use crate::stats::Counters;
use crate::store::State;

/// A component that is linked and whose exports were found.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) pre: InstancePre<State>,
    pub(crate) plugin: plugin::GuestIndices,
    pub(crate) provider: provider::GuestIndices,
    pub(crate) errors: Option<provider_errors::GuestIndices>,
}

/// One instance with its store. A trap or a dropped call makes the whole store useless, so the
/// two are always thrown away together.
pub(crate) struct Guest {
    pub(crate) store: Store<State>,
    pub(crate) plugin: plugin::Guest,
    pub(crate) provider: provider::Guest,
    pub(crate) errors: Option<provider_errors::Guest>,
    pub(crate) uses: u32,
    counters: Arc<Counters>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.counters
            .instances_alive
            .fetch_sub(1, Ordering::Relaxed);
    }
}

/// The idle instances of a plugin, last used first.
#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Guest>>,
}

impl Pool {
    pub(crate) fn take(&self) -> Option<Guest> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// Keeps an instance for the next call, unless it has served long enough or grown too large.
    pub(crate) fn put(&self, guest: Guest, limits: &Limits) {
        let worn =
            guest.uses >= limits.max_uses || guest.store.data().memory_used() > limits.retire_bytes;
        if worn {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits.max_idle {
            idle.push(guest);
        }
    }
}

impl Template {
    pub(crate) fn new(pre: InstancePre<State>) -> wasmtime::Result<Self> {
        let plugin = plugin::GuestIndices::new(&pre)?;
        let provider = provider::GuestIndices::new(&pre)?;
        let errors = provider_errors::GuestIndices::new(&pre).ok();
        Ok(Self {
            pre,
            plugin,
            provider,
            errors,
        })
    }

    /// A new instance in a store of its own, of which nobody has seen anything yet.
    pub(crate) async fn instantiate(
        &self,
        mut store: Store<State>,
        counters: &Arc<Counters>,
    ) -> wasmtime::Result<Guest> {
        let instance = self.pre.instantiate_async(&mut store).await?;
        let plugin = self.plugin.load(&mut store, &instance)?;
        let provider = self.provider.load(&mut store, &instance)?;
        let errors = self
            .errors
            .as_ref()
            .map(|it| it.load(&mut store, &instance))
            .transpose()?;
        counters.instances_made.fetch_add(1, Ordering::Relaxed);
        counters.instances_alive.fetch_add(1, Ordering::Relaxed);
        let counters = Arc::clone(counters);
        Ok(Guest {
            store,
            plugin,
            provider,
            errors,
            uses: 0,
            counters,
        })
    }
}
