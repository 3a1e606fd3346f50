//! Requests to the collector, carried by the gateway's own HTTP client.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};

/// An answer that is on its way.
pub type Carried = BoxFuture<'static, Result<Response<Bytes>, String>>;

/// Sends one request and reads its answer.
pub trait Carry: Send + Sync {
    /// # Errors
    /// Why there is no answer.
    fn carry(&self, request: Request<Bytes>, time: Duration) -> Carried;
}

/// The exporters' client.
#[derive(Clone)]
pub struct Carrier {
    pub carry: Arc<dyn Carry>,
    /// Of one request.
    pub time: Duration,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Carrier")
    }
}

/// As `async_trait` writes it.
type Sent<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Carrier {
    fn send_bytes<'life0, 'async_trait>(&'life0 self, request: Request<Bytes>) -> Sent<'async_trait>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let sent = self.carry.carry(request, self.time);
        Box::pin(async move { sent.await.map_err(HttpError::from) })
    }
}
