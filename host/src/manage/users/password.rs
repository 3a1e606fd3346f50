//! Passwords: kept as LiteLLM keeps them, so that either reads what the other wrote.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrypt::Params;
use serde_json::json;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::auth::Caller;
use crate::config::PasswordRules;
use crate::domain::{Fault, Secret};
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Kind, read};
use crate::manage::{Answer, Input, Manage};
use crate::store::UserRow;

const MARK: &str = "scrypt:";
const SALT: usize = 16;
const KEY: usize = 32;
/// N = 2^14, r = 8, p = 1.
const COST: (u8, u32, u32) = (14, 8, 1);
/// Fewer characters are refused whatever the config says.
const SHORTEST: usize = 8;
/// More bytes than a person types would only keep a thread busy.
const LONGEST: usize = 1024;

/// The hash of a password, as the database has it. Takes tens of milliseconds on a thread for
/// blocking work.
///
/// # Errors
/// The runtime is shutting down.
pub async fn hash_password(password: &Secret) -> Result<String, Fault> {
    let password = password.clone();
    let salt: [u8; SALT] = rand::random();
    let key = blocking(move || derive(&password, &salt)).await?;
    let key = key.ok_or_else(|| Fault::ours("the password could not be kept", "scrypt"))?;
    Ok(format!(
        "{MARK}{}",
        STANDARD.encode([&salt[..], &key].concat())
    ))
}

/// Whether the password is the one that was hashed: by scrypt, or SHA-256 as old rows have it.
///
/// # Errors
/// The runtime is shutting down.
pub async fn verify_password(password: &Secret, hash: &str) -> Result<bool, Fault> {
    let Some(text) = hash.strip_prefix(MARK) else {
        let digest = Sha256::digest(password.reveal().as_bytes());
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        return Ok(hex.as_bytes().ct_eq(hash.as_bytes()).into());
    };
    let Some(bytes) = STANDARD
        .decode(text)
        .ok()
        .filter(|it| it.len() == SALT + KEY)
    else {
        return Ok(false);
    };
    let (salt, known) = bytes.split_at(SALT);
    let (password, salt) = (password.clone(), salt.to_vec());
    let key = blocking(move || derive(&password, &salt)).await?;
    Ok(key.is_some_and(|key| key.ct_eq(known).into()))
}

fn derive(password: &Secret, salt: &[u8]) -> Option<[u8; KEY]> {
    let params = Params::new(COST.0, COST.1, COST.2, KEY).ok()?;
    let mut key = [0; KEY];
    scrypt::scrypt(password.reveal().as_bytes(), salt, &params, &mut key).ok()?;
    Some(key)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Fault::ours("the gateway is shutting down", cause.to_string()))
}

/// Whether a password is good enough.
pub(in crate::manage) fn check(m: &Manage, field: &str, password: &str) -> Result<(), Fault> {
    let lacks = lacking(m.settings().passwords, password);
    if !lacks.is_empty() {
        let message = format!("`{field}` needs {}", lacks.join(", "));
        return Err(bad(field, message));
    }
    if password.len() > LONGEST {
        return Err(bad(
            field,
            format!("`{field}` has more than {LONGEST} bytes"),
        ));
    }
    Ok(())
}

/// What a password lacks. A letter of any script is one, and so is a digit.
fn lacking(rules: PasswordRules, password: &str) -> Vec<String> {
    let least = rules.min_length.max(SHORTEST);
    let has = |test: fn(char) -> bool| password.chars().any(test);
    let mut lacks = Vec::new();
    if password.chars().count() < least {
        lacks.push(format!("at least {least} characters"));
    }
    let wanted = [
        (
            rules.uppercase && !has(char::is_uppercase),
            "an uppercase letter",
        ),
        (
            rules.lowercase && !has(char::is_lowercase),
            "a lowercase letter",
        ),
        (rules.numbers && !has(char::is_numeric), "a number"),
        (
            rules.special_characters && !has(|it| !it.is_alphanumeric()),
            "a special character",
        ),
    ];
    let wanted = wanted.into_iter().filter(|it| it.0);
    lacks.extend(wanted.map(|it| it.1.to_owned()));
    lacks
}

/// `POST /user/password/change`: the caller's own, who has to know the old one.
pub(in crate::manage) async fn change(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let fields = &[
        Field("current_password", Kind::Text),
        Field("new_password", Kind::Text),
    ];
    let given = read(&input.body, &[fields])?;
    let old = given.need("current_password")?;
    let new = given.need("new_password")?;
    let user = rights.user.clone().ok_or_else(|| missing("user_id"))?;
    let row = m.user(&user).await?;
    let known = row.doc.password_hash.as_deref();
    let known = known.ok_or_else(|| {
        bad(
            "current_password",
            "this account has no password; a proxy admin can send an invitation",
        )
    })?;
    check(m, "new_password", &new)?;
    if old.len() > LONGEST || !verify_password(&Secret::new(old.as_str()), known).await? {
        return Err(bad(
            "current_password",
            "`current_password` is not the password",
        ));
    }
    if new == old {
        return Err(bad("new_password", "`new_password` is the old one"));
    }
    let hash = hash_password(&Secret::new(new)).await?;
    let mut work = m.work(&rights).await?;
    let before = work.get::<UserRow>(&user).await?;
    let before = before.filter(|it| it.doc.password_hash == row.doc.password_hash);
    let before = before.ok_or_else(|| {
        bad(
            "current_password",
            "the password was changed by somebody else just now",
        )
    })?;
    let mut row = before.clone();
    row.doc.password_hash = Some(hash);
    row.stamp.touch(work.now, &work.actor);
    work.update("password changed", &before, &row).await?;
    work.change.end_sessions_of(&user).await?;
    work.commit().await?;
    Ok(json!({"user_id": user, "message": "Password changed"}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_needs_what_the_rules_say() {
        assert_eq!(
            lacking(PasswordRules::default(), "eight888"),
            Vec::<String>::new()
        );
        assert_eq!(
            lacking(PasswordRules::default(), "seven77"),
            ["at least 8 characters"]
        );
        let rules = PasswordRules {
            min_length: 10,
            uppercase: true,
            lowercase: true,
            numbers: true,
            special_characters: true,
        };
        assert_eq!(lacking(rules, "Ünsicher-1"), Vec::<String>::new());
        let lacks = lacking(rules, "größe");
        let all = [
            "at least 10 characters",
            "an uppercase letter",
            "a number",
            "a special character",
        ];
        assert_eq!(lacks, all);
        assert_eq!(lacking(rules, "ONLY_UPPER_9"), ["a lowercase letter"]);
    }

    #[tokio::test]
    async fn a_password_is_proven_by_either_hash() {
        let secret = Secret::new("correct horse");
        let hash = hash_password(&secret).await.unwrap();
        assert!(hash.starts_with(MARK) && !hash.contains("correct"));
        assert!(verify_password(&secret, &hash).await.unwrap());
        assert!(
            !verify_password(&Secret::new("Correct horse"), &hash)
                .await
                .unwrap()
        );
        assert!(!verify_password(&secret, "scrypt:broken").await.unwrap());
        let old: String = Sha256::digest("correct horse")
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        assert!(verify_password(&secret, &old).await.unwrap());
        assert!(!verify_password(&Secret::new("x"), &old).await.unwrap());
    }
}
