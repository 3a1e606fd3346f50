//! The listening socket: one connection a task, small writes sent at once, and a shutdown that
//! lets answers under way finish within a limit.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::paths::Paths;
use super::patience::Patience;
use super::realtime::Sessions;
use crate::config::defaults;
use crate::pipeline::Stopping;

/// How long a client may take to agree on TLS, and to send the first bytes after it.
const OPENING: Duration = Duration::from_secs(30);

/// How long a client may take to send a request's head, and how long it may be idle before the next
/// one. Load balancers keep connections for 60 seconds, and one that is closed just as they use it
/// is an error to their client.
const HEADER_TIMEOUT: Duration = Duration::from_secs(75);

/// How long a client may leave its answer unread.
const WRITE_STALL: Duration = Duration::from_secs(120);

/// How long sessions may take to say farewell when nobody waits for them any more.
const FAREWELL: Duration = Duration::from_secs(3);

/// How often an HTTP/2 client is asked whether it is still there, and for how long.
const H2_PING: Duration = Duration::from_secs(30);

/// The other end of a request's connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// Said of requests over a connection that is encrypted up to here.
#[derive(Debug, Clone, Copy)]
pub struct Encrypted;

/// When to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// No new connection; answers under way may finish.
    pub soon: CancellationToken,
    /// No waiting for them either.
    pub now: CancellationToken,
    /// Calls are served: before that there is nothing to wait for.
    pub ready: CancellationToken,
    /// Sessions that are open: their connections are no requests any more.
    pub open: TaskTracker,
}

impl Stop {
    /// What sessions end by.
    pub(super) fn sessions(&self) -> Sessions {
        Sessions {
            open: self.open.clone(),
            stopping: Stopping {
                soon: self.soon.clone(),
                now: self.now.clone(),
            },
        }
    }
}

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {cause}")]
pub struct ListenError {
    pub address: SocketAddr,
    #[source]
    pub cause: std::io::Error,
}

/// Opens the socket.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| ListenError { address, cause })
}

/// Where clients come in.
pub struct Entrance {
    pub listener: TcpListener,
    /// None: in the clear.
    pub tls: Option<TlsAcceptor>,
    /// How long answers under way may take after a stop was asked for.
    pub drain: Duration,
}

impl Entrance {
    /// Without TLS, with the usual time to finish.
    pub const fn plain(listener: TcpListener) -> Self {
        Self {
            listener,
            tls: None,
            drain: Duration::from_secs(defaults::DRAIN_SECONDS),
        }
    }
}

/// As a URL.
impl std::fmt::Display for Entrance {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        match self.listener.local_addr() {
            Ok(address) => write!(out, "{scheme}://{address}"),
            Err(_) => write!(out, "{scheme}, unknown"),
        }
    }
}

/// Serves until `stop`, then waits for answers under way. Gives whether all of them ended by
/// themselves.
pub async fn serve(entrance: Entrance, router: Router, paths: Paths, stop: &Stop) -> bool {
    let Entrance {
        listener,
        tls,
        drain,
    } = entrance;
    let service = router.map_request(move |request: Request<Incoming>| paths.settle(request));
    let builder = builder();
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.soon.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                tracing::warn!(%cause, "a connection could not be accepted");
                // Out of file descriptors: give connections time to end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // A peer that leaves Nagle on streams in steps of 44 ms.
        if let Err(cause) = stream.set_nodelay(true) {
            tracing::debug!(%cause, "TCP_NODELAY was refused");
        }
        let encrypted = tls.is_some();
        let (service, watcher) = (
            TowerToHyperService::new(service.clone().map_request(
                move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(Peer(peer));
                    if encrypted {
                        request.extensions_mut().insert(Encrypted);
                    }
                    request
                },
            )),
            graceful.watcher(),
        );
        let (builder, tls) = (builder.clone(), tls.clone());
        let stream = Patience::new(stream, OPENING, WRITE_STALL);
        #[expect(clippy::disallowed_methods, reason = "`graceful` tracks connections")]
        tokio::spawn(async move {
            let ended = match tls {
                None => {
                    let connection =
                        builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                    watcher.watch(connection.into_owned()).await
                }
                Some(tls) => {
                    let handshake = tokio::time::timeout(OPENING, tls.accept(stream)).await;
                    let Ok(Ok(stream)) = handshake else {
                        tracing::debug!("a client and the gateway did not agree on TLS");
                        return;
                    };
                    let stream = Patience::new(stream, OPENING, WRITE_STALL);
                    let connection =
                        builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                    watcher.watch(connection.into_owned()).await
                }
            };
            if let Err(cause) = ended {
                tracing::debug!(%cause, "a connection ended early");
            }
        });
    }
    drop(listener);
    stop.open.close();
    let ended = async {
        graceful.shutdown().await;
        stop.open.wait().await;
    };
    let by_themselves = tokio::select! {
        () = ended => true,
        () = tokio::time::sleep(drain) => false,
        () = stop.now.cancelled() => false,
    };
    if !by_themselves {
        stop.now.cancel();
        // What sessions cost is counted before their clients are told.
        let _ = tokio::time::timeout(FAREWELL, stop.open.wait()).await;
    }
    by_themselves
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .keep_alive(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING)
        .keep_alive_timeout(H2_PING)
        .max_concurrent_streams(1024);
    builder
}
