//! What is paid for beside tokens: told by the answer itself, or by the request.

use serde_json::Value;

use super::request::{ClientRequest, Operation};
use crate::dialect::envelope::Seen;
use crate::domain::Usage;

/// What a JSON answer tells of its usage outside of a `usage` member. None: nothing.
pub fn of_answer(request: &ClientRequest, seen: &Seen<'_>) -> Option<Usage> {
    let parsed = |name: &str| serde_json::from_str::<Value>(seen.member(name)?).ok();
    match request.operation {
        Operation::Rerank => Usage::from_json(&parsed("meta")?),
        Operation::GenerateContent => of_google(&parsed("usageMetadata")?),
        Operation::ImagesGenerate | Operation::ImagesEdit | Operation::ImagesVary => {
            let made = parsed("data")?.as_array().map_or(0, Vec::len);
            let made = u64::try_from(made).unwrap_or(u64::MAX);
            let pixels = pixels(&request.text_member("size").unwrap_or_default());
            Some(Usage {
                output_images: made,
                output_pixels: pixels.saturating_mul(made),
                ..Usage::default()
            })
        }
        Operation::Transcribe | Operation::Translate => {
            let told = parsed("duration").and_then(|seconds| {
                Usage::from_json(&serde_json::json!({"type": "duration", "seconds": seconds}))
            });
            told.or_else(|| of_request(request))
        }
        _ => None,
    }
}

/// Google's `usageMetadata`: thoughts are output, what tools brought is input.
pub fn of_google(usage: &Value) -> Option<Usage> {
    let count = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    usage.get("promptTokenCount")?;
    let of = |list: &str, kind: &str| {
        let list = usage.get(list).and_then(Value::as_array);
        let found = list
            .into_iter()
            .flatten()
            .filter(|it| it["modality"] == kind);
        found
            .filter_map(|it| it["tokenCount"].as_u64())
            .sum::<u64>()
    };
    let thoughts = count("thoughtsTokenCount");
    Some(Usage {
        input_tokens: count("promptTokenCount").saturating_add(count("toolUsePromptTokenCount")),
        output_tokens: count("candidatesTokenCount").saturating_add(thoughts),
        cached_tokens: count("cachedContentTokenCount"),
        reasoning_tokens: thoughts,
        input_audio_tokens: of("promptTokensDetails", "AUDIO"),
        input_image_tokens: of("promptTokensDetails", "IMAGE"),
        input_video_tokens: of("promptTokensDetails", "VIDEO"),
        cached_audio_tokens: of("cacheTokensDetails", "AUDIO"),
        cached_image_tokens: of("cacheTokensDetails", "IMAGE"),
        output_audio_tokens: of("candidatesTokensDetails", "AUDIO"),
        output_image_tokens: of("candidatesTokensDetails", "IMAGE"),
        ..Usage::default()
    })
}

/// What the request tells of it, where the answer does not.
pub fn of_request(request: &ClientRequest) -> Option<Usage> {
    match request.operation {
        Operation::Speech => {
            let input = request.text_member("input")?;
            Some(Usage {
                input_characters: u64::try_from(input.chars().count()).unwrap_or(u64::MAX),
                ..Usage::default()
            })
        }
        Operation::Transcribe | Operation::Translate => Some(Usage {
            input_audio_ms: request
                .files
                .iter()
                .filter_map(|it| it.held())
                .map(|it| milliseconds(it))
                .sum(),
            ..Usage::default()
        }),
        _ => None,
    }
}

/// How long a sound is: by the header of a WAV file, else about, as if it had 128 kilobits a second.
fn milliseconds(sound: &[u8]) -> u64 {
    const USUAL: u64 = 16_000;
    let told = sound
        .get(28..32)
        .filter(|_| sound.starts_with(b"RIFF") && sound.get(8..12) == Some(b"WAVE"));
    let told = told
        .and_then(|it| it.try_into().ok())
        .map(u32::from_le_bytes);
    let a_second = told.map_or(USUAL, u64::from).max(1);
    let length = u64::try_from(sound.len()).unwrap_or(u64::MAX);
    length.saturating_mul(1_000) / a_second
}

/// Of `1024x1536`. Where nothing is said, images are as most models make them.
fn pixels(size: &str) -> u64 {
    const USUAL: u64 = 1024 * 1024;
    let sides = size.split_once('x');
    let sides = sides.and_then(|(wide, high)| Some((wide.parse().ok()?, high.parse().ok()?)));
    sides.map_or(USUAL, |(wide, high): (u32, u32)| {
        u64::from(wide) * u64::from(high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_is_as_long_as_its_header_or_its_size_says() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt ".to_vec();
        wav.resize(28, 0);
        wav.extend(32_000u32.to_le_bytes());
        wav.resize(64_000, 0);
        assert_eq!(milliseconds(&wav), 2_000);
        assert_eq!(milliseconds(&[7; 48_000]), 3_000);
        assert_eq!(milliseconds(b"RIFF"), 0);
    }

    #[test]
    fn thoughts_are_paid_as_output_in_googles_usage() {
        let usage = serde_json::json!({"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 5,
            "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 2,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}]});
        let usage = of_google(&usage).unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens), (12, 8));
        assert_eq!((usage.cached_tokens, usage.reasoning_tokens), (4, 5));
        assert_eq!(usage.input_audio_tokens, 6);
    }

    #[test]
    fn sizes_of_images_are_read() {
        assert_eq!(pixels("256x512"), 131_072);
        assert_eq!(pixels("auto"), 1_048_576);
        assert_eq!(pixels("4294967295x4294967295"), 18_446_744_065_119_617_025);
    }
}
