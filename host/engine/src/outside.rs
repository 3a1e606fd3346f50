//! What guardrails and callbacks may ask of the host: requests, and a small store. The engine knows
//! neither; whoever calls a plugin says what it may reach.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::contract::guards::sluice::plugin::{http, kv};
use crate::contract::{Error, FetchRequest, FetchResponse};
use crate::store::State;

/// What a function of the host comes to.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// `http.fetch`: judges the request by what this plugin is granted, and sends it.
pub trait Fetch: Send + Sync {
    /// Answers of 400 and above are responses.
    fn fetch(&self, request: FetchRequest) -> Pending<'_, Result<FetchResponse, Error>>;
}

/// `kv`: a store that is this plugin's and this tenant's alone.
pub trait Kv: Send + Sync {
    /// The value, if it is there still.
    fn get(&self, key: String) -> Pending<'_, Option<Vec<u8>>>;
    /// Keeps a value for so many seconds.
    fn set(&self, key: String, value: Vec<u8>, ttl_seconds: u32) -> Pending<'_, ()>;
    /// Adds, and gives the sum.
    fn add(&self, key: String, delta: i64, ttl_seconds: u32) -> Pending<'_, i64>;
}

/// What one call of a plugin may reach. Without: nothing.
#[derive(Clone, Default)]
pub struct Outside {
    /// Its requests.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// Its store.
    pub kv: Option<Arc<dyn Kv>>,
}

impl http::Host for State {
    async fn fetch(&mut self, request: FetchRequest) -> Result<FetchResponse, Error> {
        let Some(fetch) = self.outside.fetch.clone() else {
            return Err(Error {
                kind: "permission".into(),
                message: "nothing can be reached from here".into(),
                status: None,
                retry: Some(false),
                retry_after_ms: None,
                detail: None,
            });
        };
        fetch.fetch(request).await
    }
}

impl kv::Host for State {
    async fn get(&mut self, key: String) -> Option<Vec<u8>> {
        let store = self.outside.kv.clone()?;
        store.get(key).await
    }

    async fn set(&mut self, key: String, value: Vec<u8>, ttl_seconds: u32) {
        if let Some(store) = self.outside.kv.clone() {
            store.set(key, value, ttl_seconds).await;
        }
    }

    async fn add(&mut self, key: String, delta: i64, ttl_seconds: u32) -> i64 {
        match self.outside.kv.clone() {
            Some(store) => store.add(key, delta, ttl_seconds).await,
            None => delta,
        }
    }
}
