//! Sessions: begun at a sign-in, found by the token in a browser's cookie, ended by their time, by
//! silence, by a word, and with their holder's password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Proven, Rules, SignIn, Visit, millis};
use crate::auth::{Entrant, hash_key};
use crate::domain::{Fault, Secret};
use crate::store::StoredSession;

/// 256 bits.
const TOKEN: usize = 32;

/// A session's last use is written down this often, in milliseconds: not with each request.
const SEEN_EVERY_MS: i64 = 60_000;

/// Sessions of one holder that are listed.
const LISTED: u32 = 200;

/// Longest text of a `user-agent` that is kept, in characters.
const AGENT: usize = 200;

/// What a browser's cookie holds. The database knows its hash only.
#[derive(Debug, Clone)]
pub struct SessionToken(Secret);

impl SessionToken {
    fn fresh() -> Self {
        let random: [u8; TOKEN] = rand::random();
        Self(Secret::new(URL_SAFE_NO_PAD.encode(random)))
    }

    /// A cookie's value; None: it is no token of ours.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == TOKEN).then(|| Self(Secret::new(text)))
    }

    /// The value itself, for the cookie.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    fn id(&self) -> String {
        hash_key(self.reveal()).as_str().to_owned()
    }
}

/// A session that is alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub who: Entrant,
    /// How its holder was proven, as `Way` writes it.
    pub way: String,
    pub address: Option<String>,
    pub agent: Option<String>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    pub seen_ms: i64,
    pub expires_ms: i64,
}

impl SignIn {
    /// Begins a session for somebody who was proven and may come in.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(
        &self,
        proven: &Proven,
        rules: &Rules<'_>,
        visit: &Visit,
    ) -> Result<(SessionToken, Session), Fault> {
        let token = SessionToken::fresh();
        let (kind, holder) = proven.who.parts();
        let agent = visit.agent.as_deref();
        let row = StoredSession {
            id: token.id(),
            kind: kind.to_owned(),
            holder: holder.to_owned(),
            proof: proof(&token, &proven.who, rules),
            method: proven.way.as_str().to_owned(),
            address: visit.address.map(|it| it.to_string()),
            agent: agent.map(|it| it.chars().take(AGENT).collect()),
            created_ms: visit.now_ms,
            seen_ms: visit.now_ms,
            expires_ms: visit.now_ms.saturating_add(millis(rules.ui.lasts)),
        };
        let idle_since = visit.now_ms.saturating_sub(millis(rules.ui.idle));
        // Whoever comes sweeps: there are never more dead sessions than sign-ins.
        self.0
            .store
            .forget_sessions(visit.now_ms, idle_since)
            .await?;
        self.0.store.begin_session(&row).await?;
        Ok((token, shown(row, proven.who.clone())))
    }

    /// The session of a token, if it is alive. Its last use is noted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn find(
        &self,
        token: &SessionToken,
        rules: &Rules<'_>,
        now_ms: i64,
    ) -> Result<Option<Session>, Fault> {
        let turn = self.0.asking.acquire().await;
        let found = self.0.store.session(&token.id()).await?;
        let Some(mut row) = found else {
            return Ok(None);
        };
        let Some(who) = Entrant::of_parts(&row.kind, &row.holder) else {
            return Ok(None);
        };
        let idle_until = row.seen_ms.saturating_add(millis(rules.ui.idle));
        let same_password = matches(row.proof.as_deref(), proof(token, &who, rules).as_deref());
        if row.expires_ms <= now_ms || idle_until <= now_ms || !same_password {
            self.0.store.end_sessions(&[row.id]).await?;
            return Ok(None);
        }
        drop(turn);
        if now_ms.saturating_sub(row.seen_ms) >= SEEN_EVERY_MS.min(millis(rules.ui.idle) / 2) {
            self.0.store.see_session(&row.id, now_ms).await?;
            row.seen_ms = now_ms;
        }
        Ok(Some(shown(row, who)))
    }

    /// Ends the session of a token; whether there was one.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end(&self, token: &SessionToken) -> Result<bool, Fault> {
        Ok(self.0.store.end_sessions(&[token.id()]).await? > 0)
    }

    /// The sessions of one holder, the newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn of_holder(&self, who: &Entrant) -> Result<Vec<Session>, Fault> {
        let (kind, holder) = who.parts();
        let rows = self.0.store.sessions_of(kind, holder, LISTED).await?;
        Ok(rows
            .into_iter()
            .map(|row| shown(row, who.clone()))
            .collect())
    }

    /// Ends sessions by their ids; how many there were.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn end_all(&self, ids: &[String]) -> Result<u64, Fault> {
        Ok(self.0.store.end_sessions(ids).await?)
    }
}

fn shown(row: StoredSession, who: Entrant) -> Session {
    Session {
        id: row.id,
        who,
        way: row.method,
        address: row.address,
        agent: row.agent,
        created_ms: row.created_ms,
        seen_ms: row.seen_ms,
        expires_ms: row.expires_ms,
    }
}

/// Binds an operator's session to the password that opened it: with another password, or none, it is
/// over. With the token in it, the database holds nothing that a guess could be tried on.
fn proof(token: &SessionToken, who: &Entrant, rules: &Rules<'_>) -> Option<String> {
    let (name, password) = match who {
        Entrant::Master => ("", rules.master),
        Entrant::Admin(_) => (rules.ui.username.as_str(), rules.operator_password()),
        Entrant::Key(_) | Entrant::User(_) => return None,
    };
    let mut hash = Sha256::new();
    for part in [token.reveal(), name, password.map_or("", Secret::reveal)] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update([u8::from(password.is_some())]);
    Some(URL_SAFE_NO_PAD.encode(hash.finalize()))
}

fn matches(left: Option<&str>, right: Option<&str>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => left.as_bytes().ct_eq(right.as_bytes()).into(),
        _ => false,
    }
}
