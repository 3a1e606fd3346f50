//! A message of what waits.

use serde_json::{Value, json};

use crate::board::{Board, Line};
use crate::settings::Settings;

/// Lines of a message, those with the most first.
const MOST_LINES: usize = 12;
/// Slack shows a text of up to 4,000 letters in one piece.
const LONGEST: usize = 3800;

pub fn of(board: &Board, settings: &Settings) -> Value {
    let mut lines: Vec<(&String, &Line)> = board.lines.iter().collect();
    lines.sort_by(|a, b| b.1.count.cmp(&a.1.count).then(a.0.cmp(b.0)));
    let mut text = format!(":rotating_light: *{}*", escaped(&settings.title));
    let (mut left, mut left_count) = (0usize, board.others);
    for (at, (what, line)) in lines.into_iter().enumerate() {
        let told = told(what, line);
        if at >= MOST_LINES || text.len() + told.len() > LONGEST {
            left += 1;
            left_count += line.count;
            continue;
        }
        text.push_str(&told);
    }
    if left_count > 0 {
        text.push_str(&format!("\n• {left_count} more of {} kinds", left.max(1)));
    }
    json!({ "text": text })
}

fn told(what: &str, line: &Line) -> String {
    let count = match line.count {
        1 => String::new(),
        count => format!("{count} × "),
    };
    let why = line.why.replace(['\n', '\r', '`'], " ");
    format!("\n• {count}*{}*: `{}`", escaped(what), escaped(&why))
}

/// The three letters that mark Slack's own text. Without them nobody can be called by a name in an
/// error.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
