//! What has a price, in the table's names and in LiteLLM's.

/// Makes the enum and its two columns of names from one list, so that they cannot drift.
macro_rules! units {
    ($($unit:ident $ours:literal $theirs:literal,)*) => {
        /// Something that has a price.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Unit { $($unit,)* }

        impl Unit {
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$unit,)*];

            /// As the table of the project writes it.
            pub const fn ours(self) -> &'static str {
                match self { $(Self::$unit => $ours,)* }
            }

            /// As LiteLLM's price map and `litellm_params` write it, at the standard service.
            pub const fn theirs(self) -> &'static str {
                match self { $(Self::$unit => $theirs,)* }
            }

            pub fn from_ours(name: &str) -> Option<Self> {
                match name { $($ours => Some(Self::$unit),)* _ => None }
            }

            pub fn from_theirs(name: &str) -> Option<Self> {
                match name { $($theirs => Some(Self::$unit),)* _ => None }
            }
        }
    };
}

units! {
    Input "in" "input_cost_per_token",
    Output "out" "output_cost_per_token",
    CacheRead "cache_read" "cache_read_input_token_cost",
    CacheHit "cache_hit" "input_cost_per_token_cache_hit",
    CacheReadExplicit "cache_read_explicit" "explicit_cache_read_input_token_cost",
    CacheWrite "cache_write" "cache_creation_input_token_cost",
    CacheWrite1h "cache_write_1h" "cache_creation_input_token_cost_above_1hr",
    CacheWrite12h "cache_write_12h" "cache_creation_input_token_cost_above_12hr",
    Reasoning "reasoning" "output_cost_per_reasoning_token",
    AudioIn "in_audio" "input_cost_per_audio_token",
    AudioOut "out_audio" "output_cost_per_audio_token",
    CacheReadAudio "cache_read_audio" "cache_read_input_audio_token_cost",
    CacheWriteAudio "cache_write_audio" "cache_creation_input_audio_token_cost",
    ImageIn "in_image" "input_cost_per_image_token",
    ImageOut "out_image" "output_cost_per_image_token",
    CacheReadImage "cache_read_image" "cache_read_input_image_token_cost",
    VideoIn "in_video" "input_cost_per_video_token",
    VideoOut "out_video" "output_cost_per_video_token",
    Citation "citation" "citation_cost_per_token",
    CharacterIn "in_character" "input_cost_per_character",
    CharacterOut "out_character" "output_cost_per_character",
    PerImageIn "per_image_in" "input_cost_per_image",
    PerImageOut "per_image_out" "output_cost_per_image",
    PerPixelIn "per_pixel_in" "input_cost_per_pixel",
    PerPixelOut "per_pixel_out" "output_cost_per_pixel",
    PerSecondIn "per_second_in" "input_cost_per_second",
    PerSecondOut "per_second_out" "output_cost_per_second",
    PerSecond "per_second" "cost_per_second",
    PerAudioSecondIn "per_audio_second_in" "input_cost_per_audio_per_second",
    PerVideoSecondIn "per_video_second_in" "input_cost_per_video_per_second",
    PerVideoSecondOut "per_video_second_out" "output_cost_per_video_per_second",
    PerQuery "per_query" "input_cost_per_query",
    PerRequest "per_request" "input_cost_per_request",
    PerMessage "per_message" "input_cost_per_text_message",
    PerPage "per_page" "ocr_cost_per_page",
    PerAnnotatedPage "per_annotated_page" "annotation_cost_per_page",
    PerCredit "per_credit" "ocr_cost_per_credit",
    PerCodeSession "per_code_session" "code_interpreter_cost_per_session",
    PerMapsQuery "per_maps_query" "google_maps_grounding_cost_per_query",
    VectorGbDay "vector_gb_day" "vector_store_cost_per_gb_per_day",
    DbuIn "dbu_in" "input_dbu_cost_per_token",
    DbuOut "dbu_out" "output_dbu_cost_per_token",
}

impl Unit {
    /// The prices of what goes in, which the price of an input token stands in for.
    pub const INPUT_SIDE: &[Self] = &[
        Self::Input,
        Self::CacheRead,
        Self::CacheHit,
        Self::CacheReadExplicit,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::CacheWrite12h,
        Self::AudioIn,
        Self::CacheReadAudio,
        Self::CacheWriteAudio,
        Self::ImageIn,
        Self::CacheReadImage,
        Self::VideoIn,
        Self::CharacterIn,
    ];
    /// The prices of what comes out, which the price of an output token stands in for.
    pub const OUTPUT_SIDE: &[Self] = &[
        Self::Output,
        Self::Reasoning,
        Self::AudioOut,
        Self::ImageOut,
        Self::VideoOut,
        Self::CharacterOut,
    ];

    pub fn is_input_side(self) -> bool {
        Self::INPUT_SIDE.contains(&self)
    }

    pub fn is_output_side(self) -> bool {
        Self::OUTPUT_SIDE.contains(&self)
    }
}

/// The service that a call was served at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    #[default]
    Standard,
    Batch,
    Flex,
    Priority,
    Balanced,
    Ultrafast,
    Decisions,
}

impl Service {
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Batch,
        Self::Flex,
        Self::Priority,
        Self::Balanced,
        Self::Ultrafast,
        Self::Decisions,
    ];

    /// The table's block for it; the standard service has `usd`.
    pub const fn ours(self) -> &'static str {
        match self {
            Self::Standard => "usd",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Balanced => "balanced",
            Self::Ultrafast => "ultrafast",
            Self::Decisions => "decisions",
        }
    }

    /// What LiteLLM appends to a price's name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Standard => "",
            Self::Batch => "_batches",
            Self::Flex => "_flex",
            Self::Priority => "_priority",
            Self::Balanced => "_balanced",
            Self::Ultrafast => "_ultrafast",
            Self::Decisions => "_decisions",
        }
    }

    /// From a `service_tier`, asked for or served. None: the name says nothing of a price.
    pub fn named(tier: &str) -> Option<Self> {
        let is = |name: &str| tier.eq_ignore_ascii_case(name);
        if is("default") || is("standard") || is("standard_only") {
            return Some(Self::Standard);
        }
        if is("fast") {
            return Some(Self::Priority);
        }
        let mut priced = Self::ALL.into_iter().filter(|it| *it != Self::Standard);
        priced.find(|it| is(it.ours()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_the_providers_words() {
        assert_eq!(Service::named("priority"), Some(Service::Priority));
        assert_eq!(Service::named("Fast"), Some(Service::Priority));
        assert_eq!(Service::named("batch"), Some(Service::Batch));
        assert_eq!(Service::named("Default"), Some(Service::Standard));
        for tier in ["auto", "scale", "usd", ""] {
            assert_eq!(Service::named(tier), None, "{tier}");
        }
    }
}
