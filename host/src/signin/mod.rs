//! Who signs in to the admin UI, and the sessions that come of it.
//!
//! A sign-in proves somebody once: by the operator's password, a key, a password of their own, or an
//! identity provider. What it gives is an [`Entrant`] in a session; what that may do is asked of
//! `auth` with each request, so that a role, a block or a deletion counts at once. The room knows no
//! HTTP server: doors carry the session's token in a cookie.

mod password;
mod session;
mod sso;
#[cfg(test)]
mod tests;
mod throttle;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::Semaphore;

pub use password::Credentials;
pub use session::{Session, SessionToken};
pub use sso::{Arrival, Departure, Start};
pub use throttle::{Attempt, Throttled};

use crate::auth::{Entrant, Fetch};
use crate::config::Ui;
use crate::domain::Secret;
use crate::store::{SaltKey, Store};
use sso::Providers;
use throttle::Throttle;

/// Passwords that are hashed at once: each takes 16 MiB and a thread for tens of milliseconds.
const HASHED_AT_ONCE: usize = 4;

/// Sessions that the database is asked for at once.
const ASKED_AT_ONCE: usize = 32;

/// Sends a small request to an identity provider, within limits of size and time that are the
/// implementer's.
pub trait Exchange: fmt::Debug + Send + Sync {
    /// The answer, whatever its status, else why there is none.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, String>>;
}

/// How somebody was proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `UI_USERNAME` and `UI_PASSWORD`.
    Operator,
    MasterKey,
    Key,
    Password,
    Sso,
}

impl Way {
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::MasterKey,
        Self::Key,
        Self::Password,
        Self::Sso,
    ];

    /// As the API, the metrics and the database write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "username_password",
            Self::MasterKey => "master_key",
            Self::Key => "key",
            Self::Password => "password",
            Self::Sso => "sso",
        }
    }
}

/// Somebody proven, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub who: Entrant,
    pub way: Way,
}

/// What of the config a sign-in goes by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'c> {
    pub ui: &'c Ui,
    /// None: nobody has to sign in.
    pub master: Option<&'c Secret>,
}

impl Rules<'_> {
    /// The id of the operator's user, LiteLLM's unless `PROXY_ADMIN_ID` says another.
    pub fn admin_id(&self) -> String {
        let own = self.ui.admin_id.clone();
        own.unwrap_or_else(|| "default_user_id".to_owned())
    }

    /// What opens the operator's account, where anything does: `UI_PASSWORD`, else the master key.
    fn operator_password(&self) -> Option<&Secret> {
        let own = self.ui.password.as_ref().or(self.master);
        own.filter(|_| !self.ui.no_operator)
    }
}

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Visit {
    /// The client's address, as the gateway believes it.
    pub address: Option<std::net::IpAddr>,
    /// `user-agent`.
    pub agent: Option<String>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// The service. Clones share everything.
#[derive(Debug, Clone)]
pub struct SignIn(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    throttle: Throttle,
    hashing: Semaphore,
    asking: Semaphore,
    /// Seals what a browser keeps while it is at the identity provider.
    salt: SaltKey,
    providers: Providers,
}

impl SignIn {
    pub fn new(
        store: Store,
        salt: SaltKey,
        fetch: Arc<dyn Fetch>,
        exchange: Arc<dyn Exchange>,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            throttle: Throttle::default(),
            hashing: Semaphore::new(HASHED_AT_ONCE),
            asking: Semaphore::new(ASKED_AT_ONCE),
            salt,
            providers: Providers::new(fetch, exchange),
        }))
    }

    /// Counts an attempt to sign in, before anything is looked at.
    ///
    /// # Errors
    /// There were too many with this name or from this address, and how long to wait.
    pub fn attempt(&self, name: &str, visit: &Visit) -> Result<Attempt, Throttled> {
        self.0.throttle.enter(name, visit.address)
    }
}

/// As milliseconds, which last for longer than any session.
fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
