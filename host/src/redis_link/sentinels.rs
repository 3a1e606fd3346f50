//! Sentinels know which server is the master. They are asked each time that a connection is made: after
//! a failover it is another one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, cmd};

use super::{client_of, timed};
use crate::config::{self, RedisAddress};

/// Longest wait for one of them; the next one may know as well.
const ONE: Duration = Duration::from_millis(200);

pub(super) struct Sentinels {
    nodes: Vec<Client>,
    service: String,
    /// But for where it is.
    master: RedisAddress,
    /// The one that is asked first: one that did not answer is asked last.
    first: AtomicUsize,
}

impl Sentinels {
    /// # Errors
    /// One of them has no address.
    pub fn new(master: &RedisAddress, of: &config::Sentinels) -> Result<Self, String> {
        let node = |(host, port): &(String, u16)| {
            client_of(&RedisAddress {
                host: host.clone(),
                port: *port,
                username: None,
                password: of.password.clone(),
                database: 0,
                tls: master.tls,
                sentinels: None,
            })
        };
        Ok(Self {
            nodes: of.nodes.iter().map(node).collect::<Result<_, _>>()?,
            service: of.service.clone(),
            master: RedisAddress {
                sentinels: None,
                ..master.clone()
            },
            first: AtomicUsize::new(0),
        })
    }

    /// The master, by the first of them that answers.
    ///
    /// # Errors
    /// None answers, or none knows it.
    pub async fn master(&self) -> Result<Client, RedisError> {
        let first = self.first.load(Ordering::Relaxed);
        let mut why = RedisError::from((ErrorKind::Io, "no sentinel answers"));
        for step in 0..self.nodes.len() {
            let at = (first + step) % self.nodes.len().max(1);
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            match timed(ONE, self.ask(node)).await {
                Ok(Some((host, port))) => {
                    let master = RedisAddress {
                        host,
                        port,
                        ..self.master.clone()
                    };
                    let client = client_of(&master);
                    return client.map_err(|cause| {
                        RedisError::from((ErrorKind::Io, "the master has no address", cause))
                    });
                }
                Ok(None) => {
                    why = RedisError::from((ErrorKind::Io, "no sentinel knows the service"));
                }
                Err(cause) => {
                    why = cause.unwrap_or(why);
                    // Whoever asks next begins behind it.
                    self.first.store(at + 1, Ordering::Relaxed);
                }
            }
        }
        Err(why)
    }

    async fn ask(&self, node: &Client) -> Result<Option<(String, u16)>, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ONE))
            .set_response_timeout(Some(ONE));
        let connecting = node.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connecting.await?;
        cmd("SENTINEL")
            .arg("GET-MASTER-ADDR-BY-NAME")
            .arg(&self.service)
            .query_async(&mut connection)
            .await
    }
}
