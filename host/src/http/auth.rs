//! Who is calling: the key of a request in any of the headers LiteLLM takes it from.

use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{ErrorKind, Fault, Secret};

/// The proven holder of a request. It exists only if the key was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The operator: holds the master key.
    Master,
    /// No master key is configured; the gateway listens on loopback only.
    Local,
}

/// Checks keys.
#[derive(Debug, Clone, Copy)]
pub struct Door<'c> {
    /// None: everybody on this machine may call.
    pub master_key: Option<&'c Secret>,
    /// `general_settings.litellm_key_header_name`.
    pub key_header: Option<&'c str>,
}

/// Headers that may hold the key, in LiteLLM's order, and whether `Bearer` must stand before it.
const KEY_HEADERS: &[(&str, bool)] = &[
    ("x-litellm-api-key", false),
    ("authorization", true),
    ("api-key", false),
    ("x-api-key", false),
    ("x-goog-api-key", false),
    ("ocp-apim-subscription-key", false),
];

impl Door<'_> {
    /// Proves the caller by headers alone, before the body is read.
    pub fn prove(&self, headers: &HeaderMap) -> Result<Caller, Fault> {
        let Some(master) = self.master_key else {
            return Ok(Caller::Local);
        };
        let Some(key) = self.key(headers) else {
            return Err(refuse("Authentication Error, No api key passed in."));
        };
        if bool::from(key.as_bytes().ct_eq(master.reveal().as_bytes())) {
            return Ok(Caller::Master);
        }
        if !key.starts_with("sk-") {
            let message = "Authentication Error, LiteLLM Virtual Key expected. Received=****, \
                           expected to start with 'sk-'.";
            return Err(refuse(message));
        }
        let message = format!(
            "Authentication Error, Invalid proxy server token passed. Received API Key = {}, \
             Key Hash (Token) ={}. Unable to find token in cache or `LiteLLM_VerificationTokenTable`",
            masked(key),
            hash(key),
        );
        Err(refuse(message)
            .with_param("key")
            .with_type("token_not_found_in_db"))
    }

    /// The first header that holds one; an empty header is none.
    fn key<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let own = self.key_header.map(|name| (name, false));
        own.iter()
            .chain(KEY_HEADERS)
            .find_map(|(name, needs_scheme)| {
                let value = headers.get(*name)?.to_str().ok()?.trim();
                let key = match bearer(value) {
                    Some(key) => key,
                    None if *needs_scheme => return None,
                    None => value,
                };
                Some(key).filter(|key| !key.is_empty())
            })
    }
}

/// What stands after `Bearer`, which may be written in any case (RFC 9110, 11.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.split_once([' ', '\t']).unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn refuse(message: impl Into<String>) -> Fault {
    // LiteLLM writes the text `None` here, and `null` everywhere else.
    Fault::caller(ErrorKind::Authentication, message).with_param("None")
}

/// `sk-...` and the last four characters.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let tail: String = letters.iter().rev().take(4).rev().collect();
    if letters.len() < 12 {
        "sk-...".to_owned()
    } else {
        format!("sk-...{tail}")
    }
}

fn hash(key: &str) -> String {
    Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prove(headers: &HeaderMap) -> Result<Caller, Fault> {
        let door = Door {
            master_key: Some(&Secret::new("sk-master-0123456789")),
            key_header: Some("x-my-key"),
        };
        door.prove(headers)
    }

    fn with(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn the_master_key_opens_in_every_header_form() {
        for (name, value) in [
            ("authorization", "Bearer sk-master-0123456789"),
            ("authorization", "bearer  sk-master-0123456789 "),
            ("authorization", "BEARER sk-master-0123456789"),
            ("x-litellm-api-key", "sk-master-0123456789"),
            ("x-litellm-api-key", "Bearer sk-master-0123456789"),
            ("api-key", "sk-master-0123456789"),
            ("x-api-key", "sk-master-0123456789"),
            ("x-goog-api-key", "sk-master-0123456789"),
            ("ocp-apim-subscription-key", "sk-master-0123456789"),
            ("x-my-key", "sk-master-0123456789"),
        ] {
            assert_eq!(prove(&with(name, value)).unwrap(), Caller::Master, "{name}");
        }
    }

    #[test]
    fn a_key_without_bearer_or_in_basic_is_no_key() {
        for value in ["sk-master-0123456789", "Basic c2stbWFzdGVy"] {
            let fault = prove(&with("authorization", value)).unwrap_err();
            assert!(fault.message.contains("No api key passed in"), "{value}");
        }
    }

    #[test]
    fn an_empty_header_does_not_hide_the_one_after_it() {
        let mut headers = with("x-api-key", "sk-master-0123456789");
        for empty in ["x-my-key", "x-litellm-api-key", "authorization"] {
            headers.insert(empty, "Bearer ".parse().unwrap());
        }
        assert_eq!(prove(&headers).unwrap(), Caller::Master);
    }

    #[test]
    fn a_wrong_key_is_shown_masked() {
        let fault = prove(&with("authorization", "Bearer sk-wrong-9876543210")).unwrap_err();
        assert!(fault.message.contains("sk-...3210") && !fault.message.contains("9876543210"));
        assert_eq!(fault.type_name, Some("token_not_found_in_db"));
    }

    #[test]
    fn without_a_master_key_everybody_is_local() {
        assert_eq!(
            Door {
                master_key: None,
                key_header: None
            }
            .prove(&HeaderMap::new())
            .unwrap(),
            Caller::Local
        );
    }
}
