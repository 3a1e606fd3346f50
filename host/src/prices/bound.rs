//! The most that a call can cost, for reservations.

use super::entry::Entry;
use super::rate::{Amount, Factor, Rate};
use super::unit::{Service, Unit};
use crate::domain::{Usage, Usd};

impl Entry {
    /// No usage within these two counts costs more, whatever its tokens are and whichever service,
    /// tier, hour or region prices them. None: a price is unknown.
    pub fn estimate(&self, input_tokens: u64, output_tokens: u64) -> Option<Usd> {
        let usage = Usage {
            input_tokens,
            output_tokens,
            ..Usage::default()
        };
        self.upper_bound(&usage, None, 0)
    }

    /// Like [`Entry::estimate`], for a usage that counts more than tokens; every count of it is the
    /// most that may be used, its parts of tokens are ignored. `service`: the only one beside the
    /// standard service that may serve it (None: any). `elapsed_ms`: the longest that the answer
    /// may take, for models paid by the second of work.
    pub fn upper_bound(
        &self,
        usage: &Usage,
        service: Option<Service>,
        elapsed_ms: u64,
    ) -> Option<Usd> {
        if !self.is_priced() {
            return None;
        }
        let most = Most {
            entry: self,
            service,
            prompt_tokens: usage.input_tokens,
        };
        let input = most.side(Unit::is_input_side);
        let output = most.side(Unit::is_output_side);
        let media = most.media(usage, elapsed_ms);
        let sides = [(usage.input_tokens, input), (usage.output_tokens, output)];
        let used = || sides.iter().filter(|it| it.0 > 0);
        let missing = used().any(|it| it.1.is_none());
        let nothing =
            !used().any(|it| it.1.is_some()) && (self.is_media() || !self.prices_tokens());
        if media.is_none() && (missing || nothing) {
            return None;
        }
        let factor = self.most_factor();
        let tokens = used().filter_map(|(count, rate)| Some((*rate)?.times_factor(*count, factor)));
        let tokens: Amount = tokens.sum();
        let tools = most.tools(usage);
        Some(tokens.plus(media.unwrap_or_default()).plus(tools).usd())
    }

    /// Every multiplier at once, none of them below one.
    fn most_factor(&self) -> Factor {
        let fast = self.by_geo.iter().find(|it| &*it.0 == "fast");
        let geo = self
            .by_geo
            .iter()
            .filter(|it| &*it.0 != "fast")
            .map(|it| it.1)
            .max();
        let residency = self.by_residency.iter().map(|it| it.1).max();
        [fast.map(|it| it.1), geo, residency, self.regional_endpoint]
            .into_iter()
            .flatten()
            .map(|it| it.max(Factor::ONE))
            .fold(Factor::ONE, Factor::and)
    }
}

/// The greatest rates that a request can meet.
struct Most<'a> {
    entry: &'a Entry,
    service: Option<Service>,
    prompt_tokens: u64,
}

