//! The team and the organisation that a token names: found by the names that people gave them, and
//! the team made where the settings say so.

use std::borrow::Cow;

use super::claims::Said;
use super::{Tokens, unknown_user};
use crate::auth::door::judge_parts;
use crate::auth::keys::{Identity, Keys};
use crate::auth::refuse;
use crate::domain::{EntityKind, ErrorKind, Fault};

impl Tokens {
    /// What a token says, with ids where it has names. An admin's are not asked for.
    pub(super) async fn by_id<'s>(
        &self,
        said: &'s Said,
        keys: &Keys,
        now_ms: i64,
    ) -> Result<Cow<'s, Said>, Fault> {
        let mut found = Cow::Borrowed(said);
        if let Some(alias) = &said.organization_alias {
            let id = one_named(keys, EntityKind::Organization, alias).await?;
            found.to_mut().organization_id = Some(id);
        }
        if let Some(alias) = &said.team_alias {
            let id = one_named(keys, EntityKind::Team, alias).await?;
            if let Some(organization) = &found.organization_id {
                within(keys, (id.as_str(), alias.as_str()), organization, now_ms).await?;
            }
            let teams = &mut found.to_mut().team_ids;
            teams.retain(|it| *it != id);
            teams.insert(0, id);
        }
        Ok(found)
    }

    /// Makes the team of a token, if it is not there and the settings say so.
    pub(super) async fn known_team(
        &self,
        said: &Said,
        keys: &Keys,
        now_ms: i64,
    ) -> Result<(), Fault> {
        let wanted = said.team_to_make.as_ref();
        let Some(id) = wanted.filter(|_| self.0.settings.team_id_upsert) else {
            return Ok(());
        };
        let who = Identity {
            team_id: Some(id.clone()),
            ..Identity::default()
        };
        if keys.identity(&who, now_ms).await?.is_some() {
            return Ok(());
        }
        if id.contains('/') {
            return Err(refuse::token_forbidden(
                "the token names a team that cannot be made: a `team_id` may not contain `/`",
            ));
        }
        // Whoever is refused all the same makes nothing.
        self.may_make(said, keys, now_ms).await?;
        let actor = said.user_id.as_deref().unwrap_or(id);
        keys.add_team(id, actor, now_ms).await
    }

    /// Whether a token's user and organisation would let it in beside a new team.
    async fn may_make(&self, said: &Said, keys: &Keys, now_ms: i64) -> Result<(), Fault> {
        if said.organization_id.is_some() {
            let who = Identity {
                organization_id: said.organization_id.clone(),
                ..Identity::default()
            };
            keys.identity(&who, now_ms)
                .await?
                .ok_or_else(|| unknown_user(said))?;
        }
        if said.user_id.is_none() {
            return Ok(());
        }
        let who = Identity {
            user_id: said.user_id.clone(),
            ..Identity::default()
        };
        match keys.identity(&who, now_ms).await? {
            Some(user) => judge_parts(&user),
            None if self.0.settings.user_id_upsert => Ok(()),
            None => Err(unknown_user(said)),
        }
    }
}

/// Refuses a team of another organisation: anybody may give a team of theirs the alias of another's.
/// One of no organisation is everybody's.
async fn within(
    keys: &Keys,
    (team_id, alias): (&str, &str),
    organization: &str,
    now_ms: i64,
) -> Result<(), Fault> {
    let who = Identity {
        team_id: Some(team_id.to_owned()),
        ..Identity::default()
    };
    let found = keys.identity(&who, now_ms).await?;
    let team = found.as_ref().and_then(|it| it.team.as_ref());
    let of_team = team.and_then(|it| it.organization_id.as_deref());
    if of_team.is_some_and(|it| it != organization) {
        return Err(refuse::token_forbidden(format!(
            "the team with alias '{alias}' is of another organization than the token, which names \
             '{organization}'. Name a team of that organization, or none of both"
        )));
    }
    Ok(())
}

/// The only row of this name.
async fn one_named(keys: &Keys, kind: EntityKind, alias: &str) -> Result<String, Fault> {
    let (what, path, field) = match kind {
        EntityKind::Team => ("Team", "/team/new", "team_id_jwt_field"),
        _ => ("Organization", "/organization/new", "org_id_jwt_field"),
    };
    let ids = keys.named(kind, alias).await?;
    match ids.as_slice() {
        [id] => Ok(id.clone()),
        [] => Err(Fault::caller(
            ErrorKind::NotFound,
            format!("{what} with alias '{alias}' doesn't exist in db. Create it by `{path}`"),
        )
        .with_status(404)
        .with_type("auth_error")),
        _ => Err(Fault::caller(
            ErrorKind::InvalidRequest,
            format!(
                "more than one {} has the alias '{alias}'. Set `litellm_jwtauth.{field}` instead, \
                 or give them different aliases",
                what.to_lowercase()
            ),
        )
        .with_type("auth_error")),
    }
}
