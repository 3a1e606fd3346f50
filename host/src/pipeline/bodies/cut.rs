//! A body as long as a database should have it. What is left out leaves a mark, so that nobody takes
//! a part for the whole, and what is left is JSON.

mod fit;

use serde_json::{Map, Value};

use fit::fit;

/// LiteLLM's word for what was cut: in a text or a list, and as a member of an object.
pub const MARK: &str = "litellm_truncated";

/// Values of one body: each takes some 70 bytes of memory while it is looked at.
const MOST_PARTS: usize = 500_000;

/// A body, read; what stands for it where it cannot be.
pub fn read(text: &str) -> Value {
    if parts(text.as_bytes()) > MOST_PARTS {
        return note(format!("skipped {} bytes in too many parts", text.len()));
    }
    let read = serde_json::from_str::<Value>(text);
    read.unwrap_or_else(|_| note(format!("skipped {} bytes that are no JSON", text.len())))
}

/// How many values a text has, about: what separates them stands outside of strings.
fn parts(mut text: &[u8]) -> usize {
    let mut count = 0;
    while let Some(quote) = memchr::memchr(b'"', text) {
        let (plain, string) = text.split_at(quote);
        count += memchr::memchr3_iter(b',', b':', b'[', plain).count();
        text = after_string(string.get(1..).unwrap_or_default());
    }
    count + memchr::memchr3_iter(b',', b':', b'[', text).count()
}

/// What follows the string whose inside this begins with.
fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', text) {
        let escapes = text.get(at) == Some(&b'\\');
        text = text
            .get(at + 1 + usize::from(escapes)..)
            .unwrap_or_default();
        if !escapes {
            return text;
        }
    }
    &[]
}

/// What stands for a whole body.
pub fn note(text: impl Into<String>) -> Value {
    Value::Object(Map::from_iter([(
        MARK.to_owned(),
        Value::String(text.into()),
    )]))
}

/// Cuts texts and lists of numbers that are longer than `longest_text` characters, then the rest
/// until all of it fits into so many bytes.
pub fn cut(mut body: Value, longest_text: usize, longest_body: usize) -> Value {
    texts(&mut body, longest_text);
    fit(body, longest_body)
}

fn texts(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) => {
            if let Some(short) = shortened(text, longest) {
                *text = short;
            }
        }
        Value::Array(items) => {
            numbers(items, longest);
            items.iter_mut().for_each(|it| texts(it, longest));
        }
        Value::Object(members) => members.values_mut().for_each(|it| texts(it, longest)),
        _ => {}
    }
}

/// A text cut in its middle; None: it is not too long.
fn shortened(text: &str, longest: usize) -> Option<String> {
    // No more characters than bytes.
    if text.len() <= longest {
        return None;
    }
    let count = text.chars().count();
    let over = count.checked_sub(longest).filter(|it| *it > 0)?;
    let head = head_of(longest);
    let tail = longest.saturating_sub(head);
    let at = |skipped: usize| {
        text.char_indices()
            .nth(skipped)
            .map_or(text.len(), |it| it.0)
    };
    let head = text.get(..at(head)).unwrap_or_default();
    let tail = text
        .get(at(count.saturating_sub(tail))..)
        .unwrap_or_default();
    Some(format!("{head}{}{tail}", skipped(over, "chars")))
}

/// The share of the beginning, which is LiteLLM's: the end of a conversation says more.
const fn head_of(length: usize) -> usize {
    length.saturating_mul(35) / 100
}

fn skipped(count: usize, what: &str) -> String {
    format!("... ({MARK} skipped {count} {what}) ...")
}

/// A list of numbers (a vector, tokens) is as long as its digits are.
fn numbers(items: &mut Vec<Value>, longest: usize) {
    if items.len() < 2 || !items.iter().all(Value::is_number) {
        return;
    }
    let mut length = 0usize;
    let fitting = items.iter().position(|it| {
        length = length.saturating_add(it.to_string().len() + 1);
        length > longest
    });
    if let Some(fitting) = fitting {
        let over = items.len().saturating_sub(fitting);
        items.truncate(fitting);
        items.push(skipped(over, "items").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_long_text_keeps_its_ends_and_says_how_much_is_gone() {
        let text = format!("{}{}{}", "a".repeat(35), "x".repeat(50), "é".repeat(65));
        let body = json!({"messages": [{"content": text}], "n": 1});
        let content = format!(
            "{}... (litellm_truncated skipped 50 chars) ...{}",
            "a".repeat(35),
            "é".repeat(65)
        );
        assert_eq!(
            cut(body, 100, 1 << 20),
            json!({"messages": [{"content": content}], "n": 1})
        );
        let short = json!({"a": "é".repeat(100)});
        assert_eq!(cut(short.clone(), 100, 1 << 20), short);
    }

    #[test]
    fn a_vector_is_cut_like_a_text() {
        let vector: Vec<Value> = (0..1_000).map(|_| json!(0.125)).collect();
        let body = cut(json!({"embedding": vector, "two": [1, 2]}), 60, 1 << 20);
        let left = body["embedding"].as_array().unwrap();
        assert_eq!(left.len(), 11);
        assert_eq!(left[10], "... (litellm_truncated skipped 990 items) ...");
        assert_eq!(body["two"], json!([1, 2]));
    }

    #[test]
    fn what_cannot_be_read_is_said_so() {
        assert!(read("{\"a\":").get(MARK).is_some());
        assert!(read(r#"{"half":"\ud83d"}"#).get(MARK).is_some());
        let many = format!("[{}1]", "1,".repeat(MOST_PARTS + 1));
        assert!(read(&many).get(MARK).is_some());
    }

    #[test]
    fn parts_are_counted_outside_of_strings() {
        assert_eq!(parts(br#"{"a,\",b":["c\\",1,{"d":2}]}"#), 5);
        assert_eq!(parts(b"[1,2,\"cut, off"), 3);
    }

    fn any_body() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[a-z\"\\\\\u{1}é]{0,400}".prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(5, 60, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::vec(("[a-zé\u{1}]{0,90}", inner), 0..12)
                    .prop_map(|all| Value::Object(all.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_cut_body_is_json_within_its_bound(body in any_body(), text in 1usize..300, most in 256usize..4_000) {
            let whole = body.to_string();
            let left = cut(body.clone(), text, most);
            let written = left.to_string();
            prop_assert!(written.len() <= most, "{} of {most}: {written}", written.len());
            prop_assert!(serde_json::from_str::<Value>(&written).is_ok());
            // What is not whole says so.
            prop_assert!(left == body || written.contains(MARK), "{whole}\n{written}");
        }
    }
}