impl Most<'_> {
    fn of(&self, unit: impl Fn(Unit) -> bool) -> Option<Rate> {
        let served =
            |it: Service| it == Service::Standard || self.service.is_none_or(|only| only == it);
        let slots = self.entry.prices.iter();
        slots
            .filter(|(slot, _)| {
                unit(slot.unit) && served(slot.service) && slot.above <= self.prompt_tokens
            })
            .map(|it| it.1)
            .max()
    }

    /// A token of one side: any kind, in any range and window that can be met.
    fn side(&self, side: impl Fn(Unit) -> bool + Copy) -> Option<Rate> {
        let token =
            |unit: Unit| side(unit) && !matches!(unit, Unit::CharacterIn | Unit::CharacterOut);
        // A prompt of no tokens is priced by the first range, one beyond the last by the last.
        let met = |(at, from): (usize, u64)| at == 0 || from < self.prompt_tokens;
        let ranges = self.entry.ranges.iter().enumerate();
        let ranged = ranges
            .filter(|(at, range)| met((*at, range.from)))
            .flat_map(|(_, range)| range.rates.iter());
        let below = self.entry.ranges.first().is_some_and(|it| it.from > 0);
        let last = self.entry.ranges.last().filter(|_| below);
        let off_peak = self.entry.off_peak.iter().flat_map(|it| it.rates.iter());
        let named = ranged
            .chain(last.into_iter().flat_map(|it| it.rates.iter()))
            .chain(off_peak)
            .filter(|it| token(it.0))
            .map(|it| it.1)
            .max();
        named.max(self.of(token))
    }

    /// What is counted beside tokens; None where nothing was counted that has a price.
    fn media(&self, usage: &Usage, elapsed_ms: u64) -> Option<Amount> {
        use Unit::{
            CharacterIn, CharacterOut, Citation, PerAnnotatedPage, PerAudioSecondIn, PerCredit,
            PerImageIn, PerImageOut, PerMessage, PerPage, PerPixelIn, PerPixelOut, PerQuery,
            PerRequest, PerSecondIn, PerSecondOut, PerVideoSecondIn, PerVideoSecondOut,
        };
        let entry = self.entry;
        let any = |units: &[Unit]| self.of(|it| units.contains(&it));
        let named = |list: &[(Box<str>, Rate)]| list.iter().map(|it| it.1).max();
        let least = u64::from(matches!(&*entry.mode, "rerank" | "search"));
        let queries = entry.result_ranges.iter().map(|it| it.1).max();
        let clock = entry.clock_rate().filter(|_| entry.is_paid_by_the_clock());
        let made = any(&[PerVideoSecondOut, PerSecondOut]).max(named(&entry.by_resolution));
        let image = any(&[PerImageOut, PerImageIn]).max(named(&entry.by_image_size));
        let counts = [
            (usage.input_characters, any(&[CharacterIn])),
            (usage.output_characters, any(&[CharacterOut])),
            (usage.citation_tokens, any(&[Citation])),
            (usage.input_images, any(&[PerImageIn])),
            (usage.output_images, image),
            (usage.output_pixels, any(&[PerPixelIn, PerPixelOut])),
            (usage.queries.max(least), any(&[PerQuery]).max(queries)),
            (1, any(&[PerRequest])),
            (usage.input_messages, any(&[PerMessage])),
            (usage.pages, any(&[PerPage])),
            (usage.annotated_pages, any(&[PerAnnotatedPage, PerPage])),
            (usage.credits, any(&[PerCredit])),
        ];
        let times = [
            (
                usage.input_audio_ms,
                any(&[PerAudioSecondIn, PerSecondIn, PerSecondOut]),
            ),
            (usage.input_video_ms, any(&[PerVideoSecondIn])),
            (usage.output_media_ms, made),
            (elapsed_ms, clock),
        ];
        let factor = entry.most_factor();
        let known = |(count, rate): (u64, Option<Rate>)| Some((count, rate?)).filter(|it| it.0 > 0);
        let counted = counts.into_iter().filter_map(known);
        let timed = times.into_iter().filter_map(known);
        let counted = counted.map(|(count, rate)| rate.times_factor(count, factor));
        let timed = timed.map(|(ms, rate)| rate.times_ms(ms, factor));
        counted.chain(timed).reduce(Amount::plus)
    }

    fn tools(&self, usage: &Usage) -> Amount {
        let search = self.entry.search.iter().flatten().max().copied();
        [
            (usage.web_searches.max(u64::from(usage.cites_web)), search),
            (usage.maps_searches, self.of(|it| it == Unit::PerMapsQuery)),
            (
                usage.code_sessions,
                self.of(|it| it == Unit::PerCodeSession),
            ),
        ]
        .into_iter()
        .filter_map(|(count, rate)| Some(rate?.times(count)))
        .sum()
    }
}
