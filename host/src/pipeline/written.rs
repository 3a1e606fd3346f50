//! How many tokens an event of a stream may be, by the text in it: for budgets while no provider
//! has said what was used.

use memchr::memmem;

/// Members of events that hold what the model writes, in every dialect.
const TEXTS: [&str; 6] = [
    "\"content\":",
    "\"reasoning_content\":",
    "\"text\":",
    "\"thinking\":",
    "\"arguments\":",
    "\"partial_json\":",
];

/// Responses name every piece so.
const DELTA: &str = "\"delta\":";

/// Bytes of text to a token, in English; other languages have fewer.
const BYTES_PER_TOKEN: usize = 4;

/// Tokens of one event, guessed.
pub fn tokens(data: &str) -> u64 {
    if repeats(data) {
        return 0;
    }
    let mut bytes = 0;
    for name in TEXTS.iter().chain([&DELTA]) {
        for at in memmem::find_iter(data.as_bytes(), name.as_bytes()) {
            // Some upstreams write a space here.
            let value = data.get(at + name.len()..).unwrap_or_default();
            if let Some(text) = value.trim_start().strip_prefix('"') {
                bytes += length(text);
            }
        }
    }
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

/// Whether it is an event of Responses that is no delta: its text was in deltas already.
fn repeats(data: &str) -> bool {
    const TYPE: &str = "\"type\":";
    memmem::find_iter(data.as_bytes(), TYPE.as_bytes()).any(|at| {
        let value = data.get(at + TYPE.len()..).unwrap_or_default();
        let text = value.trim_start().strip_prefix('"').unwrap_or_default();
        let kind = text.get(..length(text)).unwrap_or_default();
        kind.starts_with("response.") && !kind.ends_with(".delta")
    })
}

/// Bytes up to the quote that ends a JSON string.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_counted_in_every_dialect_and_the_rest_is_not() {
        for (event, expected) in [
            (r#"{"choices":[{"delta":{"content":"12345678"}}]}"#, 2),
            (r#"{"delta":{"type":"text_delta","text":"a \" quote"}}"#, 3),
            (r#"{"type":"response.output_text.delta","delta":"abc"}"#, 1),
            (r#"{"type":"response.output_text.done","text":"abc"}"#, 0),
            (
                r#"{"response":{"output":[{"type":"message","content":[{"text":"abc"}]}]},"type": "response.completed"}"#,
                0,
            ),
            (
                r#"{"type":"response","output":[{"type":"message","content":[{"text":"abc"}]}]}"#,
                1,
            ),
            (r#"{"delta":{"content":"\"type\":\"response.x\""}}"#, 6),
            (r#"{"delta":{"partial_json":"{\"a\":"}}"#, 2),
            (r#"{"choices": [{"delta": {"content": "12345678"}}]}"#, 2),
            (r#"{"choices":[{"delta":{"content":null}}]}"#, 0),
            (r#"{"choices":[],"usage":{"prompt_tokens":7}}"#, 0),
            (r#"{"delta":{"content":"cut off"#, 2),
        ] {
            assert_eq!(tokens(event), expected, "{event}");
        }
    }
}
