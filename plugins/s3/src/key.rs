//! The key of an object: `<path>/<team>/<key>/2025-11-27/time-15-10-44-123456_<id>.json`.

use serde_json::Value;
use sluice_records::{Piece, Record, ids};

/// Longest key that S3 takes, and longest name of a file in a header, in bytes.
const LONGEST_KEY: usize = 1024;
const LONGEST_FILE: usize = 200;
/// The id of an answer is cut to this, before a digest of all of it.
const LONGEST_ID: usize = 128;

/// Where a record goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub path: String,
    /// What a browser saves it as.
    pub file: String,
    folder: String,
    clock: String,
}

impl Key {
    /// Of one record.
    pub fn of_record(record: Record<'_>, config: &Value) -> Self {
        let mut prefixes = Vec::new();
        for (setting, name) in [
            ("s3_use_team_prefix", "user_api_key_team_alias"),
            ("s3_use_key_prefix", "user_api_key_alias"),
        ] {
            let alias = record.metadata_text(name);
            if config[setting] == true && !alias.is_empty() {
                prefixes.push(alias.to_owned());
            }
        }
        Self::of(record, config, &prefixes)
    }

    /// Of a batch that this is the first record of: records of several teams are in it.
    pub fn of_lines(record: Record<'_>, config: &Value) -> Self {
        Self::of(record, config, &[])
    }

    fn of(record: Record<'_>, config: &Value, prefixes: &[String]) -> Self {
        let own = config["s3_path"].as_str().unwrap_or_default();
        let parts = own.split('/').chain(prefixes.iter().map(String::as_str));
        let parts: Vec<String> = parts.filter(|it| !it.is_empty()).map(plain).collect();
        let started = record.started();
        let id = match record.text("id") {
            "" => record.name(),
            id => id.to_owned(),
        };
        let (clock, date) = (started.clock(), started.date());
        let mut folder = parts.join("/");
        // What is too long is told apart by its digest.
        if folder.len() > LONGEST_KEY / 2 {
            folder = format!(
                "{}/{}",
                cut(&folder, LONGEST_KEY / 4),
                ids::digits(&[&folder])
            );
        }
        if !folder.is_empty() {
            folder.push('/');
        }
        folder.push_str(&date);
        let name = bounded(&plain(&id), &id);
        let file: String = format!("time-{date}T{clock}_{name}")
            .chars()
            .map(|it| {
                if it.is_ascii_graphic() && it != '"' {
                    it
                } else {
                    '_'
                }
            })
            .collect();
        Self {
            path: format!("{folder}/time-{clock}_{name}.json"),
            file: format!("{}.json", cut(&file, LONGEST_FILE)),
            folder,
            clock,
        }
    }

    /// The key of these records together, which is another if others are in it.
    pub fn of_batch(&self, pieces: &[Piece]) -> String {
        let names: Vec<&str> = pieces.iter().map(|it| it.name.as_str()).collect();
        let digest = ids::digits(&names);
        format!("{}/batch-{}_{digest}.jsonl", self.folder, self.clock)
    }
}

/// A part of a path: no slash in it, and not one that leads elsewhere.
fn plain(part: &str) -> String {
    match part {
        "." | ".." => "_".to_owned(),
        part => part.replace(['/', '\\'], "_"),
    }
}

fn bounded(name: &str, whole: &str) -> String {
    match name.len() > LONGEST_ID {
        true => format!("{}_{}", cut(name, LONGEST_ID / 2), ids::digits(&[whole])),
        false => name.to_owned(),
    }
}

/// No longer than so many bytes, at a letter.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}
