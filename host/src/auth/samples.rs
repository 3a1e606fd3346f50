//! Parts of grants, for the tests of this room and of those that take callers.

use std::sync::Arc;

use serde_json::Map;

use super::grant::{KeyPart, KeyType, TeamPart, UserPart};
use super::{Caller, Grant, Role, hash_key};

pub(super) fn names(list: &[&str]) -> Vec<Arc<str>> {
    list.iter().map(|&it| it.into()).collect()
}

pub(super) fn named(list: &[(&str, &str)]) -> Vec<(Arc<str>, Arc<str>)> {
    list.iter().map(|&(a, b)| (a.into(), b.into())).collect()
}

pub(super) fn key(models: &[&str]) -> KeyPart {
    KeyPart {
        hash: hash_key("sk-sample-0123456789"),
        alias: None,
        name: "sk-...6789".into(),
        models: names(models),
        aliases: Vec::new(),
        budget_fallbacks: Vec::new(),
        access_groups: Vec::new(),
        allowed_routes: Vec::new(),
        key_type: KeyType::Default,
        expires_at_ms: None,
        superseded_until_ms: None,
        blocked: false,
        allowed_ips: None,
        metadata: Map::new(),
        permissions: Map::new(),
    }
}

pub(super) fn team(id: &str, models: &[&str]) -> TeamPart {
    TeamPart {
        id: id.into(),
        models: names(models),
        ..TeamPart::default()
    }
}

pub(super) fn user(id: &str, models: &[&str]) -> UserPart {
    UserPart {
        id: id.into(),
        models: names(models),
        ..UserPart::default()
    }
}

/// A caller with a key of the role.
pub(super) fn holder(role: Role) -> Caller {
    Caller::granted(Arc::new(grant_of(role)))
}

/// A key of the role; roles of people have a user.
pub(super) fn grant_of(role: Role) -> Grant {
    let mut grant = Grant::bare(role);
    grant.key = Some(key(&[]));
    if role != Role::Team {
        grant.user = Some(user("u1", &[]));
    }
    grant
}

/// A caller whom no door has proven.
pub(crate) fn caller(grant: Grant) -> Caller {
    Caller::granted(Arc::new(grant))
}

/// The operator.
pub(crate) fn master() -> Caller {
    Caller::MASTER
}

/// A caller of this role who is this user.
pub(crate) fn person(role: Role, id: &str) -> Caller {
    let mut grant = Grant::bare(role);
    grant.user = Some(user(id, &[]));
    caller(grant)
}

/// Who holds a key that says this of itself.
pub(crate) fn key_saying(name: &str, value: serde_json::Value) -> Caller {
    let mut grant = Grant::bare(Role::Team);
    let mut key = key(&[]);
    key.metadata.insert(name.to_owned(), value);
    grant.key = Some(key);
    caller(grant)
}

/// Who holds a key that an admin permitted this.
pub(crate) fn key_permitted(name: &str) -> Caller {
    let mut grant = Grant::bare(Role::Team);
    let mut key = key(&[]);
    key.permissions.insert(name.to_owned(), true.into());
    grant.key = Some(key);
    caller(grant)
}

/// Who holds the key with this hash, which belongs to nobody.
pub(crate) fn key_alone(hash: &str) -> Caller {
    let mut grant = Grant::bare(Role::Team);
    grant.key = Some(KeyPart {
        hash: crate::domain::KeyHash::new(hash),
        ..key(&[])
    });
    caller(grant)
}

/// Who holds a key of this user and this team.
pub(crate) fn key_of(holder: Option<&str>, group: Option<&str>) -> Caller {
    let mut grant = Grant::bare(Role::Team);
    grant.key = Some(key(&[]));
    grant.user = holder.map(|it| user(it, &[]));
    grant.team = group.map(|it| team(it, &[]));
    caller(grant)
}
