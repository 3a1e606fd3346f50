//! Model names with `*`, as LiteLLM's wildcard routes read them.

/// What each `*` of the pattern stands for in `name`, the first ones as long as they can be.
pub fn captures<'a>(pattern: &str, name: &'a str) -> Option<Vec<&'a str>> {
    let Some((head, tail)) = pattern.split_once('*') else {
        return (pattern == name).then(Vec::new);
    };
    let rest = name.strip_prefix(head)?;
    let mut ends: Vec<usize> = (0..=rest.len())
        .filter(|end| rest.is_char_boundary(*end))
        .collect();
    if !tail.contains('*') {
        ends.retain(|end| rest.len() - end == tail.len());
    }
    ends.into_iter().rev().find_map(|end| {
        let (part, after) = rest.split_at(end);
        let mut parts = vec![part];
        parts.extend(captures(tail, after)?);
        Some(parts)
    })
}

/// The model with its `*` filled. Where the name has more parts than the model has places, the
/// name itself is the model.
pub fn fill(model: &str, parts: &[&str], name: &str) -> String {
    let places = model.matches('*').count();
    if places == 0 {
        return model.to_owned();
    }
    if parts.len() > places {
        return name.to_owned();
    }
    let mut pieces = model.split('*');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for (at, piece) in pieces.enumerate() {
        filled.push_str(parts.get(at).copied().unwrap_or("*"));
        filled.push_str(piece);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_star_captures_its_part() {
        assert_eq!(captures("openai/*", "openai/gpt-4o"), Some(vec!["gpt-4o"]));
        assert_eq!(captures("*", "x/y"), Some(vec!["x/y"]));
        assert_eq!(
            captures("a/*::static::*", "a/b::static::c"),
            Some(vec!["b", "c"])
        );
        assert_eq!(
            captures("*meta.llama3*", "eu-meta.llama3-70b"),
            Some(vec!["eu-", "-70b"])
        );
        assert_eq!(captures("a*b", "a"), None);
        assert_eq!(captures("é*é", "éxé"), Some(vec!["x"]));
    }

    #[test]
    fn parts_fill_the_model_in_order() {
        assert_eq!(
            fill("fo::*::static::*", &["a", "b"], "x"),
            "fo::a::static::b"
        );
        assert_eq!(fill("gpt-4o", &["a"], "x"), "gpt-4o");
        assert_eq!(fill("m-*", &["a", "b"], "the-name"), "the-name");
    }
}
