//! Seats in a team: who sits, as what, with which limits.

use serde_json::{Map, Value};

use super::limits::{self, SEAT_LIMITS};
use crate::domain::Fault;
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Given, Kind, read};
use crate::manage::keys;
use crate::manage::work::{Audited, Work};
use crate::store::{Filter, Query, Stamp, TeamMemberRow, TeamRow, UserRow, member_id};

const ROLES: &[&str] = &["admin", "user"];

const MEMBER: &[Field] = &[
    Field("user_id", Kind::Id),
    Field("user_email", Kind::Id),
    Field("role", Kind::Choice(ROLES)),
];

/// A user that a request names by id or by email.
#[derive(Debug, Clone)]
pub(in crate::manage) struct Person {
    /// Where in the request it is named.
    pub field: String,
    pub id: Option<String>,
    pub email: Option<String>,
}

/// A member of a request.
#[derive(Debug, Clone)]
pub(in crate::manage) struct Seat {
    pub person: Person,
    role: String,
    /// Checked limits of `SEAT_LIMITS`.
    limits: Given,
}

impl Person {
    /// `user_id` and `user_email` of a request; one of them has to be there.
    pub fn read(field: &str, given: &Given) -> Result<Self, Fault> {
        let (id, email) = (given.text("user_id"), given.text("user_email"));
        let name = if id.is_some() || email.is_none() {
            "user_id"
        } else {
            "user_email"
        };
        let field = if field.is_empty() {
            name.to_owned()
        } else {
            format!("{field}.{name}")
        };
        if id.is_none() && email.is_none() {
            return Err(bad(&field, "`user_id` or `user_email` is required"));
        }
        if let Some(email) = &email {
            crate::manage::users::check_email(&field, email)?;
        }
        Ok(Self { field, id, email })
    }
}

impl Seat {
    /// `{role, user_id | user_email}`.
    pub fn read(field: &str, member: &Value) -> Result<Self, Fault> {
        let object = member.as_object();
        let object = object.ok_or_else(|| bad(field, format!("`{field}` must be an object")))?;
        let inside = |mut fault: Fault| {
            let name = fault.param.take().unwrap_or_default();
            fault.param = Some(format!("{field}.{name}"));
            fault
        };
        let given = read(object, &[MEMBER]).map_err(inside)?;
        let role = given
            .text("role")
            .ok_or_else(|| missing(&format!("{field}.role")))?;
        Ok(Self {
            person: Person::read(field, &given)?,
            role,
            limits: Given::default(),
        })
    }

    pub fn of(field: &str, user: &str, role: &str) -> Self {
        let person = Person {
            field: field.to_owned(),
            id: Some(user.to_owned()),
            email: None,
        };
        Self {
            person,
            role: role.to_owned(),
            limits: Given::default(),
        }
    }

    /// The seat of a new user: `{team_id, user_role, max_budget_in_team}`.
    pub fn in_team(
        field: &str,
        user: &str,
        object: &Map<String, Value>,
    ) -> Result<(String, Self), Fault> {
        let fields = &[
            Field("team_id", Kind::Id),
            Field("user_role", Kind::Choice(ROLES)),
        ];
        let given = read(object, &[fields, SEAT_LIMITS]).map_err(|mut fault| {
            let name = fault.param.take().unwrap_or_default();
            fault.param = Some(format!("{field}.{name}"));
            fault
        })?;
        let id = given
            .text("team_id")
            .ok_or_else(|| missing(&format!("{field}.team_id")))?;
        let role = given.text("user_role").unwrap_or_else(|| "user".to_owned());
        Ok((id, Self::of(field, user, &role).limited(&given)))
    }

    /// With limits of its own.
    #[must_use]
    pub fn limited(mut self, limits: &Given) -> Self {
        self.limits = limits.clone();
        self
    }

    pub fn is(&self, user: &str) -> bool {
        self.person.id.as_deref() == Some(user)
    }
}

/// The user, if there is one. An email that several users share names none of them.
pub(in crate::manage) async fn find_person(
    work: &mut Work<'_>,
    person: &Person,
) -> Result<Option<UserRow>, Fault> {
    if let Some(id) = &person.id {
        return work.get(id).await;
    }
    let Some(email) = &person.email else {
        return Ok(None);
    };
    let query = Query::new().with(Filter::Same("email", email.clone()));
    let mut users = work.change.list::<UserRow>(&query).await?.rows;
    if users.len() > 1 {
        let message = "several users have this email: give the `user_id`";
        return Err(bad(&person.field, message));
    }
    Ok(users.pop())
}

/// Gives a user a seat. Somebody who is known by email only becomes a user, as in LiteLLM.
pub(in crate::manage) async fn sit(
    work: &mut Work<'_>,
    team: &TeamRow,
    seat: &Seat,
) -> Result<(UserRow, TeamMemberRow), Fault> {
    let user = match find_person(work, &seat.person).await? {
        Some(user) => user,
        None => match (&seat.person.id, &seat.person.email) {
            (None, Some(email)) => crate::manage::users::by_email(work, email).await?,
            (id, _) => {
                let id = id.as_deref().unwrap_or_default();
                return Err(keys::unknown(&seat.person.field, id));
            }
        },
    };
    let id = member_id(&team.id, &user.id);
    if work.get::<TeamMemberRow>(&id).await?.is_some() {
        let message = "this user is in the team already";
        return Err(bad(&seat.person.field, message));
    }
    let mut row = TeamMemberRow {
        id,
        team_id: team.id.clone(),
        user_id: user.id.clone(),
        role: seat.role.clone(),
        stamp: Stamp::new(work.now, &work.actor),
        ..TeamMemberRow::default()
    };
    let mut given = seat.limits.clone();
    if let Some(models) = team.doc.rest.get("default_team_member_models") {
        given.or_default("allowed_models", models);
    }
    limits::limit(work, team, &given, &mut row).await?;
    limits::share_budget(team, &mut row);
    work.insert(&row).await?;
    work.touch_user(&user.id);
    Ok((user, row))
}

impl Audited for TeamMemberRow {
    fn shown(&self) -> Value {
        let mut shown = Map::new();
        shown.insert("team_id".to_owned(), self.team_id.clone().into());
        shown.insert("user_id".to_owned(), self.user_id.clone().into());
        shown.insert("role".to_owned(), self.role.clone().into());
        shown.insert("budget_id".to_owned(), self.budget_id.clone().into());
        shown.insert("max_budget".to_owned(), keys::dollars(self.max_budget));
        keys::show_limits(&self.doc.limits, &mut shown);
        for (name, value) in &self.doc.rest {
            shown.insert(name.clone(), value.clone());
        }
        Value::Object(shown)
    }
}
