//! What stands around a request: where it goes, its headers, its credential.

use serde::{Deserialize, Serialize};
use sluice_sdk::{Auth, Call, Outbound};

use super::stream::is_default;

/// The address and the headers of a call, kept for the turns that follow a pause: those are asked
/// for where the call is no longer at hand.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    url: String,
    #[serde(skip_serializing_if = "is_default")]
    headers: Vec<(String, String)>,
    /// Scheme and parameters, where they are not the provider's usual ones.
    #[serde(skip_serializing_if = "is_default")]
    auth: Option<(String, Vec<(String, String)>)>,
}

impl Envelope {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn auth(mut self, scheme: &str, params: &[(&str, &str)]) -> Self {
        let params = params
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        self.auth = Some((scheme.into(), params.collect()));
        self
    }

    /// The betas of the client with those that the translation needs, as a header.
    #[must_use]
    pub fn betas(self, call: &Call, needed: Vec<String>) -> Self {
        let betas = betas(call, needed);
        if betas.is_empty() {
            return self;
        }
        self.header("anthropic-beta", betas.join(","))
    }

    pub fn request(&self, method: &str) -> Outbound {
        let mut outbound = Outbound::new(method, self.url.as_str());
        outbound.headers.clone_from(&self.headers);
        let auth = self.auth.clone();
        outbound.auth = auth
            .map(|(scheme, params)| Auth { scheme, params })
            .into_iter()
            .collect();
        outbound
    }

    pub fn post(&self) -> Outbound {
        self.request("POST")
    }
}

/// The betas that the client asks for, then those that the translation needs.
pub fn betas(call: &Call, needed: Vec<String>) -> Vec<String> {
    let own = call.header("anthropic-beta").unwrap_or_default();
    let own = own.split(',').map(|it| it.trim().to_owned());
    let mut betas: Vec<String> = own.filter(|it| !it.is_empty()).collect();
    for beta in needed {
        if !betas.contains(&beta) {
            betas.push(beta);
        }
    }
    betas
}
