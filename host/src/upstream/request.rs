//! A request that is ready to be sent, except for its credential, which is added at each send.

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Method;
use sluice_engine::contract::{Auth, Outbound};
use url::Url;

use super::address::{self, Destination};
use super::body::CallBodies;
use super::capture::Captures;
use super::content::{Content, FileContent};
use super::headers;
use super::target::Target;
use crate::domain::Fault;

/// What to send. A clone shares the body.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) destination: Destination,
    pub(super) headers: HeaderMap,
    pub(super) auth: Vec<Auth>,
    pub(super) body: Content,
    pub(super) captures: Captures,
}

/// A client's own request, which goes on as it is.
#[derive(Debug)]
pub struct Passed<'p> {
    pub method: Method,
    /// The target's base, or what stands for it.
    pub base: &'p Url,
    /// What goes below the base, as the client wrote it.
    pub tail: &'p str,
    /// A version that both begin with is the same one.
    pub shares_version: bool,
    pub query: Option<&'p str>,
    pub headers: HeaderMap,
    /// Empty: as the target says.
    pub auth: Vec<Auth>,
    pub body: FileContent,
}

impl Request {
    /// A client's own request, below the base and nowhere else, with the operator's headers in place
    /// of the client's.
    ///
    /// # Errors
    /// It would lead elsewhere.
    pub fn passed(target: &Target, passed: Passed<'_>) -> Result<Self, Fault> {
        let Passed { base, tail, .. } = passed;
        let mut destination = address::below(target, base, (tail, passed.shares_version))?;
        let queries = [destination.url.query(), passed.query];
        let queries: Vec<&str> = queries
            .into_iter()
            .flatten()
            .filter(|it| !it.is_empty())
            .collect();
        let query = Some(queries.join("&")).filter(|it| !it.is_empty());
        destination.url.set_query(query.as_deref());
        let mut headers = passed.headers;
        for (name, value) in &target.extra_headers {
            headers.insert(name.clone(), value.clone());
        }
        Ok(Self {
            method: passed.method,
            destination,
            headers,
            auth: passed.auth,
            body: match passed.body {
                FileContent::Held(bytes) => Content::Held(bytes),
                spooled @ FileContent::Spooled(_) => Content::Pieces([spooled].into()),
            },
            captures: Captures::default(),
        })
    }

    /// Judges what a plugin wants to send, and builds its body from what the host kept.
    pub fn build(
        target: &Target,
        outbound: Outbound,
        (bodies, captures): (&mut CallBodies, &Captures),
    ) -> Result<Self, Fault> {
        let destination = address::resolve(target, &outbound.url)?;
        let method = Method::from_bytes(outbound.method.as_bytes()).map_err(|_| {
            Fault::plugin(format!("the plugin named the method {:?}", outbound.method))
        })?;
        let mut headers = headers::plain(target, &outbound.headers)?;
        let built = bodies.build(outbound.body)?;
        if let Some(value) = built.content_type.and_then(|it| it.parse().ok()) {
            headers.entry(http::header::CONTENT_TYPE).or_insert(value);
        }
        Ok(Self {
            method,
            destination,
            headers,
            auth: outbound.auth,
            body: built.content,
            captures: captures.clone(),
        })
    }

    /// Says where the call stands in its trace, in place of what the plugin says.
    pub fn trace(&mut self, headers: &[(HeaderName, HeaderValue)]) {
        for (name, value) in headers {
            self.headers.insert(name.clone(), value.clone());
        }
    }

    /// Where it goes, without what may be secret of it: a name, a password and the query.
    pub fn address(&self) -> String {
        let mut url = self.destination.url.clone();
        url.set_query(None);
        // A URL that can have neither has none.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.into()
    }

    /// The body's bytes, if they are in memory.
    pub const fn body(&self) -> Option<&bytes::Bytes> {
        self.body.held()
    }

    /// Whether sending it twice does what sending it once does.
    pub fn is_safe(&self) -> bool {
        self.method == Method::GET
    }
}
