//! What is said on a channel. Whoever is not there misses it: a word that must not be lost does not
//! belong on one.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::{CONNECT, Link, REST};

/// While nothing is said the connection is asked whether it is still one; a server that was
/// stopped says nothing either.
const QUIET: Duration = Duration::from_secs(5);

impl Link {
    /// Calls `heard` with all that is said on a channel, until `stop`; `joined` each time that it
    /// begins to listen, for something may have been missed before.
    pub async fn listen(
        &self,
        channel: &str,
        joined: impl Fn(),
        heard: impl Fn(&[u8]),
        stop: CancellationToken,
    ) {
        let listening = async {
            loop {
                self.listen_once(channel, &joined, &heard).await;
                tokio::time::sleep(REST).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = listening => {}
        }
    }

    /// Until the connection is lost. It is told where others ask; a listener has nothing to add.
    async fn listen_once(&self, channel: &str, joined: &impl Fn(), heard: &impl Fn(&[u8])) {
        let Ok(door) = self.door() else {
            return;
        };
        let connected = tokio::time::timeout(CONNECT, async {
            let client = door.client().await?;
            let mut connection = client.get_async_pubsub().await?;
            connection.subscribe(channel).await?;
            Ok::<_, ::redis::RedisError>(connection)
        });
        let Ok(Ok(connection)) = connected.await else {
            return;
        };
        let (mut sink, mut stream) = connection.split();
        joined();
        loop {
            match tokio::time::timeout(QUIET, stream.next()).await {
                Ok(Some(message)) => heard(message.get_payload_bytes()),
                Ok(None) => return,
                Err(_) => {
                    let asked = sink.subscribe(channel);
                    let Ok(Ok(())) = tokio::time::timeout(CONNECT, asked).await else {
                        return;
                    };
                }
            }
        }
    }
}
