//! What became of each row of the source, told row by row and counted at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::store::{Arrival, Departure};

/// To the beginning of a terminal's line, and away with what stands in it.
const CLEAR: &str = "\r\x1b[K";

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Made,
    Updated,
    /// As an earlier run left it.
    Same,
    /// Changed here only, and left so.
    Kept,
    /// Changed here and at the source, and left as it is here.
    Conflict,
    /// Here before the first run, and left so.
    Taken,
    /// Brought by an earlier run and deleted here since.
    DeletedHere,
    /// Gone from the source, and deleted here.
    Deleted,
    /// Of history: here as the source has it.
    Carried,
    /// It has no counterpart, or cannot be read: the notes say which.
    LeftOut,
}

impl Fate {
    const ALL: [Self; 10] = [
        Self::Made,
        Self::Updated,
        Self::Same,
        Self::Kept,
        Self::Conflict,
        Self::Taken,
        Self::DeletedHere,
        Self::Deleted,
        Self::Carried,
        Self::LeftOut,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Updated => "updated",
            Self::Same => "same",
            Self::Kept => "kept",
            Self::Conflict => "conflict",
            Self::Taken => "taken",
            Self::DeletedHere => "deleted here",
            Self::Deleted => "deleted",
            Self::Carried => "carried",
            Self::LeftOut => "left out",
        }
    }

    /// Why a row did not become what the source has, and what can be done.
    const fn reason(self) -> Option<&'static str> {
        Some(match self {
            Self::Kept => "changed here since the last run",
            Self::Conflict => {
                "changed here and at the source since the last run: it stays as it is here; \
                 `--overwrite` takes the source's"
            }
            Self::Taken => "was here before the first run: it stays as it is here",
            Self::DeletedHere => {
                "deleted here since the last run: it stays away; `--overwrite` brings it back"
            }
            Self::Deleted => "gone from the source since the last run",
            Self::Made | Self::Updated | Self::Same | Self::Carried | Self::LeftOut => {
                return None;
            }
        })
    }
}

impl From<Arrival> for Fate {
    fn from(arrival: Arrival) -> Self {
        match arrival {
            Arrival::Made => Self::Made,
            Arrival::Updated => Self::Updated,
            Arrival::Same => Self::Same,
            Arrival::Kept => Self::Kept,
            Arrival::Conflict => Self::Conflict,
            Arrival::Taken => Self::Taken,
            Arrival::DeletedHere => Self::DeletedHere,
        }
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub table: &'static str,
    pub id: String,
    pub fate: Fate,
    /// What it is here; empty if it is nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub becomes: String,
    /// What was dropped or changed on the way, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Lines for people, or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Text,
    Json,
}

/// Writes the report as it comes.
pub struct Report<'w> {
    out: &'w mut (dyn Write + Send),
    style: Style,
    counts: BTreeMap<String, BTreeMap<Fate, u64>>,
    /// What the report could not be written for: told at the end.
    failed: Option<io::Error>,
    /// The terminal of whoever watches.
    screen: Option<&'w mut (dyn Write + Send)>,
    /// Whether a line stands there.
    stands: bool,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Report")
            .field("counts", &self.counts)
            .finish()
    }
}

impl<'w> Report<'w> {
    pub fn new(out: &'w mut (dyn Write + Send), style: Style) -> Self {
        Self {
            out,
            style,
            counts: BTreeMap::new(),
            failed: None,
            screen: None,
            stands: false,
        }
    }

    /// Somebody watches at this terminal.
    pub fn watched(mut self, screen: &'w mut (dyn Write + Send)) -> Self {
        self.screen = Some(screen);
        self
    }

    /// Tells whoever watches how far a table is, in one line that goes with the next.
    pub fn far(&mut self, table: &str, how: fmt::Arguments<'_>) {
        if let Some(screen) = &mut self.screen {
            // Who does not see it has lost nothing: the report tells of every row.
            let _ = write!(screen, "{CLEAR}{table}: {how}").and_then(|()| screen.flush());
            self.stands = true;
        }
    }

    /// Takes the line away that tells how far a table is.
    pub fn clear(&mut self) {
        if let Some(screen) = self.screen.as_mut().filter(|_| self.stands) {
            let _ = write!(screen, "{CLEAR}").and_then(|()| screen.flush());
            self.stands = false;
        }
    }

    /// The rows of a table that were told of.
    pub fn told(&self, table: &str) -> u64 {
        let counts = self.counts.get(table);
        counts.map_or(0, |it| it.values().sum())
    }

