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

fn fits(parts: &[Part], path: &str) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return path.is_empty();
    };
    if let Part::Text(text) = part {
        return path
            .strip_prefix(text.as_str())
            .is_some_and(|after| fits(rest, after));
    }
    let longest = match part {
        Part::Segment => path.find('/').unwrap_or(path.len()),
        Part::Text(_) | Part::Rest => path.len(),
    };
    let mut ends = (1..=longest)
        .rev()
        .filter(|end| path.is_char_boundary(*end));
    ends.any(|end| path.get(end..).is_some_and(|after| fits(rest, after)))
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
    }
}
