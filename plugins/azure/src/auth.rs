//! How a request is authenticated: by a key, or by a token of Entra ID that the host has or gets.

use sluice_sdk::serde_json::Value;
use sluice_sdk::{Auth, Call};

/// What Azure's model services are called by Entra ID.
const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// A key goes into the header of this name; none: as bearer.
pub fn of(call: &Call, key_header: Option<&str>) -> Vec<Auth> {
    let auth = match (call.has_secret("api_key"), key_header) {
        (true, Some(name)) => auth("header", &[("name", name), ("secret", "api_key")]),
        (true, None) => auth("bearer", &[("secret", "api_key")]),
        (false, _) => {
            let config = call.config();
            let own = config.get("azure_scope").and_then(Value::as_str);
            auth("azure", &[("scope", own.unwrap_or(SCOPE))])
        }
    };
    vec![auth]
}

fn auth(scheme: &str, params: &[(&str, &str)]) -> Auth {
    let params = params
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    Auth {
        scheme: scheme.into(),
        params: params.collect(),
    }
}
