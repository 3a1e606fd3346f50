//! Which settings hold secrets, whatever a plugin calls them, and the way to name one.

/// Before the name of an environment variable, anywhere in a file.
pub const REFERENCE: &str = "os.environ/";

/// Endings of names that hold secrets.
const ENDS: &[&str] = &[
    "_key",
    "_key_id",
    "_token",
    "_credential",
    "_credentials",
    "_passphrase",
    "apikey",
];

/// Names that end like a secret's and are none: parameters of requests, prices.
const NONE: &[&str] = &["prompt_cache_key"];

/// Whether a setting of this name holds a secret, whatever a plugin calls it.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    if NONE.contains(&name.as_str()) || is_price(&name) {
        return false;
    }
    matches!(
        name.as_str(),
        "api_key" | "key" | "token" | "secret" | "password" | "credentials" | "authorization"
    ) || ENDS.iter().any(|end| name.ends_with(end))
        || ["secret", "password", "private_key"]
            .iter()
            .any(|part| name.contains(part))
}

/// LiteLLM's price keys that are not named after a cost.
const PRICES: &[&str] = &[
    "tiered_pricing",
    "off_peak_pricing",
    "provider_specific_entry",
    "web_search_billing_unit",
];

/// Whether this is one of LiteLLM's price keys (`input_cost_per_token`, ...).
pub fn is_price(name: &str) -> bool {
    name.contains("_cost_per_")
        || name.ends_with("_cost")
        || name.contains("_token_cost")
        || name.ends_with("_uplift_multiplier")
        || name.contains("_uplift_multiplier_")
        || PRICES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_look() {
        for name in [
            "api_key",
            "aws_access_key_id",
            "aws_secret_access_key",
            "aws_session_token",
            "azure_ad_token",
            "client_secret",
            "vertex_credentials",
            "azure_password",
            "Api-Key",
            "acme_private_key_pem",
        ] {
            assert!(looks_secret(name), "{name}");
        }
    }

    #[test]
    fn parameters_and_prices_are_no_secrets() {
        for name in [
            "max_tokens",
            "input_cost_per_token",
            "output_cost_per_reasoning_token",
            "cache_read_input_token_cost",
            "prompt_cache_key",
            "api_version",
            "client_id",
            "tokenizer",
        ] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
