//! The store as the source of keys: what is asked of it, and the changes that it tells of.

mod made;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};
use serde_json::Value;

use super::grant::{Grant, Source};
use super::keys::{GroupBudget, GroupBudgets, Identity, Named, News, Payer, Rows, Unreachable};
use super::models::is_no_model;
use super::resolve::{Around, groups_named, list, object, of_holder};
use super::terms::Terms;
use crate::domain::{Entity, EntityKind, KeyHash, Usd};
use crate::store::{
    AccessGroupRow, BudgetRow, Changed, EndUserRow, Filter, Holder, KeyRow, Limits, Query, Store,
    StoreError, TagRow, member_id,
};

/// Rows of a user that are read at most: its memberships.
const MEMBERSHIPS: u64 = 1_000;

/// Names that one question asks for.
const NAMES_AT_ONCE: usize = 500;

/// The store as the source of keys, with the rules of the operator that bear on them.
#[derive(Debug, Clone)]
pub struct StoredKeys {
    store: Store,
    rules: Arc<ArcSwap<OwnerRules>>,
}

/// What the operator's config says of those who pay, beside their rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnerRules {
    /// `apply_user_budget_to_team_keys`: a user's budget binds keys of teams too.
    pub user_budget_on_team_keys: bool,
    /// `max_end_user_budget`: of a customer whose own budget and whose default row say nothing.
    pub end_user_budget: Option<Usd>,
    /// `max_end_user_budget_id`: the budget row of customers without one of their own.
    pub end_user_budget_id: Option<String>,
    /// `tag_budget_config`: amount and duration, of tags without a budget of their own.
    pub tag_budgets: BTreeMap<String, (Usd, Option<String>)>,
    /// What users have who are made when their first token comes: `default_internal_user_params`.
    pub new_user_budget: Option<Usd>,
    pub new_user_limits: Limits,
    /// The same of teams: `default_team_params`.
    pub new_team: NewTeam,
}

/// What a team has that is made when the first token with its id comes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewTeam {
    pub max_budget: Option<Usd>,
    pub limits: Limits,
    pub models: Vec<String>,
    pub team_member_permissions: Vec<String>,
}

impl StoredKeys {
    pub fn new(store: Store, rules: OwnerRules) -> Self {
        let rules = Arc::new(ArcSwap::from_pointee(rules));
        Self { store, rules }
    }

    /// Where the rules stand. Who changes them has what is remembered read anew.
    pub fn rules(&self) -> Arc<ArcSwap<OwnerRules>> {
        Arc::clone(&self.rules)
    }

    fn store(&self) -> &Store {
        &self.store
    }

    async fn around(&self, holder: &Holder) -> Result<Around, StoreError> {
        let mut around = Around::default();
        if let Some(user) = &holder.user {
            let of_user = Query::new().is("user_id", user.id.as_str());
            let rows = self.store.list(&of_user.page(1, MEMBERSHIPS)).await?.rows;
            around.organizations = rows;
        }
        let of_team = holder.team.iter().flat_map(|it| &it.doc.access_group_ids);
        for id in holder.key.doc.access_group_ids.iter().chain(of_team) {
            around.access_groups.extend(self.store.get(id).await?);
        }
        let names = group_names(holder);
        around.names_groups = !names.is_empty();
        for row in self.groups_of(&names).await? {
            if !around.access_groups.iter().any(|it| it.id == row.id) {
                around.access_groups.push(row);
            }
        }
        Ok(around)
    }

