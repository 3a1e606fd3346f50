//! The store as the source of keys: what is asked of it, and the changes that it tells of.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};

use super::caller::Role;
use super::grant::{Grant, Source};
use super::keys::{Identity, News, Payer, Rows, Unreachable};
use super::resolve::{Around, object, of_holder};
use super::terms::Terms;
use crate::domain::{Entity, EntityKind, KeyHash};
use crate::store::{
    BudgetRow, Changed, EndUserRow, Holder, KeyRow, Query, Stamp, Store, StoreError, TagRow,
    UserRow, member_id,
};

/// Rows of a user that are read at most: the seats of one user.
const SEATS: u64 = 1_000;

/// The store as the source of keys, with the one rule of the operator that bears on them.
#[derive(Debug, Clone)]
pub struct StoredKeys {
    store: Store,
    /// `apply_user_budget_to_team_keys`: a user's budget binds keys of teams too.
    user_budget_on_team_keys: bool,
}

impl StoredKeys {
    pub const fn new(store: Store, user_budget_on_team_keys: bool) -> Self {
        Self {
            store,
            user_budget_on_team_keys,
        }
    }

    async fn around(
        &self,
        user: Option<&UserRow>,
        group_ids: Vec<&String>,
    ) -> Result<Around, StoreError> {
        let mut around = Around::default();
        if let Some(user) = user {
            let of_user = || Query::new().is("user_id", user.id.as_str()).page(1, SEATS);
            around.seats = self.store.list(&of_user()).await?.rows;
            around.organizations = self.store.list(&of_user()).await?.rows;
        }
        for id in group_ids {
            around.access_groups.extend(self.store.get(id).await?);
        }
        Ok(around)
    }

    async fn read(&self, hash: &KeyHash, now_ms: i64) -> Result<Option<Grant>, StoreError> {
        let Some(holder) = self.store.holder(hash.as_str(), now_ms).await? else {
            return Ok(None);
        };
        let of_team = holder
            .team
            .iter()
            .flat_map(|team| &team.doc.access_group_ids);
        let groups = holder.key.doc.access_group_ids.iter().chain(of_team);
        let around = self.around(holder.user.as_ref(), groups.collect()).await?;
        let mut grant = of_holder(&holder, &around, self.user_budget_on_team_keys);
        // A rotated key falls with its own notice too.
        grant.sources.push(Source::new("key", hash.as_str()));
        Ok(Some(grant))
    }

    async fn read_identity(&self, who: &Identity) -> Result<Option<Grant>, StoreError> {
        let mut holder = Holder {
            key: KeyRow::default(),
            revoked_at: None,
            team: None,
            member: None,
            user: None,
            organization: None,
            key_budget: None,
            team_budget: None,
            member_budget: None,
            user_budget: None,
            organization_budget: None,
        };
        if let Some(id) = &who.user_id {
            holder.user = self.store.get(id).await?;
            if holder.user.is_none() {
                return Ok(None);
            }
        }
        if let Some(id) = &who.team_id {
            holder.team = self.store.get(id).await?;
            if holder.team.is_none() {
                return Ok(None);
            }
        }
        if let (Some(team), Some(user)) = (&who.team_id, &who.user_id) {
            holder.member = self.store.get(&member_id(team, user)).await?;
        }
        let of_team = holder
            .team
            .as_ref()
            .and_then(|team| team.organization_id.clone());
        if let Some(id) = who.organization_id.clone().or(of_team) {
            holder.organization = self.store.get(&id).await?;
            if holder.organization.is_none() {
                return Ok(None);
            }
        }
        let of_user = holder.user.as_ref().and_then(|it| it.budget_id.clone());
        holder.user_budget = self.budget(of_user).await?;
        let of_team = holder.team.as_ref().and_then(|it| it.budget_id.clone());
        holder.team_budget = self.budget(of_team).await?;
        let of_member = holder.member.as_ref().and_then(|it| it.budget_id.clone());
        holder.member_budget = self.budget(of_member).await?;
        let of_organization = holder
            .organization
            .as_ref()
            .and_then(|it| it.budget_id.clone());
        holder.organization_budget = self.budget(of_organization).await?;
        let groups = holder
            .team
            .iter()
            .flat_map(|team| &team.doc.access_group_ids);
        let around = self.around(holder.user.as_ref(), groups.collect()).await?;
        let mut grant = of_holder(&holder, &around, self.user_budget_on_team_keys);
        grant.key = None;
        grant
            .limits
            .retain(|term| term.entity.kind != EntityKind::Key);
        grant
            .budgets
            .retain(|term| term.entity.kind != EntityKind::Key);
        grant.sources.retain(|source| &*source.kind != "key");
        Ok(Some(grant))
    }

