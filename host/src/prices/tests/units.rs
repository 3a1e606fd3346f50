//! Bills computed by hand: images, seconds, characters, queries and tools.

use serde_json::json;

use super::golden::{bill, entry, micro, table, total};
use crate::prices::{Depth, Terms};

#[test]
fn an_image_model_sells_tokens_where_they_are_counted_else_images_else_pixels() {
    let gpt_image = table("gpt-image-1");
    // 5 in, 10 for a picture in, 40 out.
    let tokens = json!({"input_tokens": 30, "input_image_tokens": 10, "output_tokens": 100, "output_images": 1});
    assert_eq!(total(&gpt_image, tokens), Some(micro(100 + 100 + 4000)));
    let flux = entry(
        json!({"mode": "image_generation", "output_cost_per_image": 0.04,
        "output_cost_per_image_2K": 0.1}),
    );
    assert_eq!(
        total(&flux, json!({"output_images": 2, "output_pixels": 999})),
        Some(micro(80_000))
    );
    let large = Terms {
        image_size: Some("2k"),
        ..Terms::default()
    };
    assert_eq!(
        bill(&flux, json!({"output_images": 2}), &large)
            .image
            .pico(),
        micro(200_000)
    );
    let dall_e = table("azure/hd/1024-x-1024/dall-e-3");
    let pixels = total(
        &dall_e,
        json!({"output_images": 1, "output_pixels": 1024 * 1024}),
    );
    // 1,048,576 × 8.39233e-08 is 0.08799995822080 exactly.
    assert_eq!(pixels, Some(87_999_958_221));
    assert_eq!(
        total(&flux, json!({})),
        None,
        "an image call without a count is not free"
    );
}

#[test]
fn seconds_of_sound_are_paid_unless_their_tokens_are() {
    let whisper = table("whisper-1");
    assert_eq!(
        total(&whisper, json!({"input_audio_ms": 2500})),
        Some(micro(250))
    );
    assert_eq!(total(&whisper, json!({})), None);
    // gpt-4o-transcribe: 2.5 a token of sound, 10 out, or 100 a second, in millionths.
    let transcribe = table("gpt-4o-transcribe");
    let tokens = json!({"input_tokens": 14, "input_audio_tokens": 14, "output_tokens": 4, "input_audio_ms": 1000});
    assert_eq!(total(&transcribe, tokens), Some(micro(75)));
    assert_eq!(
        total(&transcribe, json!({"input_audio_ms": 1000})),
        Some(micro(100))
    );
}

#[test]
fn characters_are_paid_in_place_of_their_tokens() {
    let tts = table("tts-1");
    assert_eq!(
        total(&tts, json!({"input_characters": 100})),
        Some(micro(1500))
    );
    let both = entry(json!({"input_cost_per_character": 1e-6, "input_cost_per_token": 9e-6}));
    assert_eq!(
        total(&both, json!({"input_characters": 7, "input_tokens": 3})),
        Some(micro(7))
    );
    assert_eq!(total(&both, json!({"input_tokens": 3})), Some(micro(27)));
}

#[test]
fn video_is_paid_by_the_second_and_the_resolution() {
    let sora = table("openai/sora-2");
    assert_eq!(
        total(&sora, json!({"output_media_ms": 4000})),
        Some(micro(400_000))
    );
    let veo = entry(
        json!({"mode": "video_generation", "output_cost_per_second": 0.4, "output_cost_per_second_4k": 0.6}),
    );
    let four_k = Terms {
        resolution: Some("4K"),
        ..Terms::default()
    };
    assert_eq!(
        bill(&veo, json!({"output_media_ms": 1500}), &four_k)
            .total
            .pico(),
        micro(900_000)
    );
    assert_eq!(
        bill(&veo, json!({"output_media_ms": 1500}), &Terms::default())
            .total
            .pico(),
        micro(600_000)
    );
}

#[test]
fn work_by_the_second_takes_the_time_of_the_answer() {
    let own = entry(json!({"input_cost_per_second": 0.00042, "mode": "chat"}));
    let terms = Terms {
        elapsed_ms: 2500,
        ..Terms::default()
    };
    let used = json!({"input_tokens": 5, "output_tokens": 5});
    assert_eq!(bill(&own, used.clone(), &terms).total.pico(), micro(1050));
    assert_eq!(
        total(&own, used),
        None,
        "without a time the price is unknown"
    );
}

