//! The `usage` objects of every dialect, read into one shape.

use serde_json::Value;

use super::Usage;

/// xAI counts its price in these: 10^10 to the dollar.
const TICKS_PER_DOLLAR: f64 = 1e10;

impl Usage {
    /// Reads a canonical `usage` object: chat and embeddings (`prompt_tokens`), responses, images
    /// and transcriptions (`input_tokens`, or `type: duration` with `seconds`), Anthropic messages
    /// (input without cached tokens), rerank (`search_units`) and OCR (`pages_processed`). None if
    /// it holds no count at all.
    pub fn from_json(usage: &Value) -> Option<Self> {
        let at = |name: &str| count(usage, name);
        let input = Details::of(
            usage,
            [
                "prompt_tokens_details",
                "input_tokens_details",
                "input_token_details",
            ],
        );
        let output = Details::of(
            usage,
            [
                "completion_tokens_details",
                "output_tokens_details",
                "output_token_details",
            ],
        );
        let cache_read = at("cache_read_input_tokens");
        let cache_written = at("cache_creation_input_tokens");
        let seconds = (usage.get("type").and_then(Value::as_str) == Some("duration"))
            .then(|| usage.get("seconds").and_then(milliseconds))
            .flatten();
        let queries = at("search_units").or(usage
            .get("billed_units")
            .and_then(|it| count(it, "search_units")));
        let pages = at("pages_processed");
        let (input_tokens, output_tokens) = if let Some(input) = at("prompt_tokens") {
            (input, at("completion_tokens").unwrap_or(0))
        } else {
            let (input, output) = (at("input_tokens"), at("output_tokens"));
            if input.is_none()
                && output.is_none()
                && seconds.is_none()
                && queries.is_none()
                && pages.is_none()
            {
                return None;
            }
            let cached = cache_read
                .unwrap_or(0)
                .saturating_add(cache_written.unwrap_or(0));
            (
                input.unwrap_or(0).saturating_add(cached),
                output.unwrap_or(0),
            )
        };
        let cached = input.group("cached_tokens_details");
        let lifetimes =
            Details::of(usage, ["cache_creation"]).or(input.group("cache_creation_token_details"));
        let tools = Details::of(usage, ["server_tool_use"]);
        let word = |name: &str| usage.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            input_tokens,
            output_tokens,
            cached_tokens: input.find("cached_tokens").or(cache_read).unwrap_or(0),
            cache_write_tokens: input
                .find("cache_write_tokens")
                .or(input.find("cache_creation_tokens"))
                .or(cache_written)
                .unwrap_or(0),
            reasoning_tokens: output.count("reasoning_tokens"),
            reported_cost_usd: reported_cost(usage),
            cache_write_1h_tokens: lifetimes.count("ephemeral_1h_input_tokens"),
            cache_write_12h_tokens: lifetimes.count("ephemeral_12h_input_tokens"),
            explicit_cache: input.word("cache_type") == Some("ephemeral"),
            input_audio_tokens: input.count("audio_tokens"),
            input_image_tokens: input.count("image_tokens"),
            input_video_tokens: input.count("video_tokens"),
            cached_audio_tokens: cached.count("audio_tokens"),
            cached_image_tokens: cached.count("image_tokens"),
            output_audio_tokens: output.count("audio_tokens"),
            output_image_tokens: output.count("image_tokens"),
            output_video_tokens: output.count("video_tokens"),
            citation_tokens: at("citation_tokens").unwrap_or(0),
            web_searches: tools
                .find("web_search_requests")
                .or(input.find("web_search_requests"))
                .or(at("num_search_queries"))
                .or(Details::of(usage, ["server_side_tool_usage_details"]).find("web_search_calls"))
                .or(Details::of(usage, ["tool_usage"])
                    .group("web_search")
                    .find("num_requests"))
                .unwrap_or(0),
            cites_web: false,
            maps_searches: input.count("google_maps_grounding_requests"),
            code_sessions: 0,
            queries: queries.unwrap_or(0),
            pages: pages.unwrap_or(0),
            annotated_pages: at("annotated_pages_processed").unwrap_or(0),
            credits: at("credits").unwrap_or(0),
            input_images: input.count("image_count"),
            output_images: 0,
            output_pixels: 0,
            input_messages: 0,
            input_characters: input.count("character_count"),
            output_characters: 0,
            input_audio_ms: seconds.unwrap_or_else(|| input.milliseconds("audio_length_seconds")),
            input_video_ms: input.milliseconds("video_length_seconds"),
            output_media_ms: 0,
            service_tier: word("service_tier").or_else(|| {
                let traffic = usage.get("traffic_type").and_then(Value::as_str)?;
                Some(tier_of(traffic).to_owned())
            }),
            inference_geo: word("inference_geo"),
            speed: word("speed"),
        })
    }
}

