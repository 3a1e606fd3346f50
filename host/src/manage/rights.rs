//! Whose an object is. The rights of a caller are read from the database for each request: who
//! lost a seat a moment ago has lost what it allowed.

use super::Manage;
use super::fault::{admins_only, forbidden};
use crate::asked::{MASTER, Standing};
use crate::auth::{Caller, Role};
use crate::domain::Fault;
use crate::store::{
    KeyRow, OrganizationMemberRow, OrganizationRow, Query, TeamMemberRow, TeamRow, UserRow,
};

/// What a caller may see and change.
#[derive(Debug, Clone)]
pub(super) struct Rights {
    pub role: Role,
    pub user: Option<String>,
    /// Hash of the key that was used.
    pub key: Option<String>,
    /// The team of that key.
    pub key_team: Option<String>,
    /// Teams the caller is in, and whether as their admin.
    pub seats: Vec<(String, bool)>,
    /// Organisations the caller is in, and whether as their admin.
    pub organizations: Vec<(String, bool)>,
}

impl Manage {
    pub(super) async fn rights(&self, caller: &Caller) -> Result<Rights, Fault> {
        let role = caller.role();
        let standing = match role {
            Role::ProxyAdmin => Standing::of(caller),
            _ => Standing::read(&self.store, caller).await?,
        };
        Ok(Rights {
            role,
            user: standing.user,
            key: standing.key,
            key_team: standing.key_team,
            seats: standing.seats,
            organizations: standing.organizations,
        })
    }
}

impl Rights {
    /// Of a user who was proven by other means than a key.
    pub fn of_user(user: &str) -> Self {
        Self {
            role: Role::InternalUser,
            user: Some(user.to_owned()),
            key: None,
            key_team: None,
            seats: Vec::new(),
            organizations: Vec::new(),
        }
    }

    /// Of the gateway itself, under this name.
    pub fn of_job(name: &str) -> Self {
        Self {
            role: Role::ProxyAdmin,
            ..Self::of_user(name)
        }
    }

    /// As `created_by` and the audit log name the caller.
    pub fn actor(&self) -> String {
        let name = self.user.clone().or_else(|| self.key.clone());
        name.unwrap_or_else(|| MASTER.to_owned())
    }

    pub fn is_admin(&self) -> bool {
        self.role == Role::ProxyAdmin
    }

    pub fn sees_all(&self) -> bool {
        matches!(self.role, Role::ProxyAdmin | Role::ProxyAdminViewer)
    }

    /// Roles that change nothing, whatever they own.
    fn only_looks(&self) -> bool {
        matches!(
            self.role,
            Role::ProxyAdminViewer | Role::InternalUserViewer | Role::Customer
        )
    }

    pub fn need_admin(&self, what: &str) -> Result<(), Fault> {
        if self.is_admin() {
            Ok(())
        } else {
            Err(admins_only(what))
        }
    }

    pub fn need_sight(&self, what: &str) -> Result<(), Fault> {
        if self.sees_all() {
            Ok(())
        } else {
            Err(admins_only(what))
        }
    }

    pub fn is_user(&self, user: &str) -> bool {
        self.user.as_deref() == Some(user)
    }

    pub fn in_team(&self, team: &str) -> bool {
        self.seats.iter().any(|(id, _)| id == team)
    }

    pub fn in_organization(&self, organization: &str) -> bool {
        self.organizations.iter().any(|(id, _)| id == organization)
    }

    /// Teams whose admin the caller is.
    pub fn led_teams(&self) -> impl Iterator<Item = &str> {
        let led = self.seats.iter().filter(|(_, admin)| *admin);
        led.map(|(id, _)| id.as_str())
    }

    /// Organisations whose admin the caller is.
    pub fn led_organizations(&self) -> impl Iterator<Item = &str> {
        let led = self.organizations.iter().filter(|(_, admin)| *admin);
        led.map(|(id, _)| id.as_str())
    }

    fn leads_organization(&self, organization: Option<&str>) -> bool {
        organization.is_some_and(|it| self.led_organizations().any(|led| led == it))
    }

    /// Whether the team is under the caller: as its admin, or as its organisation's.
    fn leads_team(&self, team: &TeamRow) -> bool {
        self.led_teams().any(|led| led == team.id)
            || self.leads_organization(team.organization_id.as_deref())
    }

    pub fn changes_team(&self, team: &TeamRow) -> bool {
        self.is_admin() || (!self.only_looks() && self.leads_team(team))
    }

    pub fn sees_team(&self, team: &TeamRow) -> bool {
        self.sees_all()
            || self.in_team(&team.id)
            || self.key_team.as_deref() == Some(&team.id)
            || self.leads_organization(team.organization_id.as_deref())
    }

