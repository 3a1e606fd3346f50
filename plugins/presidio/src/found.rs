//! What the analyzer found, and which of it counts.

use sluice_sdk::serde_json::Value;

use crate::settings::{Action, Settings};

/// An entity in a text. Places are in characters, as Python counts them.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub entity: String,
    pub score: f64,
    pub start: usize,
    pub end: usize,
}

impl Found {
    /// One result of an answer about a text of so many characters; none: it is no result.
    pub fn read(result: &Value, characters: usize) -> Option<Self> {
        let place = |name: &str| result.get(name)?.as_u64()?.try_into().ok();
        let found = Self {
            entity: result.get("entity_type")?.as_str()?.to_owned(),
            score: result.get("score")?.as_f64()?,
            start: place("start")?,
            end: place("end")?,
        };
        let fits = found.start < found.end && found.end <= characters;
        fits.then_some(found)
    }

    /// Whether the operator's thresholds and list let it count.
    pub fn counts(&self, settings: &Settings) -> bool {
        if settings.presidio_entities_deny_list.contains(&self.entity) {
            return false;
        }
        let thresholds = &settings.presidio_score_thresholds;
        let least = thresholds.get(&self.entity).or(thresholds.get("ALL"));
        least.is_none_or(|least| self.score >= *least)
    }

    pub fn is_blocked(&self, settings: &Settings) -> bool {
        let action = settings.pii_entities_config.get(&self.entity);
        action == Some(&Action::Block)
    }
}

/// In order, and none above another: where two meet, both places are one, of the entity with the
/// better score.
pub fn apart(mut all: Vec<Found>) -> Vec<Found> {
    all.sort_by(|a, b| (a.start, b.end).cmp(&(b.start, a.end)));
    let mut apart: Vec<Found> = Vec::new();
    for found in all {
        match apart.last_mut() {
            Some(last) if found.start < last.end => {
                last.end = last.end.max(found.end);
                if found.score > last.score {
                    (last.entity, last.score) = (found.entity, found.score);
                }
            }
            _ => apart.push(found),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entity: &str, score: f64, start: usize, end: usize) -> Found {
        Found {
            entity: entity.to_owned(),
            score,
            start,
            end,
        }
    }

    #[test]
    fn where_two_meet_both_places_are_masked_as_the_surer_one() {
        let all = vec![
            found("URL", 0.5, 8, 19),
            found("EMAIL_ADDRESS", 1.0, 0, 19),
            found("PERSON", 0.85, 30, 38),
            found("LOCATION", 0.9, 34, 45),
            found("DATE_TIME", 0.6, 45, 50),
        ];
        assert_eq!(
            apart(all),
            [
                found("EMAIL_ADDRESS", 1.0, 0, 19),
                found("LOCATION", 0.9, 30, 45),
                found("DATE_TIME", 0.6, 45, 50),
            ]
        );
    }
}
