//! Bearer tokens of an identity provider (`enable_jwt_auth`): the signature is proven with the
//! provider's keys, the claims name rows of ours, and those say what the holder may.
//!
//! A token's algorithm must be one that the provider's key is for: never a symmetric one, never
//! `none`.

mod claims;
mod id_token;
mod jwks;
mod parties;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind as Flaw;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::Value;
use tokio::time::Instant;

pub use id_token::IdTokens;
pub use jwks::Fetch;
use jwks::{Jwks, NoKey};
pub use settings::{JwtRole, RoleMapping, ScopeMapping, TokenSettings};

use super::caller::Role;
use super::door::judge_parts;
use super::grant::{Grant, TokenPart, UserPart};
use super::keys::{Identity, Keys};
use super::mint::hash_key;
use super::refuse;
use crate::domain::{ErrorKind, Fault};
use claims::Said;

/// Seconds by which the provider's clock and ours may differ.
const LEEWAY_SECONDS: u64 = 60;

/// Proven tokens that are remembered, so that a client's next call costs no signature.
const REMEMBERED: u64 = 10_000;

/// Teams of one token that are looked at.
const TEAMS: usize = 50;

/// Where tokens come from and whom they are for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issuer {
    /// `JWT_PUBLIC_KEY_URL`, with commas between several.
    pub key_urls: Vec<String>,
    /// `JWT_AUDIENCE`, with commas between several; empty: anybody's, as in LiteLLM.
    pub audience: Vec<String>,
    /// `JWT_ISSUER`; empty: any whose signature holds.
    pub issuer: Vec<String>,
}

/// Proves tokens. Clones share keys and memory.
#[derive(Debug, Clone)]
pub struct Tokens(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: TokenSettings,
    issuer: Issuer,
    jwks: Jwks,
    proven: moka::sync::Cache<Arc<str>, Arc<Proven>>,
}

/// A token whose signature held.
#[derive(Debug)]
struct Proven {
    said: Said,
    /// In milliseconds since 1970, with the leeway.
    until_ms: i64,
    at: Instant,
}

/// Whether a bearer key has the shape of a token: three parts in URL-safe base64.
pub(super) fn looks_like_token(key: &str) -> bool {
    let part = |text: &str| {
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !text.is_empty() && text.bytes().all(safe)
    };
    let mut parts = key.split('.');
    let three = [parts.next(), parts.next(), parts.next()];
    parts.next().is_none() && three.iter().all(|it| it.is_some_and(part))
}

impl Tokens {
    pub fn new(settings: TokenSettings, issuer: Issuer, fetch: Arc<dyn Fetch>) -> Self {
        let (ttl, stale_ttl) = (settings.ttl(), settings.stale_ttl());
        Self(Arc::new(Inner {
            jwks: Jwks::new(&issuer.key_urls, &fetch, ttl, stale_ttl),
            settings,
            issuer,
            proven: moka::sync::Cache::new(REMEMBERED),
        }))
    }

    /// Whether these are tokens of the same provider, judged the same way.
    pub fn are_of(&self, settings: &TokenSettings, issuer: &Issuer) -> bool {
        self.0.settings == *settings && self.0.issuer == *issuer
    }

    /// The grant of a token's holder.
    pub(super) async fn prove(
        &self,
        token: &str,
        keys: &Keys,
        now_ms: i64,
    ) -> Result<Arc<Grant>, Fault> {
        let name: Arc<str> = hash_key(token).as_str().into();
        let proven = match self.remembered(&name, now_ms) {
            Some(proven) => proven,
            None => {
                let proven = Arc::new(self.verify(token).await?);
                self.0.proven.insert(name, Arc::clone(&proven));
                proven
            }
        };
        self.grant(&proven.said, keys, now_ms).await
    }

    fn remembered(&self, name: &str, now_ms: i64) -> Option<Arc<Proven>> {
        let proven = self.0.proven.get(name)?;
        // Not longer than the keys that proved it are believed.
        let fresh = proven.at.elapsed() < self.0.settings.ttl().min(REMEMBERED_FOR);
        (fresh && now_ms < proven.until_ms).then_some(proven)
    }

    async fn verify(&self, token: &str) -> Result<Proven, Fault> {
        let claims = proven_claims(&self.0.jwks, &self.0.issuer, token).await;
        let claims = claims.map_err(|why| match why {
            Unproven::Flawed(why) => refuse::token(why),
            Unproven::ProviderDown(why) => provider_down(why),
        })?;
        self.read(&claims)
    }