    async fn budget(&self, id: Option<String>) -> Result<Option<BudgetRow>, StoreError> {
        match id {
            Some(id) => self.store.get(&id).await,
            None => Ok(None),
        }
    }

    async fn write_user(
        &self,
        id: &str,
        email: Option<&str>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let mut change = self.store.change(now_ms).await?;
        let row = UserRow {
            id: id.to_owned(),
            email: email.map(str::to_owned),
            role: Some(Role::InternalUser.as_str().to_owned()),
            stamp: Stamp::new(now_ms, "jwt"),
            ..UserRow::default()
        };
        let made = match change.insert(&row).await {
            Ok(()) => change.commit().await,
            Err(why) => Err(why),
        };
        match made {
            Err(StoreError::Duplicate { .. }) => Ok(()),
            made => made,
        }
    }

    async fn read_payer(&self, kind: EntityKind, id: &str) -> Result<Option<Payer>, StoreError> {
        let (mut payer, budget_id) = match kind {
            EntityKind::EndUser => match self.store.get::<EndUserRow>(id).await? {
                Some(row) => (
                    Payer {
                        blocked: row.blocked,
                        default_model: row.doc.default_model.as_deref().map(Arc::from),
                        allowed_model_region: row
                            .doc
                            .allowed_model_region
                            .as_deref()
                            .map(Arc::from),
                        metadata: object(&row.doc.rest, "metadata"),
                        ..Payer::default()
                    },
                    row.budget_id,
                ),
                None => return Ok(None),
            },
            EntityKind::Tag => match self.store.get::<TagRow>(id).await? {
                Some(row) => (Payer::default(), row.budget_id),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        payer.sources.push(Source::new(kind.as_str(), id));
        if let Some(budget) = self.budget(budget_id).await? {
            payer
                .sources
                .push(Source::new("budget", budget.id.as_str()));
            let entity = Entity::new(kind, id);
            let terms = Terms::default().or(budget.max_budget, &budget.doc.limits);
            payer.limits.extend(terms.limits(&entity));
            payer.budgets.extend(terms.budgets(&entity));
        }
        Ok(Some(payer))
    }

    async fn read_news(&self, after: Option<i64>, limit: u32) -> Result<News, StoreError> {
        let Some(after) = after else {
            return Ok(News {
                seq: self.store.latest_change().await?,
                changed: None,
                more: false,
            });
        };
        Ok(match self.store.changes_after(after, limit).await? {
            Changed::Everything { seq } => News {
                seq,
                changed: None,
                more: false,
            },
            Changed::These(list) => News {
                seq: list.last().map_or(after, |notice| notice.seq),
                more: u32::try_from(list.len()).is_ok_and(|len| len >= limit),
                changed: Some(
                    list.into_iter()
                        .map(|notice| Source::new(notice.kind, notice.id))
                        .collect(),
                ),
            },
        })
    }
}

impl Rows for StoredKeys {
    fn grant<'a>(
        &'a self,
        hash: &'a KeyHash,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        self.read(hash, now_ms).map_err(unreachable).boxed()
    }

    fn identity<'a>(
        &'a self,
        who: &'a Identity,
        _now_ms: i64,
    ) -> BoxFuture<'a, Result<Option<Grant>, Unreachable>> {
        self.read_identity(who).map_err(unreachable).boxed()
    }

    fn add_user<'a>(
        &'a self,
        id: &'a str,
        email: Option<&'a str>,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        self.write_user(id, email, now_ms)
            .map_err(unreachable)
            .boxed()
    }

    fn payer<'a>(
        &'a self,
        kind: EntityKind,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payer>, Unreachable>> {
        self.read_payer(kind, id).map_err(unreachable).boxed()
    }

    fn news(&self, after: Option<i64>, limit: u32) -> BoxFuture<'_, Result<News, Unreachable>> {
        self.read_news(after, limit).map_err(unreachable).boxed()
    }
}

fn unreachable(cause: StoreError) -> Unreachable {
    let text = match std::error::Error::source(&cause) {
        Some(source) => format!("{cause}: {source}"),
        None => cause.to_string(),
    };
    Unreachable(text.into())
}
