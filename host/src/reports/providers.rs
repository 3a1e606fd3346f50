//! `GET /provider/budgets`: what each provider may be paid, and what it was paid.

use serde_json::{Map, Value, json};

use super::ask::{Asked, Input};
use super::fault::store;
use super::sums::dollars;
use super::{Answer, ProviderBudget, Reports, days};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault, Usd};
use crate::store::WHOLE;

/// Every provider of `provider_budget_config`. For those who see everything.
pub(super) async fn budgets(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    Asked::query(&input, &[])?;
    reports.need_all(caller)?;
    let mut providers = Map::new();
    for budget in reports.outside.provider_budgets() {
        let (spend, resets_at_ms) = match budget.running {
            Some(running) => running,
            None => stored(reports, &budget).await?,
        };
        providers.insert(
            budget.provider,
            json!({
                "budget_limit": dollars(budget.max),
                "time_period": budget.period,
                "spend": dollars(spend),
                "budget_reset_at": resets_at_ms.map_or(Value::Null, days::iso),
            }),
        );
    }
    Ok(json!({ "providers": providers }).into())
}

/// What the database knows; a window that is over has not begun again.
async fn stored(reports: &Reports, budget: &ProviderBudget) -> Result<(Usd, Option<i64>), Fault> {
    let provider = Entity::new(EntityKind::Provider, budget.provider.as_str());
    let accounts = reports.store.accounts(&[provider]).await.map_err(store)?;
    let span = budget.period.as_deref().unwrap_or(WHOLE);
    let account = accounts.into_iter().find(|it| it.span == span);
    let now = reports.outside.now_ms();
    let runs = account.filter(|it| it.reset_at.is_none_or(|at| at > now));
    Ok(runs.map_or((Usd::ZERO, None), |it| (it.spent, it.reset_at)))
}
