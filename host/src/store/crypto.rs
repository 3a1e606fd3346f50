//! Values at rest: encrypted with a key made from the salt key, in LiteLLM's forms, so that
//! either can open what the other wrote.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use crypto_secretbox::XSalsa20Poly1305;
use sha2::{Digest, Sha256};

use super::StoreError;
use super::column::{Cells, Column};
use super::record::{from_doc, to_doc};
use super::sql::Value;
use crate::domain::Secret;

/// Marks AES-256-GCM; what has no mark is the older XSalsa20-Poly1305.
const GCM: &str = "v2:gcm:";
const GCM_NONCE: usize = 12;
const SALSA_NONCE: usize = 24;

/// Opens and closes values. Made from `LITELLM_SALT_KEY`, or the master key where there is none.
#[derive(Clone, PartialEq, Eq)]
pub struct SaltKey([u8; 32]);

impl std::fmt::Debug for SaltKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SaltKey(***)")
    }
}

/// Values by name, each encrypted on its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sealed(pub BTreeMap<String, String>);

impl Column for Sealed {
    fn put(&self, values: &mut Vec<Value>) {
        // A map of texts always has a JSON form.
        values.push(to_doc(&self.0).unwrap_or_default().into());
    }
    fn take(cells: &Cells<'_>, column: &str) -> Result<Self, StoreError> {
        from_doc(column, &String::take(cells, column)?).map(Self)
    }
}

impl SaltKey {
    /// What every text begins with that is sealed.
    pub const MARK: &str = GCM;

    pub fn new(salt: &Secret) -> Self {
        Self(Sha256::digest(salt.reveal().as_bytes()).into())
    }

    /// Encrypts one value, under a nonce of its own.
    pub fn seal(&self, value: &str) -> Result<String, StoreError> {
        let nonce: [u8; GCM_NONCE] = rand::random();
        let closed = Aes256Gcm::new(&self.0.into())
            .encrypt(&Nonce::from(nonce), value.as_bytes())
            .map_err(|_| StoreError::unreadable("value", "it is too long to be encrypted"))?;
        let bytes = [&nonce[..], &closed].concat();
        Ok(format!("{GCM}{}", URL_SAFE.encode(bytes)))
    }

    /// Whether a text has the mark of what this key's `seal` gives.
    pub fn is_sealed(text: &str) -> bool {
        text.starts_with(GCM)
    }

    /// Decrypts a value of either form; `what` names it in the error.
    pub fn open(&self, what: &str, sealed: &str) -> Result<Secret, StoreError> {
        let opened = match sealed.strip_prefix(GCM) {
            Some(text) => self.open_gcm(text),
            None => self.open_salsa(sealed),
        };
        opened
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .map(Secret::new)
            .ok_or_else(|| StoreError::Undecryptable {
                what: what.to_owned(),
            })
    }

    fn open_gcm(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = decode(text, &[URL_SAFE, URL_SAFE_NO_PAD])?;
        let (nonce, closed) = bytes.split_first_chunk::<GCM_NONCE>()?;
        let cipher = Aes256Gcm::new(&self.0.into());
        cipher.decrypt(&Nonce::from(*nonce), closed).ok()
    }

    fn open_salsa(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = decode(text, &[URL_SAFE, STANDARD])?;
        let (nonce, closed) = bytes.split_first_chunk::<SALSA_NONCE>()?;
        let cipher = XSalsa20Poly1305::new(&self.0.into());
        cipher.decrypt(&(*nonce).into(), closed).ok()
    }

    /// Encrypts each value of a map.
    pub fn seal_all<'a>(
        &self,
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Sealed, StoreError> {
        let sealed = values
            .into_iter()
            .map(|(name, value)| Ok((name.to_owned(), self.seal(value)?)));
        sealed.collect::<Result<_, StoreError>>().map(Sealed)
    }

    /// Decrypts each value of a map.
    pub fn open_all(&self, sealed: &Sealed) -> Result<BTreeMap<String, Secret>, StoreError> {
        let opened = sealed.0.iter();
        opened
            .map(|(name, value)| Ok((name.clone(), self.open(name, value)?)))
            .collect()
    }
}

fn decode(text: &str, forms: &[GeneralPurpose]) -> Option<Vec<u8>> {
    forms.iter().find_map(|form| form.decode(text.trim()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt(text: &str) -> SaltKey {
        SaltKey::new(&Secret::new(text))
    }

    #[test]
    fn a_value_opens_with_its_key_alone() {
        let sealed = salt("a").seal("sk-ü").unwrap();
        assert!(sealed.starts_with(GCM));
        assert_eq!(salt("a").open("it", &sealed).unwrap().reveal(), "sk-ü");
        let refused = salt("b").open("api_key", &sealed).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("api_key cannot be decrypted")
        );
        assert_ne!(salt("a").seal("sk-ü").unwrap(), sealed);
    }

    #[test]
    fn the_older_form_opens_in_both_alphabets() {
        let key = salt("sk-master");
        let nonce = [0xfbu8; SALSA_NONCE];
        let closed = XSalsa20Poly1305::new(&key.0.into())
            .encrypt(&nonce.into(), b"sk-live".as_slice())
            .unwrap();
        let bytes = [&nonce[..], &closed].concat();
        for text in [URL_SAFE.encode(&bytes), STANDARD.encode(&bytes)] {
            assert_eq!(key.open("it", &text).unwrap().reveal(), "sk-live");
        }
    }

    #[test]
    fn damaged_values_are_refused() {
        let key = salt("a");
        for text in ["", "plain", "v2:gcm:", "v2:gcm:AAAA", "v2:gcm:####", "AAAA"] {
            assert!(key.open("it", text).is_err(), "{text}");
        }
        let mut sealed = key.seal("value").unwrap();
        sealed.replace_range(10..11, if &sealed[10..11] == "A" { "B" } else { "A" });
        assert!(key.open("it", &sealed).is_err());
    }
}
