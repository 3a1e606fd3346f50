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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Env};

    fn printed(text: &str, more: &[&str]) -> (String, bool) {
        let (_, remarks) = Config::parse(text, Env::default()).unwrap();
        let more: Vec<String> = more.iter().map(|it| (*it).to_owned()).collect();
        let mut out = Vec::new();
        let wrong = print(&mut out, &remarks, &more).unwrap();
        (String::from_utf8(out).unwrap(), wrong)
    }

    #[test]
    fn every_key_has_its_line_and_errors_come_last() {
        let (table, wrong) = printed(
            "model_list: [{model_name: a, litellm_params: {model: echo/a, timeout: soon}}]\n\
             litellm_settings: {telemetry: false, drop_parms: true}\n",
            &["model `a`: no plugin"],
        );
        let words: Vec<_> = table
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let expected = [
            "honoured", "honoured", "honoured", "honoured", "honoured", "accepted", "unknown",
            "warning", "error", "1",
        ];
        assert!(wrong && words == expected, "{table}");
        assert!(table.contains("1 errors, 2 warnings"), "{table}");
        assert!(!table.contains("honoured  model_list[0].litellm_params.timeout"));
    }

    #[test]
    fn a_config_without_a_mistake_is_no_error() {
        let text = "model_list: [{model_name: a, litellm_params: {model: echo/a}}]";
        assert!(!printed(text, &[]).1);
    }
}
