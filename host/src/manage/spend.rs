//! What holders have spent, as the API shows it: `spend` in the running window of their budget,
//! `total_spend` since they were made.

use std::collections::HashMap;

use super::Manage;
use crate::domain::{Entity, EntityKind, Fault, Usd};
use crate::store::{Change, TOTAL, WHOLE};

/// The window of `max_budget` with `budget_duration` among the accounts of a holder.
pub(super) const WINDOW: &str = WHOLE;

/// One holder's account.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spend {
    /// In the running window; in all, where no window was opened.
    pub window: Usd,
    pub total: Usd,
    /// When the window ends, in milliseconds since 1970, where the account says so.
    pub reset_at: Option<i64>,
}

/// The accounts of a page of holders of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Spends(HashMap<String, Spend>);

impl Spends {
    pub async fn of(m: &Manage, kind: EntityKind, ids: &[String]) -> Result<Self, Fault> {
        let entities: Vec<Entity> = ids
            .iter()
            .map(|id| Entity::new(kind, id.as_str()))
            .collect();
        let mut totals: HashMap<String, Usd> = HashMap::new();
        let mut windows: HashMap<String, (Usd, Option<i64>)> = HashMap::new();
        if !entities.is_empty() {
            for account in m.store.accounts(&entities).await? {
                let id = account.entity.id.to_string();
                match account.span.as_str() {
                    TOTAL => {
                        totals.insert(id, account.spent);
                    }
                    WINDOW => {
                        windows.insert(id, (account.spent, account.reset_at));
                    }
                    _ => {}
                }
            }
        }
        let spends = ids.iter().map(|id| {
            let total = totals.get(id).copied().unwrap_or_default();
            let (window, reset_at) = windows.get(id).copied().unwrap_or((total, None));
            let spend = Spend {
                window,
                total,
                reset_at,
            };
            (id.clone(), spend)
        });
        Ok(Self(spends.collect()))
    }

    pub fn get(&self, id: &str) -> Spend {
        self.0.get(id).copied().unwrap_or_default()
    }
}

/// Sets the spend in the running window, and gives what it was; what was spent in all stays.
pub(super) async fn set(change: &mut Change, entity: &Entity, to: Usd) -> Result<Usd, Fault> {
    let accounts = change.accounts(std::slice::from_ref(entity)).await?;
    let spent = |span: &str| {
        accounts
            .iter()
            .find(|it| it.span == span)
            .map(|it| it.spent)
    };
    change.set_spent(entity, WINDOW, to).await?;
    Ok(spent(WINDOW).or_else(|| spent(TOTAL)).unwrap_or_default())
}
