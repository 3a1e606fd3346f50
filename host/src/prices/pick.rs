//! Which of an entry's prices holds for one request.

use super::entry::{Entry, Range};
use super::offpeak::OffPeak;
use super::rate::Rate;
use super::slot::Slot;
use super::unit::{Service, Unit};

/// The entry as one request meets it. The order: an open off-peak window, the range of the prompt,
/// the highest crossed threshold, the base price; in each the request's service before the
/// standard one.
#[derive(Debug)]
pub struct Pick<'a> {
    entry: &'a Entry,
    service: Service,
    prompt_tokens: u64,
    range: Option<&'a Range>,
    off_peak: Option<&'a OffPeak>,
}

impl<'a> Pick<'a> {
    /// `prompt_tokens` are all of them, cached ones too; `at_ms` is in milliseconds since 1970.
    pub fn new(entry: &'a Entry, service: Service, prompt_tokens: u64, at_ms: i64) -> Self {
        let within = |it: &&Range| it.from < prompt_tokens && prompt_tokens <= it.to;
        let range = match prompt_tokens {
            0 => entry.ranges.first(),
            _ => entry.ranges.iter().find(within).or(entry.ranges.last()),
        };
        Self {
            entry,
            service,
            prompt_tokens,
            range,
            off_peak: entry.off_peak.as_ref().filter(|it| it.open(at_ms)),
        }
    }

    pub fn input(&self) -> Option<Rate> {
        self.off_peak(Unit::Input)
            .or_else(|| self.range?.rate(Unit::Input))
            .or_else(|| self.tier(Unit::Input))
    }

    /// An image model that names no price of its text has only images to sell.
    pub fn output(&self) -> Option<Rate> {
        self.off_peak(Unit::Output)
            .or_else(|| self.range?.rate(Unit::Output))
            .or_else(|| self.tier(Unit::Output))
            .or_else(|| self.tier(Unit::ImageOut))
    }

    pub fn cache_read(&self, explicit: bool) -> Option<Rate> {
        if let Some(rate) = self.off_peak(Unit::CacheRead) {
            return Some(rate);
        }
        let explicit = explicit
            .then(|| self.ranged(Unit::CacheReadExplicit))
            .flatten();
        if explicit.is_some() {
            return explicit;
        }
        if let Some(range) = self.range {
            return range.rate(Unit::CacheRead).or_else(|| self.input());
        }
        self.tier(Unit::CacheRead)
            .or_else(|| self.tier(Unit::CacheHit))
            .or_else(|| Some(self.default_discount(self.input()?)))
    }

    pub fn cache_write(&self) -> Option<Rate> {
        if let Some(rate) = self.off_peak(Unit::CacheWrite) {
            return Some(rate);
        }
        match self.range {
            Some(range) => range.rate(Unit::CacheWrite),
            None => self.tier(Unit::CacheWrite),
        }
        .or_else(|| self.input())
    }

    /// `lifetime` is `CacheWrite1h` or `CacheWrite12h`.
    pub fn cache_write_for(&self, lifetime: Unit) -> Option<Rate> {
        match self.range {
            Some(range) => range.rate(lifetime),
            None => self.tier(lifetime),
        }
        .or_else(|| self.cache_write())
    }

    pub fn reasoning(&self) -> Option<Rate> {
        if let Some(rate) = self.off_peak(Unit::Reasoning) {
            return Some(rate);
        }
        if let Some(range) = self.range {
            let own = range.rate(Unit::Reasoning).or(range.rate(Unit::Output));
            if own.is_some() {
                return own;
            }
        }
        // A service with an output price of its own sells reasoning at that, not at the standard.
        let own = |unit| {
            let service = Slot {
                unit,
                service: self.service,
                above: 0,
            };
            self.entry.at(service)
        };
        let dedicated = own(Unit::Reasoning);
        if dedicated.is_none() && self.service != Service::Standard && own(Unit::Output).is_some() {
            return self.output();
        }
        self.tier(Unit::Reasoning).or_else(|| self.output())
    }

    /// A kind of token that costs what text costs unless it has a price of its own.
    pub fn kind(&self, unit: Unit, text: Option<Rate>) -> Option<Rate> {
        self.tier(unit).or(text)
    }

    /// The price at the highest crossed threshold that has one, else the base price.
    pub fn tier(&self, unit: Unit) -> Option<Rate> {
        let prices = &self.entry.prices;
        let from = prices.partition_point(|it| it.0.unit < unit);
        let of_unit = prices.iter().skip(from).take_while(|it| it.0.unit == unit);
        of_unit
            .filter(|it| [self.service, Service::Standard].contains(&it.0.service))
            .filter(|it| self.crossed(it.0.above))
            .max_by_key(|it| (it.0.above, it.0.service == self.service))
            .map(|it| it.1)
    }

    fn crossed(&self, above: u64) -> bool {
        above == 0
            || self.prompt_tokens > above
            || (self.entry.tier_begins_at_threshold() && self.prompt_tokens == above)
    }

    fn ranged(&self, unit: Unit) -> Option<Rate> {
        self.range
            .and_then(|it| it.rate(unit))
            .or_else(|| self.tier(unit))
    }

    fn off_peak(&self, unit: Unit) -> Option<Rate> {
        self.off_peak.and_then(|it| it.rate(unit))
    }

    /// Fireworks sells cached input at half where it names no price.
    fn default_discount(&self, input: Rate) -> Rate {
        if self.entry.provider.starts_with("fireworks_ai") {
            input.half()
        } else {
            input
        }
    }
}
