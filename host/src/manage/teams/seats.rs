//! Seats in a team: who sits, as what, with which limits.

use serde_json::{Map, Value};

use super::fields::MEMBER_BUDGET;
use crate::domain::Fault;
use crate::manage::fault::{bad, missing};
use crate::manage::fields::{Field, Given, Kind, read, set};
use crate::manage::work::{Audited, Work};
use crate::manage::{budgets, keys};
use crate::store::{BudgetRow, Filter, Query, Stamp, TeamMemberRow, TeamRow, UserRow, member_id};

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
    let mut limits = seat.limits.clone();
    if let Some(models) = team.doc.rest.get("default_team_member_models") {
        limits.or_default("allowed_models", models);
    }
    limit(work, team, &limits, &mut row).await?;
    share_budget(team, &mut row);
    work.insert(&row).await?;
    Ok((user, row))
}

/// Limits of its own that the request names. They are a budget of the member's, as in LiteLLM; a
/// member without any has the budget that the team gives its members.
pub(super) async fn limit(
    work: &mut Work<'_>,
    team: &TeamRow,
    given: &Given,
    row: &mut TeamMemberRow,
) -> Result<(), Fault> {
    if !SEAT_LIMITS.iter().any(|Field(name, _)| given.has(name)) {
        return Ok(());
    }
    let before = match own_budget(team, row) {
        Some(id) => work.get::<BudgetRow>(id).await?,
        None => None,
    };
    let mut own = before.clone().unwrap_or_else(|| BudgetRow {
        id: uuid::Uuid::new_v4().to_string(),
        stamp: Stamp::new(work.now, &work.actor),
        ..BudgetRow::default()
    });
    own.stamp.touch(work.now, &work.actor);
    set! { given;
        "max_budget_in_team" => own.max_budget, money;
        "tpm_limit" => own.doc.limits.tpm_limit, count;
        "rpm_limit" => own.doc.limits.rpm_limit, count;
        "budget_duration" => own.doc.limits.budget_duration, text;
        "allowed_models" => own.doc.allowed_models, texts;
    }
    for name in [INCREASE, EXPIRY] {
        given.keep(name, &mut own.doc.rest);
    }
    if own.doc.rest.contains_key(INCREASE) != own.doc.rest.contains_key(EXPIRY) {
        let lacks = if own.doc.rest.contains_key(INCREASE) {
            EXPIRY
        } else {
            INCREASE
        };
        let message = format!("`{INCREASE}` and `{EXPIRY}` must be set together");
        return Err(bad(lacks, message));
    }
    row.budget_id = Some(own.id.clone());
    match before {
        Some(before) => work.update("updated", &before, &own).await,
        None => work.insert(&own).await,
    }
}

const INCREASE: &str = "temp_budget_increase";
const EXPIRY: &str = "temp_budget_expiry";

fn shared_budget(team: &TeamRow) -> Option<&str> {
    team.doc.metadata.get(MEMBER_BUDGET)?.as_str()
}

/// The member's budget, unless it is the one of all members.
pub(in crate::manage) fn own_budget<'r>(team: &TeamRow, row: &'r TeamMemberRow) -> Option<&'r str> {
    let own = row.budget_id.as_deref();
    own.filter(|it| shared_budget(team) != Some(it))
}

/// A member without a budget of its own has the one of all members.
pub(super) fn share_budget(team: &TeamRow, row: &mut TeamMemberRow) {
    if row.budget_id.is_none() && row.max_budget.is_none() {
        row.budget_id = shared_budget(team).map(str::to_owned);
    }
}

/// Takes seats away, with the budgets that were theirs.
pub(in crate::manage) async fn rise(
    work: &mut Work<'_>,
    team: &TeamRow,
    seats: &[TeamMemberRow],
) -> Result<(), Fault> {
    work.delete(seats).await?;
    for seat in seats {
        if let Some(id) = own_budget(team, seat)
            && let Some(budget) = work.get::<BudgetRow>(id).await?
            && !budgets::is_used(work, id).await?
        {
            work.delete(&[budget]).await?;
        }
    }
    Ok(())
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
