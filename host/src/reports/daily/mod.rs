//! `/{user,team,organization,customer,tag}/daily/activity`: usage by day with its breakdowns, by
//! pages of days or whole.

mod answer;
mod breakdown;
mod by_user;
mod csv;
mod scope;
mod shown;

use super::ask::{Asked, Input};
use super::fault::bad;
use super::{Answer, Reports};
use crate::auth::Caller;
use crate::domain::Fault;
use scope::Scope;

pub(super) use by_user::by_user;

/// Fields of every one of these operations.
const FIELDS: &[&str] = &[
    "start_date",
    "end_date",
    "model",
    "api_key",
    "timezone",
    "format",
];

/// A page of days, or all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    Page,
    Whole,
}

/// Two operations of one kind of holder: a page, and the whole.
macro_rules! operations {
    ($($(#[$doc:meta])* $page:ident, $whole:ident, $field:literal, $scope:ident;)*) => { $(
        $(#[$doc])*
        pub(super) async fn $page(reports: &Reports, caller: &Caller, input: Input) -> Answer {
            let asked = read(&input, $field, Extent::Page)?;
            let scope = scope::$scope(reports, caller, &asked).await?;
            answer(reports, &asked, scope, Extent::Page).await
        }

        /// The same without pages.
        pub(super) async fn $whole(reports: &Reports, caller: &Caller, input: Input) -> Answer {
            let asked = read(&input, $field, Extent::Whole)?;
            let scope = scope::$scope(reports, caller, &asked).await?;
            answer(reports, &asked, scope, Extent::Whole).await
        }
    )* };
}

operations! {
    /// `GET /user/daily/activity`: of all, or of `user_id`.
    users, users_whole, "user_id", of_users;
    /// `GET /team/daily/activity`, of `team_ids`.
    teams, teams_whole, "team_ids", of_teams;
    /// `GET /organization/daily/activity`, of `organization_ids`.
    organizations, organizations_whole, "organization_ids", of_organizations;
    /// `GET /customer/daily/activity`, of `end_user_ids`.
    customers, customers_whole, "end_user_ids", of_customers;
    /// `GET /tag/daily/activity`, of `tags`.
    tags, tags_whole, "tags", of_tags;
}

fn read<'a>(input: &'a Input, field: &str, extent: Extent) -> Result<Asked<'a>, Fault> {
    let paging: &[&str] = match extent {
        Extent::Page => &["page", "page_size"],
        Extent::Whole => &[],
    };
    let also: &[&str] = match field {
        "team_ids" => &["exclude_team_ids"],
        "organization_ids" => &["exclude_organization_ids"],
        "end_user_ids" => &["exclude_end_user_ids"],
        _ => &["include_current_utc_day"],
    };
    let asked = Asked::query(input, &[&[field], FIELDS, paging, also].concat())?;
    // A day here is UTC's, and the last one that was asked for is always whole.
    asked.flag("include_current_utc_day", false)?;
    if let Some(minutes) = asked.text("timezone")? {
        // Days are UTC's whatever a browser says, as in LiteLLM.
        let minutes: Option<i32> = minutes.parse().ok();
        minutes.filter(|it| it.abs() <= 900).ok_or_else(|| {
            bad(
                "timezone",
                "`timezone` must be the minutes between UTC and the local time",
            )
        })?;
    }
    Ok(asked)
}

async fn answer(reports: &Reports, asked: &Asked<'_>, scope: Scope, extent: Extent) -> Answer {
    let days = asked.days()?;
    let scope = scope.with(asked.key("api_key")?, asked.owned("model")?);
    match asked.text("format")? {
        None | Some("json") => {
            let paging = match extent {
                Extent::Page => Some(asked.paging(10, 1_000)?),
                Extent::Whole => None,
            };
            answer::json(reports, &scope, days, paging).await
        }
        Some("csv") => csv::file(reports, &scope, days).await,
        Some(_) => Err(bad("format", "`format` must be `json` or `csv`")),
    }
}
