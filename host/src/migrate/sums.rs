//! What holders have spent: in the running window of their budget, in all, and on which days.

use std::collections::{BTreeMap, BTreeSet};

use super::{Done, MigrateError, Move};
use crate::budget::Period;
use crate::domain::{Entity, EntityKind, Usd};
use crate::store::litellm::{Budget, BudgetWindow, DailyTable};
use crate::store::{BroughtSum, EndUserRow, TOTAL, TagRow, WHOLE};

/// The row of LiteLLM's users that is the budget of the whole gateway.
pub(super) const PROXY: &str = "litellm-proxy-budget";

/// What a holder has spent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    /// In the running window.
    pub window: Usd,
    /// Since it was made, as far as LiteLLM counts that.
    pub total: Usd,
    /// The sum of its days, where there are any.
    pub days: Usd,
}

impl Spent {
    /// What LiteLLM counts in the window only: in all it was as much as the holder's days say.
    pub fn of_window(window: Usd, days: &BTreeMap<String, Usd>, id: &str) -> Self {
        Self {
            window,
            total: Usd::ZERO,
            days: days.get(id).copied().unwrap_or_default(),
        }
    }

    /// The sums to bring. LiteLLM keeps what was spent in all for keys and members only, and not
    /// for long: the days may know more.
    pub fn sums(self, entity: &Entity, reset_at: Option<i64>) -> Vec<BroughtSum> {
        let total = self.total.max(self.window).max(self.days);
        let sum = |span: &str, spent, reset_at| BroughtSum {
            entity: entity.clone(),
            span: span.to_owned(),
            spent,
            reset_at,
        };
        vec![sum(TOTAL, total, None), sum(WHOLE, self.window, reset_at)]
    }

    /// As the report shows it.
    pub fn shown(self, reset_at: Option<i64>) -> String {
        let mut text = format!(", spent {}", self.window);
        let end = reset_at.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
        if let Some(end) = end {
            text.push_str(&format!(" until {end}"));
        }
        text
    }
}

/// When the running window of a holder ends: its own budget's, else that of the budget it names.
pub(super) fn window_end(
    own: (Option<Usd>, Option<&String>, Option<i64>),
    budget: Option<&Budget>,
) -> Option<i64> {
    let (max, duration, end) = own;
    let own_end = end.filter(|_| duration.is_some());
    let of_budget = budget
        .filter(|_| max.is_none())
        .filter(|it| it.budget_duration.is_some())
        .and_then(|it| it.budget_reset_at);
    of_budget.or(own_end)
}

/// What was spent in the windows of `budget_limits`.
pub(super) fn window_sums(
    entity: &Entity,
    windows: &[(Period, Option<i64>)],
    spent: &[BudgetWindow],
) -> Vec<BroughtSum> {
    let of = |period: &Period| {
        let found = spent
            .iter()
            .find(|it| it.window_duration.parse::<Period>().ok().as_ref() == Some(period));
        found.map_or(Usd::ZERO, |it| it.spend)
    };
    let windows = windows.iter();
    windows
        .map(|(period, end)| BroughtSum {
            entity: entity.clone(),
            span: period.to_string(),
            spent: of(period),
            reset_at: *end,
        })
        .collect()
}

impl Move<'_, '_> {
    /// The budgets that holders of a page name.
    pub(super) async fn named_budgets(
        &mut self,
        ids: BTreeSet<String>,
    ) -> Result<BTreeMap<String, Budget>, MigrateError> {
        let found = self.source.find::<Budget>(&ids).await;
        let found = found.map_err(MigrateError::Source)?.into_iter();
        let readable = found.filter_map(|it| it.row.ok());
        Ok(readable.map(|it| (it.budget_id.clone(), it)).collect())
    }