    async fn read(&self, hash: &KeyHash, now_ms: i64) -> Result<Option<Grant>, StoreError> {
        let Some(holder) = self.store.holder(hash.as_str(), now_ms).await? else {
            return Ok(None);
        };
        let around = self.around(&holder).await?;
        let mut grant = of_holder(&holder, &around, self.rules.load().user_budget_on_team_keys);
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
        let around = self.around(&holder).await?;
        let mut grant = of_holder(&holder, &around, self.rules.load().user_budget_on_team_keys);
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

    async fn read_payer(&self, kind: EntityKind, id: &str) -> Result<Option<Payer>, StoreError> {
        let found = match kind {
            EntityKind::EndUser => {
                let row = self.store.get::<EndUserRow>(id).await?;
                match row {
                    Some(row) => Some((self.end_user(&row).await?, row.budget_id)),
                    None => None,
                }
            }
            EntityKind::Tag => {
                let row = self.store.get::<TagRow>(id).await?;
                row.map(|row| (Payer::default(), row.budget_id))
            }
            _ => return Ok(None),
        };
        let is_there = found.is_some();
        let (mut payer, mut budget_id) = found.unwrap_or_default();
        payer.sources.push(Source::new(kind.as_str(), id));
        if kind == EntityKind::EndUser && budget_id.is_none() {
            budget_id.clone_from(&self.rules.load().end_user_budget_id);
        }
        // One that is named and not there may come.
        let named = budget_id.as_deref().map(|it| Source::new("budget", it));
        let is_known = is_there || named.is_some();
        payer.sources.extend(named);
        let mut terms = Terms::default();
        if let Some(budget) = self.budget(budget_id).await? {
            terms = terms.or(budget.max_budget, &budget.doc.limits);
        }
        terms = match kind {
            EntityKind::EndUser => terms.or(self.rules.load().end_user_budget, &Limits::default()),
            _ => match self.rules.load().tag_budgets.get(id) {
                Some((max, duration)) => terms.or(
                    Some(*max),
                    &Limits {
                        budget_duration: duration.clone(),
                        ..Limits::default()
                    },
                ),
                None => terms,
            },
        };
        let entity = Entity::new(kind, id);
        payer.limits.extend(terms.limits(&entity));
        payer.budgets.extend(terms.budgets(&entity));
        let any = !payer.limits.is_empty() || !payer.budgets.is_empty();
        Ok((is_known || any).then_some(payer))
    }

    async fn end_user(&self, row: &EndUserRow) -> Result<Payer, StoreError> {
        let mut payer = end_user(row);
        let names = payer.models.iter().map(|it| &**it);
        let names: BTreeSet<&str> = names.filter(|it| may_be_group(it)).collect();
        if names.is_empty() {
            return Ok(payer);
        }
        let rows = self
            .groups_of(&names.into_iter().collect::<Vec<_>>())
            .await?;
        payer.access_groups = rows.iter().flat_map(groups_named).collect();
        // One that is not there may come.
        payer.sources.push(Source::new("access_group", "*"));
        Ok(payer)
    }

    /// Access groups of these names.
    async fn groups_of(&self, names: &[&str]) -> Result<Vec<AccessGroupRow>, StoreError> {
        let mut rows = Vec::new();
        for names in names.chunks(NAMES_AT_ONCE) {
            let names = names.iter().map(|it| (*it).into()).collect();
            let named = Query::new().with(Filter::In("name", names));
            rows.extend(self.store.list::<AccessGroupRow>(&named).await?.rows);
        }
        Ok(rows)
    }

    async fn read_group_budgets(&self) -> Result<Option<GroupBudgets>, StoreError> {
        let mut all = GroupBudgets::default();
        all.sources.push(Source::new("access_group", "*"));
        for row in self.store.list::<AccessGroupRow>(&Query::new()).await?.rows {
            let Some(id) = row.doc.rest.get("budget_id").and_then(Value::as_str) else {
                continue;
            };
            all.sources.push(Source::new("budget", id));
            let Some(budget) = self.budget(Some(id.to_owned())).await? else {
                continue;
            };
            let entity = Entity::new(EntityKind::AccessGroup, row.name.as_str());
            let terms = Terms::default().or(budget.max_budget, &budget.doc.limits);
            all.groups.push(GroupBudget {
                name: row.name.as_str().into(),
                models: row.doc.models.iter().map(|it| it.as_str().into()).collect(),
                budgets: terms.budgets(&entity),
            });
        }
        Ok((!all.groups.is_empty()).then_some(all))
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

/// Entries of model lists that may be the name of an access group, each once.
fn group_names(holder: &Holder) -> Vec<&str> {
    let lists = [
        Some(&holder.key.doc.models),
        holder.team.as_ref().map(|it| &it.doc.models),
        holder.user.as_ref().map(|it| &it.doc.models),
        holder.organization.as_ref().map(|it| &it.doc.models),
        holder
            .member_budget
            .as_ref()
            .map(|it| &it.doc.allowed_models),
    ];
    let names = lists.into_iter().flatten().flatten().map(String::as_str);
    let names: BTreeSet<&str> = names.filter(|it| may_be_group(it)).collect();
    names.into_iter().collect()
}

/// Whether an entry of a model list may be the name of an access group.
fn may_be_group(entry: &str) -> bool {
    !entry.contains('*') && !is_no_model(entry)
}

fn end_user(row: &EndUserRow) -> Payer {
    Payer {
        blocked: row.blocked,
        default_model: row.doc.default_model.as_deref().map(Arc::from),
        allowed_model_region: row.doc.allowed_model_region.as_deref().map(Arc::from),
        metadata: object(&row.doc.rest, "metadata"),
        models: list(&row.doc.rest, "models"),
        ..Payer::default()
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

    fn add_team<'a>(
        &'a self,
        id: &'a str,
        actor: &'a str,
        now_ms: i64,
    ) -> BoxFuture<'a, Result<(), Unreachable>> {
        self.write_team(id, actor, now_ms)
            .map_err(unreachable)
            .boxed()
    }

    fn named<'a>(
        &'a self,
        kind: EntityKind,
        alias: &'a str,
    ) -> BoxFuture<'a, Result<Option<Named>, Unreachable>> {
        self.read_named(kind, alias).map_err(unreachable).boxed()
    }

    fn payer<'a>(
        &'a self,
        kind: EntityKind,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Payer>, Unreachable>> {
        self.read_payer(kind, id).map_err(unreachable).boxed()
    }

    fn group_budgets(&self) -> BoxFuture<'_, Result<Option<GroupBudgets>, Unreachable>> {
        self.read_group_budgets().map_err(unreachable).boxed()
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
