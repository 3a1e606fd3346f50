//! Bringing a document below a service's limit, so that a record with a long conversation arrives
//! with a short one rather than not at all.

use serde_json::Value;

/// Texts are cut no shorter than this.
const SHORTEST: usize = 64;

/// Cuts long texts and lists at these JSON pointers until the whole document, written as JSON, has
/// no more than `most` bytes. What was cut says so. Whether the document fits now.
pub fn shrink(document: &mut Value, pointers: &[&str], most: usize) -> bool {
    let mut longest = most;
    while size(document) > most {
        if longest < SHORTEST {
            for pointer in pointers {
                if let Some(place) = document.pointer_mut(pointer).filter(|it| !it.is_null()) {
                    *place = note(size(place)).into();
                }
            }
            return size(document) <= most;
        }
        for pointer in pointers {
            if let Some(place) = document.pointer_mut(pointer) {
                cut(place, longest);
            }
        }
        // In steps of a third, so that what is a little too large loses little.
        longest -= longest / 3;
    }
    true
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

fn note(bytes: usize) -> String {
    format!("[{bytes} bytes left out: too large for the service]")
}

fn cut(value: &mut Value, longest: usize) {
    match value {
        Value::String(text) if text.len() > longest + SHORTEST => {
            let mut end = longest;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let left_out = text.len() - end;
            text.truncate(end);
            text.push_str(&note(left_out));
        }
        Value::Array(items) => {
            // A number takes a few bytes only, so a list may be long although nothing in it is.
            let most = (longest / 8).max(SHORTEST);
            if items.len() > most {
                let left_out = items.len() - most;
                items.truncate(most);
                items.push(format!("[{left_out} more left out]").into());
            }
            items.iter_mut().for_each(|it| cut(it, longest));
        }
        Value::Object(members) => members.values_mut().for_each(|it| cut(it, longest)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut document = json!({"input": "short", "id": "a"});
        assert!(shrink(&mut document, &["/input"], 1000));
        assert_eq!(document, json!({"input": "short", "id": "a"}));
    }

    #[test]
    fn a_long_text_is_cut_at_a_letter_and_says_so() {
        let mut document = json!({"input": [{"content": "ä".repeat(5000)}], "id": "a"});
        assert!(shrink(&mut document, &["/input"], 1000));
        let text = document["input"][0]["content"].as_str().unwrap();
        assert!(text.starts_with("ää") && text.ends_with("too large for the service]"));
        assert!(document.to_string().len() <= 1000);
        assert_eq!(document["id"], "a");
    }

    #[test]
    fn a_long_list_of_numbers_is_cut() {
        let mut document = json!({"output": vec![0.5; 10_000]});
        assert!(shrink(&mut document, &["/output"], 2000));
        let last = document["output"].as_array().unwrap().last().unwrap();
        assert!(last.as_str().unwrap().contains("more left out"));
    }

    #[test]
    fn what_cannot_be_cut_in_parts_is_left_out_and_what_must_stay_is_said_not_to_fit() {
        let many: Vec<String> = (0..60)
            .map(|at| format!("{at} {}", "x".repeat(50)))
            .collect();
        let mut document = json!({"input": many, "id": "a"});
        assert!(shrink(&mut document, &["/input"], 300));
        assert!(
            document["input"]
                .as_str()
                .unwrap()
                .contains("bytes left out")
        );
        let mut document = json!({"id": "y".repeat(500)});
        assert!(!shrink(&mut document, &["/input"], 300));
    }
}