    pub fn changes_organization(&self, organization: &str) -> bool {
        self.is_admin() || (!self.only_looks() && self.leads_organization(Some(organization)))
    }

    pub fn sees_organization(&self, organization: &str) -> bool {
        self.sees_all() || self.in_organization(organization)
    }

    /// Whether a member of the team may call this route for the team's keys.
    fn permitted(&self, team: &TeamRow, route: &str) -> bool {
        let permissions = &team.doc.team_member_permissions;
        self.in_team(&team.id) && permissions.iter().any(|it| it == route)
    }

    /// `team` is the key's, read by the caller of this function.
    pub fn sees_key(&self, key: &KeyRow, team: Option<&TeamRow>) -> bool {
        self.sees_all()
            || self.key.as_deref() == Some(&key.id)
            || key.user_id.as_deref().is_some_and(|it| self.is_user(it))
            || self.leads_organization(key.organization_id.as_deref())
            || team.is_some_and(|team| {
                self.leads_team(team)
                    || (key.user_id.is_none() && self.in_team(&team.id))
                    || self.permitted(team, "/key/info")
                    || self.permitted(team, "/key/list")
            })
    }

    /// `route` is what a team may have given its members.
    pub fn changes_key(&self, key: &KeyRow, team: Option<&TeamRow>, route: &str) -> bool {
        if self.is_admin() {
            return true;
        }
        if self.only_looks() {
            return false;
        }
        let own = key.user_id.as_deref().is_some_and(|it| self.is_user(it));
        let seated = team.is_none_or(|team| self.in_team(&team.id));
        (own && seated)
            || self.leads_organization(key.organization_id.as_deref())
            || team.is_some_and(|team| self.leads_team(team) || self.permitted(team, route))
    }

    /// Whether the caller may make keys for this team, or move keys there.
    pub fn makes_keys_in(&self, team: &TeamRow, route: &str) -> bool {
        self.changes_team(team) || (!self.only_looks() && self.permitted(team, route))
    }

    /// Whether the caller may make keys of its own.
    pub fn makes_keys(&self) -> bool {
        self.is_admin() || (!self.only_looks() && self.user.is_some())
    }
}

/// The refusal for an object of somebody else.
pub(super) fn foreign(field: &str, what: &str) -> Fault {
    forbidden(
        field,
        format!("you may not access this {what}; it is not yours"),
    )
}

/// Rows that only some may see, with the check that goes with them.
impl Manage {
    pub(super) async fn team(&self, id: &str) -> Result<TeamRow, Fault> {
        let team = self.store.get::<TeamRow>(id).await?;
        team.ok_or_else(|| super::fault::absent("team_id", "team", id))
    }

    pub(super) async fn user(&self, id: &str) -> Result<UserRow, Fault> {
        let user = self.store.get::<UserRow>(id).await?;
        user.ok_or_else(|| super::fault::absent("user_id", "user", id))
    }

    pub(super) async fn organization(&self, id: &str) -> Result<OrganizationRow, Fault> {
        let row = self.store.get::<OrganizationRow>(id).await?;
        row.ok_or_else(|| super::fault::absent("organization_id", "organization", id))
    }

    /// Whether the caller may see a user: itself, or of an organisation or team it leads.
    pub(super) async fn sees_user(&self, rights: &Rights, user: &str) -> Result<bool, Fault> {
        if rights.sees_all() || rights.is_user(user) {
            return Ok(true);
        }
        let query = Query::new().is("user_id", user);
        if rights.led_organizations().next().is_some() {
            let memberships = self.store.list::<OrganizationMemberRow>(&query).await?;
            let mut memberships = memberships.rows.iter();
            if memberships.any(|it| rights.leads_organization(Some(&it.organization_id))) {
                return Ok(true);
            }
        }
        if rights.led_teams().next().is_some() {
            let seats = self.store.list::<TeamMemberRow>(&query).await?;
            return Ok(seats
                .rows
                .iter()
                .any(|seat| rights.led_teams().any(|led| led == seat.team_id)));
        }
        Ok(false)
    }

    /// Whether the caller administers every organisation that a user is in, and there is one: an
    /// admin of one organisation does not reach into another.
    pub(super) async fn leads_user(&self, rights: &Rights, user: &str) -> Result<bool, Fault> {
        if rights.is_admin() {
            return Ok(true);
        }
        let query = Query::new().is("user_id", user);
        let rows = self.store.list::<OrganizationMemberRow>(&query).await?.rows;
        Ok(!rows.is_empty()
            && rows
                .iter()
                .all(|it| rights.changes_organization(&it.organization_id)))
    }
}