    fn read(&self, claims: &Value) -> Result<Proven, Fault> {
        let said = claims::read(&self.0.settings, claims)?;
        let exp = claims.get("exp").and_then(|it| {
            // NumericDate may have a fraction (RFC 7519, 2); beyond i64 it saturates.
            it.as_i64().or_else(|| it.as_f64().map(|it| it as i64))
        });
        let leeway = i64::try_from(LEEWAY_SECONDS).unwrap_or(0);
        let until = exp.unwrap_or(0).saturating_add(leeway);
        Ok(Proven {
            said,
            until_ms: until.saturating_mul(1_000),
            at: Instant::now(),
        })
    }

    async fn grant(&self, said: &Said, keys: &Keys, now_ms: i64) -> Result<Arc<Grant>, Fault> {
        if said.admin {
            return self.admin(said, keys, now_ms).await;
        }
        let by_id = self.by_id(said, keys, now_ms).await?;
        let said = &*by_id;
        self.known_team(said, keys, now_ms).await?;
        self.known_user(said, keys, now_ms).await?;
        let mut grants = Vec::new();
        let mut shut = None;
        for team in said.team_ids.iter().take(TEAMS) {
            let who = self.identity(said, Some(team));
            let Some(base) = keys.identity(&who, now_ms).await? else {
                continue;
            };
            match judge_parts(&base) {
                Ok(()) => grants.push(self.assemble(said, &base)),
                Err(why) => shut = Some(why),
            }
        }
        if let Some(why) = shut.filter(|_| grants.is_empty()) {
            return Err(why);
        }
        if grants.is_empty() {
            if !said.team_ids.is_empty() || self.0.settings.enforce_team_based_model_access {
                return Err(no_team(said));
            }
            if said.user_id.is_none() {
                return Err(refuse::token_forbidden(
                    "the token names neither a user nor a team; see \
                     `litellm_jwtauth.user_id_jwt_field` and `team_id_jwt_field`",
                ));
            }
            let base = keys.identity(&self.identity(said, None), now_ms).await?;
            let base = base.ok_or_else(|| unknown_user(said))?;
            judge_parts(&base)?;
            grants.push(self.assemble(said, &base));
        }
        let mut grants = grants.into_iter();
        let Some(mut first) = grants.next() else {
            return Err(no_team(said));
        };
        if let Some(token) = &mut first.token {
            token.other_teams = grants.map(Arc::new).collect();
        }
        Ok(Arc::new(first))
    }

    /// Somebody whom the provider calls a proxy admin: a row of ours is not asked for.
    async fn admin(&self, said: &Said, keys: &Keys, now_ms: i64) -> Result<Arc<Grant>, Fault> {
        let who = Identity {
            user_id: said.user_id.clone(),
            ..Identity::default()
        };
        let known = match &who.user_id {
            Some(_) => keys.identity(&who, now_ms).await?,
            None => None,
        };
        let mut grant = known.map_or_else(
            || Grant::bare(Role::ProxyAdmin),
            |known| Grant::clone(&known),
        );
        judge_parts(&grant)?;
        grant.role = Role::ProxyAdmin;
        if grant.user.is_none() {
            grant.user = said.user_id.as_deref().map(|id| UserPart {
                id: id.into(),
                email: said.email.as_deref().map(Arc::from),
                ..UserPart::default()
            });
        }
        let routes = &self.0.settings.admin_allowed_routes;
        grant.token = Some(TokenPart {
            routes: routes.iter().map(|it| it.as_str().into()).collect(),
            ..TokenPart::default()
        });
        grant.end_user = said.end_user.as_deref().map(Arc::from);
        Ok(Arc::new(grant))
    }

    /// Makes a user whom we do not know, where the settings say so.
    async fn known_user(&self, said: &Said, keys: &Keys, now_ms: i64) -> Result<(), Fault> {
        let Some(id) = &said.user_id else {
            return Ok(());
        };
        let who = Identity {
            user_id: Some(id.clone()),
            ..Identity::default()
        };
        if keys.identity(&who, now_ms).await?.is_some() {
            return Ok(());
        }
        if !self.0.settings.user_id_upsert {
            return Err(unknown_user(said));
        }
        // Whoever is refused all the same is not made.
        self.admits(said, keys, now_ms).await?;
        keys.add_user(id, said.email.as_deref(), now_ms).await
    }

    /// Whether what a token names beside its user would let that user in.
    async fn admits(&self, said: &Said, keys: &Keys, now_ms: i64) -> Result<(), Fault> {
        let around = |team: Option<&String>| Identity {
            user_id: None,
            ..self.identity(said, team)
        };
        if said.team_ids.is_empty() {
            if self.0.settings.enforce_team_based_model_access {
                return Err(no_team(said));
            }
            let named = said.organization_id.is_some();
            if named && keys.identity(&around(None), now_ms).await?.is_none() {
                return Err(unknown_user(said));
            }
            return Ok(());
        }
        let mut shut = None;
        for team in said.team_ids.iter().take(TEAMS) {
            let found = keys.identity(&around(Some(team)), now_ms).await?;
            match found.map(|it| judge_parts(&it)) {
                Some(Ok(())) => return Ok(()),
                Some(Err(why)) => shut = Some(why),
                None => {}
            }
        }
        Err(shut.unwrap_or_else(|| no_team(said)))
    }

