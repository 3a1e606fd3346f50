//! What the classifier says, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use sluice_sdk::serde_json::{Value, json};
use sluice_sdk::{Decision, Error, Refusal, fault};

/// What stands for a flag without a category.
const UNNAMED: &str = "flagged";

/// What has been said of the texts so far.
#[derive(Debug, Default)]
pub struct Seen {
    /// The highest score of each category.
    scores: BTreeMap<String, f64>,
    violated: BTreeSet<String>,
}

impl Seen {
    /// Takes an answer about so many pieces.
    ///
    /// # Errors
    /// It is no such answer, or has no score for a category with a threshold.
    pub fn add(
        &mut self,
        answer: &Value,
        pieces: usize,
        thresholds: &BTreeMap<String, f64>,
    ) -> Result<(), Error> {
        let results = answer.get("results").and_then(Value::as_array);
        let results = results.filter(|it| it.len() == pieces);
        let results = results.ok_or_else(|| {
            fault::upstream("OpenAI's answer does not have one result for each text")
        })?;
        for result in results {
            self.add_one(result, thresholds)?;
        }
        Ok(())
    }

    fn add_one(&mut self, result: &Value, thresholds: &BTreeMap<String, f64>) -> Result<(), Error> {
        let member = |name: &str| result.get(name).and_then(Value::as_object);
        let flagged = result.get("flagged").and_then(Value::as_bool);
        let (Some(flagged), Some(categories), Some(scores)) =
            (flagged, member("categories"), member("category_scores"))
        else {
            return Err(fault::upstream("a result of OpenAI's answer is none"));
        };
        // Older models have no opinion on newer categories: null.
        let scores = scores
            .iter()
            .filter_map(|(name, it)| Some((name, it.as_f64()?)));
        let scores: BTreeMap<&String, f64> = scores.collect();
        for (name, threshold) in thresholds {
            let score = scores.get(name).ok_or_else(|| {
                fault::invalid_request(format!(
                    "`category_thresholds` has `{name}`, which this model gives no score for"
                ))
            })?;
            if score >= threshold {
                self.violated.insert(name.clone());
            }
        }
        let mut named = false;
        for (name, _) in categories
            .iter()
            .filter(|(_, it)| **it == Value::Bool(true))
        {
            named = true;
            if !thresholds.contains_key(name) {
                self.violated.insert(name.clone());
            }
        }
        if flagged && !named {
            self.violated.insert(UNNAMED.to_owned());
        }
        for (name, score) in scores {
            let highest = self.scores.entry(name.clone()).or_insert(score);
            *highest = highest.max(score);
        }
        Ok(())
    }

    /// Whether something may not pass.
    pub fn violates(&self) -> bool {
        !self.violated.is_empty()
    }

    pub fn decision(&self) -> Decision {
        if !self.violates() {
            let decision = Decision::allow();
            return match self.scores.is_empty() {
                true => decision,
                false => decision.with_findings(&json!({"category_scores": self.scores})),
            };
        }
        let names: Vec<&str> = self.violated.iter().map(String::as_str).collect();
        let scores = names.iter().filter_map(|it| self.scores.get_key_value(*it));
        let scores: BTreeMap<_, _> = scores.collect();
        let message = format!("Violated OpenAI moderation policy: {}", names.join(", "));
        let detail = json!({"violated_categories": names, "category_scores": scores});
        Refusal::new(message, "moderation")
            .with_detail(&detail)
            .into()
    }
}
