//! What a member may have apart from the team's other members, and what is left of it when the
//! seat is given up.

use super::fields::MEMBER_BUDGET;
use crate::domain::Fault;
use crate::manage::budgets;
use crate::manage::fault::bad;
use crate::manage::fields::{Field, Given, Kind, set};
use crate::manage::work::Work;
use crate::store::{BudgetRow, Stamp, TeamMemberRow, TeamRow};

/// What a member may have apart from the team's other members.
pub(super) const SEAT_LIMITS: &[Field] = &[
    Field("max_budget_in_team", Kind::Money),
    Field("tpm_limit", Kind::Count),
    Field("rpm_limit", Kind::Count),
    Field("budget_duration", Kind::Duration),
    Field("allowed_models", Kind::Texts),
    Field("model_max_budget", Kind::ModelBudgets),
    Field("temp_budget_increase", Kind::Money),
    Field("temp_budget_expiry", Kind::Moment),
];

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
        "model_max_budget" => own.doc.limits.model_max_budget, object;
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
        work.touch_user(&seat.user_id);
        if let Some(id) = own_budget(team, seat)
            && let Some(budget) = work.get::<BudgetRow>(id).await?
            && !budgets::is_used(work, id).await?
        {
            work.delete(&[budget]).await?;
        }
    }
    Ok(())
}
