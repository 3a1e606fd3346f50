//! The recordings: what each is (`fixtures/index.tsv`), and its answer, which lies with the plugin
//! that reads it or, where no plugin keeps it whole, in `fixtures` here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use sluice_sdk::serde_json::{self, Value};

use crate::root;

/// One request to a real provider and its answer.
#[derive(Debug, Clone)]
pub struct Recording {
    pub id: String,
    pub provider: String,
    /// The row of the report: `chat`, `stream`, `tools`, `errors`, `embeddings`, ...
    pub kind: String,
    /// What was asked for, also where the answer was an error.
    pub endpoint: String,
    pub model: String,
    pub method: String,
    /// The address, where the recorder kept it, and what stood behind its `?`.
    pub url: String,
    pub query: String,
    /// `status`, `headers`, `body`; none where the gateway has nothing that could read it.
    pub reply: Option<Value>,
}

impl Recording {
    /// The address with what stood behind its `?`.
    pub fn address(&self) -> String {
        match self.query.is_empty() {
            true => self.url.clone(),
            false => format!("{}?{}", self.url, self.query),
        }
    }

    pub fn status(&self) -> u64 {
        let status = self.reply.as_ref().and_then(|it| it["status"].as_u64());
        status.unwrap_or(0)
    }

    /// The answer's text, empty for bytes.
    pub fn body(&self) -> &str {
        let body = self.reply.as_ref().and_then(|it| it["body"].as_str());
        body.unwrap_or_default()
    }

    /// The answer as JSON, null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_default()
    }

    pub fn is_stream(&self) -> bool {
        self.endpoint.ends_with("-stream") || self.body().starts_with("data: ")
    }
}

/// Every recording, in the order of the index.
pub fn all() -> Vec<Recording> {
    let mut replies = replies();
    let index = std::fs::read_to_string(root().join("tests/traffic/fixtures/index.tsv")).unwrap();
    let read = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut next = || cells.next().unwrap();
        let id = next();
        let mut recording = Recording {
            reply: replies.remove(&id),
            id,
            provider: next(),
            kind: next(),
            endpoint: next(),
            model: next(),
            method: next(),
            url: next(),
            query: String::new(),
        };
        if let Some((url, query)) = recording.url.clone().split_once('?') {
            (recording.url, recording.query) = (url.to_owned(), query.to_owned());
        }
        recording
    };
    index.lines().map(read).collect()
}

/// The answers by id. Those that lie here are whole, so they count before a plugin's.
fn replies() -> HashMap<String, Value> {
    let mut files = files_of(&root().join("tests/traffic/fixtures"), |it| {
        it.ends_with(".jsonl")
    });
    for plugin in std::fs::read_dir(root().join("plugins")).unwrap() {
        let folder = plugin.unwrap().path().join("fixtures");
        files.extend(files_of(&folder, |it| it == "corpus.jsonl"));
        // Requests, and the answers of those that were refused.
        files.extend(files_of(&folder, |it| it == "requests.jsonl"));
    }
    let mut found = HashMap::new();
    for path in files {
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let item: Value = serde_json::from_str(line).unwrap();
            if let Some(id) = item["id"].as_str().filter(|_| !item["body"].is_null()) {
                found.entry(id.to_owned()).or_insert(item);
            }
        }
    }
    found
}

fn files_of(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|it| it.unwrap().path());
    let named = |path: &PathBuf| wanted(path.file_name().unwrap().to_str().unwrap());
    paths.filter(named).collect()
}
