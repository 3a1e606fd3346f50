//! Names with `*` in them.

/// Whether `name` fits `pattern`, in which each `*` stands for any text.
///
/// Takes time proportional to the name for each `*`: patterns come from strangers too.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut rest) = name.strip_prefix(head) else {
        return false;
    };
    let (middle, last) = tail.rsplit_once('*').unwrap_or(("", tail));
    // The first place where a piece stands leaves the most for those after it.
    for piece in middle.split('*') {
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    rest.ends_with(last)
}

/// The text that the first `*` of `pattern` stands for in `name`; empty where there is none.
pub fn capture<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    let Some((head, tail)) = pattern.split_once('*') else {
        return (pattern == name).then_some("");
    };
    let rest = name.strip_prefix(head)?;
    if !tail.contains('*') {
        return rest.strip_suffix(tail);
    }
    let ends = (0..=rest.len()).filter(|end| rest.is_char_boundary(*end));
    ends.map(|end| rest.split_at(end))
        .find(|(_, after)| matches(tail, after))
        .map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        assert_eq!(capture("openai/*", "openai/gpt-4o"), Some("gpt-4o"));
        assert_eq!(capture("*", "x/y"), Some("x/y"));
        assert_eq!(capture("a*b*c", "a1b2c"), Some("1"));
        assert_eq!(capture("gpt-4o", "gpt-4o"), Some(""));
        assert!(!matches("gpt-4o", "gpt-4o-mini") && !matches("a*b", "b"));
        assert!(matches("a*b*b", "abb") && !matches("a*b*b", "ab") && !matches("a*a", "a"));
        assert!(matches("**", "") && matches("*b*", "abc") && matches("a**c", "ac"));
    }

    #[test]
    fn a_pattern_of_many_stars_is_judged_at_once() {
        let pattern = format!("{}b", "*a".repeat(50));
        assert!(!matches(&pattern, &"a".repeat(5_000)));
        assert!(matches(&pattern, &format!("{}b", "a".repeat(5_000))));
    }
}
