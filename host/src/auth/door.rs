//! The door: proves the caller of a request by its headers alone, before the body is read.

use std::net::SocketAddr;

use http::HeaderMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::caller::{Caller, Role};
use super::entrant::Entrant;
use super::grant::{Grant, UserPart};
use super::jwt::{Tokens, looks_like_token};
use super::keys::{Identity, Keys};
use super::mint::hash_key;
use super::network::{Networks, ProxyTrust};
use super::{headers, refuse};
use crate::domain::{Fault, KeyHash, Secret};

/// Checks keys and tokens.
#[derive(Debug, Clone)]
pub struct Door {
    master_key: Option<Secret>,
    /// `general_settings.litellm_key_header_name`.
    key_header: Option<String>,
    keys: Keys,
    /// None: `enable_jwt_auth` is off.
    tokens: Option<Tokens>,
    /// `general_settings.allowed_ips`; None: from everywhere.
    allowed_ips: Option<Networks>,
    trust: ProxyTrust,
}

/// What of a request proves its caller.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'r> {
    pub headers: &'r HeaderMap,
    /// As the client wrote it.
    pub path: &'r str,
    pub query: Option<&'r str>,
    /// The other end of the connection; None where there is none, in tests of other rooms.
    pub peer: Option<SocketAddr>,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

impl Door {
    /// A door that knows the master key only. None: everybody on this machine is the operator.
    pub fn new(master_key: Option<Secret>, keys: Keys) -> Self {
        Self {
            master_key,
            key_header: None,
            keys,
            tokens: None,
            allowed_ips: None,
            trust: ProxyTrust::default(),
        }
    }

    #[must_use]
    pub fn with_key_header(mut self, name: Option<String>) -> Self {
        self.key_header = name;
        self
    }

    #[must_use]
    pub fn with_tokens(mut self, tokens: Option<Tokens>) -> Self {
        self.tokens = tokens;
        self
    }

    #[must_use]
    pub fn with_addresses(mut self, allowed: Option<Networks>, trust: ProxyTrust) -> Self {
        self.allowed_ips = allowed;
        self.trust = trust;
        self
    }

    /// Whether the request comes from an address that the operator lets in. Asked before a key
    /// is, and on public routes too.
    ///
    /// # Errors
    /// The address is not in `general_settings.allowed_ips`.
    pub fn admit_address(&self, knock: Knock<'_>) -> Result<(), Fault> {
        self.within(
            self.allowed_ips.as_ref(),
            knock,
            "`general_settings.allowed_ips`",
        )
    }

    /// Proves the caller.
    ///
    /// # Errors
    /// There is no key, nobody knows it, it is expired or blocked, comes from the wrong address,
    /// or cannot be checked.
    pub async fn prove(&self, knock: Knock<'_>) -> Result<Caller, Fault> {
        self.admit_address(knock)?;
        let Some(master) = &self.master_key else {
            return Ok(Caller::LOCAL);
        };
        let own = self.key_header.as_deref();
        let Some(key) = headers::find_key(own, knock.headers, knock.path, knock.query) else {
            return Err(refuse::no_key());
        };
        if same(&key, master.reveal()) {
            return Ok(Caller::MASTER);
        }
        if let Some(tokens) = &self.tokens
            && !key.starts_with("sk-")
            && looks_like_token(&key)
        {
            let grant = tokens.prove(&key, &self.keys, knock.now_ms).await?;
            return Ok(Caller::granted(grant));
        }
        if !key.starts_with("sk-") {
            return Err(refuse::not_a_key());
        }
        self.of_key(&key, knock).await
    }

    /// Whether there is a master key. Without one everybody on this machine is the operator, and
    /// nobody has to sign in.
    pub const fn has_master(&self) -> bool {
        self.master_key.is_some()
    }

    /// Whether this is the master key, in a time that tells nothing of it.
    pub fn is_master(&self, text: &str) -> bool {
        let master = self.master_key.as_ref();
        master.is_some_and(|key| same(text, key.reveal()))
    }

    /// Whether the request brings a key or a token of its own.
    pub fn names_key(&self, knock: Knock<'_>) -> bool {
        let own = self.key_header.as_deref();
        headers::find_key(own, knock.headers, knock.path, knock.query).is_some()
    }

    /// Whom to believe about a client's address.
    pub const fn trust(&self) -> &ProxyTrust {
        &self.trust
    }

