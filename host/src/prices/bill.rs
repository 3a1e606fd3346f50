//! How a bill is written: every count of a usage meets its price, once.

mod media;

use super::cost::{Cost, Source};
use super::entry::Entry;
use super::parts::Parts;
use super::pick::Pick;
use super::rate::{Amount, Factor, Rate};
use super::terms::Terms;
use super::unit::Unit;
use crate::domain::Usage;

/// A bill being written.
#[derive(Debug)]
pub struct Bill<'a> {
    entry: &'a Entry,
    usage: &'a Usage,
    terms: &'a Terms<'a>,
    pick: Pick<'a>,
    parts: Parts,
    factor: Factor,
    input: Amount,
    output: Amount,
    cache_read: Amount,
    cache_write: Amount,
    reasoning: Amount,
    audio: Amount,
    image: Amount,
    tools: Amount,
    /// Tokens without a price.
    missing: bool,
    /// Something beside tokens was counted and has a price.
    counted: bool,
    /// Tokens were counted and have a price.
    tokens: bool,
    unpriced: Vec<&'static str>,
}

impl<'a> Bill<'a> {
    pub fn write(entry: &'a Entry, usage: &'a Usage, terms: &'a Terms<'a>) -> Self {
        let mut bill = Self::new(entry, usage, terms);
        bill.tokens_in();
        bill.tokens_out();
        bill.media_in();
        bill.media_out();
        bill.units();
        bill.wall_clock();
        bill.tools();
        bill
    }

    fn new(entry: &'a Entry, usage: &'a Usage, terms: &'a Terms<'a>) -> Self {
        let service = terms.service(usage);
        Self {
            entry,
            usage,
            terms,
            pick: Pick::new(entry, service, usage.input_tokens, terms.at_ms),
            parts: Parts::of(usage),
            factor: terms.factor(entry, usage),
            input: Amount::ZERO,
            output: Amount::ZERO,
            cache_read: Amount::ZERO,
            cache_write: Amount::ZERO,
            reasoning: Amount::ZERO,
            audio: Amount::ZERO,
            image: Amount::ZERO,
            tools: Amount::ZERO,
            missing: false,
            counted: false,
            tokens: false,
            unpriced: Vec::new(),
        }
    }

    fn token(&mut self, count: u64, rate: Option<Rate>) -> Amount {
        let Some(rate) = rate else {
            self.missing |= count > 0;
            return Amount::ZERO;
        };
        self.tokens |= count > 0;
        rate.times_factor(count, self.factor)
    }

    fn unit(&mut self, count: u64, rate: Option<Rate>) -> Amount {
        let Some(rate) = rate.filter(|_| count > 0) else {
            return Amount::ZERO;
        };
        self.counted = true;
        rate.times_factor(count, self.factor)
    }

    fn seconds(&mut self, ms: u64, rate: Option<Rate>) -> Amount {
        let Some(rate) = rate.filter(|_| ms > 0) else {
            return Amount::ZERO;
        };
        self.counted = true;
        rate.times_ms(ms, self.factor)
    }

    /// Whether something is paid by its own count, so that its tokens are not.
    fn paid_by(&self, count: u64, unit: Unit) -> bool {
        count > 0 && self.entry.base(unit).is_some()
    }

    fn tokens_in(&mut self) {
        let (parts, usage) = (self.parts, self.usage);
        let text = self.pick.input();
        if !self.paid_by(usage.input_characters, Unit::CharacterIn) {
            let amount = self.token(parts.text_in, text);
            self.input = self.input.plus(amount);
        }
        if !self.paid_by(usage.input_audio_ms, Unit::PerAudioSecondIn) {
            let amount = self.token(parts.audio_in, self.pick.kind(Unit::AudioIn, text));
            self.audio = self.audio.plus(amount);
            self.input = self.input.plus(amount);
        }
        if !self.paid_by(usage.input_images, Unit::PerImageIn) {
            let amount = self.token(parts.image_in, self.pick.kind(Unit::ImageIn, text));
            self.image = self.image.plus(amount);
            self.input = self.input.plus(amount);
        }
        if !self.paid_by(usage.input_video_ms, Unit::PerVideoSecondIn) {
            let amount = self.token(parts.video_in, self.pick.kind(Unit::VideoIn, text));
            self.input = self.input.plus(amount);
        }
        let cached = self.pick.cache_read(usage.explicit_cache);
        self.cache_read = self
            .token(parts.cached_text, cached)
            .plus(self.token(
                parts.cached_audio,
                self.pick.kind(Unit::CacheReadAudio, cached),
            ))
            .plus(self.token(
                parts.cached_image,
                self.pick.kind(Unit::CacheReadImage, cached),
            ));
        let hour = self.pick.cache_write_for(Unit::CacheWrite1h);
        let half_day = self.pick.cache_write_for(Unit::CacheWrite12h);
        self.cache_write = self
            .token(parts.written, self.pick.cache_write())
            .plus(self.token(parts.written_1h, hour))
            .plus(self.token(parts.written_12h, half_day));
        let citations = self.unit(usage.citation_tokens, self.pick.tier(Unit::Citation));
        let cache = self.cache_read.plus(self.cache_write);
        self.input = self.input.plus(cache).plus(citations);
    }

    fn tokens_out(&mut self) {
        let (parts, usage) = (self.parts, self.usage);
        let text = self.pick.output();
        if !self.paid_by(usage.output_characters, Unit::CharacterOut) {
            self.output = self.token(parts.text_out, text);
        }
        self.reasoning = self.token(parts.reasoning, self.pick.reasoning());
        let audio = self.token(parts.audio_out, self.pick.kind(Unit::AudioOut, text));
        let image = self.token(parts.image_out, self.pick.kind(Unit::ImageOut, text));
        let video = self.token(parts.video_out, self.pick.kind(Unit::VideoOut, text));
        self.audio = self.audio.plus(audio);
        self.image = self.image.plus(image);
        self.output = [self.output, self.reasoning, audio, image, video]
            .into_iter()
            .sum();
    }

    pub fn close(self, source: Source) -> Option<Cost> {
        // Tokens without a price are unknown, unless the model is paid by something else and that
        // was counted. Nothing counted at all is free only where nothing but tokens is sold.
        let unknown = self.missing && !self.counted;
        let nothing = !self.tokens && !self.counted;
        if unknown || (nothing && (self.entry.is_media() || !self.entry.prices_tokens())) {
            return None;
        }
        let original = self.input.plus(self.output).plus(self.tools).usd();
        Some(Cost {
            input: self.input.usd(),
            output: self.output.usd(),
            cache_read: self.cache_read.usd(),
            cache_write: self.cache_write.usd(),
            reasoning: self.reasoning.usd(),
            audio: self.audio.usd(),
            image: self.image.usd(),
            tools: self.tools.usd(),
            unpriced: self.unpriced,
            ..Cost::plain(source, original)
        })
    }
}
