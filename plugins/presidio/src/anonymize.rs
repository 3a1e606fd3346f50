//! The anonymizer: what is to stand in the place of what was found?

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, FetchRequest, fault};

use crate::found::Found;

/// A letter that no text has: it parts the texts, which go there as one. Around it are no spaces, over
/// which the anonymizer would join two entities.
const PART: char = '\u{1e}';

/// The texts with something in them, as the anonymizer writes them; the others are none.
///
/// # Errors
/// The anonymizer fails, or answers what is no answer.
pub fn all(
    address: &str,
    texts: &[&str],
    found: &[Vec<Found>],
) -> Result<Vec<Option<String>>, Error> {
    let with: Vec<(&str, &Vec<Found>)> = texts.iter().copied().zip(found).collect();
    let with: Vec<_> = with.into_iter().filter(|(_, it)| !it.is_empty()).collect();
    if with.is_empty() {
        return Ok(vec![None; texts.len()]);
    }
    let request = FetchRequest::post(address).json(&body(&with));
    let answer = request.send()?.ok()?.json()?;
    let text = answer.get("text").and_then(Value::as_str);
    let text = text.ok_or_else(|| fault::upstream("the anonymizer's answer has no text"))?;
    let mut new: Vec<&str> = text.split(PART).collect();
    if new.len() != with.len() {
        return Err(fault::upstream("the anonymizer's answer is of other texts"));
    }
    new.reverse();
    let new = found.iter().map(|found| match found.is_empty() {
        true => None,
        false => new.pop().map(str::to_owned),
    });
    Ok(new.collect())
}

fn body(texts: &[(&str, &Vec<Found>)]) -> Value {
    let (mut text, mut results, mut at) = (String::new(), Vec::new(), 0);
    for (one, found) in texts {
        if at > 0 {
            text.push(PART);
            at += 1;
        }
        results.extend(found.iter().map(|it| {
            json!({"entity_type": it.entity, "score": it.score, "start": at + it.start, "end": at + it.end})
        }));
        text.extend(one.chars().map(|it| if it == PART { ' ' } else { it }));
        at += one.chars().count();
    }
    json!({"text": text, "analyzer_results": results})
}
