//! The tokens that the gateway holds: one set for all deployments.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;

use crate::aws;
use crate::cache::{Cache, Lease};
use crate::captured::Captured;
use crate::clock::Clock;
use crate::error::Error;
use crate::fetch::Fetch;
use crate::key::Key;
use crate::secret::Secret;

/// Fetches tokens, keeps them while they are good, and renews them before they end. Cheap to clone.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    bearers: Cache<Bearer>,
    aws: Cache<aws::Credentials>,
    captured: Cache<Captured>,
}

/// A token for the `Authorization` header.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub token: Secret,
    /// The Google project that is charged, where it is not the credential's own.
    pub quota_project: Option<String>,
}

impl Bearer {
    pub const fn new(token: Secret) -> Self {
        Self {
            token,
            quota_project: None,
        }
    }
}

/// A way to get bearer tokens.
pub(crate) trait Mint: Send + Sync {
    /// Stands for everything that the token depends on.
    fn key(&self) -> Key;
    /// The address that a plugin chose, if one did.
    fn token_server(&self) -> Option<&str> {
        None
    }
    fn mint(self: Arc<Self>, tokens: Tokens) -> BoxFuture<'static, Result<Lease<Bearer>, Error>>;
}

impl Tokens {
    /// Tokens that are fetched by `fetch`. Renewals run on `tasks`, so that a shutdown can wait for
    /// them; their requests end by their own timeouts.
    pub fn new(fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>, tasks: &TaskTracker) -> Self {
        Self(Arc::new(Inner {
            fetch,
            bearers: Cache::new(Arc::clone(&clock), tasks.clone()),
            aws: Cache::new(Arc::clone(&clock), tasks.clone()),
            captured: Cache::new(Arc::clone(&clock), tasks.clone()),
            clock,
        }))
    }

    pub(crate) fn fetch(&self) -> &dyn Fetch {
        &*self.0.fetch
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) async fn bearer(&self, mint: &Arc<dyn Mint>) -> Result<Bearer, Error> {
        let tokens = self.clone();
        let make = || Arc::clone(mint).mint(tokens);
        self.0.bearers.get(mint.key(), make).await
    }

    pub(crate) async fn aws(&self, chain: &Arc<aws::Chain>) -> Result<aws::Credentials, Error> {
        let tokens = self.clone();
        let make = || Arc::clone(chain).load(tokens);
        self.0.aws.get(chain.key(), make).await
    }

    pub(crate) fn captured(&self) -> &Cache<Captured> {
        &self.0.captured
    }

    pub(crate) fn refuse(&self, key: Key) {
        self.0.bearers.refuse(key);
        self.0.aws.refuse(key);
        self.0.captured.refuse(key);
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Tokens")
    }
}
