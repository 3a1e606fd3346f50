//! How tokens are fetched. The gateway lends its own HTTP client, with its address rules; this
//! crate opens no connection.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use url::Url;
use url::form_urlencoded::Serializer;

use crate::error::{Error, Kind};

/// Longest wait for a token server, in whatever time the client allows.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest wait for a server of the machine, which answers at once if it is there.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest pause that a token server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);

/// Who chose an address, which says where it may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The operator, in the config, the environment or a file: any address.
    Operator,
    /// This crate: a cloud's well-known metadata address, link-local ones among them.
    Metadata,
    /// A plugin, and the gateway judged its host (`Signer::token_server`): public addresses only. A
    /// private one is set by the operator, as `token_url`.
    Plugin,
    /// A client, or the document of one: public addresses only.
    Client,
}

/// Sends a request and reads its answer whole. Redirects are not followed, the answer's size is
/// bounded, and an error's text has neither the URL's query nor a header in it.
pub trait Fetch: Send + Sync {
    fn fetch(
        &self,
        request: Request<Bytes>,
        reach: Reach,
    ) -> BoxFuture<'_, Result<Response<Bytes>, String>>;
}

/// A request to a token server, being made.
pub(crate) struct Ask {
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
    reach: Reach,
    /// What it is, for errors: `the token server`.
    pub whom: &'static str,
    timeout: Duration,
}

impl Ask {
    pub fn new(method: Method, url: &str, reach: Reach, whom: &'static str) -> Result<Self, Error> {
        let url = Url::parse(url).map_err(|cause| {
            Error::missing(format!(
                "the address of {whom} is no URL ({cause}): correct it"
            ))
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(Error::missing(format!(
                "the address of {whom} must begin with `https://` (or `http://`)"
            )));
        }
        Ok(Self {
            method,
            url,
            headers: vec![(ACCEPT, "application/json".to_owned())],
            body: Bytes::new(),
            reach,
            whom,
            timeout: match reach {
                Reach::Metadata => LOCAL_TIMEOUT,
                _ => TOKEN_TIMEOUT,
            },
        })
    }

    pub fn get(url: &str, reach: Reach, whom: &'static str) -> Result<Self, Error> {
        Self::new(Method::GET, url, reach, whom)
    }

    /// A form, as OAuth's token endpoints take it.
    pub fn form(
        url: &str,
        reach: Reach,
        whom: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let mut ask = Self::new(Method::POST, url, reach, whom)?;
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        ask.body = body.into();
        let kind = "application/x-www-form-urlencoded";
        ask.headers.push((CONTENT_TYPE, kind.to_owned()));
        Ok(ask)
    }

    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = body.to_string().into();
        self.headers
            .push((CONTENT_TYPE, "application/json".to_owned()));
        self
    }

    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.retain(|(it, _)| *it != name);
        self.headers.push((name, value.into()));
        self
    }

    pub const fn method(&self) -> &Method {
        &self.method
    }

    pub const fn url(&self) -> &Url {
        &self.url
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The headers, as far as they are set.
    pub fn plain_headers(&self) -> Result<HeaderMap, Error> {
        let whom = self.whom;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                Error::missing(format!(
                    "what is sent to {whom} as `{name}` has characters that no header takes"
                ))
            })?;
            value.set_sensitive(true);
            headers.insert(name.clone(), value);
        }
        Ok(headers)
    }

    /// The answer, whatever its status.
    pub async fn answer(self, fetch: &dyn Fetch) -> Result<Response<Bytes>, Error> {
        let whom = self.whom;
        let place = place(&self.url);
        let headers = self.plain_headers()?;
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.headers_mut() = headers;
        *request.uri_mut() =
            self.url.as_str().parse().map_err(|_| {
                Error::missing(format!("the address of {whom} is no URL: correct it"))
            })?;
        let sent = tokio::time::timeout(self.timeout, fetch.fetch(request, self.reach)).await;
        let sent = sent.unwrap_or_else(|_| Err("it does not answer in time".to_owned()));
        sent.map_err(|why| {
            Error::new(
                Kind::Unreachable,
                format!("{whom} at {place} cannot be asked: {why}"),
            )
        })
    }
}

/// The URL as far as it can be shown.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}{}", url.scheme(), url.path()),
        None => format!("{}://{host}{}", url.scheme(), url.path()),
    }
}

/// The error of an answer that is no success: `said` is what the server wrote, as far as it may be
/// repeated.
pub(crate) fn failed(answer: &Response<Bytes>, whom: &str, said: &str, cure: &str) -> Error {
    let status = answer.status();
    let said = match crate::error::quote(said) {
        said if said.is_empty() => String::new(),
        said => format!(": {said}"),
    };
    if status.as_u16() == 429 || status.is_server_error() {
        let message = format!("{whom} answers {}{said}", status.as_u16());
        let mut error = Error::new(Kind::Unreachable, message);
        error.retry_after = pause(answer);
        return error;
    }
    let message = format!("{whom} refuses ({}){said}; {cure}", status.as_u16());
    Error::new(Kind::Refused, message)
}

fn pause(answer: &Response<Bytes>) -> Option<Duration> {
    let header = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let seconds = header.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}
