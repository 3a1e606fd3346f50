//! Citations of providers that number their sources: `[1]` in the text is the first of a list beside
//! the choices. OpenAI's clients look for them among the message's annotations.

use sluice_sdk::serde_json::{Value, json};

use crate::object::Object;

/// A source: its address, and its title where it is told.
pub type Source = (String, Option<String>);

/// The sources of an answer, in their order.
pub fn sources(answer: &Object<'_>) -> Vec<Source> {
    let results = answer.value("search_results").unwrap_or_default();
    let results = results.as_array().map(Vec::as_slice).unwrap_or_default();
    let word = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
    let listed = answer.value("citations").unwrap_or_default();
    let listed: Vec<&str> = listed
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if listed.is_empty() {
        let named = results.iter();
        return named
            .filter_map(|it| Some((word(it, "url")?, word(it, "title"))))
            .collect();
    }
    let title = |url: &str| {
        let result = results
            .iter()
            .find(|it| it.get("url").is_some_and(|it| it == url));
        word(result?, "title")
    };
    let known = listed.into_iter();
    known.map(|url| (url.to_owned(), title(url))).collect()
}

/// The annotations of a text, by where its marks stand; none if it has no marks.
pub fn annotations(text: &str, sources: &[Source]) -> Option<Value> {
    let mut found = Vec::new();
    // Positions are in characters, as clients of OpenAI count them.
    let mut at = 0;
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let start = at + before.chars().count();
        let number = behind.split_once(']').map(|(inside, _)| inside);
        let source = number
            .filter(|it| it.len() < 4)
            .and_then(|it| it.parse::<usize>().ok()?.checked_sub(1))
            .and_then(|it| sources.get(it));
        if let (Some(number), Some((url, title))) = (number, source) {
            let end = start + number.len() + 2;
            let citation = json!({"start_index": start, "end_index": end, "url": url,
                "title": title.as_deref().unwrap_or_default()});
            found.push(json!({"type": "url_citation", "url_citation": citation}));
        }
        at = start + 1;
        rest = behind;
    }
    (!found.is_empty()).then(|| found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_with_their_sources() {
        let answer = Object::parse(
            r#"{"citations":["https://a.test","https://b.test"],"search_results":[{"title":"B","url":"https://b.test"}]}"#,
        )
        .unwrap();
        let sources = sources(&answer);
        let found = annotations("é[2][9] a[x] [1]", &sources).unwrap();
        let citation = |at: usize| &found[at]["url_citation"];
        assert_eq!(found.as_array().unwrap().len(), 2);
        assert_eq!(
            (&citation(0)["start_index"], &citation(0)["end_index"]),
            (&json!(1), &json!(4))
        );
        assert_eq!(
            (&citation(0)["title"], &citation(1)["url"]),
            (&json!("B"), &json!("https://a.test"))
        );
        assert_eq!(annotations("[1]", &[]), None);
    }
}
