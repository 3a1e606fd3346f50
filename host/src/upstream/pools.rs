//! Connections by whose certificates they trust, and the tokens that were fetched over them: what a
//! deployment accepts for itself, it accepts for its token server, and no other deployment gets a
//! token that came over less.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder};
use sluice_credentials::{SystemClock, Tokens};
use tokio_util::task::TaskTracker;

use super::address;
use super::lend::Lender;

/// Connections of one HTTP/2 host: one alone stalls near 100 streams.
const H2_CONNECTIONS: usize = 4;

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections of one trust, with their tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pools: Arc<Pools>,
    pub tokens: Tokens,
}

impl Side {
    pub fn new(trust: Trust) -> Result<Self, reqwest::Error> {
        let pools = Arc::new(Pools::new(trust)?);
        let lender = Arc::new(Lender(Arc::clone(&pools)));
        Ok(Self {
            // Nothing waits for a renewal: its requests end by their own timeouts.
            tokens: Tokens::new(lender, Arc::new(SystemClock), &TaskTracker::new()),
            pools,
        })
    }

    pub fn client(&self, guarded: bool, tls: bool) -> &Client {
        self.pools.client(guarded, tls)
    }

    /// For a connection that becomes something else than HTTP: HTTP/1.1, which lets it.
    pub fn upgrading(&self, guarded: bool) -> Result<&Client, reqwest::Error> {
        self.pools.upgrading(guarded)
    }
}

/// Connections that trust the same certificates.
#[derive(Debug)]
pub(super) struct Pools {
    /// To addresses that the operator wrote.
    open: Pool,
    /// To those that a plugin chose: public ones only.
    guarded: Pool,
    trust: Trust,
    /// Made when they are first asked for: most gateways open no socket.
    upgrading: [OnceLock<Client>; 2],
}

#[derive(Debug)]
struct Pool {
    clients: [Client; H2_CONNECTIONS],
    next: AtomicUsize,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone)]
pub(super) enum Trust {
    System,
    /// Those of these authorities (PEM).
    Only(Arc<[u8]>),
    Everything,
}

impl Pools {
    fn new(trust: Trust) -> Result<Self, reqwest::Error> {
        Ok(Self {
            open: Pool::new(false, &trust)?,
            guarded: Pool::new(true, &trust)?,
            trust,
            upgrading: [OnceLock::new(), OnceLock::new()],
        })
    }

    fn upgrading(&self, guarded: bool) -> Result<&Client, reqwest::Error> {
        let [open, closed] = &self.upgrading;
        let made = if guarded { closed } else { open };
        if let Some(client) = made.get() {
            return Ok(client);
        }
        // A session takes its connection along. One that was refused is not used again: who refuses
        // often hangs up, and the next session would be cut with it.
        let of_its_own = builder(guarded, &self.trust)?.pool_max_idle_per_host(0);
        let client = of_its_own.http1_only().build()?;
        Ok(made.get_or_init(|| client))
    }

    pub fn client(&self, guarded: bool, tls: bool) -> &Client {
        let pool = if guarded { &self.guarded } else { &self.open };
        pool.client(tls)
    }
}

impl Pool {
    fn new(guarded: bool, trust: &Trust) -> Result<Self, reqwest::Error> {
        let client = || builder(guarded, trust)?.build();
        Ok(Self {
            clients: [client()?, client()?, client()?, client()?],
            next: AtomicUsize::new(0),
        })
    }

    /// Only TLS connections may turn out to be HTTP/2; plain ones share one pool.
    fn client(&self, tls: bool) -> &Client {
        let turn = if tls {
            self.next.fetch_add(1, Ordering::Relaxed)
        } else {
            0
        };
        let [first, second, third, fourth] = &self.clients;
        match turn % H2_CONNECTIONS {
            0 => first,
            1 => second,
            2 => third,
            _ => fourth,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that makes clients"
)]
fn builder(guarded: bool, trust: &Trust) -> Result<ClientBuilder, reqwest::Error> {
    let mut builder: ClientBuilder = Client::builder()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(Duration::from_secs(90))
        .redirect(reqwest::redirect::Policy::none())
        .http2_adaptive_window(true)
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")));
    if guarded {
        builder = builder.dns_resolver(address::public_only());
    }
    Ok(match trust {
        Trust::System => builder,
        Trust::Only(pem) => builder.tls_certs_only(Certificate::from_pem_bundle(pem)?),
        Trust::Everything => builder.tls_danger_accept_invalid_certs(true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_hosts_have_several_connections_in_turn_and_plain_ones_share_a_pool() {
        let pools = Pools::new(Trust::System).unwrap();
        let turns: Vec<*const Client> = (0..8)
            .map(|_| &raw const *pools.client(false, true))
            .collect();
        assert_eq!(turns[..4], turns[4..]);
        let mut different = turns[..4].to_vec();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), H2_CONNECTIONS);
        let plain = || &raw const *pools.client(false, false);
        assert_eq!(plain(), plain());
        // What a plugin chose never goes over connections that reach private addresses.
        assert!(!turns.contains(&(&raw const *pools.client(true, true))));
    }
}
