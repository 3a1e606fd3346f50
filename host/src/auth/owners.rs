//! Whose is what: the questions that a handler asks before it shows or changes a row.
//!
//! The route table lets a role through the door; these say to which rows. They know ids only, so
//! that every foreign row can be tried without a database. A viewer of everything sees and
//! changes nothing; who sees nothing is told that the row does not exist, or is refused, by the
//! handler.

use super::caller::{Caller, Role};
use super::grant::UserPart;

/// The owners of a virtual key, by id.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyOwners<'r> {
    pub hash: &'r str,
    pub user_id: Option<&'r str>,
    pub team_id: Option<&'r str>,
    /// Of the key, else of its team.
    pub organization_id: Option<&'r str>,
}

/// A team, by id.
#[derive(Debug, Clone, Copy, Default)]
pub struct TeamOwners<'r> {
    pub team_id: &'r str,
    pub organization_id: Option<&'r str>,
}

/// May the caller see a key's row? Itself, its user, the admins of its team and organisation.
pub fn may_see_key(caller: &Caller, key: KeyOwners<'_>) -> bool {
    let itself = caller
        .key_hash()
        .is_some_and(|hash| hash.as_str() == key.hash);
    caller.sees_all()
        || itself
        || is_user(caller, key.user_id)
        || administers(caller, key.team_id, key.organization_id)
}

/// May the caller change, delete or regenerate a key? Its user (who may not be a viewer), the
/// admins of its team and organisation, and a member of its team whom `team_member_permissions`
/// lets call `route`. A key that belongs to a team is not its user's alone: the user must still
/// be in that team.
pub fn may_change_key(caller: &Caller, key: KeyOwners<'_>, route: &str) -> bool {
    if caller.is_admin() {
        return true;
    }
    if !changes_things(caller) {
        return false;
    }
    administers(caller, key.team_id, key.organization_id)
        || match key.team_id {
            Some(team) if is_user(caller, key.user_id) => is_in_team(caller, team),
            Some(team) => member_may(caller, team, route),
            None => is_user(caller, key.user_id),
        }
}

/// May the caller make a key for these owners? A user for itself, a team's admin for the team,
/// a member whom the team lets call `route` for the team.
pub fn may_make_key(caller: &Caller, key: KeyOwners<'_>, route: &str) -> bool {
    if caller.is_admin() {
        return true;
    }
    if !changes_things(caller) {
        return false;
    }
    administers(caller, key.team_id, key.organization_id)
        || match key.team_id {
            Some(team) => {
                let for_itself = key.user_id.is_none() || is_user(caller, key.user_id);
                for_itself && member_may(caller, team, route)
            }
            None => key.organization_id.is_none() && is_user(caller, key.user_id),
        }
}

/// May the caller see a team? Its members, keys of the team, the admins of its organisation.
pub fn may_see_team(caller: &Caller, team: TeamOwners<'_>) -> bool {
    caller.sees_all()
        || caller.team_id() == Some(team.team_id)
        || is_in_team(caller, team.team_id)
        || administers(caller, Some(team.team_id), team.organization_id)
}

/// May the caller change a team and its members? The team's admins and its organisation's.
pub fn may_change_team(caller: &Caller, team: TeamOwners<'_>) -> bool {
    caller.is_admin()
        || (changes_things(caller) && administers(caller, Some(team.team_id), team.organization_id))
}

/// May the caller make or delete a team in this organisation? Its admins.
pub fn may_make_team(caller: &Caller, organization_id: Option<&str>) -> bool {
    may_change_organization(caller, organization_id)
}

/// May the caller see a user's row? Themselves, and the admins of an organisation that the user
/// is in.
pub fn may_see_user(caller: &Caller, user_id: &str, organizations: &[&str]) -> bool {
    caller.sees_all()
        || is_user(caller, Some(user_id))
        || organizations
            .iter()
            .any(|id| administers(caller, None, Some(id)))
}

/// May the caller change a user's row? Themselves within what the handler lets anybody set (never
/// the role, models, budgets or limits: see [`may_raise_user`]), and organisation admins.
pub fn may_change_user(caller: &Caller, user_id: &str, organizations: &[&str]) -> bool {
    caller.is_admin()
        || (changes_things(caller)
            && (is_user(caller, Some(user_id)) || may_raise_user(caller, user_id, organizations)))
}

/// May the caller set a user's models, budgets and limits? Never their own, unless an admin.
/// Roles are the proxy admins' to give.
pub fn may_raise_user(caller: &Caller, user_id: &str, organizations: &[&str]) -> bool {
    caller.is_admin()
        || (changes_things(caller)
            && !is_user(caller, Some(user_id))
            && !organizations.is_empty()
            // Of all of them: an admin of one organisation does not reach into another.
            && organizations.iter().all(|id| administers(caller, None, Some(id))))
}

/// May the caller see an organisation? Its admins, and keys and teams inside it.
pub fn may_see_organization(caller: &Caller, organization_id: &str) -> bool {
    let own = caller.grant().and_then(|grant| grant.organization.as_ref());
    caller.sees_all()
        || own.is_some_and(|own| &*own.id == organization_id)
        || administers(caller, None, Some(organization_id))
}

/// May the caller change an organisation and what is in it? Its admins. None: what belongs to no
/// organisation is the proxy admins'.
pub fn may_change_organization(caller: &Caller, organization_id: Option<&str>) -> bool {
    caller.is_admin()
        || (changes_things(caller)
            && organization_id.is_some_and(|id| administers(caller, None, Some(id))))
}

/// May the caller read the spend of somebody? Exactly who may see the row.
pub fn may_see_spend(caller: &Caller, of: KeyOwners<'_>) -> bool {
    may_see_key(caller, of)
}

/// A caller that may change what is its own: a user who is no viewer. Keys without a user change
/// nothing.
fn changes_things(caller: &Caller) -> bool {
    let role = caller.role();
    matches!(role, Role::ProxyAdmin | Role::OrgAdmin | Role::InternalUser) && user(caller).is_some()
}

fn user(caller: &Caller) -> Option<&UserPart> {
    caller.grant()?.user.as_ref()
}

fn is_user(caller: &Caller, user_id: Option<&str>) -> bool {
    user_id.is_some_and(|id| !id.is_empty() && caller.user_id() == Some(id))
}

fn is_in_team(caller: &Caller, team: &str) -> bool {
    user(caller).is_some_and(|user| user.teams.iter().any(|seat| &*seat.team_id == team))
}

/// Admin of the team, or of the organisation above it.
fn administers(caller: &Caller, team: Option<&str>, organization: Option<&str>) -> bool {
    let Some(user) = user(caller) else {
        return false;
    };
    let seat = |team: &str| {
        let mut seats = user.teams.iter();
        seats.any(|seat| seat.admin && &*seat.team_id == team)
    };
    team.is_some_and(seat)
        || organization.is_some_and(|id| user.administers.iter().any(|own| &**own == id))
}

/// Whether a plain member of the team may call a management route for the team. The team's word
/// is known only for the team of the caller's own key.
fn member_may(caller: &Caller, team: &str, route: &str) -> bool {
    let of_key = caller.grant().and_then(|grant| grant.team.as_ref());
    is_in_team(caller, team)
        && of_key.is_some_and(|own| {
            &*own.id == team && own.member_permissions.iter().any(|it| &**it == route)
        })
}
