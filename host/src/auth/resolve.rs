//! Grants out of the store's rows: who holds a key, in which role, and what everybody behind it
//! says. Pure: the rows are read elsewhere.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::caller::Role;
use super::grant::{
    AccessGroup, Grant, KeyPart, KeyType, MemberPart, OrganizationPart, Source, TeamPart, UserPart,
};
use super::network::Networks;
use super::terms::{self, Terms};
use crate::domain::{Entity, EntityKind, KeyHash};
use crate::store::{
    AccessGroupRow, Holder, KeyRow, OrganizationMemberRow, OrganizationRow, TeamRow, UserRow,
};

/// What is read beside the holder's own rows.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub organizations: Vec<OrganizationMemberRow>,
    pub access_groups: Vec<AccessGroupRow>,
    /// Model lists have names that a group may have, or get.
    pub names_groups: bool,
}

/// The grant of a key and everybody behind it.
pub(super) fn of_holder(holder: &Holder, around: &Around, user_budget_on_team_keys: bool) -> Grant {
    let mut grant = Grant::bare(role_of(holder, around));
    grant.key = Some(key_part(&holder.key, holder.revoked_at));
    grant.user = holder.user.as_ref().map(user_part);
    grant.team = holder.team.as_ref().map(team_part);
    grant.member = holder.member.as_ref().map(|_| MemberPart {
        models: holder
            .member_budget
            .as_ref()
            .map(|budget| arcs(&budget.doc.allowed_models))
            .unwrap_or_default(),
    });
    grant.organization = holder.organization.as_ref().map(organization_part);
    grant.access_groups = around.access_groups.iter().flat_map(groups_named).collect();
    let key = &holder.key.doc;
    let of_team = holder.team.as_ref().map(|team| &team.doc.metadata);
    for said in [Some(&key.metadata), Some(&key.rest), of_team] {
        let Some(said) = said else { continue };
        add_new(&mut grant.tags, list(said, "tags"));
        add_new(&mut grant.guardrails, list(said, "guardrails"));
        add_new(&mut grant.enforced_params, list(said, "enforced_params"));
        let goes_without = said.get("disable_global_guardrails");
        grant.disables_global_guardrails |= goes_without == Some(&Value::Bool(true));
    }
    grant.cache_controls = list(&key.rest, "allowed_cache_controls");
    let of_team = holder.team.as_ref().map(|team| &team.doc.rest);
    grant.router_settings = router_settings([of_team, Some(&key.rest)]);
    add_terms(&mut grant, holder, user_budget_on_team_keys);
    grant.sources = sources(holder, around);
    grant
}

/// Settings of the router; those that come later count.
fn router_settings(docs: [Option<&Map<String, Value>>; 2]) -> Option<Arc<Map<String, Value>>> {
    let mut all = Map::new();
    for doc in docs.into_iter().flatten() {
        let said = doc.get("router_settings").and_then(Value::as_object);
        let set = said.into_iter().flatten().filter(|it| !it.1.is_null());
        all.extend(set.map(|(name, value)| (name.clone(), value.clone())));
    }
    (!all.is_empty()).then(|| Arc::new(all))
}

fn role_of(holder: &Holder, around: &Around) -> Role {
    let Some(user) = &holder.user else {
        return Role::Team;
    };
    // A role that nobody knows may do least that a person may.
    let role = user
        .role
        .as_deref()
        .map_or(Some(Role::InternalUser), Role::parse);
    let role = role.unwrap_or(Role::InternalUserViewer);
    let administers = administers(around);
    match role {
        Role::InternalUser | Role::InternalUserViewer if administers => Role::OrgAdmin,
        // The role of one organisation, not of everything.
        Role::OrgAdmin if !administers => Role::InternalUser,
        Role::Team => Role::InternalUser,
        role => role,
    }
}

fn administers(around: &Around) -> bool {
    let mut rows = around.organizations.iter();
    rows.any(|row| row.role.as_deref() == Some(Role::OrgAdmin.as_str()))
}

