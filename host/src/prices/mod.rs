//! What models cost: the price table, its lookup, and the arithmetic of a bill.
//!
//! The room is pure. It knows no clock (times come in), no network (a refreshed table comes in as
//! bytes), no budget and no account: it answers what a usage costs, or that nobody knows. A missing
//! price is unknown and never free; an explicit zero is free. `docs/prices.md` holds the rules.
//!
//! [`Prices`] is immutable. Whoever refreshes builds a new one beside the old and swaps it; a table
//! that cannot be read changes nothing.

mod adjust;
mod bill;
mod bound;
mod convert;
mod cost;
mod entry;
mod error;
mod layer;
mod load;
mod lookup;
mod offpeak;
mod overrides;
mod parts;
mod pick;
mod rate;
mod read;
mod slot;
mod terms;
#[cfg(test)]
mod tests;
mod unit;

use std::sync::Arc;

use serde_json::{Map, Value};

use layer::Layer;

pub use adjust::Adjustments;
pub use cost::{Cost, Source, cost};
pub use entry::Entry;
pub use error::{FieldError, PriceError};
pub use lookup::Wanted;
pub use overrides::Overrides;
pub use terms::{Depth, Terms};
pub use unit::Service;

/// The table of this build.
const TABLE: &str = include_str!("table.json");

/// `hd/1024-x-1792/dall-e-3`, `standard/...`: an image of one size.
fn names_a_size(model: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    model.split('/').any(|part| {
        let sides = part.split_once("-x-");
        sides.is_some_and(|(wide, high)| is_number(wide) && is_number(high))
    })
}

/// A price table. Cloning it shares it.
#[derive(Debug, Clone)]
pub struct Prices {
    version: Arc<str>,
    /// The first that has a name answers for it.
    layers: Vec<Arc<Layer>>,
}

impl Prices {
    /// The table that the build carries.
    pub fn embedded() -> Self {
        Self::of(Layer::embedded(TABLE))
    }

    /// Reads a table in the project's format or in LiteLLM's, and nothing else counts besides it.
    /// Every entry is checked; the first that is wrong refuses all.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PriceError> {
        Ok(Self::of(Layer::read(load::canonical(bytes)?)))
    }

    fn of(layer: Layer) -> Self {
        Self {
            version: layer.version().into(),
            layers: vec![Arc::new(layer)],
        }
    }

    /// This table, and `base` for the models that it does not name.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            version: format!("{}+{}", self.version, base.version).into(),
            layers: self.layers.iter().chain(&base.layers).cloned().collect(),
        }
    }

    /// Stamped into each spend row. It is made of the content: two tables with one version have the
    /// same prices.
    pub fn version(&self) -> Arc<str> {
        self.version.clone()
    }

    /// The table as a file of the project's format; of several layers, the first.
    pub fn table(&self) -> &str {
        self.layers.first().map_or("", |it| it.text())
    }

    /// Every name, once.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().enumerate().flat_map(move |(at, layer)| {
            let above = self.layers.get(..at).unwrap_or_default();
            layer
                .names()
                .filter(move |name| !above.iter().any(|it| it.has(name)))
        })
    }

    /// A provider's models as it names them itself. Sizes of images, which have entries of their
    /// own, are none.
    pub fn models_of(&self, provider: &str) -> Vec<&str> {
        let names = self.layers.iter().flat_map(|it| it.names_of(provider));
        let models = names.map(|name| {
            let rest = name.strip_prefix(provider);
            rest.and_then(|it| it.strip_prefix('/')).unwrap_or(name)
        });
        let mut models: Vec<&str> = models.filter(|it| !names_a_size(it)).collect();
        models.sort_unstable();
        models.dedup();
        models
    }

    /// The entry of a name as the table writes it.
    pub fn get(&self, name: &str) -> Option<Arc<Entry>> {
        self.layers.iter().find_map(|it| it.get(name))
    }

    /// The entry whose prices hold for a deployment. None: not in the table, and not guessed.
    pub fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<Entry>> {
        wanted.candidates().into_iter().find_map(|candidate| {
            let entry = self.get(&candidate.name)?;
            let ours = !candidate.bare || lookup::same_family(wanted.provider, &entry.provider);
            ours.then_some(entry)
        })
    }

    /// The entry of a deployment with its own prices over the table's. A deployment that names
    /// prices needs no entry in the table. This copies the entry: ask once for each deployment and
    /// table, and keep the answer.
    pub fn find_for(
        &self,
        wanted: &Wanted<'_>,
        overrides: Option<&Overrides>,
    ) -> Option<Arc<Entry>> {
        let found = self.find(wanted);
        let Some(overrides) = overrides else {
            return found;
        };
        let unknown = || Entry {
            name: wanted.model.into(),
            provider: wanted.provider.into(),
            ..Entry::default()
        };
        let base = found.unwrap_or_else(|| Arc::new(unknown()));
        Some(Arc::new(base.with(overrides)))
    }

    /// What is known of a model, in LiteLLM's field names, for `/model/info` and
    /// `/model_group/info`: prices, limits, `supports_*`, `mode`, and what a deployment overrides.
    pub fn info(&self, entry: &Entry) -> Map<String, Value> {
        let mut info = self.fields(&entry.name).unwrap_or_default();
        if entry.operator_priced {
            // What the operator's prices replace is no longer true.
            info.retain(|name, _| entry.still_holds(name));
        }
        info.extend(entry.overrides.clone());
        info
    }

    /// Every entry in LiteLLM's format. It is megabytes of work: nothing of it is kept.
    pub fn map(&self) -> Map<String, Value> {
        let fields = |name: &str| Some((name.to_owned(), self.fields(name)?.into()));
        self.names().filter_map(fields).collect()
    }

    /// What the table says of a name, in LiteLLM's field names.
    fn fields(&self, name: &str) -> Option<Map<String, Value>> {
        let mut layers = self.layers.iter();
        let found = layers.find_map(|layer| Some((layer, layer.fields_of(name)?)));
        let (layer, fields) = found?;
        Some(convert::to_theirs(&fields, &|index| layer.source(index)))
    }
}
