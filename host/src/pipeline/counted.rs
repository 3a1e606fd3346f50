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
            let seconds = parsed("duration")?;
            let duration = serde_json::json!({"type": "duration", "seconds": seconds});
            Usage::from_json(&duration)
        }
        _ => None,
    }
}

/// What the request tells of it, where the answer is no document.
pub fn of_request(request: &ClientRequest) -> Option<Usage> {
    let input = match request.operation {
        Operation::Speech => request.text_member("input")?,
        _ => return None,
    };
    Some(Usage {
        input_characters: u64::try_from(input.chars().count()).unwrap_or(u64::MAX),
        ..Usage::default()
    })
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
    fn sizes_of_images_are_read() {
        assert_eq!(pixels("256x512"), 131_072);
        assert_eq!(pixels("auto"), 1_048_576);
        assert_eq!(pixels("4294967295x4294967295"), 18_446_744_065_119_617_025);
    }
}
