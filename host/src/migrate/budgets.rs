//! Budgets: limits that several holders share by name.

use super::fields::{Notes, keep, stamp, take_limits};
use super::{Done, Item, Move};
use crate::store::BudgetRow;
use crate::store::litellm::{Budget, Table};

impl Move<'_, '_> {
    pub(super) async fn budgets(&mut self) -> Done {
        let mut after = Some(Vec::new());
        while let Some(page) = self.page::<Budget>(&mut after).await? {
            let now_ms = self.now_ms;
            let items = page.into_iter().map(|it| budget(it, now_ms));
            self.bring(Budget::NAME, items.collect()).await?;
        }
        Ok(())
    }
}

/// The end of the running window is the holders': their accounts take it over.
fn budget(it: Budget, now_ms: i64) -> Item<BudgetRow> {
    let mut notes = Notes::default();
    let mut row = BudgetRow {
        id: it.budget_id.clone(),
        max_budget: it.max_budget,
        stamp: stamp(now_ms, it.made),
        ..BudgetRow::default()
    };
    let limits = &mut row.doc.limits;
    limits.soft_budget = it.soft_budget;
    take_limits!(limits, it, notes);
    limits.tpd_limit = it.tpd_limit;
    row.doc.allowed_models = it.allowed_models;
    keep(
        &mut row.doc.rest,
        "temp_budget_increase",
        it.temp_budget_increase,
    );
    keep(
        &mut row.doc.rest,
        "temp_budget_expiry",
        it.temp_budget_expiry,
    );
    let max = row.max_budget.map(|it| format!(" of {it}"));
    Item {
        id: row.id.clone(),
        becomes: format!("budget{}", max.unwrap_or_default()),
        row,
        beside: String::new(),
        notes,
        sums: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;

    #[test]
    fn a_budget_keeps_its_limits_and_its_duration() {
        let item = budget(
            Budget {
                budget_id: "b".to_owned(),
                max_budget: Usd::from_dollars(12.5),
                soft_budget: Usd::from_dollars(10.0),
                budget_duration: Some("30d".to_owned()),
                tpm_limit: Some(5),
                allowed_models: vec!["m".to_owned()],
                temp_budget_increase: Some(3.0),
                ..Budget::default()
            },
            7,
        );
        assert_eq!(item.row.max_budget, Usd::from_dollars(12.5));
        assert_eq!(item.row.doc.limits.soft_budget, Usd::from_dollars(10.0));
        assert_eq!(item.row.doc.limits.budget_duration.as_deref(), Some("30d"));
        assert_eq!(item.row.doc.limits.tpm_limit, Some(5));
        assert_eq!(item.row.doc.allowed_models, ["m"]);
        assert_eq!(item.row.doc.rest["temp_budget_increase"], 3.0);
        assert_eq!(item.row.stamp.created_at, 7);
        assert!(item.notes.0.is_empty());
    }
}
