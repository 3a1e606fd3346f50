//! Calls with an answer to each of several inputs: what is kept of some of them is put together
//! with what the upstream says to the others, in the order of the inputs.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::answer::Trail;
use super::super::request::ClientRequest;
use super::{Found, KeptAnswer};
use crate::cache::{Entry, Kept, Key, Namer, Part, items};
use crate::dialect::envelope::push_quoted;
use crate::domain::json::Document;
use crate::domain::{ErrorKind, Fault, Usage};
use crate::upstream::splice;

/// More inputs than this are not looked up: no provider takes more.
const MOST: usize = 2_048;

/// The inputs of one call.
pub struct Parts {
    pub keys: Vec<Key>,
    /// As the request writes them.
    inputs: Vec<String>,
    /// Whether they stood in a list.
    listed: bool,
    found: Vec<Option<Arc<Entry>>>,
}

impl Parts {
    /// None: the inputs are not understood, which is for the provider to say.
    pub fn of(request: &ClientRequest, namer: &Namer) -> Option<Self> {
        let mut entries = request.body.entries();
        let (_, raw) = entries.find(|(name, _)| *name == "input")?;
        let listed = raw.starts_with('[').then(|| items(raw)).flatten();
        let each = |it: &&RawValue| it.get().starts_with(['"', '[']);
        let listed = listed.filter(|list| !list.is_empty() && list.iter().all(each));
        let inputs: Vec<String> = match &listed {
            Some(list) => list.iter().map(|it| it.get().to_owned()).collect(),
            // A text, or the tokens of one.
            None if raw.starts_with('"') || is_tokens(raw) => vec![raw.to_owned()],
            None => return None,
        };
        if inputs.len() > MOST {
            return None;
        }
        let keys = inputs
            .iter()
            .map(|it| namer.part(it))
            .collect::<Option<_>>()?;
        Some(Self {
            keys,
            inputs,
            listed: listed.is_some(),
            found: Vec::new(),
        })
    }

    /// Takes what is kept, each in its key's place.
    pub fn found(&mut self, found: Vec<Option<Arc<Entry>>>) {
        let is_part = |it: &Arc<Entry>| matches!(it.kept, Kept::Part(_));
        self.found = found.into_iter().map(|it| it.filter(is_part)).collect();
        self.found.resize(self.keys.len(), None);
    }

    pub fn has_some(&self) -> bool {
        self.found.iter().any(Option::is_some)
    }

    /// The whole answer, if all of it is kept.
    pub fn whole(&self, request: &ClientRequest) -> Option<Found> {
        let kept: Vec<&Part> = self.kept().collect::<Option<_>>()?;
        let tokens = kept.iter().map(|it| it.tokens).fold(0, u64::saturating_add);
        let first = self.found.first()?.as_ref()?;
        let values: Vec<&str> = kept.iter().map(|it| it.value.as_str()).collect();
        let mut body = format!("{{\"object\":\"list\",\"data\":{}", list(&values));
        body.push_str(",\"model\":");
        push_quoted(&mut body, &request.controls.asked);
        // Writing to a text does not fail.
        let _ = write!(
            body,
            ",\"usage\":{{\"prompt_tokens\":{tokens},\"total_tokens\":{tokens}}}}}"
        );
        Some(Found {
            key: self.keys.first()?.clone(),
            answer: KeptAnswer::Whole(body.into(), None),
            usage: Some(Usage {
                input_tokens: tokens,
                ..Usage::default()
            }),
            deployment: first.deployment.clone(),
            model: first.model.clone(),
        })
    }

    /// The request with the inputs only that nothing is kept for; it is given back as it was if that
    /// cannot be written.
    pub fn asking(&self, mut request: ClientRequest) -> Result<ClientRequest, ClientRequest> {
        if !self.has_some() {
            return Ok(request);
        }
        let missing: Vec<&str> = self.missing().map(|(input, _)| input).collect();
        let input = match missing.as_slice() {
            [one] if !self.listed => (*one).to_owned(),
            all => format!("[{}]", all.join(",")),
        };
        let text = splice::patch_document(&request.body, &[("input".to_owned(), Some(input))]);
        match Document::parse(text.into()) {
            Ok(body) => {
                request.body = Arc::new(body);
                Ok(request)
            }
            Err(_) => Err(request),
        }
    }

    /// The answer for the client, and what is kept of it.
    ///
    /// # Errors
    /// The upstream's answer is not one for each input, so that it cannot be put together.
    pub fn merge(self, body: Bytes, trail: &Trail) -> Result<(Bytes, Vec<(Key, Part)>), Fault> {
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let missing: Vec<(&str, &Key)> = self.missing().collect();
        let Some(vectors) = vectors(text, missing.len()) else {
            if self.has_some() {
                let message = "the upstream's answer has not one vector for each input";
                return Err(Fault::upstream(ErrorKind::Upstream, message));
            }
            return Ok((body, Vec::new()));
        };
        let used = trail.usage.as_ref().map_or(0, |it| it.input_tokens);
        let lengths: Vec<usize> = missing.iter().map(|(input, _)| length(input)).collect();
        let shares = shared(used, &lengths);
        let fresh = missing.iter().zip(&vectors).zip(shares);
        let fresh = fresh.map(|(((_, key), value), tokens)| {
            let value = (*value).to_owned();
            ((*key).clone(), Part { value, tokens })
        });
        let fresh: Vec<(Key, Part)> = fresh.collect();
        if !self.has_some() {
            return Ok((body, fresh));
        }
        let mut new = fresh.iter().map(|(_, part)| part);
        let all = self.kept().filter_map(|it| it.or_else(|| new.next()));
        let values: Vec<&str> = all.map(|it| it.value.as_str()).collect();
        let kept = self.kept().flatten().map(|it| it.tokens);
        let edits = [
            ("data".to_owned(), Some(list(&values))),
            (
                "usage".to_owned(),
                grown(text, kept.fold(0, u64::saturating_add)),
            ),
        ];
        let merged = splice::patch(text, &edits)?;
        Ok((merged.into(), fresh))
    }

