//! What Lakera says, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Error, Refusal, fault};

use crate::messages::Messages;

/// Detectors of personal data: `pii/email`.
const PERSONAL: &str = "pii";

/// Where something is, in characters of a message.
struct Place {
    message: usize,
    start: usize,
    end: usize,
    detector: String,
}

/// An answer.
pub struct Screened {
    pub flagged: bool,
    /// Detectors that found something.
    detectors: BTreeSet<String>,
    /// Where personal data is; none: it cannot be told of all of it.
    places: Option<Vec<Place>>,
}

impl Screened {
    /// # Errors
    /// It is none.
    pub fn read(answer: &Value, messages: &Messages<'_>) -> Result<Self, Error> {
        let flagged = answer.get("flagged").and_then(Value::as_bool);
        let flagged = flagged.ok_or_else(|| fault::upstream("Lakera's answer is none"))?;
        let list = |name: &str| {
            let list = answer.get(name).and_then(Value::as_array);
            list.map_or(&[][..], Vec::as_slice)
        };
        let detected = list("breakdown").iter().filter(|it| it["detected"] == true);
        let detectors = detected.map(|it| detector(it).unwrap_or("unknown").to_owned());
        let personal = list("payload")
            .iter()
            .filter(|it| detector(it).is_some_and(is_personal));
        Ok(Self {
            flagged,
            detectors: detectors.collect(),
            places: personal.map(|it| place(it, messages)).collect(),
        })
    }

    /// The spans with masks in the place of personal data, if that is all that was found, and it is
    /// told where.
    pub fn masked(&self, messages: &Messages<'_>) -> Option<Vec<(u32, String)>> {
        let places = self.places.as_ref().filter(|it| !it.is_empty())?;
        let only = !self.detectors.is_empty() && self.detectors.iter().all(|it| is_personal(it));
        let covered = |detector: &String| places.iter().any(|it| it.detector == *detector);
        if !only || !self.detectors.iter().all(covered) {
            return None;
        }
        let mut by_message: BTreeMap<usize, Vec<&Place>> = BTreeMap::new();
        for place in places {
            by_message.entry(place.message).or_default().push(place);
        }
        let new = by_message.into_iter().filter_map(|(message, places)| {
            Some((message, without(messages.text(message)?, places)))
        });
        Some(messages.edits(new.collect()))
    }

    pub fn refusal(&self) -> Refusal {
        let first = self.detectors.iter().find(|it| !is_personal(it));
        let first = first.or(self.detectors.first());
        let code = first.map_or("flagged", String::as_str);
        let names: Vec<&str> = self.detectors.iter().map(String::as_str).collect();
        let message = match names.is_empty() {
            true => "Violated Lakera guardrail policy".to_owned(),
            false => format!("Violated Lakera guardrail policy: {}", names.join(", ")),
        };
        Refusal::new(message, code).with_detail(&json!({"detectors": names}))
    }

    pub fn findings(&self) -> Option<Value> {
        let found = self.flagged || !self.detectors.is_empty();
        found.then(|| json!({"flagged": self.flagged, "detectors": self.detectors}))
    }
}

fn detector(item: &Value) -> Option<&str> {
    item.get("detector_type").and_then(Value::as_str)
}

fn is_personal(detector: &str) -> bool {
    detector.split('/').next() == Some(PERSONAL)
}

/// None: it is no place in one of the messages.
fn place(item: &Value, messages: &Messages<'_>) -> Option<Place> {
    let number = |name: &str| item.get(name)?.as_u64()?.try_into().ok();
    let place = Place {
        message: number("message_id")?,
        start: number("start")?,
        end: number("end")?,
        detector: detector(item)?.to_owned(),
    };
    let length = messages.text(place.message)?.chars().count();
    (place.start < place.end && place.end <= length).then_some(place)
}

/// A text without what stands at these places. Where two meet, they are one.
fn without(text: &str, mut places: Vec<&Place>) -> String {
    places.sort_by_key(|it| (it.start, it.end));
    let mut spots: Vec<(usize, usize, &str)> = Vec::new();
    for place in places {
        match spots.last_mut() {
            Some((_, end, _)) if place.start < *end => *end = place.end.max(*end),
            _ => spots.push((place.start, place.end, &place.detector)),
        }
    }
    let letters: Vec<char> = text.chars().collect();
    let slice = |from: usize, to: usize| letters.get(from..to).unwrap_or_default().iter();
    let (mut new, mut written) = (String::new(), 0);
    for (start, end, detector) in spots {
        let kind = detector.rsplit('/').next().unwrap_or(PERSONAL);
        new.extend(slice(written, start));
        new.push_str(&format!("[MASKED {}]", kind.to_uppercase()));
        written = end;
    }
    new.extend(slice(written, letters.len()));
    new
}