    /// The caller behind somebody who signed in, with what their key or user may now.
    ///
    /// # Errors
    /// The key or user is gone, expired or blocked, comes from the wrong address, or cannot be
    /// checked.
    pub async fn of_entrant(&self, who: &Entrant, knock: Knock<'_>) -> Result<Caller, Fault> {
        self.admit_address(knock)?;
        match who {
            Entrant::Master => Ok(Caller::MASTER),
            Entrant::Admin(id) => Ok(Caller::granted(self.admin(id, knock).await?.into())),
            Entrant::Key(hash) => self.of_hash(hash, knock, &refuse::session_over).await,
            Entrant::User(id) => {
                let who = identity(id);
                let found = self.keys.identity(&who, knock.now_ms).await?;
                let grant = found.ok_or_else(refuse::session_over)?;
                judge_parts(&grant)?;
                Ok(Caller::granted(grant))
            }
        }
    }

    /// A proxy admin, whose row is not asked for.
    async fn admin(&self, id: &str, knock: Knock<'_>) -> Result<Grant, Fault> {
        let known = self.keys.identity(&identity(id), knock.now_ms).await?;
        let mut grant = known.map_or_else(
            || Grant::bare(Role::ProxyAdmin),
            |known| Grant::clone(&known),
        );
        judge_parts(&grant)?;
        grant.role = Role::ProxyAdmin;
        if grant.user.is_none() {
            grant.user = Some(UserPart {
                id: id.into(),
                ..UserPart::default()
            });
        }
        Ok(grant)
    }

    async fn of_key(&self, key: &str, knock: Knock<'_>) -> Result<Caller, Fault> {
        let hash: KeyHash = hash_key(key);
        let unknown = || refuse::unknown_key(key, &hash);
        self.of_hash(&hash, knock, &unknown).await
    }

    async fn of_hash(
        &self,
        hash: &KeyHash,
        knock: Knock<'_>,
        unknown: &(dyn Fn() -> Fault + Send + Sync),
    ) -> Result<Caller, Fault> {
        let found = self.keys.grant(hash, knock.now_ms).await?;
        let grant = found.ok_or_else(unknown)?;
        let Some(part) = &grant.key else {
            return Err(unknown());
        };
        // The old form of a rotated key is no key any more once its grace period is over.
        if part
            .superseded_until_ms
            .is_some_and(|until| until <= knock.now_ms)
        {
            return Err(unknown());
        }
        if part.blocked {
            let cure = "Update via `/key/unblock` if you're admin.";
            return Err(refuse::blocked("Key", None, cure));
        }
        if let Some(at) = part.expires_at_ms.filter(|at| *at <= knock.now_ms) {
            return Err(refuse::expired(&part.name, at, knock.now_ms));
        }
        judge_parts(&grant)?;
        self.within(part.allowed_ips.as_ref(), knock, "the key's `allowed_ips`")?;
        Ok(Caller::granted(grant))
    }

    fn within(
        &self,
        allowed: Option<&Networks>,
        knock: Knock<'_>,
        list: &str,
    ) -> Result<(), Fault> {
        let Some(allowed) = allowed else {
            return Ok(());
        };
        let client = knock
            .peer
            .map(|peer| self.trust.client(peer, knock.headers));
        match client {
            Some(client) if allowed.contain(client) => Ok(()),
            Some(client) => Err(refuse::address(&client.to_string(), list)),
            None => Err(refuse::address("unknown", list)),
        }
    }
}

/// Whether somebody behind the key is switched off.
pub(super) fn judge_parts(grant: &Grant) -> Result<(), Fault> {
    if let Some(team) = grant.team.as_ref().filter(|team| team.blocked) {
        let cure = "Update via `/team/unblock` if you're admin.";
        return Err(refuse::blocked("Team", Some(&team.id), cure));
    }
    if let Some(user) = grant.user.as_ref().filter(|user| user.blocked) {
        let cure = "Update via `/user/update` if you're admin.";
        return Err(refuse::blocked("User", Some(&user.id), cure));
    }
    if let Some(own) = grant.organization.as_ref().filter(|own| own.blocked) {
        let cure = "Update via `/organization/update` if you're admin.";
        return Err(refuse::blocked("Organization", Some(&own.id), cure));
    }
    Ok(())
}

fn identity(user: &str) -> Identity {
    Identity {
        user_id: Some(user.to_owned()),
        ..Identity::default()
    }
}

/// In a time that tells neither length nor content.
fn same(key: &str, master: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    bool::from(digest(key).ct_eq(&digest(master)))
}
