//! The bill of a stored call, written again for whoever wants to know what its cost is made of. Rows
//! have what each attempt used and cost, and no more.

use std::sync::Arc;

use super::{Accounting, Pricer, Wishes};
use crate::domain::{CostLine, DeploymentId, SpendRow};
use crate::pipeline::fleet::Fleet;
use crate::prices::Cost;

impl Accounting {
    /// None where it cannot be told: the prices have changed since, the deployment is gone, or
    /// circumstances that the row does not have made the price (a tier, a batch). What is told comes
    /// to exactly what was charged.
    pub fn bill_again(&self, fleet: &Fleet, row: &SpendRow) -> Option<Cost> {
        let prices = self.prices();
        if *prices.version() != *row.price_version {
            return None;
        }
        let pricer = Pricer {
            settings: self.inner.settings.load_full(),
            prices,
            wishes: Arc::new(Wishes::default()),
            started_ms: row.started_ms,
            batch: false,
        };
        let bill = |line: &CostLine| {
            let deployment = fleet.line(&DeploymentId::new(&*line.deployment)).ok()?;
            let bill = pricer.bill(&deployment, &line.model, &line.usage, row.ended_ms)?;
            (Some(bill.total) == line.cost).then_some(bill)
        };
        let bills: Option<Vec<Cost>> = row.lines.iter().map(bill).collect();
        bills?.into_iter().reduce(Cost::plus)
    }
}
