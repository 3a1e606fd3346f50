//! A gateway's part: a client whose every connection leads to one loopback server, a clock that
//! stands still, and what was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sluice_credentials::{
    Body, Clock, Error, Fetch, Given, Reach, Secret, Signer, Tokens, Trust, Unsigned,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use url::Url;

/// When all tests begin: 2026-03-01 12:30:45 UTC.
pub const NOW: u64 = 1_772_368_245;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    /// The whole URL, wherever it led to.
    pub url: Url,
    pub reach: Reach,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    /// A field of the form.
    pub fn field(&self, name: &str) -> String {
        let fields = url::form_urlencoded::parse(self.body.as_bytes());
        let mut found = fields.filter(|(key, _)| key == name);
        found
            .next()
            .map_or_else(String::new, |it| it.1.into_owned())
    }

    pub fn query(&self, name: &str) -> String {
        let mut found = self.url.query_pairs().filter(|(key, _)| key == name);
        found
            .next()
            .map_or_else(String::new, |it| it.1.into_owned())
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

pub type Answer = (u16, String);

pub fn json(body: Value) -> Answer {
    (200, body.to_string())
}

pub struct Now(Mutex<SystemTime>);

impl Clock for Now {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}

pub fn clock() -> Arc<Now> {
    Arc::new(Now(Mutex::new(UNIX_EPOCH + Duration::from_secs(NOW))))
}

impl Now {
    pub fn pass(&self, seconds: u64) {
        *self.0.lock().unwrap() += Duration::from_secs(seconds);
    }
}

pub struct Rig {
    pub tokens: Tokens,
    pub clock: Arc<Now>,
    seen: Arc<Mutex<Vec<Seen>>>,
    tasks: TaskTracker,
}

impl Rig {
    /// A server that answers so.
    pub async fn new(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let server = TaskTracker::new();
        server.spawn(serve(
            listener,
            Arc::new(answer),
            Arc::clone(&seen),
            server.clone(),
        ));
        let clock = clock();
        let tasks = TaskTracker::new();
        let client = Arc::new(Client { port, server });
        Self {
            tokens: Tokens::new(client, Arc::clone(&clock) as _, &tasks),
            clock,
            seen,
            tasks,
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits for renewals in the background.
    pub async fn settled(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub async fn headers(&self, signer: &Signer) -> Result<HeaderMap, Error> {
        let url = Url::parse("https://provider.example/v1/chat").unwrap();
        let request = Unsigned {
            method: &Method::POST,
            url: &url,
            headers: &HeaderMap::new(),
            body: Body::Bytes(b"{}"),
        };
        signer.headers(&self.tokens, &request).await
    }

    /// The `Authorization` of a request.
    pub async fn authorization(&self, signer: &Signer) -> Result<String, Error> {
        let headers = self.headers(signer).await?;
        Ok(headers["authorization"].to_str().unwrap().to_owned())
    }

    /// The error's text, which has none of these.
    pub async fn failure(&self, signer: &Signer, secrets: &[&str]) -> Error {
        let error = self.headers(signer).await.unwrap_err();
        for secret in secrets {
            assert!(!error.message.contains(secret), "{error} shows a secret");
            assert!(!format!("{error:?} {signer:?}").contains(secret));
        }
        error
    }
}

pub fn given(settings: &[(&str, &str)], env: &[(&str, &str)]) -> Given {
    let map = |pairs: &[(&str, &str)]| -> Arc<HashMap<String, Secret>> {
        let pairs = pairs.iter();
        Arc::new(
            pairs
                .map(|(k, v)| ((*k).to_owned(), Secret::new(*v)))
                .collect(),
        )
    };
    Given {
        settings: map(settings),
        env: map(env),
        trust: Trust::Operator,
    }
}

pub fn params(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let pairs = pairs.iter();
    pairs
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

pub fn signer(scheme: &str, with: &[(&str, &str)], given: &Given) -> Signer {
    Signer::new(scheme, &params(with), given).unwrap()
}

/// The claims of a JWT, unproven.
pub fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

struct Client {
    port: u16,
    server: TaskTracker,
}

impl Fetch for Client {
    fn fetch(
        &self,
        mut request: Request<Bytes>,
        reach: Reach,
    ) -> BoxFuture<'_, Result<Response<Bytes>, String>> {
        request.extensions_mut().insert(reach);
        let told = format!("{reach:?} {}", request.uri());
        request
            .headers_mut()
            .insert("x-told", told.parse().unwrap());
        async move {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
            let io = TokioIo::new(stream);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            self.server.spawn(connection);
            let answer = sender.send_request(request.map(Full::new)).await;
            let (head, body) = answer.map_err(|it| it.to_string())?.into_parts();
            let body = body
                .collect()
                .await
                .map_err(|it| it.to_string())?
                .to_bytes();
            Ok(Response::from_parts(head, body))
        }
        .boxed()
    }
}

type Answers = dyn Fn(&Seen) -> Answer + Send + Sync;

async fn serve(
    listener: TcpListener,
    answer: Arc<Answers>,
    seen: Arc<Mutex<Vec<Seen>>>,
    tasks: TaskTracker,
) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
        let service = service_fn(move |request: Request<Incoming>| {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await?.to_bytes();
                let told = head.headers["x-told"].to_str().unwrap().to_owned();
                let (reach, url) = told.split_once(' ').unwrap();
                let request = Seen {
                    method: head.method,
                    url: Url::parse(url).unwrap(),
                    reach: match reach {
                        "Operator" => Reach::Operator,
                        "Metadata" => Reach::Metadata,
                        "Plugin" => Reach::Plugin,
                        _ => Reach::Client,
                    },
                    headers: head.headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                seen.lock().unwrap().push(request.clone());
                let (status, body) = answer(&request);
                let response = Response::builder().status(status);
                let response = match status {
                    429 => response.header("retry-after", "7"),
                    _ => response,
                };
                Ok::<_, hyper::Error>(response.body(Full::new(Bytes::from(body))).unwrap())
            }
        });
        let connection = hyper::server::conn::http1::Builder::new();
        tasks.spawn(connection.serve_connection(TokioIo::new(stream), service));
    }
}
