//! Answers while they stream. Where masks are only undone, pieces pass as they come and no more is
//! held back than a mask that has begun; where the answer is looked at, it is held until its end.

use serde::{Deserialize, Serialize};
use sluice_sdk::{
    Error, Held, Inspection, Passed, Piece, StreamVerdict, fault, parse_state, serde_json,
    write_json,
};

use crate::look::{self, Way};
use crate::mask::Table;
use crate::settings::Settings;

#[derive(Default, Serialize, Deserialize)]
struct Flow {
    /// The settings, as they came; empty: answers are not looked at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    config: String,
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    table: Table,
    /// Beginnings of masks.
    #[serde(default)]
    held: Held,
    /// All of the answer so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    whole: Vec<Kept>,
}

/// A piece that waits for the end.
#[derive(Serialize, Deserialize)]
struct Kept {
    choice: u32,
    channel: String,
    call: String,
    text: String,
}

impl Kept {
    fn continues(&self, piece: &Piece) -> bool {
        !piece.is_whole()
            && (self.choice, &self.channel, &self.call)
                == (piece.choice, &piece.channel, &piece.call)
    }
}

pub fn open(inspection: &Inspection) -> Result<String, Error> {
    let settings: Settings = inspection.settings()?;
    let config = match settings.looks_at_answers() {
        true => inspection.config.clone(),
        false => String::new(),
    };
    Ok(write_json(&Flow {
        config,
        table: parse_state(&inspection.state)?,
        ..Flow::default()
    }))
}

pub fn feed(state: &str, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
    let mut flow: Flow = parse_state(state)?;
    if !flow.config.is_empty() {
        return wait(flow, pieces, last);
    }
    let table = &flow.table;
    let pieces = flow.held.feed(pieces, last, |lane, text, ends| {
        let begun = table.begun(&text).filter(|_| !ends);
        let (now, later) = text.split_at(begun.unwrap_or(text.len()));
        (table.undone(now, lane.is_json()), later.to_owned())
    });
    Ok(StreamVerdict::Pass(Passed {
        pieces,
        findings: None,
        state: write_json(&flow),
    }))
}

fn wait(mut flow: Flow, pieces: Vec<Piece>, last: bool) -> Result<StreamVerdict, Error> {
    for piece in pieces {
        let before = flow.whole.iter_mut().find(|it| it.continues(&piece));
        match before {
            Some(before) => before.text.push_str(&piece.text),
            None => flow.whole.push(Kept {
                choice: piece.choice,
                channel: piece.channel,
                call: piece.call,
                text: piece.text,
            }),
        }
    }
    if !last {
        return Ok(StreamVerdict::Pass(Passed {
            pieces: Vec::new(),
            findings: None,
            state: write_json(&flow),
        }));
    }
    let settings: Settings = serde_json::from_str(&flow.config)
        .map_err(|cause| fault::internal(format!("own state: {cause}")))?;
    let spans = flow.whole.iter();
    let spans = spans.map(|it| (it.channel.as_str(), it.text.as_str()));
    let looked = look::at(&settings, spans, Way::Back(&flow.table))?;
    if let Some(refusal) = looked.refusal {
        return Ok(StreamVerdict::Block(refusal));
    }
    for (at, text) in looked.edits {
        if let Some(kept) = flow.whole.get_mut(at as usize) {
            kept.text = text;
        }
    }
    let pieces = flow.whole.into_iter().map(|it| Piece {
        choice: it.choice,
        channel: it.channel,
        call: it.call,
        text: it.text,
    });
    Ok(StreamVerdict::Pass(Passed {
        pieces: pieces.collect(),
        findings: looked.findings.map(|it| it.to_string()),
        state: String::new(),
    }))
}
