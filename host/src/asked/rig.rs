//! People and callers for the tests of management and reports, and how their refusals read.

use crate::auth::{Caller, Role, samples};
use crate::domain::Fault;
use crate::store::tests::NOW;
use crate::store::{
    OrganizationMemberRow, OrganizationRow, Stamp, Store, TeamMemberRow, TeamRow, UserRow,
    member_id,
};

/// The operator, with the master key.
pub fn master() -> Caller {
    samples::master()
}

/// A user with a key that is not in the database.
pub fn user(id: &str, role: Role) -> Caller {
    samples::person(role, id)
}

pub fn member(id: &str) -> Caller {
    user(id, Role::InternalUser)
}

/// Whoever holds the key with this hash and nothing else.
pub fn holder(hash: &str) -> Caller {
    samples::key_alone(hash)
}

/// Status and field of a refusal, which is never an error of ours.
pub fn named<T: std::fmt::Debug>(answer: Result<T, Fault>) -> String {
    let fault = answer.expect_err("was not refused");
    let status = fault.status.unwrap_or(500);
    assert!((400..500).contains(&status), "{status}: {fault}");
    format!("{status} {}", fault.param.unwrap_or_default())
}

/// Two organisations `o1`, `o2`; teams `t1` and `t2` of `o1`, `t3` of `o2`. `lead` is admin of
/// `t1`, `ann` and `bob` are in it, `eve` is in `t3` only, `head` is admin of `o1`; `root` is a
/// proxy admin.
pub async fn people(store: &Store) {
    let stamp = || Stamp::new(NOW, "setup");
    let mut change = store.change(NOW).await.unwrap();
    for id in ["o1", "o2"] {
        let row = OrganizationRow {
            id: id.to_owned(),
            stamp: stamp(),
            ..OrganizationRow::default()
        };
        change.insert(&row).await.unwrap();
    }
    for (id, role) in [
        ("root", "proxy_admin"),
        ("lead", "internal_user"),
        ("ann", "internal_user"),
        ("bob", "internal_user"),
        ("eve", "internal_user"),
        ("head", "internal_user"),
    ] {
        let row = UserRow {
            id: id.to_owned(),
            email: Some(format!("{id}@example.com")),
            role: Some(role.to_owned()),
            stamp: stamp(),
            ..UserRow::default()
        };
        change.insert(&row).await.unwrap();
    }
    for (id, organization) in [("t1", "o1"), ("t2", "o1"), ("t3", "o2")] {
        let row = TeamRow {
            id: id.to_owned(),
            alias: Some(format!("team {id}")),
            organization_id: Some(organization.to_owned()),
            stamp: stamp(),
            ..TeamRow::default()
        };
        change.insert(&row).await.unwrap();
    }
    for (team, user, role) in [
        ("t1", "lead", "admin"),
        ("t1", "ann", "user"),
        ("t1", "bob", "user"),
        ("t3", "eve", "user"),
    ] {
        let row = TeamMemberRow {
            id: member_id(team, user),
            team_id: team.to_owned(),
            user_id: user.to_owned(),
            role: role.to_owned(),
            stamp: stamp(),
            ..TeamMemberRow::default()
        };
        change.insert(&row).await.unwrap();
    }
    let row = OrganizationMemberRow {
        id: member_id("o1", "head"),
        organization_id: "o1".to_owned(),
        user_id: "head".to_owned(),
        role: Some("org_admin".to_owned()),
        stamp: stamp(),
        ..OrganizationMemberRow::default()
    };
    change.insert(&row).await.unwrap();
    change.commit().await.unwrap();
}