    fn identity(&self, said: &Said, team: Option<&String>) -> Identity {
        Identity {
            user_id: said.user_id.clone(),
            team_id: team.cloned(),
            organization_id: said.organization_id.clone(),
        }
    }

    fn assemble(&self, said: &Said, base: &Grant) -> Grant {
        let mut grant = base.clone();
        if let Some(role) = said.role {
            grant.role = role;
        }
        let texts = |list: &[String]| list.iter().map(|it| it.as_str().into()).collect();
        let mut token = TokenPart::default();
        if said.user_id.is_none() {
            token.routes = texts(&self.0.settings.team_allowed_routes);
        }
        if let Some(scoped) = &said.scoped {
            token.models = texts(&scoped.models);
            if !scoped.routes.is_empty() {
                token.routes = texts(&scoped.routes);
            }
        }
        grant.token = Some(token);
        grant.end_user = said.end_user.as_deref().map(Arc::from);
        grant
    }
}

/// Why a token's claims are not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unproven {
    /// What is wrong with it, without anything out of it.
    Flawed(&'static str),
    /// The provider's keys cannot be fetched, and why.
    ProviderDown(String),
}

/// The claims of a token that a provider's key signed, for whom and from whom it has to be.
async fn proven_claims(jwks: &Jwks, issuer: &Issuer, token: &str) -> Result<Value, Unproven> {
    let header = decode_header(token).map_err(|why| Unproven::Flawed(flaw(why.kind())))?;
    let id = header.kid.as_deref();
    let set = jwks.with_key(id).await.map_err(|why| match why {
        NoKey::Unknown => Unproven::Flawed("no key of the identity provider signed it"),
        NoKey::Unreachable(why) => Unproven::ProviderDown(why),
    })?;
    let mut refused = None;
    for key in set.candidates(id) {
        if !key.algorithms.contains(&header.alg) {
            refused.get_or_insert(Flaw::InvalidAlgorithm);
            continue;
        }
        let mut rules = Validation::new(header.alg);
        rules.leeway = LEEWAY_SECONDS;
        rules.validate_nbf = true;
        rules.validate_aud = !issuer.audience.is_empty();
        if rules.validate_aud {
            rules.set_audience(&issuer.audience);
            rules.required_spec_claims.insert("aud".into());
        }
        if !issuer.issuer.is_empty() {
            rules.set_issuer(&issuer.issuer);
            rules.required_spec_claims.insert("iss".into());
        }
        match decode::<Value>(token, &key.key, &rules) {
            Ok(data) => return Ok(data.claims),
            Err(why) => refused = Some(why.into_kind()),
        }
    }
    let why = refused.unwrap_or(Flaw::InvalidSignature);
    Err(Unproven::Flawed(flaw(&why)))
}

/// A proven token is proven again after this time, however long it and the keys live.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);

fn no_team(said: &Said) -> Fault {
    refuse::token_forbidden(format!(
        "the token names no team that exists (it names: {}); make the team \
         with this `team_id` by `/team/new`",
        said.team_ids.join(", "),
    ))
}

fn unknown_user(said: &Said) -> Fault {
    let id = said.user_id.as_deref().unwrap_or_default();
    refuse::token_forbidden(format!(
        "User doesn't exist in db. 'user_id'={id}. Create user via `/user/new` call, or set \
         `litellm_jwtauth.user_id_upsert`"
    ))
}

fn provider_down(why: String) -> Fault {
    let text = "Authentication Error, the token cannot be checked: the identity provider's keys \
                cannot be fetched; try again";
    let mut fault = Fault::ours(text, why).at(crate::domain::At::Door);
    fault.kind = ErrorKind::Overloaded;
    fault
}

/// What is wrong with a token, without anything out of it.
const fn flaw(flaw: &Flaw) -> &'static str {
    match flaw {
        Flaw::ExpiredSignature => "it is expired",
        Flaw::ImmatureSignature => "it is not valid yet",
        Flaw::InvalidAudience => "it is for another audience",
        Flaw::InvalidIssuer => "it is from another issuer",
        Flaw::InvalidAlgorithm | Flaw::InvalidAlgorithmName | Flaw::UnsupportedAlgorithm => {
            "its algorithm is not one that the identity provider's key is for"
        }
        Flaw::MissingRequiredClaim(_) | Flaw::InvalidClaimFormat(_) => {
            "a claim that must be there is missing or malformed (exp, and aud or iss if they are \
             checked)"
        }
        Flaw::InvalidSignature => "the signature does not hold",
        _ => "it cannot be read",
    }
}
