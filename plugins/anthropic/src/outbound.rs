//! What stands around a request: version, betas, credentials.

use serde::{Deserialize, Serialize};
use sluice_sdk::{Call, Outbound};

const VERSION: &str = "2023-06-01";

/// The headers of a call, kept for the turns that follow a pause: those are asked for where the
/// call is no longer at hand.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    betas: Vec<String>,
    /// The deployment has an OAuth token and no key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_token: bool,
}

impl Envelope {
    /// The client's version and betas with those that the translation needs.
    pub fn of(call: &Call, needed: Vec<String>) -> Self {
        let own = call.header("anthropic-beta").unwrap_or_default();
        let own = own.split(',').map(|it| it.trim().to_owned());
        let mut betas: Vec<String> = own.filter(|it| !it.is_empty()).collect();
        for beta in needed {
            if !betas.contains(&beta) {
                betas.push(beta);
            }
        }
        Self {
            version: call.header("anthropic-version").unwrap_or(VERSION).into(),
            betas,
            by_token: !call.has_secret("api_key") && call.has_secret("auth_token"),
        }
    }

    pub fn request(&self, method: &str, path: &str) -> Outbound {
        let mut outbound =
            Outbound::new(method, path).header("anthropic-version", self.version.as_str());
        if !self.betas.is_empty() {
            outbound = outbound.header("anthropic-beta", self.betas.join(","));
        }
        if self.by_token {
            outbound = outbound.auth("bearer", &[("secret", "auth_token")]);
        }
        outbound
    }

    pub fn post(&self, path: &str) -> Outbound {
        self.request("POST", path)
    }
}
