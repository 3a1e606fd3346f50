//! Prices of one deployment, looked up once for each of its models and each price table.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::prices::{Entry, Prices};

/// Models of a wildcard deployment that are remembered; with more of them all are forgotten.
const MODELS: usize = 256;

/// What was found in the last table.
#[derive(Default)]
pub struct Priced(ArcSwap<Found>);

#[derive(Default, Clone)]
struct Found {
    /// Two tables of one version have the same prices. None: no table yet.
    table: Option<Arc<str>>,
    by_model: HashMap<String, Option<Arc<Entry>>>,
}

impl Priced {
    /// The prices of a model, by `find` where this table was not asked for it yet.
    pub fn get(
        &self,
        prices: &Prices,
        model: &str,
        find: impl FnOnce() -> Option<Arc<Entry>>,
    ) -> Option<Arc<Entry>> {
        let found = self.0.load();
        let table = Some(prices.version());
        let same = found.table == table;
        if let Some(entry) = found.by_model.get(model).filter(|_| same) {
            return entry.clone();
        }
        let entry = find();
        // Two calls at once may forget one of their models; it is found again.
        let mut by_model = HashMap::new();
        if same && found.by_model.len() < MODELS {
            by_model.clone_from(&found.by_model);
        }
        by_model.insert(model.to_owned(), entry.clone());
        self.0.store(Arc::new(Found { table, by_model }));
        entry
    }
}

impl fmt::Debug for Priced {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Priced")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_model_is_looked_up_once_for_each_table() {
        let (priced, looked) = (Priced::default(), Cell::new(0));
        let get = |prices: &Prices, model: &str| {
            priced.get(prices, model, || {
                looked.set(looked.get() + 1);
                prices.get(model)
            })
        };
        let table = Prices::embedded();
        for _ in 0..3 {
            assert!(get(&table, "gpt-4o").is_some() && get(&table, "nobody-knows").is_none());
        }
        assert_eq!(looked.get(), 2);
        let own = r#"{"gpt-4o": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.0, "output_cost_per_token": 1.0}}"#;
        let renewed = Prices::from_bytes(own.as_bytes()).unwrap().over(&table);
        assert_ne!(get(&renewed, "gpt-4o"), get(&table, "gpt-4o"));
    }

    #[test]
    fn names_that_clients_make_up_do_not_stay() {
        let (priced, table) = (Priced::default(), Prices::embedded());
        for number in 0..10 * MODELS {
            priced.get(&table, &number.to_string(), || None);
        }
        assert!(priced.0.load().by_model.len() <= MODELS);
    }
}
