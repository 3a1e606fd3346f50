//! Grants out of the store's rows: a key's own word first, then that of the budget it names.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt, TryFutureExt};
use serde_json::{Map, Value};

use super::caller::Role;
use super::grant::{
    AccessGroup, Grant, KeyPart, KeyType, MemberPart, OrganizationPart, Source, TeamPart, TeamSeat,
    UserPart,
};
use super::keys::{Identity, News, Payer, Rows, Unreachable};
use super::network::Networks;
use super::terms::{self, Terms};
use crate::domain::{Entity, EntityKind, KeyHash};
use crate::store::{
    AccessGroupRow, BudgetRow, Changed, EndUserRow, Holder, KeyRow, OrganizationMemberRow,
    OrganizationRow, Query, Stamp, Store, StoreError, TagRow, TeamMemberRow, TeamRow, UserRow,
    member_id,
};

/// What is read beside the holder's own rows.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub seats: Vec<TeamMemberRow>,
    pub organizations: Vec<OrganizationMemberRow>,
    pub access_groups: Vec<AccessGroupRow>,
}

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

/// The grant of a key and everybody behind it.
pub(super) fn of_holder(holder: &Holder, around: &Around, user_budget_on_team_keys: bool) -> Grant {
    let mut grant = Grant::bare(role_of(holder, around));
    grant.key = Some(key_part(&holder.key, holder.revoked_at));
    grant.user = holder.user.as_ref().map(|user| user_part(user, around));
    grant.team = holder.team.as_ref().map(team_part);
    grant.member = holder.member.as_ref().map(|member| MemberPart {
        admin: member.role == "admin",
        models: holder
            .member_budget
            .as_ref()
            .map(|budget| arcs(&budget.doc.allowed_models))
            .unwrap_or_default(),
    });
    grant.organization = holder.organization.as_ref().map(organization_part);
    grant.access_groups = around
        .access_groups
        .iter()
        .flat_map(|row| {
            // Keys list groups by id, model lists by name.
            [&row.id, &row.name].map(|name| AccessGroup {
                name: name.as_str().into(),
                models: arcs(&row.doc.models),
            })
        })
        .collect();
    let key = &holder.key.doc;
    let of_team = holder.team.as_ref().map(|team| &team.doc.metadata);
    for said in [Some(&key.metadata), Some(&key.rest), of_team] {
        let Some(said) = said else { continue };
        add_new(&mut grant.tags, list(said, "tags"));
        add_new(&mut grant.guardrails, list(said, "guardrails"));
        add_new(&mut grant.enforced_params, list(said, "enforced_params"));
    }
    add_terms(&mut grant, holder, user_budget_on_team_keys);
    grant.sources = sources(holder, around);
    grant
}

fn role_of(holder: &Holder, around: &Around) -> Role {
    let Some(user) = &holder.user else {
        return Role::Team;
    };
    // An unknown or missing role may do least that a person may.
    let role = user
        .role
        .as_deref()
        .map_or(Some(Role::InternalUser), Role::parse);
    let role = role.unwrap_or(Role::InternalUserViewer);
    let administers = administered(around).next().is_some();
    match role {
        Role::InternalUser | Role::InternalUserViewer if administers => Role::OrgAdmin,
        // The role of one organisation, not of everything.
        Role::OrgAdmin if !administers => Role::InternalUser,
        Role::Team => Role::InternalUser,
        role => role,
    }
}

fn administered(around: &Around) -> impl Iterator<Item = &str> {
    let rows = around.organizations.iter();
    rows.filter(|row| row.role.as_deref() == Some(Role::OrgAdmin.as_str()))
        .map(|row| row.organization_id.as_str())
}

fn key_part(row: &KeyRow, revoked_at: Option<i64>) -> KeyPart {
    let doc = &row.doc;
    let ips = list(&doc.metadata, "allowed_ips");
    let ips = if ips.is_empty() {
        list(&doc.rest, "allowed_ips")
    } else {
        ips
    };
    KeyPart {
        hash: KeyHash::new(row.id.as_str()),
        alias: row.alias.as_deref().map(Arc::from),
        name: row.name.as_str().into(),
        models: arcs(&doc.models),
        aliases: pairs(&doc.aliases),
        access_groups: arcs(&doc.access_group_ids),
        allowed_routes: arcs(&doc.allowed_routes),
        // A type that nobody knows opens the least.
        key_type: doc.key_type.as_deref().map_or(KeyType::Default, |text| {
            KeyType::parse(text).unwrap_or(KeyType::ReadOnly)
        }),
        expires_at_ms: row.expires_at,
        superseded_until_ms: revoked_at,
        blocked: row.blocked,
        // A list that cannot be read lets nobody in.
        allowed_ips: (!ips.is_empty()).then(|| {
            let read = Networks::parse(ips.iter().map(|it| &**it));
            read.unwrap_or_else(|_| Networks::none())
        }),
        metadata: doc.metadata.clone(),
        permissions: doc.permissions.clone(),
    }
}

