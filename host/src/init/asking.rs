//! Asks whoever sits at a terminal which providers are to be written down.

use std::io::{self, BufRead, IsTerminal as _, Write};

use super::{Found, InitError};

/// The names that are typed besides those that were `found`; none where nobody sits there. `known`
/// says what is wrong with a name.
///
/// # Errors
/// The terminal cannot be read or written.
pub fn at_terminal(
    found: &[Found],
    known: impl Fn(&[String]) -> Result<(), InitError>,
) -> Result<Vec<String>, InitError> {
    let (stdin, stderr) = (io::stdin(), io::stderr());
    if !(stdin.is_terminal() && stderr.is_terminal()) {
        return Ok(Vec::new());
    }
    let asked = providers(found, known, &mut stdin.lock(), &mut stderr.lock());
    asked.map_err(InitError::Terminal)
}

/// Asks until every name is known, or the input ends.
fn providers(
    found: &[Found],
    known: impl Fn(&[String]) -> Result<(), InitError>,
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> io::Result<Vec<String>> {
    let there: Vec<&str> = found.iter().map(|it| it.provider.as_str()).collect();
    match there.as_slice() {
        [] => writeln!(out, "No key of a provider is in the environment.")?,
        names => writeln!(out, "Keys are there for {}.", names.join(", "))?,
    }
    loop {
        write!(
            out,
            "Other providers to write down (names with commas between, or nothing): "
        )?;
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(Vec::new());
        }
        let words = line.split([',', ' ']).map(str::trim);
        let names: Vec<String> = words
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect();
        match known(&names) {
            Ok(()) => return Ok(names),
            Err(unknown) => writeln!(out, "{unknown}")?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is answered to these lines, and what was asked.
    fn asked(lines: &str) -> (Vec<String>, String) {
        let known = |names: &[String]| match names.iter().find(|it| *it != "groq" && *it != "xai") {
            Some(name) => Err(InitError::Unknown(name.clone(), String::new())),
            None => Ok(()),
        };
        let mut out = Vec::new();
        let names = providers(&[], known, &mut lines.as_bytes(), &mut out).unwrap();
        (names, String::from_utf8(out).unwrap())
    }

    #[test]
    fn names_are_taken_by_commas_and_blanks_and_none_is_an_answer() {
        assert_eq!(asked("groq, xai\n").0, ["groq", "xai"]);
        assert!(asked("\n").0.is_empty() && asked("").0.is_empty());
    }

    #[test]
    fn a_name_that_nobody_has_is_told_and_asked_for_again() {
        let (names, said) = asked("gorq\ngroq\n");
        assert_eq!(names, ["groq"]);
        assert!(said.contains("no plugin has the provider `gorq`"), "{said}");
        assert_eq!(said.matches("or nothing").count(), 2);
    }
}