    /// What is kept for each input, in their order.
    fn kept(&self) -> impl Iterator<Item = Option<&Part>> {
        self.found
            .iter()
            .map(|it| match it.as_ref().map(|it| &it.kept) {
                Some(Kept::Part(part)) => Some(part),
                _ => None,
            })
    }

    /// The inputs that nothing is kept for, and their keys.
    fn missing(&self) -> impl Iterator<Item = (&str, &Key)> {
        let all = self.inputs.iter().zip(&self.keys).zip(&self.found);
        let missing = all.filter(|(_, found)| found.is_none());
        missing.map(|((input, key), _)| (input.as_str(), key))
    }
}

/// How long an input is: letters of a text, or tokens.
fn length(raw: &str) -> usize {
    let text = raw.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let tokens = || memchr::memchr_iter(b',', raw.as_bytes()).count() + 1;
    text.map_or_else(tokens, str::len).max(1)
}

/// The numbers of one text.
fn is_tokens(raw: &str) -> bool {
    serde_json::from_str::<Vec<u64>>(raw).is_ok_and(|it| !it.is_empty())
}

/// Vectors as the answer lists them.
fn list(values: &[&str]) -> String {
    let mut out = String::from("[");
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let _ = write!(
            out,
            "{{\"object\":\"embedding\",\"index\":{at},\"embedding\":{value}}}"
        );
    }
    out.push(']');
    out
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
    index: Option<usize>,
}

/// The vectors of an answer in the order of the inputs; none if it is not one for each.
fn vectors(text: &str, inputs: usize) -> Option<Vec<&str>> {
    let answer: Answer<'_> = serde_json::from_str(text).ok()?;
    let mut places: Vec<Option<&str>> = vec![None; inputs];
    if answer.data.len() != inputs {
        return None;
    }
    for (at, item) in answer.data.iter().enumerate() {
        let place = places.get_mut(item.index.unwrap_or(at))?;
        if place.replace(item.embedding.get()).is_some() {
            return None;
        }
    }
    places.into_iter().collect()
}

/// The usage of an answer, with tokens more that were paid for earlier.
fn grown(text: &str, more: u64) -> Option<String> {
    let answer: Value = serde_json::from_str(text).ok()?;
    let mut usage = answer.get("usage").cloned().unwrap_or_default();
    if !usage.is_object() {
        usage = Value::Object(serde_json::Map::new());
    }
    for name in ["prompt_tokens", "total_tokens"] {
        let before = usage.get(name).and_then(Value::as_u64).unwrap_or(0);
        if let Some(members) = usage.as_object_mut() {
            members.insert(name.to_owned(), before.saturating_add(more).into());
        }
    }
    Some(usage.to_string())
}

/// A sum shared out by lengths, so that the shares are the sum again.
fn shared(sum: u64, lengths: &[usize]) -> Vec<u64> {
    let wide = |it: usize| u128::try_from(it).unwrap_or(u128::MAX);
    let whole: u128 = lengths.iter().map(|it| wide(*it)).sum();
    let (mut before, mut given) = (0_u128, 0_u64);
    let share = |length: &usize| {
        before += wide(*length);
        // Up to here, of the whole: rounding loses nothing in the end.
        let until = u128::from(sum).saturating_mul(before) / whole.max(1);
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        let own = until.saturating_sub(given);
        given = until;
        own
    };
    lengths.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vectors_stand_where_their_index_says() {
        let text = r#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":"AA"}]}"#;
        assert_eq!(vectors(text, 2), Some(vec!["\"AA\"", "[2]"]));
        let bare = r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#;
        assert_eq!(vectors(bare, 2), Some(vec!["[1]", "[2]"]));
        for wrong in [
            r#"{"data":[{"index":0,"embedding":[1]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":7,"embedding":[2]}]}"#,
            r#"{"data":[{"index":0},{"index":1}]}"#,
            "no",
        ] {
            assert_eq!(vectors(wrong, 2), None, "{wrong}");
        }
    }

    #[test]
    fn usage_grows_by_what_was_kept() {
        let grown =
            |text: &str| -> Value { serde_json::from_str(&grown(text, 5).unwrap()).unwrap() };
        let usage = grown(r#"{"usage":{"prompt_tokens":3,"total_tokens":3,"cost":1}}"#);
        assert_eq!(
            usage,
            serde_json::json!({"prompt_tokens": 8, "total_tokens": 8, "cost": 1})
        );
        assert_eq!(grown("{}")["total_tokens"], 5);
    }

    proptest! {
        #[test]
        fn shares_are_the_sum_again(sum in 0..=u64::MAX, lengths in prop::collection::vec(1_usize..100_000, 1..50)) {
            let shares = shared(sum, &lengths);
            prop_assert_eq!(shares.len(), lengths.len());
            prop_assert_eq!(shares.iter().map(|it| u128::from(*it)).sum::<u128>(), u128::from(sum));
        }
    }
}
