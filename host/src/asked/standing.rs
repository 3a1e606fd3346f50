//! Where a caller sits. Read from the database for each request: who lost a seat a moment ago has
//! lost what it gave.

use crate::auth::{Caller, Role};
use crate::store::{OrganizationMemberRow, Query, Store, StoreError, TeamMemberRow};

/// A caller, its teams and its organisations.
#[derive(Debug, Clone, Default)]
pub struct Standing {
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

impl Standing {
    /// Who somebody is, without a look at their seats: for those who need none.
    pub fn of(caller: &Caller) -> Self {
        Self {
            user: caller.user_id().map(str::to_owned),
            key: caller.key_hash().map(|it| it.as_str().to_owned()),
            key_team: caller.team_id().map(str::to_owned),
            ..Self::default()
        }
    }

    /// With the seats of the caller's user.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn read(store: &Store, caller: &Caller) -> Result<Self, StoreError> {
        let mut standing = Self::of(caller);
        let Some(user) = &standing.user else {
            return Ok(standing);
        };
        let query = || Query::new().is("user_id", user.as_str());
        let seats = store.list::<TeamMemberRow>(&query()).await?.rows;
        let organizations = store.list::<OrganizationMemberRow>(&query()).await?.rows;
        let seats = seats.into_iter();
        standing.seats = seats.map(|it| (it.team_id, it.role == "admin")).collect();
        let organizations = organizations.into_iter().map(|it| {
            let admin = it.role.as_deref() == Some(Role::OrgAdmin.as_str());
            (it.organization_id, admin)
        });
        standing.organizations = organizations.collect();
        Ok(standing)
    }
}
