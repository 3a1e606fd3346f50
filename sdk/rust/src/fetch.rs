//! Requests of guardrails and callbacks to services elsewhere.

use serde_json::Value;

use crate::{Auth, Body, Error, FetchRequest, FetchResponse, Payload, fault, write_json};

/// A request to a host that the operator has granted. A path is joined to the base URL of the
/// entry (`api_base`) or of `describe`.
///
/// ```
/// use sluice_sdk::{FetchRequest, FetchResponse, serde_json::json, testing::Played};
///
/// let played = Played::new(|request| {
///     assert_eq!(request.url, "/v1/judge");
///     Ok(FetchResponse::json_of(200, &json!({"flagged": true})))
/// });
/// let answer = played.run(|| {
///     FetchRequest::post("/v1/judge")
///         .bearer("api_key") // the name of a secret; the host fills its value in
///         .json(&json!({"texts": ["hi"]}))
///         .timeout_ms(2000)
///         .send()
/// });
/// assert_eq!(answer.unwrap().ok().unwrap().json().unwrap()["flagged"], true);
/// ```
impl FetchRequest {
    /// A request with this method.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: Body::None,
            auth: Vec::new(),
            options: Vec::new(),
        }
    }

    /// `POST`.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// `PUT`.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// A header. Those of the connection and of authentication are the host's, and are refused.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Body::Json(write_json(body));
        self
    }

    /// A body of text; say its `content-type` with [`header`](Self::header).
    #[must_use]
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = Body::Raw(Payload::Text(body.into()));
        self
    }

    /// A body of bytes; say its `content-type` with [`header`](Self::header).
    #[must_use]
    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Body::Raw(Payload::Bytes(body));
        self
    }

    /// A URL-encoded form; the host escapes it.
    #[must_use]
    pub fn form(mut self, fields: Vec<(String, String)>) -> Self {
        self.body = Body::Form(fields);
        self
    }

    /// How to authenticate, where it is not the way that `describe` gives. Parameters name
    /// secrets; they never hold values. The schemes are those of `types.auth` in the contract.
    #[must_use]
    pub fn auth(mut self, scheme: &str, params: &[(&str, &str)]) -> Self {
        self.auth.push(Auth {
            scheme: scheme.to_owned(),
            params: params
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        });
        self
    }

    /// `Authorization: Bearer` with the secret of this name.
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        self.auth("bearer", &[("secret", secret)])
    }

    /// A header with the secret of this name as its value.
    #[must_use]
    pub fn secret_header(self, header: &str, secret: &str) -> Self {
        self.auth("header", &[("name", header), ("secret", secret)])
    }

    /// `Authorization: Basic` with the secrets of these names.
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.auth(
            "basic",
            &[("user-secret", user), ("password-secret", password)],
        )
    }

    /// How long to wait, in milliseconds; never longer than the host lets it.
    #[must_use]
    pub fn timeout_ms(mut self, millis: u64) -> Self {
        self.options
            .push(("timeout_ms".to_owned(), millis.to_string()));
        self
    }

    /// Sends and waits. In a native build a test answers it (`testing::Played`).
    ///
    /// # Errors
    /// The host refuses it or gets no answer. Answers of 400 and above are no errors; see
    /// [`FetchResponse::ok`].
    pub fn send(&self) -> Result<FetchResponse, Error> {
        #[cfg(target_arch = "wasm32")]
        return crate::bindings::sluice::plugin::http::fetch(self);
        #[cfg(not(target_arch = "wasm32"))]
        return crate::native::fetch(self);
    }
}

impl FetchResponse {
    /// An answer of text, for tests.
    pub fn text_of(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Payload::Text(body.into()),
        }
    }

    /// An answer of JSON, for tests.
    pub fn json_of(status: u16, body: &Value) -> Self {
        Self::text_of(status, body.to_string())
    }

    /// The body as text, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            Payload::Text(text) => Some(text),
            Payload::Bytes(_) | Payload::Kept(_) => None,
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is none: kind `upstream`.
    pub fn json(&self) -> Result<Value, Error> {
        let text = self.text();
        let text = text.ok_or_else(|| fault::upstream("the service's answer is not text"))?;
        serde_json::from_str(text)
            .map_err(|cause| fault::upstream(format!("the service's answer is not JSON: {cause}")))
    }

    /// The first header of this name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// This answer, if its status is below 400.
    ///
    /// # Errors
    /// Else an error of the kind that the status stands for, which says whether trying again may
    /// help, with the wait that `retry-after` asks for in seconds.
    pub fn ok(self) -> Result<Self, Error> {
        use fault::kind;
        let kind = match self.status {
            ..=399 => return Ok(self),
            401 => kind::AUTHENTICATION,
            403 => kind::PERMISSION,
            404 => kind::NOT_FOUND,
            408 | 504 => kind::TIMEOUT,
            429 => kind::RATE_LIMIT,
            502 | 503 | 529 => kind::OVERLOADED,
            500.. => kind::UPSTREAM,
            _ => kind::INVALID_REQUEST,
        };
        let mut error = fault::error(kind, format!("the service answered {}", self.status));
        error.status = Some(self.status);
        let wait = self.header("retry-after").and_then(|it| it.parse().ok());
        error.retry_after_ms = wait.map(|it: u64| it.saturating_mul(1000));
        Err(error)
    }
}
