//! The gateway's client, lent to what fetches tokens.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use sluice_credentials::{Fetch, Reach};
use url::Url;

use super::pools::Pools;
use super::{address, describe};

/// Largest answer of a token server, in bytes.
const MOST: usize = 1 << 20;

const TIME: Duration = Duration::from_secs(15);

/// Connections of one trust, which follow no redirect.
pub(super) struct Lender(pub Arc<Pools>);

impl Fetch for Lender {
    fn fetch(
        &self,
        request: Request<Bytes>,
        reach: Reach,
    ) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        Box::pin(async move {
            let sent = tokio::time::timeout(TIME, self.send(request, reach)).await;
            sent.unwrap_or_else(|_| Err("it does not answer in time".to_owned()))
        })
    }
}

impl Lender {
    async fn send(&self, request: Request<Bytes>, reach: Reach) -> Result<Response<Bytes>, String> {
        let guarded = match reach {
            Reach::Operator | Reach::Metadata => false,
            Reach::Plugin | Reach::Client => true,
        };
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string());
        let url = url.map_err(|cause| format!("the address is no URL: {cause}"))?;
        let url = address::own(url, guarded)?;
        let client = self.0.client(guarded, url.scheme() == "https");
        let sent = client.request(parts.method, url).headers(parts.headers);
        let sent = sent.body(body).send().await;
        let mut response = sent.map_err(|cause| describe(&cause))?;
        let mut read = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|it| describe(&it))? {
            read.extend_from_slice(&chunk);
            if read.len() > MOST {
                return Err(format!("its answer has more than {MOST} bytes"));
            }
        }
        let mut answer = Response::new(read.freeze());
        *answer.status_mut() = response.status();
        answer.headers_mut().clone_from(response.headers());
        Ok(answer)
    }
}
