//! `.env` files, as python-dotenv reads them: `export`, quotes (over several lines too), escapes in
//! double quotes, comments, and `${NAME}` or `${NAME:-otherwise}` outside single quotes.

/// Names and values in the file's order. `lookup` knows names that stand before the file.
pub fn parse(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let (line, _) = rest.split_once('\n').unwrap_or((rest, ""));
        let Some((name, offset)) = name_of(line) else {
            rest = after_line(rest);
            continue;
        };
        let raw = rest.get(offset..).unwrap_or_default();
        let (value, expand, after) = value_of(raw);
        let known = |name: &str| {
            let own = found.iter().rev().find(|(it, _)| it == name);
            lookup(name).or_else(|| own.map(|(_, value)| value.clone()))
        };
        let value = if expand {
            expanded(&value, known)
        } else {
            value
        };
        found.push((name.to_owned(), value));
        rest = after;
    }
    found
}

fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, after)| after)
}

/// The name of an assignment, and where its value begins.
fn name_of(line: &str) -> Option<(&str, usize)> {
    let (left, right) = line.split_once('=')?;
    let name = left.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let valid = !name.is_empty()
        && name
            .chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '_');
    let blank = right.len() - right.trim_start_matches([' ', '\t']).len();
    valid.then_some((name, left.len() + 1 + blank))
}

/// The value, whether names in it are replaced, and what follows its line.
fn value_of(raw: &str) -> (String, bool, &str) {
    for quote in ['\'', '"'] {
        let Some(inside) = raw.strip_prefix(quote) else {
            continue;
        };
        if let Some((value, after)) = quoted(inside, quote) {
            return (value, quote == '"', after_line(after));
        }
    }
    let line = raw.split('\n').next().unwrap_or_default();
    let comment = line.match_indices('#').map(|(at, _)| at).find(|at| {
        line.get(..*at)
            .is_none_or(|it| it.is_empty() || it.ends_with([' ', '\t']))
    });
    let value = comment.and_then(|at| line.get(..at)).unwrap_or(line);
    (value.trim().to_owned(), true, after_line(raw))
}

fn quoted(inside: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = inside.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            it if it == quote => return Some((value, inside.get(at + 1..)?)),
            '\\' => match (letters.next()?.1, quote) {
                (it, quote) if it == quote || it == '\\' => value.push(it),
                ('n', '"') => value.push('\n'),
                ('r', '"') => value.push('\r'),
                ('t', '"') => value.push('\t'),
                (it, _) => value.extend(['\\', it]),
            },
            it => value.push(it),
        }
    }
    None
}

fn expanded(value: &str, known: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = value;
    while let Some((before, reference)) = rest.split_once("${") {
        result.push_str(before);
        let Some((inside, after)) = reference.split_once('}') else {
            result.push_str("${");
            rest = reference;
            continue;
        };
        let (name, otherwise) = inside.split_once(":-").unwrap_or((inside, ""));
        result.push_str(&known(name).unwrap_or_else(|| otherwise.to_owned()));
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text, |name| (name == "HOME").then(|| "/root".to_owned()))
    }

    fn one(text: &str) -> String {
        read(text).pop().unwrap().1
    }

    #[test]
    fn quotes_comments_and_export_are_understood() {
        assert_eq!(
            read("# A=1\n\nexport A='x y' \n"),
            [("A".into(), "x y".into())]
        );
        assert_eq!(one("A=sk-1 # mine"), "sk-1");
        assert_eq!(one("A=sk#1"), "sk#1");
        assert_eq!(one("A=\"a # b\" # c"), "a # b");
        assert_eq!(one("A = b"), "b");
        assert_eq!(one("A="), "");
        assert_eq!(one("A=it's"), "it's");
    }

    #[test]
    fn a_quoted_value_may_span_lines_and_has_escapes_in_double_quotes_only() {
        let text = "KEY=\"-----BEGIN\nabc\n-----END\"\nB=1\n";
        assert_eq!(read(text)[0].1, "-----BEGIN\nabc\n-----END");
        assert_eq!(read(text)[1], ("B".into(), "1".into()));
        assert_eq!(one(r#"A="a\nb""#), "a\nb");
        assert_eq!(one(r"A='a\nb'"), r"a\nb");
    }

    #[test]
    fn names_in_braces_are_replaced_outside_single_quotes() {
        assert_eq!(one("B=1\nA=${B}-${HOME}-${NONE:-x}"), "1-/root-x");
        assert_eq!(one("A='${HOME}'"), "${HOME}");
        assert_eq!(one("A=${open"), "${open");
    }
}