    /// Tells of one row.
    pub fn line(&mut self, mut line: Line) {
        line.notes.extend(line.fate.reason().map(str::to_owned));
        self.count(line.table, line.fate, 1);
        let text = match self.style {
            Style::Json => serde_json::to_string(&line).unwrap_or_default(),
            Style::Text => {
                let mut text = format!("{:<12} {} {}", line.fate.as_str(), line.table, line.id);
                if !line.becomes.is_empty() {
                    text.push_str(": ");
                    text.push_str(&line.becomes);
                }
                for note in &line.notes {
                    text.push_str("; ");
                    text.push_str(note);
                }
                text
            }
        };
        self.write(&text);
    }

    /// Tells of a row that cannot become anything.
    pub fn left_out(&mut self, table: &'static str, id: impl Into<String>, why: impl Into<String>) {
        self.line(Line {
            table,
            id: id.into(),
            fate: Fate::LeftOut,
            becomes: String::new(),
            notes: vec![why.into()],
        });
    }

    /// Tells of rows that earlier runs brought and the source has no more.
    pub fn departures(&mut self, table: &'static str, gone: Vec<(String, Departure)>) {
        for (id, departure) in gone {
            let (fate, note) = match departure {
                Departure::Deleted => (Fate::Deleted, None),
                Departure::Kept => (
                    Fate::Conflict,
                    Some("it is gone from the source; delete it here if it should go"),
                ),
                Departure::InUse => (
                    Fate::Kept,
                    Some("gone from the source, and other rows here name it"),
                ),
            };
            self.line(Line {
                table,
                id,
                fate,
                becomes: String::new(),
                notes: note.into_iter().map(str::to_owned).collect(),
            });
        }
    }

    /// Counts rows that are not told one by one.
    pub fn count(&mut self, table: &str, fate: Fate, rows: u64) {
        let counts = self.counts.entry(table.to_owned()).or_default();
        let count = counts.entry(fate).or_default();
        *count = count.saturating_add(rows);
    }

    /// A sentence that is not about one row.
    pub fn say(&mut self, sentence: &str) {
        let text = match self.style {
            Style::Json => serde_json::json!({ "note": sentence }).to_string(),
            Style::Text => sentence.to_owned(),
        };
        self.write(&text);
    }

    /// How many rows had a fate, in all tables.
    pub fn total(&self, fate: Fate) -> u64 {
        let counts = self.counts.values();
        counts.filter_map(|it| it.get(&fate)).sum()
    }

    /// The counts by table, as JSON.
    pub fn counts(&self) -> serde_json::Value {
        serde_json::json!(self.counts)
    }

    /// Writes the counts of every table.
    ///
    /// # Errors
    /// The report, or a part of it, could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        let counts = std::mem::take(&mut self.counts);
        if self.style == Style::Text {
            self.write("");
        }
        for (table, counts) in &counts {
            let text = match self.style {
                Style::Json => serde_json::json!({ "table": table, "counts": counts }).to_string(),
                Style::Text => {
                    let parts: Vec<String> = Fate::ALL
                        .iter()
                        .filter_map(|fate| Some((fate, counts.get(fate)?)))
                        .map(|(fate, count)| format!("{count} {}", fate.as_str()))
                        .collect();
                    format!("{table}: {}", parts.join(", "))
                }
            };
            self.write(&text);
        }
        match self.failed {
            None => self.out.flush(),
            Some(cause) => Err(cause),
        }
    }

    /// One line, whatever the names of rows are made of.
    fn write(&mut self, text: &str) {
        self.clear();
        let plain: String = text
            .chars()
            .map(|it| if it.is_control() { '\u{fffd}' } else { it })
            .collect();
        if let Err(cause) = writeln!(self.out, "{plain}") {
            self.failed.get_or_insert(cause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_watches_has_one_line_that_goes_with_the_next() {
        let (mut out, mut screen) = (Vec::new(), Vec::new());
        let mut report = Report::new(&mut out, Style::Text).watched(&mut screen);
        for rows in [500, 1_000] {
            report.far("Logs", format_args!("{rows} rows"));
        }
        report.say("moved");
        report.say("and closed");
        report.finish().unwrap();
        let shown = format!("{CLEAR}Logs: 500 rows{CLEAR}Logs: 1000 rows{CLEAR}");
        assert_eq!(String::from_utf8(screen).unwrap(), shown);
        assert_eq!(out, b"moved\nand closed\n\n");
    }
}
