//! What the server answers: 207, with what came of each event.

use std::collections::HashMap;

use serde_json::Value;
use sluice_records::{Fate, Piece, Reply};
use sluice_sdk::{Error, FetchResponse};

use crate::events::{all_parts, event_id};

pub fn judge(answer: Result<FetchResponse, Error>, pieces: &[Piece]) -> Reply {
    let errors = match &answer {
        Ok(answer) if answer.status < 300 => errors(answer),
        _ => Vec::new(),
    };
    if errors.is_empty() {
        return sluice_records::judge(answer);
    }
    let mut places = HashMap::new();
    for piece in pieces {
        for part in all_parts() {
            places.insert(event_id(&piece.name, &part), piece.record);
        }
    }
    let fates = errors.iter().filter_map(|error| {
        let place = places.get(error["id"].as_str()?)?;
        Some((*place, fate(error)))
    });
    Reply::Partly(fates.collect())
}

fn errors(answer: &FetchResponse) -> Vec<Value> {
    let body = answer.json().unwrap_or_default();
    body["errors"].as_array().cloned().unwrap_or_default()
}

/// As a reply to a request of one event would be taken.
fn fate(error: &Value) -> Fate {
    let status = error["status"].as_u64().unwrap_or(400);
    let said = error["message"].as_str().unwrap_or("no reason is given");
    let said: String = said.chars().take(200).collect();
    let why = format!("the service answered {status} for an event: {said}");
    match status {
        408 | 429 | 500.. => Fate::Later(why),
        _ => Fate::Refused(why),
    }
}
