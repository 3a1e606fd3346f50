//! One request's changes: a transaction whose audit entries are written as it goes, and whose
//! listener hears of it when it has become durable.

use serde_json::{Map, Value};

use super::Manage;
use super::redact;
use super::rights::Rights;
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault, Usd};
use crate::store::{AuditEntry, Change, Record, StoreError};

/// One object that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// `key`, `team`, `user`, …, as the store calls it.
    pub kind: &'static str,
    pub id: String,
    /// What the spend in the running window was set to, if it was set.
    pub spend: Option<Usd>,
}

/// What the audit log shows of a row: everything but secrets.
pub(super) trait Audited: Record {
    fn shown(&self) -> Value;

    /// What the audit log calls the row, where its id is a secret.
    fn audit_id(&self) -> &str {
        self.id()
    }
}

/// A transaction in the making. Dropped without `commit`, nothing of it happened.
pub(super) struct Work<'a> {
    manage: &'a Manage,
    pub change: Change,
    pub now: i64,
    /// User id of who asks, or `litellm_proxy_master_key`.
    pub actor: String,
    actor_key: Option<String>,
    touched: Vec<Touched>,
    may_refer: bool,
}

impl Manage {
    /// Begins to change things for a caller.
    pub(super) async fn work(&self, rights: &Rights) -> Result<Work<'_>, Fault> {
        let now = self.now();
        Ok(Work {
            manage: self,
            change: self.store.change(now).await?,
            now,
            actor: rights.actor(),
            actor_key: rights.key.clone(),
            touched: Vec::new(),
            may_refer: rights.is_admin(),
        })
    }
}

impl Manage {
    /// Writes into the audit log what an admin did to the running gateway, where no row shows it.
    ///
    /// # Errors
    /// The caller is no admin, or the database does not answer: then it is not to be done.
    pub async fn note(
        &self,
        caller: &Caller,
        action: &str,
        what: &'static str,
    ) -> Result<(), Fault> {
        let rights = self.rights(caller).await?;
        rights.need_admin("change what runs")?;
        let mut work = self.work(&rights).await?;
        work.note(action, what, what, None, None);
        work.commit().await
    }
}

impl Work<'_> {
    /// Whether what is written may refer to the environment.
    pub const fn may_refer(&self) -> bool {
        self.may_refer
    }

    /// Seals a text for the database.
    pub fn seal(&self, text: &str) -> Result<String, Fault> {
        Ok(self.manage.salt.seal(text)?)
    }

    /// What users have of whom the request says nothing.
    pub fn default_user(&self) -> Map<String, Value> {
        self.manage.settings().default_user.clone()
    }
}

impl Work<'_> {
    pub async fn get<R: Record>(&mut self, id: &str) -> Result<Option<R>, Fault> {
        Ok(self.change.get(id).await?)
    }

    pub async fn insert<R: Audited>(&mut self, row: &R) -> Result<(), Fault> {
        self.change.insert(row).await?;
        self.note("created", R::KIND, row.audit_id(), None, Some(row.shown()));
        Ok(())
    }

    /// Replaces a row; `action` is what the audit log calls it.
    pub async fn update<R: Audited>(
        &mut self,
        action: &str,
        before: &R,
        after: &R,
    ) -> Result<(), Fault> {
        self.change.update(after).await?;
        let (old, new) = (before.shown(), after.shown());
        self.note(action, R::KIND, after.audit_id(), Some(old), Some(new));
        Ok(())
    }

    /// Deletes rows that the caller has read before; rows of others that name them stop it.
    pub async fn delete<R: Audited>(&mut self, rows: &[R]) -> Result<(), Fault> {
        let ids: Vec<String> = rows.iter().map(|it| it.id().to_owned()).collect();
        let gone = self.change.delete::<R>(&ids).await?;
        if let Some(missing) = ids.iter().find(|id| !gone.contains(id)) {
            return Err(StoreError::NotFound {
                entity: R::KIND,
                id: missing.clone(),
            }
            .into());
        }
        for row in rows {
            self.note("deleted", R::KIND, row.audit_id(), Some(row.shown()), None);
        }
        Ok(())
    }

    /// Sets what an entity has spent in its running window.
    pub async fn set_spend(&mut self, entity: &Entity, to: Usd) -> Result<(), Fault> {
        let was = super::spend::set(&mut self.change, entity, to).await?;
        let kind = entity.kind.as_str();
        let shown = |spend: Usd| Some(serde_json::json!({"spend": spend.dollars()}));
        self.note("spend set", kind, &entity.id, shown(was), shown(to));
        self.change.notice(entity.kind, &entity.id);
        if let Some(last) = self.touched.last_mut() {
            last.spend = Some(to);
        }
        Ok(())
    }

    /// A user whose seats changed: what is cached of the user's keys is stale, though the row is
    /// the same.
    pub fn touch_user(&mut self, id: &str) {
        self.change.notice(EntityKind::User, id);
        self.touched.push(Touched {
            kind: EntityKind::User.as_str(),
            id: id.to_owned(),
            spend: None,
        });
    }

    pub fn note(
        &mut self,
        action: &str,
        kind: &'static str,
        id: &str,
        before: Option<Value>,
        after: Option<Value>,
    ) {
        self.change.audit(AuditEntry {
            at: self.now,
            actor: self.actor.clone(),
            actor_key: self.actor_key.clone(),
            action: action.to_owned(),
            kind: kind.to_owned(),
            id: id.to_owned(),
            before: before.map(|it| redact::nested(&it).to_string()),
            after: after.map(|it| redact::nested(&it).to_string()),
        });
        self.touched.push(Touched {
            kind,
            id: id.to_owned(),
            spend: None,
        });
    }

    /// Makes all of it durable, then tells the listener.
    pub async fn commit(self) -> Result<(), Fault> {
        self.change.commit().await?;
        if !self.touched.is_empty() {
            self.manage.listener.changed(&self.touched);
        }
        Ok(())
    }
}
