//! Who vouches for a component: Ed25519 signatures that lie beside its file.
//!
//! A signature file has a line for each signature: the public key and the signature, each in
//! base64. What is signed is the component's SHA-256 behind a text of its own, so that a signature of
//! anything else is never one of a plugin.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::prepare::InstallError;
use super::settings::PluginsConfig;

const CONTEXT: &str = "sluice plugin signature v1\nsha256:";
const PUBLIC: &str = "ed25519:";
const SECRET: &str = "ed25519-secret:";
/// A signature file is a few lines; what is longer is none.
pub const MAX_SIGNATURE_BYTES: u64 = 64 << 10;

/// Whose signatures count, and whether one is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// As [`PublicKey`] prints them.
    pub keys: Vec<String>,
    /// A file without a signature of one of the keys is not loaded. Bundled plugins are in the
    /// binary, and need none.
    pub require: bool,
}

/// Verifies signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Signs. Its text is only written by [`SecretKey::to_text`].
pub struct SecretKey(SigningKey);

impl PublicKey {
    /// Reads `ed25519:` and 32 bytes in base64.
    ///
    /// # Errors
    /// It is no such key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let what = || {
            format!(
                "{text:?} is no public key: expected `{PUBLIC}` and 32 bytes in base64, as `sluice plugin keygen` writes it"
            )
        };
        let bytes = bytes::<32>(text.trim(), PUBLIC).ok_or_else(what)?;
        VerifyingKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| what())
    }

    /// Whether this key signed this component.
    fn signed(&self, digest: &str, signature: &[u8; 64]) -> bool {
        let signature = Signature::from_bytes(signature);
        self.0.verify_strict(&message(digest), &signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{PUBLIC}{}", STANDARD.encode(self.0.as_bytes()))
    }
}

impl SecretKey {
    /// A new one.
    pub fn generate() -> Self {
        Self(SigningKey::from_bytes(&rand::random::<[u8; 32]>()))
    }

    /// Reads what [`Self::to_text`] wrote. The error does not tell what stood there.
    ///
    /// # Errors
    /// It is no such key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let key = bytes::<32>(text.trim(), SECRET).ok_or_else(|| {
            format!("it is no secret key: expected `{SECRET}` and 32 bytes in base64, as `sluice plugin keygen` writes it")
        })?;
        Ok(Self(SigningKey::from_bytes(&key)))
    }

    pub fn to_text(&self) -> String {
        format!("{SECRET}{}", STANDARD.encode(self.0.as_bytes()))
    }

    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The line of a signature file for a component of this SHA-256.
    pub fn sign(&self, digest: &str) -> String {
        let signature = self.0.sign(&message(digest)).to_bytes();
        format!("{} {}", self.public(), STANDARD.encode(signature))
    }
}

fn message(digest: &str) -> Vec<u8> {
    format!("{CONTEXT}{}", digest.to_ascii_lowercase()).into_bytes()
}

fn bytes<const N: usize>(text: &str, prefix: &str) -> Option<[u8; N]> {
    STANDARD
        .decode(text.strip_prefix(prefix)?)
        .ok()?
        .try_into()
        .ok()
}

/// Where the signatures of a component lie.
pub fn signature_file(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// The keys that signed a component of this SHA-256, by the lines of a signature file. Lines that
/// are no signature, or one of something else, count for nothing.
pub fn signers(signatures: &str, digest: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in signatures.lines() {
        let Some((key, signature)) = line.trim().split_once(' ') else {
            continue;
        };
        let (key, signature) = (PublicKey::parse(key), bytes::<64>(signature.trim(), ""));
        if let (Ok(key), Some(signature)) = (key, signature)
            && key.signed(digest, &signature)
            && !found.contains(&key.to_string())
        {
            found.push(key.to_string());
        }
    }
    found
}

impl Trust {
    /// The trusted ones among those that signed.
    pub fn trusted<'s>(&self, signed_by: &'s [String]) -> Vec<&'s str> {
        let trusted = signed_by.iter().filter(|it| self.keys.contains(it));
        trusted.map(String::as_str).collect()
    }
}

/// Whether a file may be loaded, by those who signed it.
pub(super) fn check(
    config: &PluginsConfig,
    name: &str,
    signed_by: &[String],
) -> Result<(), InstallError> {
    let trust = &config.trust;
    if !trust.require || !trust.trusted(signed_by).is_empty() {
        return Ok(());
    }
    Err(InstallError::Unsigned {
        name: name.to_owned(),
        found: match signed_by {
            [] => "it has no valid signature beside it".to_owned(),
            keys => format!("it is signed by {}", keys.join(", ")),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_key_and_one_component() {
        let (key, other) = (SecretKey::generate(), SecretKey::generate());
        let line = key.sign("ab");
        let public = key.public().to_string();
        assert_eq!(signers(&line, "AB"), std::slice::from_ref(&public));
        assert_eq!(signers(&line, "ac"), Vec::<String>::new());
        let forged = line.replace(&public, &other.public().to_string());
        assert_eq!(signers(&forged, "ab"), Vec::<String>::new());
        let two = format!("# both\n{line}\n{line}\nodd\n{}\n", other.sign("ab"));
        assert_eq!(signers(&two, "ab"), [public, other.public().to_string()]);
    }

    #[test]
    fn keys_are_read_as_they_are_written_and_nothing_else_is() {
        let key = SecretKey::generate();
        let again = SecretKey::parse(&format!("{}\n", key.to_text())).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(
            PublicKey::parse(&key.public().to_string()),
            Ok(key.public())
        );
        for wrong in ["", "ed25519:", "ed25519:AAAA", "rsa:AAAA"] {
            assert!(PublicKey::parse(wrong).unwrap_err().contains("keygen"));
        }
        // A secret that is given in the wrong place is not printed.
        let secret = key.to_text().replace(SECRET, "x");
        assert!(!SecretKey::parse(&secret).err().unwrap().contains(&secret));
    }
}
