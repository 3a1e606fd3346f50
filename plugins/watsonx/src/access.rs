//! How a call is authenticated, by what the deployment has: a ready token, a key of Cloud Pak for
//! Data, or an API key that IBM's IAM trades for a token that lasts an hour.

use sluice_sdk::fault::{self, kind};
use sluice_sdk::serde_json::Value;
use sluice_sdk::{Call, Error, Outbound};

/// IBM Cloud's identity service.
const IAM: &str = "https://iam.cloud.ibm.com/identity/token";

/// OAuth's grant for IBM's API keys.
const GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";

pub fn granted(call: &Call, outbound: Outbound) -> Result<Outbound, Error> {
    if call.has_secret("token") {
        return Ok(outbound.auth("bearer", &[("secret", "token")]));
    }
    if call.has_secret("zen_api_key") {
        let params = [
            ("name", "authorization"),
            ("prefix", "ZenApiKey "),
            ("secret", "zen_api_key"),
        ];
        return Ok(outbound.auth("header", &params));
    }
    if !call.has_secret("api_key") {
        return Err(fault::error(
            kind::AUTHENTICATION,
            "watsonx needs an `api_key`, a `token` or a `zen_api_key`",
        ));
    }
    let config = call.config();
    let url = config.get("iam_url").and_then(Value::as_str);
    let params = [
        ("token-url", url.unwrap_or(IAM)),
        ("grant-type", GRANT),
        ("secret", "api_key"),
        ("secret-field", "apikey"),
    ];
    Ok(outbound.auth("oauth2", &params))
}
