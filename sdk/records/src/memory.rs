//! What is remembered of a batch that was not taken whole. The host hands it over again, all of it
//! or its halves: what has arrived is not sent twice, and what was refused is not asked again.
//!
//! Two entries of the config may have one plugin and the same settings, and differ in the address
//! that only the host knows. What one has sent says nothing of the other, so that nothing is
//! remembered unless the host says which entry it is (`entry` in the settings).

use serde_json::{Value, json};
use sluice_sdk::kv;

use crate::ids;
use crate::outcome::Outcome;

/// As long as the host tries.
const SECONDS: u32 = 3600;
/// Names of each sort, the newest: together below the 64 KiB that a value may have.
const MOST: usize = 1500;
/// Of a name, in letters: enough to tell the records of an hour apart.
const SHORT: usize = 16;

/// The records of earlier batches, by their short names.
#[derive(Debug, Default)]
pub struct Memory {
    /// None: nothing is remembered.
    key: Option<String>,
    taken: Vec<String>,
    refused: Vec<String>,
    why: String,
}

impl Memory {
    /// What is remembered for the entry with these settings.
    pub fn of(config: &Value) -> Self {
        let is_named = config["entry"].is_string();
        let key = is_named.then(|| format!("sent.{}", ids::digits(&[&config.to_string()])));
        let kept = key.as_deref().and_then(kv::get);
        let kept = kept.and_then(|it| serde_json::from_slice(&it).ok());
        let kept: Value = kept.unwrap_or_default();
        let names = |of: &str| {
            let all = kept[of].as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            taken: names("taken"),
            refused: names("refused"),
            why: kept["why"].as_str().unwrap_or_default().to_owned(),
            key,
        }
    }

    /// Puts a record that is remembered where it belongs. Whether it is.
    pub fn place(&self, name: &str, record: usize, outcome: &mut Outcome) -> bool {
        let name = short(name);
        if self.taken.iter().any(|it| it == name) {
            return outcome.taken.insert(record);
        }
        let refused = self.refused.iter().any(|it| it == name);
        if refused {
            outcome.refuse(record, &self.why);
        }
        refused
    }

    /// Remembers a batch that comes again. `names` are those of its records, by their places.
    pub fn keep(mut self, names: &[String], outcome: &Outcome) {
        let is_whole = outcome.left.is_empty() && outcome.refused.is_empty();
        let Some(key) = self.key.take().filter(|_| !is_whole) else {
            return;
        };
        add(&mut self.taken, names, outcome.taken.iter());
        add(&mut self.refused, names, outcome.refused.keys());
        if let Some(why) = outcome.refused.values().next() {
            self.why.clone_from(why);
        }
        let kept = json!({"taken": self.taken, "refused": self.refused, "why": self.why});
        kv::set(&key, kept.to_string().as_bytes(), SECONDS);
    }
}

fn add<'p>(to: &mut Vec<String>, names: &[String], places: impl Iterator<Item = &'p usize>) {
    for name in places.filter_map(|it| names.get(*it)).map(|it| short(it)) {
        if !name.is_empty() && !to.iter().any(|it| it == name) {
            to.push(name.to_owned());
        }
    }
    let too_many = to.len().saturating_sub(MOST);
    to.drain(..too_many);
}

fn short(name: &str) -> &str {
    name.get(..SHORT).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use sluice_sdk::testing::Played;

    use super::*;

    #[test]
    fn what_is_remembered_of_the_largest_batches_fits_into_a_value_of_the_store() {
        let names: Vec<String> = (0..6000)
            .map(|it| ids::digits(&[&it.to_string()]))
            .collect();
        let mut outcome = Outcome {
            taken: (0..3000).collect(),
            ..Outcome::default()
        };
        for record in 3000..6000 {
            outcome.refuse(record, "w".repeat(400));
        }
        Played::silent().run(|| {
            let config = json!({"entry": "a"});
            Memory::of(&config).keep(&names, &outcome);
            let memory = Memory::of(&config);
            let kept = kv::get(memory.key.as_deref().unwrap()).unwrap();
            assert!(kept.len() < 64 << 10, "{}", kept.len());
            let mut again = Outcome::default();
            assert!(memory.place(&names[2999], 7, &mut again) && again.taken.contains(&7));
            assert!(memory.place(&names[5999], 8, &mut again) && again.refused.contains_key(&8));
            assert!(
                !memory.place(&names[0], 9, &mut again),
                "the oldest are forgotten"
            );
        });
    }
}
