//! What a judgement comes to: one table, and whether it is good.

use std::fmt::Write as _;

/// How one thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// It may stay so.
    Remark,
    Wrong,
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub verdict: Verdict,
    /// What was looked at.
    pub what: String,
    pub detail: String,
}

/// A table of what was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub rows: Vec<Row>,
}

impl Report {
    pub fn fine(&mut self, what: impl Into<String>, detail: impl Into<String>) {
        self.push(Verdict::Fine, what, detail);
    }

    pub fn remark(&mut self, what: impl Into<String>, detail: impl Into<String>) {
        self.push(Verdict::Remark, what, detail);
    }

    pub fn wrong(&mut self, what: impl Into<String>, detail: impl Into<String>) {
        self.push(Verdict::Wrong, what, detail);
    }

    /// What was found wrong, a line each; nothing: fine, with this detail.
    pub fn judge(&mut self, what: &str, found: Vec<String>, fine: impl Into<String>) {
        if found.is_empty() {
            self.fine(what, fine);
        }
        for wrong in found {
            self.wrong(what, wrong);
        }
    }

    fn push(&mut self, verdict: Verdict, what: impl Into<String>, detail: impl Into<String>) {
        let (what, detail) = (what.into(), detail.into());
        self.rows.push(Row {
            verdict,
            what,
            detail,
        });
    }

    /// Whether nothing is wrong.
    pub fn is_good(&self) -> bool {
        self.count(Verdict::Wrong) == 0
    }

    /// The details of all rows about one thing that are wrong.
    pub fn wrongs(&self, what: &str) -> Vec<&str> {
        let about = |row: &&Row| row.verdict == Verdict::Wrong && row.what == what;
        self.rows
            .iter()
            .filter(about)
            .map(|row| row.detail.as_str())
            .collect()
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|it| it.verdict == verdict).count()
    }

    /// As text: a line each, what goes on for several lines indented, and the sum at the end.
    pub fn render(&self) -> String {
        let widths = self.rows.iter().map(|row| row.what.chars().count());
        let width = widths.max().unwrap_or(0);
        let mut text = String::new();
        for row in &self.rows {
            let word = match row.verdict {
                Verdict::Fine => "ok",
                Verdict::Remark => "note",
                Verdict::Wrong => "FAILED",
            };
            let detail = row.detail.replace('\n', &format!("\n{:1$}", "", width + 9));
            // Writing into a text does not fail.
            let _ = writeln!(text, "{word:6} {:width$}  {detail}", row.what);
        }
        let (wrong, notes) = (self.count(Verdict::Wrong), self.count(Verdict::Remark));
        let _ = write!(text, "\n{wrong} failed, {notes} notes");
        text
    }
}

/// Bytes for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_is_wrong_and_how_much_of_it() {
        let mut report = Report::default();
        report.fine("a", "fine");
        report.judge("long name", vec!["one\ntwo".into()], "");
        report.judge("other", Vec::new(), "nothing");
        assert!(!report.is_good());
        let text = report.render();
        assert!(text.contains("ok     a          fine\n"), "{text}");
        assert!(
            text.contains("FAILED long name  one\n                  two\n"),
            "{text}"
        );
        assert!(text.ends_with("1 failed, 0 notes"), "{text}");
        assert_eq!(report.wrongs("long name"), ["one\ntwo"]);
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(
            [size(5), size(2048), size(3 << 20)],
            ["5 B", "2.0 KiB", "3.0 MiB"]
        );
    }
}
