//! What stands around a request: version, betas, credentials.

use sluice_sdk::Call;
use sluice_wire::anthropic::Envelope;

const VERSION: &str = "2023-06-01";

/// The client's version and betas with those that the translation needs. A deployment with an
/// OAuth token and no key sends that.
pub fn envelope(call: &Call, path: &str, needed: Vec<String>) -> Envelope {
    let version = call.header("anthropic-version").unwrap_or(VERSION);
    let envelope = Envelope::new(path)
        .header("anthropic-version", version)
        .betas(call, needed);
    if !call.has_secret("api_key") && call.has_secret("auth_token") {
        return envelope.auth("bearer", &[("secret", "auth_token")]);
    }
    envelope
}
