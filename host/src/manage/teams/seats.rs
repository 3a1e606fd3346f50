//! Seats in a team: who sits, as what, with which limits.

use serde_json::{Map, Value};

use super::fields::MEMBER_BUDGET;
use crate::domain::Fault;
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Given, Kind, read, set};
use crate::manage::keys;
use crate::manage::work::{Audited, Work};
use crate::store::{
    Filter, Query, Stamp, TeamMemberRow, TeamRow, UserRow, member_id,
};

const ROLES: &[&str] = &["admin", "user"];

const MEMBER: &[Field] = &[
    Field("user_id", Kind::Id),
    Field("user_email", Kind::Id),
    Field("role", Kind::Choice(ROLES)),
];

/// What a member may have apart from the team's other members.
pub(super) const SEAT_LIMITS: &[Field] = &[
    Field("max_budget_in_team", Kind::Money),
    Field("tpm_limit", Kind::Count),
    Field("rpm_limit", Kind::Count),
    Field("budget_duration", Kind::Duration),
    Field("allowed_models", Kind::Texts),
    Field("temp_budget_increase", Kind::Money),
    Field("temp_budget_expiry", Kind::Moment),
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
        let role = given.text("role").ok_or_else(|| missing(&format!("{field}.role")))?;
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
    let query = Query::new().with(Filter::Contains("email", email.clone()));
    let mut users = work.change.list::<UserRow>(&query).await?.rows;
    users.retain(|it| {
        let known = it.email.as_deref().unwrap_or_default();
        known.to_lowercase() == email.to_lowercase()
    });
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
    if let Some(models) = team.doc.rest.get("default_team_member_models") {
        row.doc.rest.insert("allowed_models".to_owned(), models.clone());
    }
    limit(&seat.limits, &mut row)?;
    share_budget(team, &mut row);
    work.insert(&row).await?;
    Ok((user, row))
}

/// Limits of its own that the request names.
pub(super) fn limit(given: &Given, row: &mut TeamMemberRow) -> Result<(), Fault> {
    let limits = &mut row.doc.limits;
    set! { given;
        "max_budget_in_team" => row.max_budget, money;
        "tpm_limit" => limits.tpm_limit, count;
        "rpm_limit" => limits.rpm_limit, count;
        "budget_duration" => limits.budget_duration, text;
    }
    let rest = &mut row.doc.rest;
    for name in ["allowed_models", "temp_budget_increase", "temp_budget_expiry"] {
        given.keep(name, rest);
    }
    let (increase, expiry) = ("temp_budget_increase", "temp_budget_expiry");
    if rest.contains_key(increase) != rest.contains_key(expiry) {
        let lacks = if rest.contains_key(increase) { expiry } else { increase };
        let message = format!("`{increase}` and `{expiry}` must be set together");
        return Err(bad(lacks, message));
    }
    Ok(())
}

/// A member without limits of its own has those that the team gives its members.
pub(super) fn share_budget(team: &TeamRow, row: &mut TeamMemberRow) {
    let limits = &row.doc.limits;
    let own = row.max_budget.is_some()
        || limits.tpm_limit.is_some()
        || limits.rpm_limit.is_some()
        || limits.budget_duration.is_some();
    let shared = team.doc.metadata.get(MEMBER_BUDGET).and_then(Value::as_str);
    row.budget_id = shared.filter(|_| !own).map(str::to_owned);
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
