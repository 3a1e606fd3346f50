//! A name and a password: the operator's, a key's, or a user's own.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Proven, Rules, SignIn, Way};
use crate::auth::{Entrant, hash_key};
use crate::domain::{ErrorKind, Fault, Secret};
use crate::manage::verify_password;
use crate::store::{Filter, Query, UserRow};

/// More bytes than a person types would only keep a thread busy.
const LONGEST: usize = 1024;

/// What is hashed where there is no such user, so that the answer takes as long: 48 zero bytes.
const NOBODY: &str = "scrypt:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What somebody typed.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `UI_USERNAME`, an e-mail address, a user's id; nothing with a key.
    pub username: String,
    pub password: Secret,
}

impl SignIn {
    /// Who these credentials are. Whether a key is one, and whether its holder may come in, is for
    /// the door to say.
    ///
    /// # Errors
    /// They are nobody's, or the database does not answer.
    pub async fn prove(&self, given: &Credentials, rules: &Rules<'_>) -> Result<Proven, Fault> {
        let (name, password) = (given.username.trim(), given.password.reveal());
        if password.is_empty() || password.len() > LONGEST {
            return Err(refused());
        }
        let operator = name == rules.ui.username;
        let master = rules.master.is_some_and(|it| same(it.reveal(), password));
        // Whoever has the master key is the operator under any name that is nobody else's.
        if master && (operator || name.is_empty()) && !(operator && rules.ui.no_operator) {
            return Ok(proven(Entrant::Master, Way::MasterKey));
        }
        if operator {
            let known = rules.operator_password();
            if known.is_some_and(|it| same(it.reveal(), password)) {
                return Ok(proven(Entrant::Admin(rules.admin_id()), Way::Operator));
            }
        }
        if name.is_empty() {
            if password.starts_with("sk-") {
                return Ok(proven(Entrant::Key(hash_key(password)), Way::Key));
            }
            return Err(refused());
        }
        self.by_own_password(name, &given.password).await
    }

    async fn by_own_password(&self, name: &str, password: &Secret) -> Result<Proven, Fault> {
        let user = self.user_named(name).await?;
        let known = user.as_ref().and_then(|it| it.doc.password_hash.as_deref());
        let _turn = self.0.hashing.acquire().await;
        let holds = verify_password(password, known.unwrap_or(NOBODY)).await?;
        match user.filter(|it| holds && it.doc.password_hash.is_some()) {
            Some(user) => Ok(proven(Entrant::User(user.id), Way::Password)),
            None => Err(refused()),
        }
    }

    /// The user with this e-mail address, in any case, or this id.
    async fn user_named(&self, name: &str) -> Result<Option<UserRow>, Fault> {
        // No row has a longer id, and PostgreSQL keeps no NUL.
        if name.chars().count() > 255 || name.contains('\0') {
            return Ok(None);
        }
        let by_email = Query::new().with(Filter::Same("email", name.to_owned()));
        let mut found = self
            .0
            .store
            .list::<UserRow>(&by_email.page(1, 2))
            .await?
            .rows;
        if let (1, Some(user)) = (found.len(), found.pop()) {
            return Ok(Some(user));
        }
        Ok(self.0.store.get::<UserRow>(name).await?)
    }
}

const fn proven(who: Entrant, way: Way) -> Proven {
    Proven { who, way }
}

/// One answer for a name that nobody has and a password that is wrong.
pub(super) fn refused() -> Fault {
    Fault::caller(
        ErrorKind::Authentication,
        "the name or the password is wrong",
    )
    .with_type("auth_error")
    .with_param("password")
}

/// In a time that tells neither length nor content.
fn same(left: &str, right: &str) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    bool::from(digest(left).ct_eq(&digest(right)))
}
