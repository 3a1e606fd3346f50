//! What a usage costs at a deployment, under the circumstances of its call.

use std::sync::Arc;

use serde_json::{Map, Value};
use url::Url;

use super::super::fleet::Line;
use super::AccountingSettings;
use super::wishes::Wishes;
use crate::domain::Usage;
use crate::prices::{self, Cost, Entry, Prices, Terms};

/// OpenAI's hosts of one region, and what the table calls the residency.
const RESIDENCIES: [(&str, &str); 3] = [
    ("eu.api.openai.com", "eu"),
    ("us.api.openai.com", "us"),
    ("gov.api.openai.com", "fedramp"),
];

/// Prices one call: with the table and the settings that it began with. Cheap to clone.
#[derive(Clone)]
pub struct Pricer {
    pub(super) settings: Arc<AccountingSettings>,
    pub(super) prices: Arc<Prices>,
    pub(super) wishes: Arc<Wishes>,
    /// When the call began, in milliseconds since 1970.
    pub(super) started_ms: i64,
    /// It is paid at the price of batches.
    pub(super) batch: bool,
}

impl Pricer {
    /// The bill of a usage, with discount and margin. None: the price is unknown.
    pub fn bill(&self, line: &Line, model: &str, usage: &Usage, now_ms: i64) -> Option<Cost> {
        let entry = line.price(&self.prices, model);
        self.bill_by(entry.as_deref(), (line, model), usage, now_ms)
    }

    /// The same of another model than the deployment's own: one that it was told to use beside it.
    pub fn bill_beside(
        &self,
        line: &Line,
        model: &str,
        usage: &Usage,
        now_ms: i64,
    ) -> Option<Cost> {
        let entry = line.price_beside(&self.prices, model);
        self.bill_by(entry.as_deref(), (line, model), usage, now_ms)
    }

    fn bill_by(
        &self,
        entry: Option<&Entry>,
        (line, model): (&Line, &str),
        usage: &Usage,
        now_ms: i64,
    ) -> Option<Cost> {
        let provider = &line.deployment.provider;
        let tier = self.wishes.service_tier(line, model);
        let terms = Terms {
            at_ms: self.started_ms,
            elapsed_ms: u64::try_from(now_ms.saturating_sub(self.started_ms)).unwrap_or(0),
            service_tier: tier.as_deref(),
            batch: self.batch,
            data_residency: residency(provider, line.target.base_url.as_ref()),
            location: location(provider, &line.deployment.settings),
            search_depth: self.wishes.search_depth(),
            ..Terms::default()
        };
        let cost = prices::cost(entry, usage, &terms)?;
        Some(self.settings.adjustments.apply(provider, model, cost))
    }
}

/// Where OpenAI keeps the data of a deployment, if the host of its base says so.
fn residency(provider: &str, base: Option<&Url>) -> Option<&'static str> {
    let host = base.filter(|_| provider == "openai")?.host_str()?;
    let known = RESIDENCIES.iter().find(|it| it.0 == host);
    known.map(|it| it.1)
}

/// Vertex AI's location.
fn location<'s>(provider: &str, settings: &'s Map<String, Value>) -> Option<&'s str> {
    let names = ["vertex_location", "vertex_ai_location"];
    let mut values = names.iter().filter_map(|it| settings.get(*it));
    let found = values.find_map(Value::as_str);
    found.filter(|_| provider.starts_with("vertex_ai"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_regional_host_of_openai_is_a_residency_and_nobody_elses() {
        let of = |provider, base: &str| residency(provider, Url::parse(base).ok().as_ref());
        for (host, expected) in RESIDENCIES {
            let base = format!("https://{host}/v1");
            assert_eq!(of("openai", &base), Some(expected));
            assert_eq!(of("azure", &base), None);
        }
        assert_eq!(of("openai", "https://api.openai.com/v1"), None);
        assert_eq!(residency("openai", None), None);
    }

    #[test]
    fn a_location_is_that_of_vertex() {
        let settings = json!({"vertex_location": "us-east5", "region": 7});
        let settings = settings.as_object().unwrap();
        assert_eq!(location("vertex_ai", settings), Some("us-east5"));
        assert_eq!(location("gemini", settings), None);
        assert_eq!(location("vertex_ai", &Map::new()), None);
    }
}
