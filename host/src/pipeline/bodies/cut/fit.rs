//! A value within a number of bytes, as JSON writes it.

use serde_json::{Map, Value};

use super::{MARK, head_of, skipped};

/// Room for a mark, whatever number stands in it.
const OF_MARK: usize = 72;

/// With less room nothing can be left of a value but its mark.
const LEAST: usize = 2 * OF_MARK;

/// Longest name of a member, in bytes of JSON.
const LONGEST_NAME: usize = 256;

/// The value, if it fits; else what of it fits, with marks. `most` is 256 or more.
pub fn fit(value: Value, most: usize) -> Value {
    if size(&value, most) <= most {
        return value;
    }
    match value {
        Value::String(text) => fit_text(&text, most).into(),
        Value::Array(items) => fit_list(items, most),
        Value::Object(members) => fit_object(members, most),
        other => other,
    }
}

/// Bytes of a value as JSON; any number beyond `most` if it has more.
fn size(value: &Value, most: usize) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text_size(text),
        Value::Array(items) => {
            let mut sum = 2usize;
            for item in items {
                if sum > most {
                    break;
                }
                sum = sum.saturating_add(size(item, most)).saturating_add(1);
            }
            sum
        }
        Value::Object(members) => {
            let mut sum = 2usize;
            for (name, value) in members {
                if sum > most {
                    break;
                }
                let member = text_size(name).saturating_add(size(value, most));
                sum = sum.saturating_add(member).saturating_add(2);
            }
            sum
        }
    }
}

fn text_size(text: &str) -> usize {
    text.bytes().map(byte_size).fold(2, usize::saturating_add)
}

/// A byte of a text, as serde_json escapes it.
const fn byte_size(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// The ends of a text that does not fit.
fn fit_text(text: &str, most: usize) -> String {
    let room = most.saturating_sub(OF_MARK);
    let head = head_of(room);
    let fitting = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let (mut bytes, mut escaped, mut count) = (0usize, 0usize, 0usize);
        for letter in chars {
            let mut bytes_of = [0; 4];
            let own = letter.encode_utf8(&mut bytes_of).bytes().map(byte_size);
            escaped = own.fold(escaped, usize::saturating_add);
            if escaped > room {
                break;
            }
            bytes += letter.len_utf8();
            count += 1;
        }
        (bytes, count)
    };
    let (first, begun) = fitting(&mut text.chars(), head);
    let (last, ended) = fitting(&mut text.chars().rev(), room.saturating_sub(head));
    let over = text.chars().count().saturating_sub(begun + ended);
    let first = text.get(..first).unwrap_or_default();
    let last = text.get(text.len().saturating_sub(last)..);
    let mark = skipped(over, "chars");
    format!("{first}{mark}{}", last.unwrap_or_default())
}

/// The ends of a list that does not fit.
fn fit_list(items: Vec<Value>, most: usize) -> Value {
    let room = most.saturating_sub(OF_MARK + 2);
    let mut left = head_of(room);
    let fits = |item: &Value, left: &mut usize| {
        let own = size(item, *left).saturating_add(1);
        let fits = own <= *left;
        if fits {
            *left -= own;
        }
        fits
    };
    let head = items.iter().take_while(|it| fits(it, &mut left)).count();
    let mut left = left.saturating_add(room.saturating_sub(head_of(room)));
    let rest = items.len().saturating_sub(head);
    let ending = items.iter().rev().take(rest);
    let tail = ending.take_while(|it| fits(it, &mut left)).count();
    let over = rest.saturating_sub(tail);
    let mut all: Vec<Value> = Vec::with_capacity(head + tail + 2);
    let mut gone = 0;
    for (at, item) in items.into_iter().enumerate() {
        if at < head || at >= head + over {
            all.push(item);
            continue;
        }
        // The last one that does not fit whole says something in what room is left.
        gone += 1;
        if gone < over {
            continue;
        }
        let part =
            left > LEAST && matches!(item, Value::Array(_) | Value::Object(_) | Value::String(_));
        let skipped_items = if part { over - 1 } else { over };
        if skipped_items > 0 {
            all.push(skipped(skipped_items, "items").into());
        }
        if part {
            all.push(fit(item, left - 1));
        }
    }
    all.into()
}

/// Of an object that does not fit, the members with few bytes whole and of the others as much as
/// there is room for.
fn fit_object(members: Map<String, Value>, most: usize) -> Value {
    let room = most.saturating_sub(OF_MARK + MARK.len() + 6);
    let mut all: Vec<(usize, String, Value, usize)> = Vec::with_capacity(members.len());
    for (at, (mut name, value)) in members.into_iter().enumerate() {
        if text_size(&name) > LONGEST_NAME {
            name = fit_text(&name, LONGEST_NAME);
        }
        let own = text_size(&name).saturating_add(2);
        let bytes = own.saturating_add(size(&value, most));
        all.push((at, name, value, bytes));
    }
    all.sort_by_key(|it| it.3);
    let (mut left, mut to_come, mut gone) = (room, all.len(), 0usize);
    let mut kept = Vec::with_capacity(all.len());
    for (at, name, value, bytes) in all {
        let share = left / to_come.max(1);
        to_come = to_come.saturating_sub(1);
        let own = text_size(&name).saturating_add(2);
        if bytes <= share {
            left -= bytes;
            kept.push((at, name, value));
        } else if share > own.saturating_add(LEAST) {
            let value = fit(value, share - own);
            left = left.saturating_sub(own.saturating_add(size(&value, most)));
            kept.push((at, name, value));
        } else {
            gone += 1;
        }
    }
    kept.sort_by_key(|it| it.0);
    let mut object: Map<String, Value> = kept.into_iter().map(|(_, name, it)| (name, it)).collect();
    if gone > 0 {
        object.insert(MARK.to_owned(), format!("skipped {gone} members").into());
    }
    object.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_size_is_what_serde_json_writes() {
        let value = json!({"a\"\n\u{1}é": [1, -2.5, null, true, "x\\"], "b": {}});
        let bytes = value.to_string().len();
        let counted = size(&value, usize::MAX);
        // A comma too many in each list and object.
        assert!(
            counted >= bytes && counted <= bytes + 3,
            "{counted} for {bytes}"
        );
    }

    #[test]
    fn small_members_stay_whole_beside_a_large_one() {
        let body = json!({"model": "m", "messages": ["x".repeat(4_000)], "n": 1});
        let left = fit(body, 500);
        assert_eq!((&left["model"], &left["n"]), (&json!("m"), &json!(1)));
        let text = left["messages"][0].as_str().unwrap();
        assert!(text.contains(MARK) && text.len() > 200, "{left}");
    }

    #[test]
    fn a_long_list_keeps_its_ends() {
        let items: Vec<Value> = (0..1_000).map(Value::from).collect();
        let left = fit(items.into(), 400);
        let left = left.as_array().unwrap();
        assert_eq!((&left[0], left.last().unwrap()), (&json!(0), &json!(999)));
        let marks = left.iter().filter(|it| it.is_string()).count();
        assert_eq!(marks, 1);
    }
}