#[test]
fn rerank_search_and_paper_are_counted_in_their_units() {
    let rerank = table("rerank-english-v3.0");
    assert_eq!(total(&rerank, json!({"queries": 3})), Some(micro(6000)));
    assert_eq!(
        total(&rerank, json!({})),
        Some(micro(2000)),
        "a call is one query"
    );
    let exa = table("exa_ai/search");
    let many = Terms {
        results: Some(26),
        ..Terms::default()
    };
    assert_eq!(
        bill(&exa, json!({}), &Terms::default()).total.pico(),
        micro(5000)
    );
    assert_eq!(bill(&exa, json!({}), &many).total.pico(), micro(25_000));
    let ocr = entry(
        json!({"mode": "ocr", "ocr_cost_per_page": 0.001, "annotation_cost_per_page": 0.003,
        "ocr_cost_per_page_batches": 0.0005}),
    );
    assert_eq!(
        total(&ocr, json!({"pages": 2, "annotated_pages": 1})),
        Some(micro(5000))
    );
    assert_eq!(
        total(&ocr, json!({"pages": 2, "service_tier": "batch"})),
        Some(micro(1000))
    );
    let online = table("perplexity/pplx-7b-online");
    assert_eq!(
        total(&online, json!({"output_tokens": 100})),
        Some(micro(5000 + 28))
    );
}

#[test]
fn a_citation_is_a_search_where_searches_are_sold_and_nobody_counts_them() {
    let cited = json!({"input_tokens": 1000, "output_tokens": 100, "cites_web": true});
    let preview = table("gpt-4o-search-preview");
    assert_eq!(total(&preview, cited.clone()), Some(micro(3_500 + 25_000)));
    let plain = bill(&table("gpt-4o"), cited.clone(), &Terms::default());
    assert_eq!(
        (plain.total.pico(), plain.unpriced.len()),
        (micro(3_500), 0)
    );
    let counts = entry(
        json!({"litellm_provider": "gemini", "input_cost_per_token": 0, "output_cost_per_token": 0,
        "search_context_cost_per_query": {"search_context_size_medium": 0.035}}),
    );
    assert_eq!(total(&counts, cited), Some(0));
}

#[test]
fn the_served_tier_counts_where_it_says_something_of_a_price() {
    let gpt = table("gpt-4o");
    let terms = Terms {
        service_tier: Some("priority"),
        ..Terms::default()
    };
    let used =
        |tier: &str| json!({"input_tokens": 1000, "output_tokens": 100, "service_tier": tier});
    for (served, micros) in [("default", 3_500), ("scale", 5_950), ("priority", 5_950)] {
        let it = bill(&gpt, used(served), &terms);
        assert_eq!(it.total.pico(), micro(micros), "{served}");
    }
}

#[test]
fn searches_cost_by_depth_and_google_sells_them_by_the_prompt() {
    let sonar = table("perplexity/sonar");
    let searched = json!({"input_tokens": 1, "output_tokens": 1, "web_searches": 2});
    for (depth, micros) in [
        (Depth::Low, 10_002),
        (Depth::Medium, 16_002),
        (Depth::High, 24_002),
    ] {
        let terms = Terms {
            search_depth: depth,
            ..Terms::default()
        };
        let it = bill(&sonar, searched.clone(), &terms);
        assert_eq!(
            (it.total.pico(), it.tools.pico()),
            (micro(micros), micro(micros - 2))
        );
    }
    let old = entry(
        json!({"litellm_provider": "gemini", "input_cost_per_token": 0, "output_cost_per_token": 0,
        "search_context_cost_per_query": {"search_context_size_medium": 0.035}}),
    );
    assert_eq!(total(&old, searched.clone()), Some(micro(35_000)));
    let new = entry(
        json!({"litellm_provider": "gemini", "input_cost_per_token": 0, "output_cost_per_token": 0,
        "web_search_billing_unit": "per_query",
        "search_context_cost_per_query": {"search_context_size_medium": 0.035}}),
    );
    assert_eq!(total(&new, searched.clone()), Some(micro(70_000)));
    let silent = entry(json!({"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}));
    let it = bill(&silent, searched, &Terms::default());
    assert_eq!(
        (it.total.pico(), it.unpriced),
        (micro(2), vec!["web search"])
    );
}
