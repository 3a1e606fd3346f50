//! What `sluice check` prints.

use std::io::{self, Write};

use crate::config::{Remark, Taken};

/// Writes a line a key, what is wrong last. Gives whether anything is.
pub fn print(out: &mut impl Write, remarks: &[Remark], more: &[String]) -> io::Result<bool> {
    let width = remarks
        .iter()
        .map(|remark| remark.path.len())
        .max()
        .unwrap_or(0)
        .min(60);
    for (taken, word) in [
        (Taken::Honoured, "honoured"),
        (Taken::Accepted, "accepted"),
        (Taken::Unknown, "unknown"),
        (Taken::Warning, "warning"),
        (Taken::Wrong, "error"),
    ] {
        // A key that was read and found wrong is told once, as wrong.
        let judged = |path: &str| {
            taken == Taken::Honoured
                && remarks
                    .iter()
                    .any(|it| it.path == path && it.taken != Taken::Honoured)
        };
        for remark in remarks
            .iter()
            .filter(|it| it.taken == taken && !judged(&it.path))
        {
            writeln!(out, "{word:9} {:width$}  {}", remark.path, remark.text)?;
        }
        if taken == Taken::Warning {
            for warning in more {
                writeln!(out, "{word:9} {warning}")?;
            }
        }
    }
    let wrong = remarks
        .iter()
        .filter(|remark| remark.taken == Taken::Wrong)
        .count();
    let warnings = remarks
        .iter()
        .filter(|it| matches!(it.taken, Taken::Warning | Taken::Unknown))
        .count();
    writeln!(out, "\n{wrong} errors, {} warnings", warnings + more.len())?;
    Ok(wrong > 0)
}
