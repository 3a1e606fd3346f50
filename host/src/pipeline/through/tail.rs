//! What follows a route's prefix: judged so that no upstream can read it as a way out of the base.

use crate::domain::{ErrorKind, Fault};

/// How often a path may be encoded over: deeper ones are nobody's honest path.
const MAX_LAYERS: usize = 4;

/// Where Vertex counts the tokens of a request to one of Anthropic's models, which the body names.
pub const CLAUDES_COUNT: &str = "count-tokens:rawPredict";

/// A path below a base, with a slash before it, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    raw: String,
    segments: Vec<String>,
}

impl Tail {
    /// Takes a path as the client wrote it.
    ///
    /// # Errors
    /// It has `..`, `//` or a control character, written out or encoded.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        let mut form = raw.to_owned();
        for layer in 0.. {
            judge(&form)?;
            let next = decoded(&form, layer == 0)?;
            if next == form {
                break;
            }
            if layer == MAX_LAYERS {
                return Err(wrong("is encoded over and over"));
            }
            form = next;
        }
        let segments = raw.split('/').skip(1);
        let segments = segments.map(|it| decoded(it, true));
        Ok(Self {
            raw: raw.to_owned(),
            segments: segments.collect::<Result<_, _>>()?,
        })
    }

    /// As the client wrote it.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Its segments, decoded.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Whether it is a question for the number of tokens, which costs nothing.
    pub fn counts_tokens(&self) -> bool {
        let last = self.segments.last().map_or("", String::as_str);
        let counts = [
            "count_tokens",
            "count-tokens",
            "input_tokens",
            "tokenize",
            CLAUDES_COUNT,
        ];
        counts.contains(&last) || last.ends_with(":countTokens")
    }
}

fn judge(form: &str) -> Result<(), Fault> {
    if form.contains(char::is_control) {
        return Err(wrong("has control characters"));
    }
    if form.contains('\\') {
        return Err(wrong("has `\\`, which some servers read as a slash"));
    }
    let mut parts = form.trim_end_matches('/').split('/');
    // Before the first slash there is nothing.
    let before = parts.next().unwrap_or_default();
    // Some servers take what follows a `;` for parameters.
    let is_dots = |it: &str| matches!(it.split(';').next().unwrap_or_default().trim(), "." | "..");
    let parts: Vec<&str> = parts.collect();
    if is_dots(before) || parts.iter().any(|it| is_dots(it)) {
        return Err(wrong("has a segment `.` or `..`"));
    }
    if parts.iter().any(|it| it.is_empty()) || form.ends_with("//") {
        return Err(wrong("has an empty segment"));
    }
    Ok(())
}

/// One layer of percent-encoding less. `strict`: a `%` that encodes nothing is an error.
fn decoded(text: &str, strict: bool) -> Result<String, Fault> {
    if !text.contains('%') {
        return Ok(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let value = digits.and_then(|it| {
            let text = std::str::from_utf8(it)
                .ok()
                .filter(|it| !it.starts_with('+'))?;
            u8::from_str_radix(text, 16).ok()
        });
        match value {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None if *first == b'%' && strict => {
                return Err(wrong("has a `%` that encodes nothing"));
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn wrong(what: &str) -> Fault {
    let message = format!("the path cannot be passed on: it {what}");
    Fault::caller(ErrorKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;

    #[test]
    fn what_may_lead_out_of_the_base_is_refused_however_it_is_written() {
        for raw in [
            "/../v1",
            "/v1/..",
            "/v1/./x",
            "/v1//x",
            "//evil.test/x",
            "/v1//",
            "/%2e%2e/x",
            "/.%2E/x",
            "/%252e%252e/x",
            "/%25252e%25252e/x",
            "/v1%2f..%2fx",
            "/v1%2f%2fx",
            "/%2fx",
            "/..%5cx",
            "/..\\x",
            "/..;/x",
            "/..;a=b/x",
            "/%2e%2e%3b/x",
            "/v1%00/x",
            "/v1%0d%0ax",
            "/v1/%",
            "/v1/%zz",
            "/.. /x",
            "/%25252525252e",
        ] {
            assert!(Tail::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn what_providers_write_passes_and_is_read_decoded() {
        let arn = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/converse";
        let tail = Tail::parse(arn).unwrap();
        assert_eq!(
            tail.segments()[1],
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.x"
        );
        assert_eq!(tail.as_str(), arn);
        for raw in [
            "",
            "/v1/messages",
            "/v1/messages/",
            "/v1beta/models/gemini-2.5-pro:generateContent",
            "/v1/files/a...b",
            "/v1/models/claude@20250101",
            "/v1/x%20y",
            "/v1/100%25",
        ] {
            assert!(Tail::parse(raw).is_ok(), "{raw}");
        }
        let counts = |raw: &str| Tail::parse(raw).unwrap().counts_tokens();
        for raw in [
            "/v1/messages/count_tokens",
            "/v1/responses/input_tokens",
            "/v1beta/models/m:countTokens",
            "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
        ] {
            assert!(counts(raw), "{raw}");
        }
        for raw in [
            "/v1/messages",
            "/v1/projects/p/locations/l/publishers/anthropic/models/c@1:rawPredict",
        ] {
            assert!(!counts(raw), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_passes_stays_below_the_base_as_browsers_read_it(
            raw in "(/|%2[eEfF]|%25|%5c|\\.|;|a|b|%){0,12}"
        ) {
            let raw = format!("/{raw}");
            if Tail::parse(&raw).is_ok() {
                let mut url = Url::parse("https://x.test/base").unwrap();
                url.set_path(&format!("/base{raw}"));
                prop_assert_eq!(url.path(), format!("/base{raw}"));
            }
        }
    }
}
