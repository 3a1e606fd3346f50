//! An upstream on loopback that answers as a test tells it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub body: String,
}

/// Serves until it is dropped.
pub struct FakeUpstream {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl FakeUpstream {
    /// Answers every request by `answer`.
    ///
    /// # Panics
    /// If no socket can be opened.
    pub async fn start<A, F>(answer: A) -> Self
    where
        A: Fn(Seen) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let list = Arc::clone(&seen);
        let router = Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await;
            let body = body.unwrap_or_default();
            let request = Seen {
                method: parts.method.to_string(),
                path: parts.uri.to_string(),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            list.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(request.clone());
            answer(request).await
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address");
        let serving = axum::serve(listener, router);
        #[expect(
            clippy::disallowed_methods,
            reason = "ended when the upstream is dropped"
        )]
        let task = tokio::spawn(async move {
            let _ = serving.await;
        });
        Self {
            url: format!("http://{address}"),
            seen,
            task,
        }
    }

    /// What came in so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for FakeUpstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with this status, type and body.
pub fn answer(status: u16, content_type: &str, body: impl Into<Body>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = [("content-type", content_type.to_owned())];
    (status, headers, body.into()).into_response()
}

/// A JSON answer.
pub fn json(status: u16, body: &serde_json::Value) -> Response {
    answer(status, "application/json", body.to_string())
}
