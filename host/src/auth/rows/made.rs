//! Rows that a token names: found by the names that people gave them, or made when their first
//! token comes.

use serde_json::{Value, json};

use super::StoredKeys;
use crate::auth::caller::Role;
use crate::auth::grant::Source;
use crate::auth::keys::Named;
use crate::domain::EntityKind;
use crate::store::{
    AuditEntry, OrganizationRow, Query, Record, Stamp, StoreError, TeamDoc, TeamRow, UserDoc,
    UserRow,
};

/// Rows of one name that are read: two are one too many already.
const NAMESAKES: u64 = 2;

/// Who a token's rows say has made them.
const MAKER: &str = "jwt";

impl StoredKeys {
    pub(super) async fn read_named(
        &self,
        kind: EntityKind,
        alias: &str,
    ) -> Result<Option<Named>, StoreError> {
        let named = Query::new().is("alias", alias).page(1, NAMESAKES);
        let ids: Vec<String> = match kind {
            EntityKind::Team => {
                let rows = self.store().list::<TeamRow>(&named).await?.rows;
                rows.into_iter().map(|it| it.id).collect()
            }
            EntityKind::Organization => {
                let rows = self.store().list::<OrganizationRow>(&named).await?.rows;
                rows.into_iter().map(|it| it.id).collect()
            }
            _ => Vec::new(),
        };
        let sources = vec![Source::new(kind.as_str(), "*")];
        Ok((!ids.is_empty()).then_some(Named { ids, sources }))
    }

    pub(super) async fn write_user(
        &self,
        id: &str,
        email: Option<&str>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let rules = self.rules().load_full();
        let row = UserRow {
            id: id.to_owned(),
            email: email.map(str::to_owned),
            role: Some(Role::InternalUser.as_str().to_owned()),
            max_budget: rules.new_user_budget,
            doc: UserDoc {
                limits: rules.new_user_limits.clone(),
                ..UserDoc::default()
            },
            stamp: Stamp::new(now_ms, MAKER),
            ..UserRow::default()
        };
        let after = json!({
            "user_id": row.id,
            "user_email": row.email,
            "user_role": row.role,
            "created_by": MAKER,
        });
        self.write(&row, made_by(id, EntityKind::User, id, now_ms, &after))
            .await
    }

    pub(super) async fn write_team(
        &self,
        id: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let rules = self.rules().load_full();
        let row = TeamRow {
            id: id.to_owned(),
            max_budget: rules.new_team.max_budget,
            doc: TeamDoc {
                limits: rules.new_team.limits.clone(),
                models: rules.new_team.models.clone(),
                team_member_permissions: rules.new_team.team_member_permissions.clone(),
                ..TeamDoc::default()
            },
            stamp: Stamp::new(now_ms, MAKER),
            ..TeamRow::default()
        };
        let after = json!({
            "team_id": row.id,
            "max_budget": row.max_budget.map(|it| it.to_string()),
            "models": row.doc.models,
            "created_by": MAKER,
        });
        self.write(&row, made_by(actor, EntityKind::Team, id, now_ms, &after))
            .await
    }

    /// Writes a row with what the audit log says of it. Whoever comes second changes nothing.
    async fn write<R: Record>(&self, row: &R, entry: AuditEntry) -> Result<(), StoreError> {
        let mut change = self.store().change(entry.at).await?;
        let made = match change.insert(row).await {
            Ok(()) => {
                change.audit(entry);
                change.commit().await
            }
            Err(why) => Err(why),
        };
        match made {
            Err(StoreError::Duplicate { .. }) => Ok(()),
            made => made,
        }
    }
}

/// What the audit log says of a row that the first token with its id made: the actor is the token's
/// user, or who it speaks for.
fn made_by(actor: &str, kind: EntityKind, id: &str, now_ms: i64, after: &Value) -> AuditEntry {
    AuditEntry {
        at: now_ms,
        actor: actor.to_owned(),
        action: "created".to_owned(),
        kind: kind.as_str().to_owned(),
        id: id.to_owned(),
        after: Some(after.to_string()),
        ..AuditEntry::default()
    }
}