    /// What was spent in several windows, by holder.
    pub(super) async fn window_spends(
        &mut self,
        kind: &str,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Vec<BudgetWindow>>, MigrateError> {
        let found = self.source.find_by::<BudgetWindow>("entity_id", ids).await;
        let mut spends: BTreeMap<String, Vec<BudgetWindow>> = BTreeMap::new();
        for row in found.map_err(MigrateError::Source)? {
            match row.row {
                Ok(it) if it.entity_type.eq_ignore_ascii_case(kind) => {
                    spends.entry(it.entity_id.clone()).or_default().push(it);
                }
                _ => {}
            }
        }
        Ok(spends)
    }

    /// The sums of the days of these holders.
    pub(super) async fn days_of(
        &mut self,
        kind: EntityKind,
        ids: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, Usd>, MigrateError> {
        let (table, column) = match kind {
            EntityKind::Key => (DailyTable::USERS, "api_key"),
            kind => match DailyTable::of(kind) {
                Some(table) => (table, table.holder),
                None => return Ok(BTreeMap::new()),
            },
        };
        let spent = self.source.spent_by(table, column, ids).await;
        spent.map_err(MigrateError::Source)
    }

    /// The accounts of the gateway, and of tags and end users that have days and no row.
    pub(super) async fn sums_of_no_row(&mut self) -> Done {
        let all = self.source.spent_in_all().await;
        let spent = Spent {
            window: Usd::ZERO,
            total: all.map_err(MigrateError::Source)?,
            days: Usd::ZERO,
        };
        let mut sums = spent.sums(&Entity::new(EntityKind::Proxy, ""), None);
        // The running window of the gateway's budget came with LiteLLM's row of it.
        sums.retain(|it| it.span == TOTAL);
        self.bring_sums(&sums).await?;
        for kind in [EntityKind::Tag, EntityKind::EndUser] {
            let Some(table) = DailyTable::of(kind) else {
                continue;
            };
            let mut after = String::new();
            loop {
                let page = self.source.spenders(table, &after).await;
                let page = page.map_err(MigrateError::Source)?;
                let Some((last, _)) = page.last() else { break };
                after.clone_from(last);
                let ids = page.iter().map(|(id, _)| id.clone()).collect();
                let with_row = match kind {
                    EntityKind::Tag => self.change.present::<TagRow>(&ids).await,
                    _ => self.change.present::<EndUserRow>(&ids).await,
                };
                let with_row = with_row.map_err(MigrateError::Target)?;
                let without = page.into_iter().filter(|(id, _)| !with_row.contains(id));
                let sums: Vec<BroughtSum> = without
                    .flat_map(|(id, days)| {
                        let spent = Spent {
                            window: days,
                            total: days,
                            days,
                        };
                        spent.sums(&Entity::new(kind, id), None)
                    })
                    .collect();
                self.bring_sums(&sums).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(dollars: f64) -> Usd {
        Usd::from_dollars(dollars).unwrap()
    }

    #[test]
    fn what_was_spent_in_all_is_the_most_that_litellm_knows() {
        let entity = Entity::new(EntityKind::Key, "hash");
        let spent = Spent {
            window: usd(1.0),
            total: usd(0.0),
            days: usd(3.5),
        };
        let sums = spent.sums(&entity, Some(7));
        let seen: Vec<_> = sums
            .iter()
            .map(|it| (it.span.as_str(), it.spent, it.reset_at))
            .collect();
        assert_eq!(seen, [(TOTAL, usd(3.5), None), (WHOLE, usd(1.0), Some(7))]);
    }

    #[test]
    fn the_window_is_that_of_the_budget_that_holds() {
        let budget = Budget {
            budget_duration: Some("30d".to_owned()),
            budget_reset_at: Some(2),
            ..Budget::default()
        };
        let day = "1d".to_owned();
        let own = (Some(usd(1.0)), Some(&day), Some(1));
        assert_eq!(window_end(own, Some(&budget)), Some(1));
        assert_eq!(window_end((None, None, None), Some(&budget)), Some(2));
        assert_eq!(window_end((None, Some(&day), Some(1)), None), Some(1));
        assert_eq!(window_end((Some(usd(1.0)), None, Some(1)), None), None);
    }

    #[test]
    fn windows_begin_with_what_litellm_counted_in_them() {
        let entity = Entity::new(EntityKind::Team, "t");
        let spent = [BudgetWindow {
            window_duration: "daily".to_owned(),
            spend: usd(0.5),
            ..BudgetWindow::default()
        }];
        let windows = [
            ("1d".parse().unwrap(), Some(9)),
            ("30d".parse().unwrap(), None),
        ];
        let sums = window_sums(&entity, &windows, &spent);
        assert_eq!((sums[0].span.as_str(), sums[0].spent), ("1d", usd(0.5)));
        assert_eq!(sums[0].reset_at, Some(9));
        assert_eq!((sums[1].span.as_str(), sums[1].spent), ("30d", Usd::ZERO));
    }
}