impl Usage {
    /// Reads what a plugin tells beside its answer: any of the shapes above, or the contract's words
    /// `seconds`, `characters`, `images`, `pages` and `searches`. None if it holds no count at all.
    pub fn told(usage: &Value) -> Option<Self> {
        let at = |name: &str| count(usage, name);
        let seconds = usage.get("seconds").and_then(milliseconds);
        let words = ["characters", "images", "pages", "searches"].map(at);
        let known = Self::from_json(usage);
        if known.is_none() && seconds.is_none() && words.iter().all(Option::is_none) {
            return None;
        }
        let mut told = known.unwrap_or_default();
        told.reported_cost_usd = told.reported_cost_usd.or(reported_cost(usage));
        told.input_audio_ms = seconds.unwrap_or(told.input_audio_ms);
        let [characters, images, pages, searches] = words;
        told.input_characters = characters.unwrap_or(told.input_characters);
        told.output_images = images.unwrap_or(told.output_images);
        told.pages = pages.unwrap_or(told.pages);
        told.queries = searches.unwrap_or(told.queries);
        Some(told)
    }
}

/// A part of the usage that may be missing.
#[derive(Clone, Copy)]
struct Details<'a>(Option<&'a Value>);

impl<'a> Details<'a> {
    /// The first of `names` that is an object.
    fn of<const N: usize>(usage: &'a Value, names: [&str; N]) -> Self {
        let mut found = names.iter().filter_map(|name| usage.get(*name));
        Self(found.find(|it| it.is_object()))
    }

    fn group(self, name: &str) -> Self {
        Self(self.0.and_then(|it| it.get(name)))
    }

    fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }

    fn find(self, name: &str) -> Option<u64> {
        self.0.and_then(|it| count(it, name))
    }

    fn count(self, name: &str) -> u64 {
        self.find(name).unwrap_or(0)
    }

    fn word(self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str()
    }

    fn milliseconds(self, name: &str) -> u64 {
        let seconds = self.0.and_then(|it| it.get(name));
        seconds.and_then(milliseconds).unwrap_or(0)
    }
}

fn count(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

/// From seconds, to the nearest millisecond; a negative time is none.
fn milliseconds(seconds: &Value) -> Option<u64> {
    let seconds = seconds.as_f64().filter(|it| it.is_finite() && *it >= 0.0)?;
    // The cast saturates: it is a float beyond u64 at worst.
    Some((seconds * 1000.0).round() as u64)
}

/// Google's `trafficType` as a tier.
fn tier_of(traffic: &str) -> &'static str {
    match traffic {
        "ON_DEMAND_PRIORITY" => "priority",
        "ON_DEMAND_FLEX" | "FLEX" | "BATCH" => "flex",
        _ => "default",
    }
}

/// `cost` as OpenRouter writes it, `cost.total_cost` as Perplexity does, or xAI's ticks.
fn reported_cost(usage: &Value) -> Option<f64> {
    let cost = usage.get("cost");
    cost.and_then(Value::as_f64)
        .or_else(|| cost?.get("total_cost")?.as_f64())
        .or_else(|| Some(usage.get("cost_in_usd_ticks")?.as_f64()? / TICKS_PER_DOLLAR))
        .filter(|it| it.is_finite() && *it >= 0.0)
}
