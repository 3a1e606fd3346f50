//! What a call used.

mod read;
#[cfg(test)]
mod tests;
mod told;

use serde::{Deserialize, Serialize};

pub use told::Told;

/// Token counts as OpenAI counts them: input includes cached and cache-written tokens, output
/// includes reasoning. All other token counts are parts of these two; what no part claims is text.
///
/// The numbers come from outside and may contradict each other (more cached than input): whoever
/// computes with them must clamp.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cached_tokens: u64,
    pub cache_write_tokens: u64,
    pub reasoning_tokens: u64,
    /// Dollars, where the provider names its price.
    pub reported_cost_usd: Option<f64>,

    /// Of `cache_write_tokens`, those kept for an hour.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_1h_tokens: u64,
    /// Of `cache_write_tokens`, those kept for twelve hours.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write_12h_tokens: u64,
    /// The cached tokens were read from a cache that the caller made (`cache_type: ephemeral`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub explicit_cache: bool,
    /// Of `input_tokens`, cached ones included.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_audio_tokens: u64,
    /// Of `input_tokens`, cached ones included.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_image_tokens: u64,
    /// Of `input_tokens`.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_video_tokens: u64,
    /// Of both `cached_tokens` and `input_audio_tokens`.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_audio_tokens: u64,
    /// Of both `cached_tokens` and `input_image_tokens`.
    #[serde(skip_serializing_if = "is_zero")]
    pub cached_image_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub output_audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub output_image_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub output_video_tokens: u64,
    /// Beside input and output: what Perplexity counts for citations.
    #[serde(skip_serializing_if = "is_zero")]
    pub citation_tokens: u64,

    /// Searches that the provider made.
    #[serde(skip_serializing_if = "is_zero")]
    pub web_searches: u64,
    /// The answer cites pages of the web, which is all that some providers tell of a search.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cites_web: bool,
    #[serde(skip_serializing_if = "is_zero")]
    pub maps_searches: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub code_sessions: u64,
    /// Search units of a rerank call, queries of a search call.
    #[serde(skip_serializing_if = "is_zero")]
    pub queries: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub pages: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub annotated_pages: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub credits: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub input_images: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub output_images: u64,
    /// Width times height, summed over the images made.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_pixels: u64,
    /// Texts sent into a realtime session.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_messages: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub input_characters: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub output_characters: u64,
    /// Milliseconds of sound heard.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_audio_ms: u64,
    /// Milliseconds of video watched.
    #[serde(skip_serializing_if = "is_zero")]
    pub input_video_ms: u64,
    /// Milliseconds of sound or video made.
    #[serde(skip_serializing_if = "is_zero")]
    pub output_media_ms: u64,

    /// The tier that served the call, as the provider names it: `default`, `flex`, `priority`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Where the call was served, in Anthropic's words: `us`, `global`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inference_geo: Option<String>,
    /// `fast`, in Anthropic's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<String>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Usage {
    /// Input and output together.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }

    /// Two reports on one call, of which the newer repeats its totals, but not all of them: the
    /// greater of each count, and the newer of each word.
    pub fn updated(self, newer: Self) -> Self {
        let reported_cost_usd = newer.reported_cost_usd.or(self.reported_cost_usd);
        Self {
            reported_cost_usd,
            ..self.zip(newer, u64::max)
        }
    }

    /// What two calls used together.
    pub fn plus(self, other: Self) -> Self {
        let reported_cost_usd = match (self.reported_cost_usd, other.reported_cost_usd) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
        Self {
            reported_cost_usd,
            ..self.zip(other, u64::saturating_add)
        }
    }

    /// Every count through `of`; words of `other` first.
    fn zip(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        macro_rules! counts {
            ($($name:ident)*) => {
                Self {
                    $($name: of(self.$name, other.$name),)*
                    reported_cost_usd: None,
                    explicit_cache: self.explicit_cache || other.explicit_cache,
                    cites_web: self.cites_web || other.cites_web,
                    service_tier: other.service_tier.or(self.service_tier),
                    inference_geo: other.inference_geo.or(self.inference_geo),
                    speed: other.speed.or(self.speed),
                }
            };
        }
        counts! {
            input_tokens output_tokens cached_tokens cache_write_tokens reasoning_tokens
            cache_write_1h_tokens cache_write_12h_tokens
            input_audio_tokens input_image_tokens input_video_tokens
            cached_audio_tokens cached_image_tokens
            output_audio_tokens output_image_tokens output_video_tokens citation_tokens
            web_searches maps_searches code_sessions queries pages annotated_pages credits
            input_images output_images output_pixels input_messages input_characters output_characters
            input_audio_ms input_video_ms output_media_ms
        }
    }
}
