//! `POST /key/generate` and `/key/service-account/generate`.

use serde_json::Value;

use super::fields::{ADMINS_ONLY, IN_METADATA, KEY, LIMITS, TEXT};
use super::{apply, lookup, scope, throughput};
use crate::auth::{self, Caller};
use crate::domain::{Entity, EntityKind, Fault, Secret};
use crate::manage::fault::{bad, forbidden, missing};
use crate::manage::fields::{Given, read};
use crate::manage::rights::Rights;
use crate::manage::work::Work;
use crate::manage::{Answer, Input, Manage};
use crate::store::{KeyRow, Stamp};

/// A new key of a user or a team; its text is in this answer and nowhere else.
pub(in crate::manage) async fn generate(m: &Manage, caller: &Caller, input: Input) -> Answer {
    let rights = m.rights(caller).await?;
    let given = read(&input.body, &[KEY, LIMITS, IN_METADATA, TEXT])?;
    answer(m, &rights, given, false).await
}

/// A key of a team that belongs to no user.
pub(in crate::manage) async fn generate_service_account(
    m: &Manage,
    caller: &Caller,
    input: Input,
) -> Answer {
    let rights = m.rights(caller).await?;
    let given = read(&input.body, &[KEY, LIMITS, IN_METADATA, TEXT])?;
    if given.some("user_id") {
        let message = "a service account belongs to no user: leave `user_id` out";
        return Err(bad("user_id", message));
    }
    given.need("team_id")?;
    answer(m, &rights, given, true).await
}

async fn answer(m: &Manage, rights: &Rights, mut given: Given, service: bool) -> Answer {
    m.apply_key_rules(&mut given, m.now())?;
    scope::admins_only(rights, &given, ADMINS_ONLY)?;
    scope::keeps_denied(rights, &given)?;
    let mut plan = Plan::new(m, given).await?;
    let mut work = m.work(rights).await?;
    scope::owner(m, &mut work, rights, &mut plan.given, service).await?;
    let made = make(&mut work, &plan).await?;
    work.commit().await?;
    made.shown(m, &plan.given).await
}

/// A key that is about to be made.
pub(in crate::manage) struct Plan {
    given: Given,
    text: Secret,
}

impl Plan {
    /// Chooses the key's text, or takes the request's.
    pub async fn new(m: &Manage, given: Given) -> Result<Self, Fault> {
        let text = m.key_text("key", &given).await?;
        m.check_alias(given.text("key_alias").as_deref())?;
        Ok(Self { given, text })
    }

    pub const fn given(&self) -> &Given {
        &self.given
    }
}

/// A key that was just made, with its text.
pub(in crate::manage) struct Made {
    pub row: KeyRow,
    pub text: Secret,
}

/// Puts the key into the transaction.
pub(in crate::manage) async fn make(work: &mut Work<'_>, plan: &Plan) -> Result<Made, Fault> {
    let given = &plan.given;
    let hash = auth::hash_key(plan.text.reveal());
    let id = hash.as_str().to_owned();
    let mut row = KeyRow {
        id: id.clone(),
        name: auth::masked(plan.text.reveal()),
        stamp: Stamp::new(work.now, &work.actor),
        expires_at: apply::expiry(given, "duration", work.now),
        ..KeyRow::default()
    };
    apply::key(given, &mut row, work.now)?;
    work.seal_logging(None, &mut row.doc.metadata)?;
    scope::references(work, given).await?;
    throughput::check(work, &row, &id).await?;
    work.insert(&row).await?;
    if let Some(spend) = given.money("spend").filter(|it| !it.is_zero()) {
        work.set_spend(&Entity::new(EntityKind::Key, id), spend)
            .await?;
    }
    let text = plan.text.clone();
    Ok(Made { row, text })
}

impl Made {
    /// LiteLLM's answer: the row, and the text.
    pub async fn shown(&self, m: &Manage, given: &Given) -> Answer {
        let views = super::Views::of(m, std::slice::from_ref(&self.row)).await?;
        let Value::Object(mut answer) = views.show(m, &self.row) else {
            return Err(missing("key"));
        };
        answer.insert("key".to_owned(), self.text.reveal().into());
        answer.insert("token_id".to_owned(), self.row.id.clone().into());
        for name in ["duration", "send_invite_email"] {
            let value = given.value(name).cloned().unwrap_or_default();
            answer.insert(name.to_owned(), value);
        }
        Ok(answer.into())
    }
}

impl Manage {
    /// The text of a new key: the one in this field, or a random one. Asked before a transaction
    /// begins, because the question of whether the text still opens another key goes by a
    /// connection of its own.
    pub(super) async fn key_text(&self, field: &str, given: &Given) -> Result<Secret, Fault> {
        let Some(text) = given.text(field) else {
            return Ok(auth::new_key(
                self.settings().keys.bytes.max(auth::KEY_BYTES),
            ));
        };
        self.check_custom_key(field, &text)?;
        let superseding = lookup::superseding(self, auth::hash_key(&text).as_str()).await?;
        match superseding {
            None => Ok(Secret::new(text)),
            Some(_) => Err(bad(field, "this key is taken already by another")),
        }
    }
}

impl Rights {
    /// The refusal for a role that makes no keys.
    pub(super) fn no_keys(&self) -> Fault {
        forbidden("user_id", "your role may not make keys")
    }
}
