//! Customers and tags beside what they spent and the budget they name: what a page of them needs,
//! read at once.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::spend::{Spend, Spends};
use super::work::Audited;
use super::{Manage, budgets, keys};
use crate::domain::{EntityKind, Fault};
use crate::store::{BudgetRow, EndUserRow, TagRow};

/// A row whose budget is a row of its own.
pub(super) trait Holder: Audited {
    const PAYS_AS: EntityKind;

    fn budget_id(&self) -> Option<&str>;

    /// What of the spend is shown.
    fn put(spend: Spend, shown: &mut Map<String, Value>);
}

pub(super) struct Views {
    spends: Spends,
    budgets: HashMap<String, BudgetRow>,
    now: i64,
}

impl Views {
    pub async fn of<H: Holder>(m: &Manage, rows: &[H]) -> Result<Self, Fault> {
        let ids: Vec<String> = rows.iter().map(|it| it.id().to_owned()).collect();
        let named = rows.iter().filter_map(H::budget_id);
        Ok(Self {
            spends: Spends::of(m, H::PAYS_AS, &ids).await?,
            budgets: keys::budgets_of(m, named).await?,
            now: m.now(),
        })
    }

    pub fn show<H: Holder>(&self, m: &Manage, row: &H) -> Value {
        let mut shown = row.shown();
        let table = row.budget_id().and_then(|it| self.budgets.get(it));
        let table = table.map_or(Value::Null, |it| budgets::show(m, it, self.now));
        if let Some(shown) = shown.as_object_mut() {
            H::put(self.spends.get(row.id()), shown);
            shown.insert("litellm_budget_table".to_owned(), table);
        }
        shown
    }
}

impl Holder for EndUserRow {
    const PAYS_AS: EntityKind = EntityKind::EndUser;

    fn budget_id(&self) -> Option<&str> {
        self.budget_id.as_deref()
    }

    fn put(spend: Spend, shown: &mut Map<String, Value>) {
        shown.insert("spend".to_owned(), spend.window.dollars().into());
        shown.insert("total_spend".to_owned(), spend.total.dollars().into());
    }
}

impl Holder for TagRow {
    const PAYS_AS: EntityKind = EntityKind::Tag;

    fn budget_id(&self) -> Option<&str> {
        self.budget_id.as_deref()
    }

    fn put(spend: Spend, shown: &mut Map<String, Value>) {
        shown.insert("spend".to_owned(), spend.window.dollars().into());
    }
}