fn key_part(row: &KeyRow, revoked_at: Option<i64>) -> KeyPart {
    let doc = &row.doc;
    KeyPart {
        hash: KeyHash::new(row.id.as_str()),
        alias: row.alias.as_deref().map(Arc::from),
        name: row.name.as_str().into(),
        models: arcs(&doc.models),
        aliases: pairs(&doc.aliases),
        budget_fallbacks: doc
            .rest
            .get("budget_fallbacks")
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|all| {
                all.keys()
                    .map(|name| (name.as_str().into(), list(all, name)))
            })
            .collect(),
        access_groups: arcs(&doc.access_group_ids),
        allowed_routes: arcs(&doc.allowed_routes),
        // A type that nobody knows opens the least.
        key_type: doc.key_type.as_deref().map_or(KeyType::Default, |text| {
            KeyType::parse(text).unwrap_or(KeyType::ReadOnly)
        }),
        expires_at_ms: row.expires_at,
        superseded_until_ms: revoked_at,
        blocked: row.blocked,
        allowed_ips: of_key_ips(
            doc.metadata
                .get("allowed_ips")
                .or(doc.rest.get("allowed_ips")),
        ),
        metadata: doc.metadata.clone(),
        permissions: doc.permissions.clone(),
    }
}

/// None: from everywhere. What cannot be read lets nobody in.
fn of_key_ips(said: Option<&Value>) -> Option<Networks> {
    let said = said.filter(|it| !it.is_null())?;
    let list = said.as_array().map(Vec::as_slice);
    if list.is_some_and(<[Value]>::is_empty) {
        return None;
    }
    let texts = list.map(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let read = texts
        .flatten()
        .and_then(|texts| Networks::parse(texts).ok());
    Some(read.unwrap_or_else(Networks::none))
}

fn user_part(row: &UserRow) -> UserPart {
    let switched_off = row.doc.metadata.get("scim_active") == Some(&Value::Bool(false));
    UserPart {
        id: row.id.as_str().into(),
        alias: row.alias.as_deref().map(Arc::from),
        email: row.email.as_deref().map(Arc::from),
        models: arcs(&row.doc.models),
        metadata: row.doc.metadata.clone(),
        blocked: switched_off || flag(&row.doc.rest, "blocked"),
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
    let of_key = of_key
        .with_metadata(&key.doc.metadata)
        .with_tags(&key.doc.metadata);
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
        // Where a member's increase stands: beside the budget of its own.
        let own = holder.member_budget.as_ref().map(|it| &it.doc.rest);
        let terms = terms.with_increase([Some(&member.doc.rest), own]);
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
    if let Some(organization) = &holder.organization {
        let terms = match &holder.organization_budget {
            Some(budget) => Terms::default().or(budget.max_budget, &budget.doc.limits),
            None => Terms::default(),
        };
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
    if around.names_groups {
        add("access_group", Some(&"*".to_owned()));
    }
    all
}

/// A group by its id, as keys list it, and by its name, as model lists do.
pub(super) fn groups_named(row: &AccessGroupRow) -> [AccessGroup; 2] {
    [&row.id, &row.name].map(|name| AccessGroup {
        name: name.as_str().into(),
        models: arcs(&row.doc.models),
    })
}

fn arcs(list: &[String]) -> Vec<Arc<str>> {
    list.iter().map(|it| it.as_str().into()).collect()
}

fn pairs(map: &Map<String, Value>) -> Vec<(Arc<str>, Arc<str>)> {
    map.iter()
        .filter_map(|(alias, target)| Some((alias.as_str().into(), target.as_str()?.into())))
        .collect()
}

pub(super) fn list(map: &Map<String, Value>, name: &str) -> Vec<Arc<str>> {
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

pub(super) fn object(map: &Map<String, Value>, name: &str) -> Map<String, Value> {
    let found = map.get(name).and_then(Value::as_object);
    found.cloned().unwrap_or_default()
}

fn flag(map: &Map<String, Value>, name: &str) -> bool {
    map.get(name).and_then(Value::as_bool).unwrap_or(false)
}
