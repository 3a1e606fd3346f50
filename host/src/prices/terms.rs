//! What besides the counts decides the price of a call.

use super::entry::Entry;
use super::rate::Factor;
use super::unit::Service;
use crate::domain::Usage;

/// How deep a search was asked to be (`web_search_options.search_context_size`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Depth {
    Low,
    #[default]
    Medium,
    High,
}

impl Depth {
    /// What is not known by name is medium, as at the providers.
    pub fn of(name: &str) -> Self {
        match name {
            "low" => Self::Low,
            "high" => Self::High,
            _ => Self::Medium,
        }
    }
}

/// The circumstances of a call. The default is: now is 1970, nothing special.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// When the call was served, in milliseconds since 1970 (UTC): for off-peak windows.
    pub at_ms: i64,
    /// How long the answer took: for models that are paid by the second of work.
    pub elapsed_ms: u64,
    /// The service asked for; what the usage names beats it.
    pub service_tier: Option<&'a str>,
    /// Sent through a batch endpoint.
    pub batch: bool,
    /// OpenAI's regional hosts: `us`, `eu`, `fedramp`.
    pub data_residency: Option<&'a str>,
    /// Vertex AI's location: `us-east5`, `global`.
    pub location: Option<&'a str>,
    pub search_depth: Depth,
    /// Of a video: `1080p`.
    pub resolution: Option<&'a str>,
    /// Of an image, in words: `2K`.
    pub image_size: Option<&'a str>,
    /// Results asked of a search.
    pub results: Option<u64>,
}

impl Terms<'_> {
    pub(super) fn service(&self, usage: &Usage) -> Service {
        if self.batch {
            return Service::Batch;
        }
        // A served tier that nobody knows (`auto`, `scale`) says nothing of the price.
        let served = usage.service_tier.as_deref().and_then(Service::named);
        let asked = self.service_tier.and_then(Service::named);
        served.or(asked).unwrap_or_default()
    }

    /// The multipliers of tokens, media and queries; tools have none.
    pub(super) fn factor(&self, entry: &Entry, usage: &Usage) -> Factor {
        let named = |list: &[(Box<str>, Factor)], name: &str| {
            list.iter()
                .find(|it| it.0.eq_ignore_ascii_case(name))
                .map(|it| it.1)
        };
        let geo = usage.inference_geo.as_deref().filter(|it| *it != "fast");
        let fast = (usage.speed.as_deref() == Some("fast")).then_some("fast");
        let regional = self
            .location
            .filter(|it| !it.eq_ignore_ascii_case("global"));
        [
            geo.and_then(|it| named(&entry.by_geo, it)),
            fast.and_then(|it| named(&entry.by_geo, it)),
            self.data_residency
                .and_then(|it| named(&entry.by_residency, it)),
            regional.and(entry.regional_endpoint),
        ]
        .into_iter()
        .flatten()
        .fold(Factor::ONE, Factor::and)
    }
}
