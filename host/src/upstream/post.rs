//! Small requests of the gateway's own: messages to webhooks, traces to a collector.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use url::Url;

use super::{Upstream, address, describe};

/// Largest answer that is read, in bytes.
const MOST: usize = 1 << 16;

impl Upstream {
    /// Sends a request whose address is the operator's and gives its answer, whatever the status.
    /// Where it is `guarded`, it may not lead to a private address.
    ///
    /// # Errors
    /// Why there is no answer, without the address, which may be a secret.
    pub async fn exchange(
        &self,
        request: Request<Bytes>,
        guarded: bool,
        time: Duration,
    ) -> Result<Response<Bytes>, String> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string());
        let url = url.map_err(|cause| format!("the address is no URL: {cause}"))?;
        let url = address::own(url, guarded)?;
        let client = self.usual.client(guarded, url.scheme() == "https");
        let send = async {
            let sent = client.request(parts.method, url);
            let sent = sent.headers(parts.headers).body(body).send().await;
            let mut response = sent.map_err(|cause| describe(&cause))?;
            let mut read = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(|it| describe(&it))? {
                let room = MOST.saturating_sub(read.len()).min(chunk.len());
                read.extend_from_slice(chunk.get(..room).unwrap_or_default());
                if room < chunk.len() {
                    break;
                }
            }
            let mut answer = Response::new(read.freeze());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = HeaderMap::clone(response.headers());
            Ok(answer)
        };
        let sent = tokio::time::timeout(time, send).await;
        sent.unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
    }
}
