//! What may be wrong with a budget, and why a call was refused one.

use crate::domain::{Entity, EntityKind, Usd, moment};

use super::terms::{AccountId, Window};

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no duration: write a whole number and a unit, s, m, h, d, w or mo, such as `30d` \
     (at least 1, at most 100 years), or hourly, daily, weekly or monthly"
)]
pub struct BadDuration {
    /// As it was written, its first characters.
    pub text: String,
}

/// A time zone or reset time that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCalendar {
    #[error("`{0}` is no time zone: write a name of the IANA database such as `Europe/Berlin`")]
    TimeZone(String),
    #[error("`{0}` is no time of day: write `HH:MM` or `HH:MM:SS`, such as `06:00`")]
    ResetTime(String),
}

/// Why a call may not spend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Exceeded(#[from] Box<Exceeded>),
    /// The model has no price and the path has a budget.
    #[error(
        "the budget of {0} cannot be kept: the price of the model is unknown; give its deployment \
         a price, or set `litellm_settings.allow_unknown_prices: true`"
    )]
    UnknownPrice(Entity),
    /// Several processes spend from the account, and nobody grants this one more of it.
    #[error("the budget of {0} cannot be kept: the database does not answer")]
    Unleased(Entity),
}

/// The account that had no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the budget of {} is {}: {spend} of {max_budget} dollars, {reserved} reserved", .account.entity, .reason.word())]
pub struct Exceeded {
    pub account: AccountId,
    pub reason: Reason,
    /// Settled in the running window.
    pub spend: Usd,
    /// Held by calls in flight.
    pub reserved: Usd,
    /// With a temporary increase that is in force.
    pub max_budget: Usd,
    /// When the window ends, in milliseconds since 1970; None: never.
    pub resets_at_ms: Option<i64>,
}

/// Whether waiting could have helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The money is spent.
    Spent,
    /// What is left is held by calls in flight.
    Held,
    /// What is left is leased by other processes, which give it back when they do not use it.
    Leased,
}

impl Reason {
    const fn word(self) -> &'static str {
        match self {
            Self::Spent => "spent",
            Self::Held => "held by calls in flight",
            Self::Leased => "leased by other gateways",
        }
    }
}

impl Exceeded {
    /// LiteLLM's sentence, which clients' code looks for, with the end of the window and the cure.
    /// `holder` is how the door names the entity, such as `Key=alias (sk-...1234)`.
    pub fn client_message(&self, holder: &str) -> String {
        let (spend, max) = (self.spend, self.max_budget);
        let id = &self.account.entity.id;
        let kind = self.account.entity.kind;
        let mut text = match (&self.account.window, kind) {
            (Window::Whole, EntityKind::User | EntityKind::EndUser) => {
                format!("ExceededBudget: {holder} over budget. Spend={spend}, Budget={max}")
            }
            (Window::Whole, _) => {
                format!(
                    "Budget has been exceeded! {holder} Current cost: {spend}, Max budget: {max}"
                )
            }
            (Window::Limit(period), EntityKind::Key) => {
                format!(
                    "ExceededBudget: Key over {period} budget. Spend=${spend}, Limit=${max}. {holder}"
                )
            }
            (Window::Limit(period), _) => {
                format!(
                    "ExceededBudget: {holder} over {period} budget. Spend=${spend}, Limit=${max}"
                )
            }
            (Window::Model(model), kind) => {
                let whose = match kind {
                    EntityKind::Key => format!("LiteLLM Virtual Key: {id}"),
                    EntityKind::User => format!("LiteLLM User: {id}"),
                    EntityKind::EndUser => format!("LiteLLM End User: {id}"),
                    EntityKind::Team => format!("LiteLLM Team: {id}"),
                    _ => holder.to_owned(),
                };
                format!(
                    "{whose}, exceeded budget for model={model}. {holder} Current cost: {spend}, \
                     Max budget: {max}"
                )
            }
        };
        match self.reason {
            Reason::Spent => {}
            Reason::Held => {
                text.push_str(&format!(
                    ", reserved by calls in flight: {}; try again when they have ended",
                    self.reserved
                ));
                return text;
            }
            Reason::Leased => {
                text.push_str(
                    ", what is left is leased by other replicas for calls of theirs; try again \
                     when these have ended",
                );
                return text;
            }
        }
        if let Some(at) = self.resets_at_ms {
            text.push_str(&format!(". The budget begins anew at {}", moment(at)));
        }
        if let Some(cure) = self.cure() {
            text.push_str(&format!(". To spend more, raise {cure}"));
        }
        text
    }

    /// The setting that holds the budget. None: it is one of an upstream.
    fn cure(&self) -> Option<String> {
        let of_member = self.account.entity.kind == EntityKind::TeamMember;
        let field = match self.account.window {
            Window::Whole if of_member => "max_budget_in_team",
            Window::Whole => "max_budget",
            Window::Limit(_) => "budget_limits",
            Window::Model(_) => "model_max_budget",
        };
        let path = match self.account.entity.kind {
            EntityKind::Key => "/key/update",
            EntityKind::User => "/user/update",
            EntityKind::Team => "/team/update",
            EntityKind::TeamMember => "/team/member_update",
            EntityKind::Organization => "/organization/update",
            EntityKind::EndUser => "/customer/update",
            EntityKind::Tag => "/tag/update",
            EntityKind::AccessGroup => "/access_group/{name}/budget",
            EntityKind::Proxy => return Some("`litellm_settings.max_budget`".to_owned()),
            EntityKind::Provider | EntityKind::Deployment => return None,
        };
        Some(format!("`{field}` by `{path}`"))
    }
}
