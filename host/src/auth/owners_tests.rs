//! Every foreign row is tried.

use std::sync::Arc;

use super::grant::{OrganizationPart, TeamSeat};
use super::owners::*;
use super::samples::{grant_of, names, team};
use super::{Caller, Role};

const ROUTE: &str = "/key/generate";

/// A user `u1` of team `t1` in organisation `o1`, with a key of that team.
fn caller(role: Role, team_admin: bool, administers: &[&str], permissions: &[&str]) -> Caller {
    let mut grant = grant_of(role);
    let mut own = team("t1", &[]);
    own.organization_id = Some("o1".into());
    own.member_permissions = names(permissions);
    grant.team = Some(own);
    grant.organization = Some(OrganizationPart {
        id: "o1".into(),
        ..OrganizationPart::default()
    });
    if let Some(user) = &mut grant.user {
        user.teams = vec![TeamSeat {
            team_id: "t1".into(),
            admin: team_admin,
        }];
        user.administers = names(administers);
    }
    Caller::granted(Arc::new(grant))
}

fn of(
    user: Option<&'static str>,
    team: Option<&'static str>,
    org: Option<&'static str>,
) -> KeyOwners<'static> {
    KeyOwners {
        hash: "another key",
        user_id: user,
        team_id: team,
        organization_id: org,
    }
}

/// Keys that belong to others in every way.
fn foreign_keys() -> Vec<KeyOwners<'static>> {
    vec![
        of(None, None, None),
        of(Some("u2"), None, None),
        of(Some(""), None, None),
        of(Some("u2"), Some("t2"), Some("o2")),
        of(None, Some("t2"), Some("o2")),
        of(None, Some("t1x"), None),
        of(Some("U1"), Some("T1"), Some("O1")),
    ]
}

#[test]
fn nobody_but_admins_reaches_a_foreign_key() {
    let callers = [
        caller(Role::OrgAdmin, true, &["o1"], &[ROUTE]),
        caller(Role::InternalUser, true, &[], &[ROUTE]),
        caller(Role::InternalUser, false, &[], &[ROUTE]),
        caller(Role::InternalUserViewer, true, &[], &[ROUTE]),
        caller(Role::Team, false, &[], &[ROUTE]),
        caller(Role::Customer, false, &[], &[ROUTE]),
    ];
    for caller in &callers {
        for key in foreign_keys() {
            assert!(!may_see_key(caller, key), "{} {key:?}", caller.role());
            assert!(!may_see_spend(caller, key), "{} {key:?}", caller.role());
            assert!(
                !may_change_key(caller, key, ROUTE),
                "{} {key:?}",
                caller.role()
            );
            assert!(
                !may_make_key(caller, key, ROUTE),
                "{} {key:?}",
                caller.role()
            );
        }
    }
}

#[test]
fn nobody_but_admins_reaches_a_foreign_team_user_or_organisation() {
    let foreign = TeamOwners {
        team_id: "t2",
        organization_id: Some("o2"),
    };
    for role in [
        Role::OrgAdmin,
        Role::InternalUser,
        Role::InternalUserViewer,
        Role::Team,
        Role::Customer,
    ] {
        let caller = caller(role, true, &["o1"], &[ROUTE]);
        assert!(!may_see_team(&caller, foreign) && !may_change_team(&caller, foreign));
        assert!(!may_make_team(&caller, Some("o2")) && !may_make_team(&caller, None));
        assert!(!may_see_user(&caller, "u2", &["o2"]) && !may_see_user(&caller, "u2", &[]));
        assert!(!may_change_user(&caller, "u2", &["o2"]) && !may_change_user(&caller, "u2", &[]));
        assert!(!may_see_organization(&caller, "o2"));
        assert!(!may_change_organization(&caller, Some("o2")));
        assert!(!may_change_organization(&caller, None));
    }
}

#[test]
fn a_user_reaches_what_is_theirs() {
    let caller = caller(Role::InternalUser, false, &[], &[]);
    let own = of(Some("u1"), None, None);
    assert!(may_see_key(&caller, own) && may_change_key(&caller, own, ROUTE));
    assert!(may_make_key(&caller, own, ROUTE));
    assert!(!may_make_key(
        &caller,
        of(Some("u1"), None, Some("o1")),
        ROUTE
    ));
    assert!(may_see_user(&caller, "u1", &[]) && may_change_user(&caller, "u1", &[]));
    assert!(
        !may_raise_user(&caller, "u1", &["o1"]),
        "nobody raises themselves"
    );
    let left = of(Some("u1"), Some("t2"), None);
    assert!(may_see_key(&caller, left) && !may_change_key(&caller, left, ROUTE));
}

#[test]
fn a_member_makes_keys_of_the_team_only_if_the_team_lets_them() {
    let key = of(Some("u1"), Some("t1"), Some("o1"));
    let for_another = of(Some("u2"), Some("t1"), Some("o1"));
    let plain = caller(Role::InternalUser, false, &[], &[]);
    assert!(!may_make_key(&plain, key, ROUTE) && !may_see_key(&plain, for_another));
    let trusted = caller(Role::InternalUser, false, &[], &[ROUTE]);
    assert!(may_make_key(&trusted, key, ROUTE) && !may_make_key(&trusted, key, "/key/update"));
    assert!(!may_make_key(&trusted, for_another, ROUTE));
    let admin = caller(Role::InternalUser, true, &[], &[]);
    assert!(may_make_key(&admin, for_another, ROUTE) && may_see_key(&admin, for_another));
    assert!(may_change_key(&admin, for_another, ROUTE));
}

#[test]
fn an_organisations_admin_reaches_its_teams_and_users() {
    let caller = caller(Role::OrgAdmin, false, &["o1"], &[]);
    let team = TeamOwners {
        team_id: "t9",
        organization_id: Some("o1"),
    };
    assert!(may_change_team(&caller, team) && may_see_team(&caller, team));
    assert!(may_make_team(&caller, Some("o1")));
    assert!(may_change_key(
        &caller,
        of(Some("u2"), Some("t9"), Some("o1")),
        ROUTE
    ));
    assert!(may_see_user(&caller, "u2", &["o2", "o1"]) && may_raise_user(&caller, "u2", &["o1"]));
    assert!(
        !may_raise_user(&caller, "u2", &["o1", "o2"]),
        "the user is another's too"
    );
}

#[test]
fn viewers_see_and_do_not_change() {
    let viewer = caller(Role::ProxyAdminViewer, true, &["o1"], &[ROUTE]);
    for key in foreign_keys() {
        assert!(may_see_key(&viewer, key) && !may_change_key(&viewer, key, ROUTE));
    }
    let own = of(Some("u1"), None, None);
    let viewer = caller(Role::InternalUserViewer, true, &["o1"], &[ROUTE]);
    assert!(may_see_key(&viewer, own) && !may_change_key(&viewer, own, ROUTE));
    assert!(!may_change_user(&viewer, "u1", &[]) && !may_make_key(&viewer, own, ROUTE));
}

#[test]
fn the_operator_reaches_everything() {
    for key in foreign_keys() {
        assert!(may_change_key(&Caller::MASTER, key, ROUTE) && may_see_key(&Caller::LOCAL, key));
    }
    assert!(may_change_organization(&Caller::MASTER, None));
}