fn user_part(row: &UserRow, around: &Around) -> UserPart {
    let switched_off = row.doc.metadata.get("scim_active") == Some(&Value::Bool(false));
    UserPart {
        id: row.id.as_str().into(),
        alias: row.alias.as_deref().map(Arc::from),
        email: row.email.as_deref().map(Arc::from),
        models: arcs(&row.doc.models),
        metadata: row.doc.metadata.clone(),
        blocked: switched_off || flag(&row.doc.rest, "blocked"),
        teams: around
            .seats
            .iter()
            .map(|seat| TeamSeat {
                team_id: seat.team_id.as_str().into(),
                admin: seat.role == "admin",
            })
            .collect(),
        administers: administered(around).map(Arc::from).collect(),
    }
}

fn team_part(row: &TeamRow) -> TeamPart {
    TeamPart {
        id: row.id.as_str().into(),
        alias: row.alias.as_deref().map(Arc::from),
        organization_id: row.organization_id.as_deref().map(Arc::from),
        models: arcs(&row.doc.models),
        aliases: pairs(&row.doc.model_aliases),
        access_groups: arcs(&row.doc.access_group_ids),
        blocked: row.blocked,
        metadata: row.doc.metadata.clone(),
        member_permissions: arcs(&row.doc.team_member_permissions),
    }
}

fn organization_part(row: &OrganizationRow) -> OrganizationPart {
    OrganizationPart {
        id: row.id.as_str().into(),
        alias: row.alias.as_deref().map(Arc::from),
        models: arcs(&row.doc.models),
        metadata: row.doc.metadata.clone(),
        blocked: flag(&row.doc.rest, "blocked"),
    }
}

fn add_terms(grant: &mut Grant, holder: &Holder, user_budget_on_team_keys: bool) {
    let key = &holder.key;
    let mut add = |kind, id: &str, terms: Terms, pays: bool| {
        let entity = Entity::new(kind, id);
        grant.limits.extend(terms.limits(&entity));
        if pays {
            grant.budgets.extend(terms.budgets(&entity));
        }
    };
    let of_key = terms::of(key.max_budget, &key.doc.limits, holder.key_budget.as_ref());
    let of_key = of_key.with_metadata(&key.doc.metadata);
    add(EntityKind::Key, &key.id, of_key, true);
    if let Some(team) = &holder.team {
        let terms = terms::of(
            team.max_budget,
            &team.doc.limits,
            holder.team_budget.as_ref(),
        );
        let terms = terms.with_metadata(&team.doc.metadata);
        add(EntityKind::Team, &team.id, terms, true);
    }
    if let Some(member) = &holder.member {
        let terms = terms::of(
            member.max_budget,
            &member.doc.limits,
            holder.member_budget.as_ref(),
        );
        add(EntityKind::TeamMember, &member.id, terms, true);
    }
    if let Some(user) = &holder.user {
        let terms = terms::of(
            user.max_budget,
            &user.doc.limits,
            holder.user_budget.as_ref(),
        );
        let terms = terms.with_metadata(&user.doc.metadata);
        let pays = holder.team.is_none() || user_budget_on_team_keys;
        add(EntityKind::User, &user.id, terms, pays);
    }
    if let (Some(organization), Some(budget)) = (&holder.organization, &holder.organization_budget)
    {
        let terms = Terms::default().or(budget.max_budget, &budget.doc.limits);
        let terms = terms.with_metadata(&organization.doc.metadata);
        add(EntityKind::Organization, &organization.id, terms, true);
    }
}

fn sources(holder: &Holder, around: &Around) -> Vec<Source> {
    let mut all = vec![Source::new("key", holder.key.id.as_str())];
    let mut add = |kind: &str, id: Option<&String>| {
        all.extend(id.map(|id| Source::new(kind, id.as_str())));
    };
    add("user", holder.user.as_ref().map(|it| &it.id));
    add("team", holder.team.as_ref().map(|it| &it.id));
    add("team_member", holder.member.as_ref().map(|it| &it.id));
    add(
        "organization",
        holder.organization.as_ref().map(|it| &it.id),
    );
    for budget in [
        &holder.key_budget,
        &holder.team_budget,
        &holder.member_budget,
        &holder.user_budget,
        &holder.organization_budget,
    ] {
        add("budget", budget.as_ref().map(|it| &it.id));
    }
    for group in &around.access_groups {
        add("access_group", Some(&group.id));
    }
    all
}

fn arcs(list: &[String]) -> Vec<Arc<str>> {
    list.iter().map(|it| it.as_str().into()).collect()
}

fn pairs(map: &Map<String, Value>) -> Vec<(Arc<str>, Arc<str>)> {
    map.iter()
        .filter_map(|(alias, target)| Some((alias.as_str().into(), target.as_str()?.into())))
        .collect()
}

fn list(map: &Map<String, Value>, name: &str) -> Vec<Arc<str>> {
    let found = map.get(name).and_then(Value::as_array);
    let texts = found.into_iter().flatten().filter_map(Value::as_str);
    texts.map(Arc::from).collect()
}

fn add_new(into: &mut Vec<Arc<str>>, found: Vec<Arc<str>>) {
    for one in found {
        if !into.contains(&one) {
            into.push(one);
        }
    }
}

fn object(map: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let found = map.get(name).and_then(Value::as_object);
    found.cloned().unwrap_or_default()
}

fn flag(map: &Map<String, Value>, name: &str) -> bool {
    map.get(name).and_then(Value::as_bool).unwrap_or(false)
}
