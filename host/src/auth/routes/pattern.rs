//! Paths with places in them: `{id}` is one segment, `{*rest}` at least one character of any.

/// A path with places, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// One or more characters, none of them `/`.
    Segment,
    /// One or more characters.
    Rest,
}

impl Pattern {
    /// Reads `/a/{id}/b`, `/a/{*rest}` and, as operators write it, `/a/*`.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '*']) {
            let (before, from) = rest.split_at(at);
            let (part, after) = if let Some(after) = from.strip_prefix('*') {
                (Part::Rest, after)
            } else if let Some((place, after)) = from.split_once('}') {
                let whole = place.starts_with("{*") || place.ends_with(":path");
                (if whole { Part::Rest } else { Part::Segment }, after)
            } else {
                break;
            };
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(part);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Self(parts)
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        fits(&self.0, path)
    }

    /// Characters that are written out: of two patterns that fit, the one with more is meant.
    pub(super) fn written(&self) -> usize {
        let written = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Segment | Part::Rest => 0,
        };
        self.0.iter().map(written).sum()
    }

    /// Whether it is a plain path.
    pub(super) fn is_plain(&self) -> bool {
        matches!(&self.0[..], [Part::Text(_)])
    }
}

/// In time proportional to the path for each part, whatever the places: patterns are written by
/// holders of keys too.
fn fits(parts: &[Part], path: &str) -> bool {
    let (first, parts) = match parts.split_first() {
        Some((Part::Text(first), rest)) => (first.as_str(), rest),
        _ => ("", parts),
    };
    let Some(path) = path.strip_prefix(first) else {
        return false;
    };
    let path = path.as_bytes();
    // Where the parts so far may end.
    let mut ends = vec![false; path.len().saturating_add(1)];
    if let Some(start) = ends.first_mut() {
        *start = true;
    }
    for part in parts {
        ends = step(part, path, &ends);
    }
    ends.last().copied().unwrap_or(false)
}

/// Where a part may end, by where it may begin.
fn step(part: &Part, path: &[u8], begins: &[bool]) -> Vec<bool> {
    let mut ends = vec![false; begins.len()];
    let mut open = false;
    for (at, begin) in begins.iter().enumerate() {
        let rest = path.get(at..).unwrap_or_default();
        let end = match part {
            Part::Text(text) if *begin && rest.starts_with(text.as_bytes()) => {
                at.saturating_add(text.len())
            }
            Part::Text(_) => continue,
            Part::Segment | Part::Rest => {
                open |= begin;
                open &= matches!(part, Part::Rest) || rest.first() != Some(&b'/');
                if !open {
                    continue;
                }
                at.saturating_add(1)
            }
        };
        if let Some(end) = ends.get_mut(end) {
            *end = true;
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_hold_one_segment_or_the_rest() {
        let fits = |pattern: &str, path: &str| Pattern::parse(pattern).matches(path);
        assert!(fits("/key/{key}/regenerate", "/key/sk-1/regenerate"));
        assert!(!fits("/key/{key}/regenerate", "/key/a/b/regenerate"));
        assert!(!fits("/key/{key}/regenerate", "/key//regenerate"));
        assert!(fits(
            "/openai/deployments/{*m}/embeddings",
            "/openai/deployments/a/b/embeddings"
        ));
        assert!(fits(
            "/v1beta/models/{*m}:countTokens",
            "/v1beta/models/x/y:countTokens"
        ));
        assert!(fits("/bedrock/{*rest}", "/bedrock/model/x"));
        assert!(!fits("/bedrock/{*rest}", "/bedrock/") && !fits("/bedrock/{*rest}", "/bedrock"));
        assert!(fits("/v1/*", "/v1/chat/completions") && !fits("/v1/*", "/v2/rerank"));
        assert!(fits("/a{b", "/a{b"), "a lone brace is a character");
        assert!(fits("*", "/x") && !fits("*", "") && fits("/é*", "/éa"));
    }

    #[test]
    fn a_pattern_of_many_places_is_judged_at_once() {
        let pattern = Pattern::parse(&format!("/{}b", "*a".repeat(50)));
        assert!(!pattern.matches(&format!("/{}", "a".repeat(5_000))));
        assert!(pattern.matches(&format!("/{}b", "a".repeat(5_000))));
    }
}
