//! Where a deployment's requests go, and with what.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use url::Url;

use serde_json::Value;
use sluice_credentials::Given;

use super::errors::ErrorRules;
use super::sent::SentTokens;
use crate::config::Verify;
use crate::domain::{At, Blame, Fault, Secret};

/// Shorter values are words that stand in texts for other reasons.
const SECRET_LENGTH: usize = 8;

/// Everything that sending for one deployment needs. Built once, when the config or a plugin
/// changes.
#[derive(Debug, Clone)]
pub struct Target {
    pub provider: String,
    /// None: the provider needs none, or the deployment lacks its `api_base`.
    pub base_url: Option<Url>,
    /// The operator wrote the base URL, so it may be a private address.
    pub base_trusted: bool,
    /// Further addresses that the plugin's settings name, and whether they may be private ones.
    pub further: Vec<(Url, bool)>,
    /// Further hosts that the plugin asked for and the operator granted: `host` or `host:port`, or a
    /// pattern of them.
    pub granted_hosts: Vec<String>,
    /// Granted hosts may be private addresses.
    pub allow_private: bool,
    /// How requests are authenticated where the plugin does not say.
    pub auth: AuthScheme,
    /// Values by name.
    pub secrets: HashMap<String, Secret>,
    /// The names that the provider's `describe` has for them, also where there is no value.
    pub secret_slots: Vec<String>,
    /// What schemes with tokens and signatures are made from.
    pub given: Given,
    /// The operator's own headers; they win over the plugin's.
    pub extra_headers: Vec<(HeaderName, HeaderValue)>,
    pub timeouts: Timeouts,
    /// `ssl_verify`.
    pub verify: Verify,
    /// Largest answer that is read whole, in bytes.
    pub max_reply_bytes: usize,
    pub errors: ErrorRules,
    /// The plugin may have tokens taken out of answers.
    pub may_capture: bool,
    /// What was sent besides `secrets`.
    pub sent: SentTokens,
    /// What its upstream says of a failure is for the client alone.
    pub quiet: bool,
}

impl Target {
    /// Takes this target's credentials out of what an upstream wrote: some repeat the key that they
    /// refuse, and neither a client nor the log may see it.
    pub fn redact(&self, fault: &mut Fault) {
        // Statuses are the upstream's; what we say ourselves quotes nobody.
        let quotes = fault.status.is_some() || fault.blame == Blame::Upstream;
        fault.is_quiet |= self.quiet && fault.at == At::Attempt && quotes;
        for secret in self.credentials() {
            let secret = secret.reveal().trim();
            let texts = [
                Some(&mut fault.message),
                fault.log.as_mut(),
                fault.code.as_mut(),
                fault.param.as_mut(),
            ];
            for text in texts.into_iter().flatten() {
                if text.contains(secret) {
                    *text = text.replace(secret, "***");
                }
            }
            if let Some(detail) = &mut fault.detail {
                redact_value(detail, secret);
            }
        }
    }

    /// The same of any other text.
    pub fn redact_text(&self, text: &mut String) {
        for secret in self.credentials() {
            let secret = secret.reveal().trim();
            if text.contains(secret) {
                *text = text.replace(secret, "***");
            }
        }
    }

    fn credentials(&self) -> Vec<Secret> {
        let headers = self
            .extra_headers
            .iter()
            .filter_map(|(_, it)| it.to_str().ok());
        let secrets = self.secrets.values().cloned();
        let secrets = secrets.chain(headers.map(Secret::new));
        let mut all: Vec<Secret> = secrets.chain(self.sent.all()).collect();
        all.retain(|it| it.reveal().trim().len() >= SECRET_LENGTH);
        all
    }
}

fn redact_value(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) if text.contains(secret) => *text = text.replace(secret, "***"),
        Value::Array(items) => items.iter_mut().for_each(|it| redact_value(it, secret)),
        Value::Object(members) => members.values_mut().for_each(|it| redact_value(it, secret)),
        _ => {}
    }
}

/// A scheme of the contract with its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthScheme {
    pub scheme: String,
    pub params: Vec<(String, String)>,
}

impl AuthScheme {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From sending to the answer's head.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub idle: Duration,
    /// The whole attempt.
    pub total: Duration,
}
