//! Where in an entry a price stands, and its name in LiteLLM.

use super::unit::{Service, Unit};

/// One price of an entry: a unit, at a service, above so many prompt tokens (0: the base price).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    pub unit: Unit,
    pub service: Service,
    pub above: u64,
}

impl Slot {
    pub const fn base(unit: Unit) -> Self {
        Self {
            unit,
            service: Service::Standard,
            above: 0,
        }
    }

    /// From a LiteLLM price name: `input_cost_per_token_above_200k_tokens_priority`. The service
    /// may stand before the threshold too. The second part is the threshold as it was written.
    pub fn from_theirs(name: &str) -> Option<(Self, &str)> {
        let (rest, late) = service_suffix(name);
        let (rest, label) = match rest
            .strip_suffix("_tokens")
            .and_then(|it| it.rsplit_once("_above_"))
        {
            Some((base, label)) => (base, label),
            None => (rest, ""),
        };
        let above = if label.is_empty() {
            0
        } else {
            threshold(label)?
        };
        let (rest, early) = match late {
            Service::Standard => service_suffix(rest),
            _ => (rest, Service::Standard),
        };
        let slot = Self {
            unit: Unit::from_theirs(rest)?,
            service: late.max(early),
            above,
        };
        Some((slot, label))
    }

    /// LiteLLM's name for it.
    pub fn theirs(self) -> String {
        let label = match self.above {
            0 => String::new(),
            above if above % 1000 == 0 => format!("_above_{}k_tokens", above / 1000),
            above => format!("_above_{above}_tokens"),
        };
        format!("{}{label}{}", self.unit.theirs(), self.service.suffix())
    }
}

fn service_suffix(name: &str) -> (&str, Service) {
    let mut services = Service::ALL
        .into_iter()
        .filter(|it| *it != Service::Standard);
    services
        .find_map(|it| Some((name.strip_suffix(it.suffix())?, it)))
        .unwrap_or((name, Service::Standard))
}

/// `200k` or `200`.
pub fn threshold(label: &str) -> Option<u64> {
    match label.strip_suffix('k') {
        Some(thousands) => thousands.parse::<u64>().ok()?.checked_mul(1000),
        None => label.parse().ok(),
    }
    .filter(|it| *it > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_back_from_both_names() {
        for &unit in Unit::ALL {
            assert_eq!(Unit::from_ours(unit.ours()), Some(unit));
            for service in Service::ALL {
                for above in [0, 512, 200_000] {
                    let slot = Slot {
                        unit,
                        service,
                        above,
                    };
                    let name = slot.theirs();
                    assert_eq!(
                        Slot::from_theirs(&name).map(|it| it.0),
                        Some(slot),
                        "{name}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_service_may_stand_before_the_threshold() {
        let name = "input_cost_per_token_priority_above_200k_tokens";
        let slot = Slot {
            unit: Unit::Input,
            service: Service::Priority,
            above: 200_000,
        };
        assert_eq!(Slot::from_theirs(name), Some((slot, "200k")));
        assert_eq!(Slot::from_theirs("output_cost_per_second_1080p"), None);
        assert_eq!(
            Slot::from_theirs("input_cost_per_token_above_0k_tokens"),
            None
        );
    }
}
