//! What is paid by other counts than tokens.

use super::{Amount, Bill, Rate, Unit};

impl Bill<'_> {
    pub(super) fn media_in(&mut self) {
        let usage = self.usage;
        let characters = self.unit(usage.input_characters, self.pick.tier(Unit::CharacterIn));
        let images = self.unit(usage.input_images, self.pick.tier(Unit::PerImageIn));
        let video = self.seconds(usage.input_video_ms, self.pick.tier(Unit::PerVideoSecondIn));
        // A transcription is paid by its tokens where they are counted and cost something.
        let by_tokens = !self.input.plus(self.output).is_zero();
        let second = self.pick.tier(Unit::PerAudioSecondIn).or_else(|| {
            let whole = self
                .pick
                .tier(Unit::PerSecondIn)
                .or(self.pick.tier(Unit::PerSecondOut));
            whole.filter(|_| !by_tokens)
        });
        let sound = self.seconds(usage.input_audio_ms, second);
        if &*self.entry.mode == "audio_speech" {
            self.audio = self.audio.plus(characters);
        }
        self.audio = self.audio.plus(sound);
        self.image = self.image.plus(images);
        self.input = [self.input, characters, images, video, sound]
            .into_iter()
            .sum();
    }

    pub(super) fn media_out(&mut self) {
        let usage = self.usage;
        let characters = self.unit(usage.output_characters, self.pick.tier(Unit::CharacterOut));
        let mut more = characters;
        // Images and video whose tokens were paid are not paid again.
        if self.output.is_zero() {
            let pictures = self.pictures();
            let media = self.seconds(usage.output_media_ms, self.second_made());
            self.image = self.image.plus(pictures);
            more = more.plus(pictures).plus(media);
        }
        self.output = self.output.plus(more);
    }

    /// Images made: by the image, else by the pixel.
    fn pictures(&mut self) -> Amount {
        let entry = self.entry;
        let sized = self.terms.image_size.and_then(|size| {
            let found = entry
                .by_image_size
                .iter()
                .find(|it| it.0.eq_ignore_ascii_case(size));
            found.map(|it| it.1)
        });
        let makes_images = matches!(&*entry.mode, "image_generation" | "image_edit");
        let image = sized
            .or_else(|| self.pick.tier(Unit::PerImageOut))
            .or_else(|| self.pick.tier(Unit::PerImageIn).filter(|_| makes_images));
        if image.is_some() {
            return self.unit(self.usage.output_images, image);
        }
        let pixel = self
            .pick
            .tier(Unit::PerPixelIn)
            .or(self.pick.tier(Unit::PerPixelOut));
        self.unit(self.usage.output_pixels, pixel)
    }

    /// A second of sound or video made.
    fn second_made(&self) -> Option<Rate> {
        let by_resolution = self.terms.resolution.and_then(|resolution| {
            let list = &self.entry.by_resolution;
            let found = list.iter().find(|it| it.0.eq_ignore_ascii_case(resolution));
            found.map(|it| it.1)
        });
        self.pick
            .tier(Unit::PerVideoSecondOut)
            .or(by_resolution)
            .or_else(|| self.pick.tier(Unit::PerSecondOut))
    }

    pub(super) fn units(&mut self) {
        let usage = self.usage;
        // A rerank or search call is one query where nothing else is said.
        let least = u64::from(matches!(&*self.entry.mode, "rerank" | "search"));
        let queries = self.unit(usage.queries.max(least), self.query());
        let request = self.unit(1, self.pick.tier(Unit::PerRequest));
        let messages = self.unit(usage.input_messages, self.pick.tier(Unit::PerMessage));
        let credit = self.pick.tier(Unit::PerCredit);
        let paper = if usage.credits > 0 && credit.is_some() {
            self.unit(usage.credits, credit)
        } else {
            let page = self.pick.tier(Unit::PerPage);
            let annotated = self.pick.tier(Unit::PerAnnotatedPage).or(page);
            self.unit(usage.pages, page)
                .plus(self.unit(usage.annotated_pages, annotated))
        };
        self.input = [self.input, queries, request, messages, paper]
            .into_iter()
            .sum();
    }

    fn query(&self) -> Option<Rate> {
        let ranges = &self.entry.result_ranges;
        let results = self.terms.results.unwrap_or(0);
        let found = ranges.iter().find(|it| results <= it.0).or(ranges.last());
        found
            .map(|it| it.1)
            .or_else(|| self.pick.tier(Unit::PerQuery))
    }

    /// A model without any price of tokens may be paid by the second of work.
    pub(super) fn wall_clock(&mut self) {
        if self.entry.is_paid_by_the_clock() && !self.counted {
            let second = self.entry.clock_rate();
            let amount = self.seconds(self.terms.elapsed_ms, second);
            self.output = self.output.plus(amount);
        }
    }

    pub(super) fn tools(&mut self) {
        let usage = self.usage;
        let per_prompt = self.entry.search_per_prompt;
        let asked = |count: u64| if per_prompt { count.min(1) } else { count };
        let search = self
            .entry
            .search
            .get(self.terms.search_depth as usize)
            .copied()
            .flatten();
        // Who counts searches has made none where none are counted, whatever it cites; and where
        // none is sold, a citation is no sign of one.
        let told = usage.cites_web && !self.entry.counts_searches() && search.is_some();
        let told = u64::from(told);
        let searches = usage.web_searches.max(told);
        for (name, count, rate) in [
            ("web search", asked(searches), search),
            (
                "maps search",
                asked(usage.maps_searches),
                self.pick.tier(Unit::PerMapsQuery),
            ),
            (
                "code session",
                usage.code_sessions,
                self.pick.tier(Unit::PerCodeSession),
            ),
        ] {
            match rate {
                Some(rate) => self.tools = self.tools.plus(rate.times(count)),
                None if count > 0 => self.unpriced.push(name),
                None => {}
            }
        }
    }
}
