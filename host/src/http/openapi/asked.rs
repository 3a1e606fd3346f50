//! What operations ask for, of the tables that their rooms keep.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::kinds;
use super::listed::{Listed, key};
use crate::{manage, reports};

/// Routes that are in no other room's table, by hand.
const OTHERS: &str = include_str!("asked.tsv");

/// In place of a name: whatever stands beside the others.
const ANY: &str = "*";

/// What one operation asks for.
#[derive(Debug, Default)]
pub struct Asked {
    query: Vec<Field>,
    body: Vec<Field>,
    form: Vec<Field>,
    /// The media type of a body that is a file.
    file: Option<&'static str>,
    example: Option<Value>,
    answer: Option<&'static str>,
}

#[derive(Debug)]
struct Field {
    name: &'static str,
    kind: &'static str,
    needed: bool,
}

impl Field {
    /// `name:kind`, or `!name:kind` if it has to be there.
    fn read(cell: &'static str) -> Option<Self> {
        let (name, kind) = cell.split_once(':')?;
        let bare = name.strip_prefix('!');
        Some(Self {
            name: bare.unwrap_or(name),
            kind,
            needed: bare.is_some(),
        })
    }
}

/// The room whose table has an operation; None: the one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Manage,
    Reports,
}

/// What an operation asks for, and whose it is.
pub fn of(listed: &Listed) -> Option<&'static (Asked, Option<Room>)> {
    let method = listed.method.as_str();
    let own = ALL.get(&key(method, &listed.path));
    // The files of `/v1/files` are those of `/files`.
    own.or_else(|| ALL.get(&key(method, listed.path.strip_prefix("/v1")?)))
}

static ALL: LazyLock<HashMap<String, (Asked, Option<Room>)>> = LazyLock::new(|| {
    let mut all = HashMap::new();
    for (table, room) in [
        (manage::ASKED, Some(Room::Manage)),
        (reports::ASKED, Some(Room::Reports)),
        (OTHERS, None),
    ] {
        for line in table.lines() {
            let mut cells = line.split('\t');
            let (Some(method), Some(path), Some(what)) = (cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            let (asked, _) = all
                .entry(key(method, path))
                .or_insert_with(|| (Asked::default(), room));
            let cells: Vec<&'static str> = cells.collect();
            asked.add(what, &cells);
        }
    }
    all
});

impl Asked {
    fn add(&mut self, what: &str, cells: &[&'static str]) {
        let fields = || cells.iter().filter_map(|it| Field::read(it)).collect();
        match what {
            "query" => self.query = fields(),
            "body" => self.body = fields(),
            "form" => self.form = fields(),
            "file" => self.file = cells.first().copied(),
            "example" => {
                let text = cells.first().copied().unwrap_or_default();
                self.example = serde_json::from_str(text).ok();
            }
            "answer" => self.answer = cells.first().copied(),
            _ => {}
        }
    }

    /// The type of the answer; None: an object.
    pub fn answer(&self) -> Option<&'static str> {
        self.answer
    }

    /// The parameters of the query.
    pub fn parameters(&self) -> impl Iterator<Item = Value> {
        self.query.iter().map(|it| {
            json!({"name": it.name, "in": "query", "required": it.needed,
                "schema": kinds::of_query(it.kind)})
        })
    }

    /// The body, if it takes one.
    pub fn body(&self) -> Option<Value> {
        if let Some(kind) = self.file {
            return Some(json!({"required": true, "content": {kind: {}}}));
        }
        let (kind, fields) = match (&self.body[..], &self.form[..]) {
            ([], []) => return None,
            ([], form) => ("application/x-www-form-urlencoded", form),
            (body, _) => ("application/json", body),
        };
        let properties: Map<String, Value> = fields
            .iter()
            .filter(|it| it.name != ANY)
            .map(|it| (it.name.to_owned(), kinds::of_body(it.kind)))
            .collect();
        let more = fields.iter().find(|it| it.name == ANY);
        let more = more.map_or(Value::Bool(false), |it| kinds::of_body(it.kind));
        let needed: Vec<&str> = fields
            .iter()
            .filter(|it| it.needed)
            .map(|it| it.name)
            .collect();
        let mut schema = json!({"type": "object", "properties": properties,
            "additionalProperties": more});
        if !needed.is_empty() {
            schema["required"] = needed.clone().into();
        }
        let mut media = json!({"schema": schema});
        if let Some(example) = &self.example {
            media["example"] = example.clone();
        }
        Some(json!({"required": !needed.is_empty(), "content": {kind: media}}))
    }
}
