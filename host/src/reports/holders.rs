//! `/spend/keys`, `/spend/users`, `/spend/tags`: what each holder has spent, in LiteLLM's rows.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::ask::{Asked, Input};
use super::fault::store;
use super::sums::{MOST_GROUPS, Whose, dollars};
use super::{Answer, Reports, days};
use crate::auth::Caller;
use crate::domain::{Entity, EntityKind, Fault, Usd};
use crate::store::{Dimension, KeyRow, Query, TOTAL, UserRow};

/// Longest of these lists.
const MOST: u64 = 10_000;

/// `GET /spend/keys`: keys by what they spent since they were made.
pub(super) async fn keys(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["limit", "page"])?;
    reports.need_all(caller)?;
    let page = asked.count("page", 1, 1 << 32)?;
    let query = Query::new()
        .sorted("spend", true)
        .page(page, asked.count("limit", 1_000, MOST)?);
    let rows = reports
        .store
        .list::<KeyRow>(&query)
        .await
        .map_err(store)?
        .rows;
    let spent = reports
        .spent(EntityKind::Key, rows.iter().map(|it| it.id.as_str()))
        .await?;
    let rows = rows.iter().map(|key| {
        json!({
            "token": key.id,
            "key_name": key.name,
            "key_alias": key.alias,
            "spend": dollars(spent.get(&key.id).copied().unwrap_or_default()),
            "max_budget": key.max_budget.map(Usd::dollars),
            "user_id": key.user_id,
            "team_id": key.team_id,
            "organization_id": key.organization_id,
            "budget_id": key.budget_id,
            "blocked": key.blocked,
            "models": key.doc.models,
            "metadata": key.doc.metadata,
            "expires": key.expires_at.map(days::iso),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /spend/users`: users by what they spent, or the one that `user_id` names.
pub(super) async fn users(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["user_id", "limit", "page"])?;
    reports.need_all(caller)?;
    let page = asked.count("page", 1, 1 << 32)?;
    let mut query = Query::new()
        .sorted("spend", true)
        .page(page, asked.count("limit", 1_000, MOST)?);
    if let Some(user) = asked.text("user_id")? {
        query = query.is("id", user);
    }
    let rows = reports
        .store
        .list::<UserRow>(&query)
        .await
        .map_err(store)?
        .rows;
    let spent = reports
        .spent(EntityKind::User, rows.iter().map(|it| it.id.as_str()))
        .await?;
    let rows = rows.iter().map(|user| {
        json!({
            "user_id": user.id,
            "user_alias": user.alias,
            "user_email": user.email,
            "user_role": user.role,
            "spend": dollars(spent.get(&user.id).copied().unwrap_or_default()),
            "max_budget": user.max_budget.map(Usd::dollars),
            "models": user.doc.models,
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

/// `GET /spend/tags`: tags by what was spent with them from `start_date` to `end_date`, the last
/// 30 days where nothing is said.
pub(super) async fn tags(reports: &Reports, caller: &Caller, input: Input) -> Answer {
    let asked = Asked::query(&input, &["start_date", "end_date"])?;
    reports.need_all(caller)?;
    let days = asked.days_or_month("start_date", "end_date", reports.outside.now_ms())?;
    let by = [Dimension::Entity];
    let rows = reports
        .top(&Whose::of(EntityKind::Tag), days, &by, MOST_GROUPS)
        .await?;
    let rows = rows.into_iter().map(|row| {
        json!({
            "individual_request_tag": row.values.first(),
            "log_count": row.sums.requests,
            "total_spend": dollars(row.sums.spent),
        })
    });
    Ok(Value::Array(rows.collect()).into())
}

impl Reports {
    /// What holders have spent in all.
    async fn spent<'a>(
        &self,
        kind: EntityKind,
        ids: impl Iterator<Item = &'a str>,
    ) -> Result<HashMap<String, Usd>, Fault> {
        let entities: Vec<Entity> = ids.map(|id| Entity::new(kind, id)).collect();
        if entities.is_empty() {
            return Ok(HashMap::new());
        }
        let accounts = self
            .store
            .accounts(&entities)
            .await
            .map_err(store)?
            .into_iter();
        let totals = accounts.filter(|it| it.span == TOTAL);
        Ok(totals
            .map(|it| (it.entity.id.to_string(), it.spent))
            .collect())
    }
}
