//! Instances of one plugin: made, kept warm, taken by one call at a time, thrown away.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::Store;
use wasmtime::component::InstancePre;

use crate::contract::bindings::exports::sluice::plugin::{plugin, provider, provider_errors};
use crate::contract::callbacks::exports::sluice::plugin::callback;
use crate::contract::guards::exports::sluice::plugin::{guardrail, guardrail_stream};
use crate::inspect::{Inspection, Kind};
use crate::limits::Limits;
use crate::stats::Counters;
use crate::store::State;

/// A component that is linked and whose exports were found.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) pre: InstancePre<State>,
    plugin: plugin::GuestIndices,
    provider: Option<provider::GuestIndices>,
    errors: Option<provider_errors::GuestIndices>,
    guardrail: Option<guardrail::GuestIndices>,
    pub(crate) stream: Option<guardrail_stream::GuestIndices>,
    callback: Option<callback::GuestIndices>,
}

/// What an instance can be asked; a component has the interfaces of its kind.
pub(crate) struct Exports {
    pub(crate) plugin: Option<plugin::Guest>,
    pub(crate) provider: Option<provider::Guest>,
    pub(crate) errors: Option<provider_errors::Guest>,
    pub(crate) guardrail: Option<guardrail::Guest>,
    pub(crate) stream: Option<guardrail_stream::Guest>,
    pub(crate) callback: Option<callback::Guest>,
}

/// One instance with its store. A trap or a dropped call makes the whole store useless, so the
/// two are always thrown away together.
pub(crate) struct Guest {
    pub(crate) store: Store<State>,
    pub(crate) exports: Exports,
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
    /// What a component of its kind has to export is there and has the contract's types.
    pub(crate) fn new(pre: InstancePre<State>, inspection: &Inspection) -> wasmtime::Result<Self> {
        let kind = inspection.kind;
        Ok(Self {
            plugin: plugin::GuestIndices::new(&pre)?,
            provider: (kind == Kind::Provider)
                .then(|| provider::GuestIndices::new(&pre))
                .transpose()?,
            errors: provider_errors::GuestIndices::new(&pre).ok(),
            guardrail: (kind == Kind::Guardrail)
                .then(|| guardrail::GuestIndices::new(&pre))
                .transpose()?,
            stream: inspection
                .exports("guardrail-stream")
                .then(|| guardrail_stream::GuestIndices::new(&pre))
                .transpose()?,
            callback: (kind == Kind::Callback)
                .then(|| callback::GuestIndices::new(&pre))
                .transpose()?,
            pre,
        })
    }

    /// A new instance in a store of its own, of which nobody has seen anything yet.
    pub(crate) async fn instantiate(
        &self,
        mut store: Store<State>,
        counters: &Arc<Counters>,
    ) -> wasmtime::Result<Guest> {
        let instance = self.pre.instantiate_async(&mut store).await?;
        macro_rules! load {
            ($name:ident) => {
                self.$name
                    .as_ref()
                    .map(|it| it.load(&mut store, &instance))
                    .transpose()?
            };
        }
        let exports = Exports {
            plugin: Some(self.plugin.load(&mut store, &instance)?),
            provider: load!(provider),
            errors: load!(errors),
            guardrail: load!(guardrail),
            stream: load!(stream),
            callback: load!(callback),
        };
        counters.instances_made.fetch_add(1, Ordering::Relaxed);
        counters.instances_alive.fetch_add(1, Ordering::Relaxed);
        let counters = Arc::clone(counters);
        Ok(Guest {
            store,
            exports,
            uses: 0,
            counters,
        })
    }
}
