//! A usage in parts that do not overlap and together are no more than the whole.

use crate::domain::Usage;

/// Disjoint token counts. Providers' numbers may contradict each other; the totals win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    pub text_in: u64,
    pub audio_in: u64,
    pub image_in: u64,
    pub video_in: u64,
    pub cached_text: u64,
    pub cached_audio: u64,
    pub cached_image: u64,
    pub written: u64,
    pub written_1h: u64,
    pub written_12h: u64,
    pub text_out: u64,
    pub audio_out: u64,
    pub image_out: u64,
    pub video_out: u64,
    pub reasoning: u64,
}

impl Parts {
    pub fn of(usage: &Usage) -> Self {
        let mut input = Rest(usage.input_tokens);
        let mut cached = Rest(input.take(usage.cached_tokens));
        let mut written = Rest(input.take(usage.cache_write_tokens));
        let written_12h = written.take(usage.cache_write_12h_tokens);
        let written_1h = written.take(usage.cache_write_1h_tokens);
        let cached_audio = cached.take(usage.cached_audio_tokens);
        let cached_image = cached.take(usage.cached_image_tokens);
        let audio_in = input.take(usage.input_audio_tokens.saturating_sub(cached_audio));
        let image_in = input.take(usage.input_image_tokens.saturating_sub(cached_image));
        let video_in = input.take(usage.input_video_tokens);
        let mut output = Rest(usage.output_tokens);
        let audio_out = output.take(usage.output_audio_tokens);
        let image_out = output.take(usage.output_image_tokens);
        let video_out = output.take(usage.output_video_tokens);
        let reasoning = output.take(usage.reasoning_tokens);
        Self {
            text_in: input.0,
            audio_in,
            image_in,
            video_in,
            cached_text: cached.0,
            cached_audio,
            cached_image,
            written: written.0,
            written_1h,
            written_12h,
            text_out: output.0,
            audio_out,
            image_out,
            video_out,
            reasoning,
        }
    }
}

/// What is left to hand out.
struct Rest(u64);

impl Rest {
    fn take(&mut self, count: u64) -> u64 {
        let taken = count.min(self.0);
        self.0 -= taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_the_whole_whatever_the_provider_says(
            counts in prop::array::uniform14(prop_oneof![0u64..50, any::<u64>()]),
        ) {
            let [input, output, cached, write, reasoning, w1, w12, audio, image, video, c_audio, c_image, o_audio, o_image] = counts;
            let usage = Usage {
                input_tokens: input, output_tokens: output, cached_tokens: cached,
                cache_write_tokens: write, reasoning_tokens: reasoning,
                cache_write_1h_tokens: w1, cache_write_12h_tokens: w12,
                input_audio_tokens: audio, input_image_tokens: image, input_video_tokens: video,
                cached_audio_tokens: c_audio, cached_image_tokens: c_image,
                output_audio_tokens: o_audio, output_image_tokens: o_image,
                ..Usage::default()
            };
            let it = Parts::of(&usage);
            prop_assert_eq!(
                it.text_in + it.audio_in + it.image_in + it.video_in + it.cached_text
                    + it.cached_audio + it.cached_image + it.written + it.written_1h + it.written_12h,
                input
            );
            prop_assert_eq!(it.text_out + it.audio_out + it.image_out + it.video_out + it.reasoning, output);
        }
    }
}
