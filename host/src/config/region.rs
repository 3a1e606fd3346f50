//! Where a deployment's models run, as far as its settings say it.

use serde_json::Value;

use super::Deployment;

/// A region that customers may be kept to (`allowed_model_region`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    Eu,
    Us,
}

/// Settings of deployments that name a region, of LiteLLM's and of providers'.
const SETTINGS: [&str; 5] = [
    "region_name",
    "aws_region_name",
    "vertex_location",
    "vertex_ai_location",
    "azure_region",
];

/// Azure's names, which have the region at their end or nowhere.
const AZURE_EU: [&str; 11] = [
    "westeurope",
    "northeurope",
    "francecentral",
    "francesouth",
    "germanywestcentral",
    "germanynorth",
    "swedencentral",
    "polandcentral",
    "italynorth",
    "spaincentral",
    "austriaeast",
];
const AZURE_US: [&str; 9] = [
    "eastus",
    "eastus2",
    "westus",
    "westus2",
    "westus3",
    "centralus",
    "northcentralus",
    "southcentralus",
    "westcentralus",
];

impl Region {
    /// As LiteLLM writes it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "eu" => Some(Self::Eu),
            "us" => Some(Self::Us),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
            Self::Us => "us",
        }
    }

    /// Whether a deployment is known to be there: by `litellm_params.region_name`, by its provider's
    /// own setting, or by `model_info.region`. One that says nothing is nowhere.
    pub fn has(self, deployment: &Deployment) -> bool {
        let set = SETTINGS.iter().find_map(|it| deployment.settings.get(*it));
        let said = set.or_else(|| deployment.info.rest.get("region"));
        said.and_then(Value::as_str).and_then(Self::of) == Some(self)
    }

    /// Of a provider's name for a place.
    fn of(place: &str) -> Option<Self> {
        let place = place.to_ascii_lowercase().replace(' ', "");
        if place.starts_with("eu") || AZURE_EU.contains(&&*place) {
            return Some(Self::Eu);
        }
        let in_us = place == "us" || place.starts_with("us-") || AZURE_US.contains(&&*place);
        in_us.then_some(Self::Us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_the_providers_names() {
        for (place, region) in [
            ("eu", Some(Region::Eu)),
            ("eu-central-1", Some(Region::Eu)),
            ("europe-west4", Some(Region::Eu)),
            ("swedencentral", Some(Region::Eu)),
            ("West Europe", Some(Region::Eu)),
            ("us", Some(Region::Us)),
            ("us-east-1", Some(Region::Us)),
            ("us-central1", Some(Region::Us)),
            ("eastus2", Some(Region::Us)),
            ("global", None),
            ("ap-south-1", None),
            ("", None),
        ] {
            assert_eq!(Region::of(place), region, "{place}");
        }
        for region in [Region::Eu, Region::Us] {
            assert_eq!(Region::parse(region.as_str()), Some(region));
        }
        assert_eq!(Region::parse("mars"), None);
    }
}
