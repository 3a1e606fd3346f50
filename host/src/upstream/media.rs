//! Large media never enter a guest: base64 payloads are replaced by random words of one call and
//! written back while the request is sent.

use crate::domain::Fault;

/// Payloads from this length on are taken out, in characters of base64.
pub const THRESHOLD: usize = 64 << 10;

const PREFIX: &str = "sluice-media-";
const WORD: usize = PREFIX.len() + 32;

/// The payloads of one call.
#[derive(Debug, Default)]
pub struct MediaTable {
    payloads: Vec<(String, String)>,
}

impl MediaTable {
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }

    /// `text` with every long base64 payload replaced by a word; the payloads are kept here.
    pub fn extract(&mut self, text: String) -> String {
        if text.len() < THRESHOLD {
            return text;
        }
        let mut out = String::new();
        let mut from = 0;
        for (start, end) in payloads(&text) {
            let word = format!("{PREFIX}{}", uuid::Uuid::new_v4().simple());
            out.push_str(text.get(from..start).unwrap_or_default());
            out.push_str(&word);
            self.payloads
                .push((word, text.get(start..end).unwrap_or_default().to_owned()));
            from = end;
        }
        if from == 0 {
            return text;
        }
        out.push_str(text.get(from..).unwrap_or_default());
        out
    }

    /// `text` with the payloads in their places again.
    pub fn restore(&self, text: String) -> String {
        if self.is_empty() || !text.contains(PREFIX) {
            return text;
        }
        let payloads: usize = self.payloads.iter().map(|(_, payload)| payload.len()).sum();
        let mut out = String::with_capacity(text.len() + payloads);
        let mut rest = text.as_str();
        while let Some(at) = memchr::memmem::find(rest.as_bytes(), PREFIX.as_bytes()) {
            out.push_str(rest.get(..at).unwrap_or_default());
            let tail = rest.get(at..).unwrap_or_default();
            let word = tail.get(..WORD).unwrap_or(tail);
            let payload = self.payloads.iter().find(|(known, _)| known == word);
            out.push_str(payload.map_or(word, |(_, payload)| payload));
            rest = tail.get(word.len()..).unwrap_or_default();
        }
        out.push_str(rest);
        out
    }

    /// Refuses an answer in which a word was left.
    pub fn check_answer(&self, text: &str) -> Result<(), Fault> {
        let left = self
            .payloads
            .iter()
            .any(|(word, _)| text.contains(word.as_str()));
        if left {
            Err(Fault::plugin("the plugin left a media word in its answer"))
        } else {
            Ok(())
        }
    }
}

/// Where long runs of base64 lie that are a whole string, or follow `;base64,` in one.
fn payloads(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(quote) = memchr::memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        let start = at + quote + 1;
        let end = string_end(bytes, start);
        let content = text.get(start..end).unwrap_or_default();
        if content.len() >= THRESHOLD {
            let head = content.get(..256).unwrap_or(content);
            let marker = ";base64,";
            let skip = head.find(marker).map_or(0, |at| at + marker.len());
            let payload = content.get(skip..).unwrap_or_default();
            let is_data = skip > 0 && head.starts_with("data:");
            if (skip == 0 || is_data) && payload.len() >= THRESHOLD && is_base64(payload) {
                found.push((start + skip, end));
            }
        }
        at = end + 1;
    }
    found
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(stop) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += stop;
        if bytes.get(at) == Some(&b'"') {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    body.bytes()
        .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_payloads_leave_and_come_back() {
        let large = "QUJD".repeat(1_300_000);
        let text = format!(
            r#"{{"a":"data:image/png;base64,{large}","b":"{large}","c":"{}","d":"QUJD","e":"\"{large}"}}"#,
            "no base64! ".repeat(10_000)
        );
        let mut table = MediaTable::default();
        let small = table.extract(text.clone());
        assert_eq!(table.payloads.len(), 2);
        assert!(small.contains("data:image/png;base64,sluice-media-"));
        assert!(table.check_answer(&small).is_err() && table.check_answer("{}").is_ok());
        assert_eq!(table.restore(small), text);
    }

    #[test]
    fn a_word_of_another_call_stays_a_word() {
        let mut table = MediaTable::default();
        table.extract(format!("{{\"a\":\"{}\"}}", "A".repeat(THRESHOLD)));
        let foreign = format!("{{\"x\":\"{PREFIX}{}\"}}", "0".repeat(32));
        assert_eq!(table.restore(foreign.clone()), foreign);
    }
}
