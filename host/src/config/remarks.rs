//! What is to be said of a config: how each key was taken, and what is wrong with it.

use super::secrets::REFERENCE;
use crate::domain::Secret;

/// How a key of the file was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Honoured,
    /// Known to LiteLLM, without effect here.
    Accepted,
    Unknown,
    /// A value that cannot be.
    Wrong,
    /// Works, but deserves a word.
    Warning,
}

/// What is to be said of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    pub taken: Taken,
    pub text: String,
}

/// Remarks, in the order of reading.
#[derive(Debug, Default)]
pub struct Remarks(pub Vec<Remark>, Hidden);

/// Variables of the environment that were followed, with their names: whoever may write a setting
/// may not read them by what is said of it.
#[derive(Debug, Default)]
struct Hidden(Vec<(Secret, String)>);

impl Hidden {
    /// What is shorter is no secret, and stands in other words too.
    const SHORTEST: usize = 4;

    fn add(&mut self, value: &Secret, name: &str) {
        if value.reveal().len() >= Self::SHORTEST {
            self.0.push((value.clone(), name.to_owned()));
        }
    }

    fn out_of(&self, text: String) -> String {
        self.0.iter().fold(text, |text, (value, name)| {
            match text.contains(value.reveal()) {
                true => text.replace(value.reveal(), &format!("{REFERENCE}{name}")),
                false => text,
            }
        })
    }
}

impl Remarks {
    pub fn say(&mut self, taken: Taken, path: impl Into<String>, text: impl Into<String>) {
        self.0.push(Remark {
            path: path.into(),
            taken,
            text: self.1.out_of(text.into()),
        });
    }

    /// A variable was followed: nothing that is said from now on shows its value.
    pub fn hide(&mut self, value: &Secret, name: &str) {
        self.1.add(value, name);
    }

    /// Of a deployment that is left out for what was said of it since then: its mistakes are no reason
    /// against the whole. False: there are none.
    pub fn forgive(&mut self, since: usize) -> bool {
        let mut any = false;
        for it in self.0.iter_mut().skip(since) {
            if it.taken == Taken::Wrong {
                it.taken = Taken::Warning;
                it.text.push_str("; this deployment is left out");
                any = true;
            }
        }
        any
    }

    /// Of a key that stands twice in one mapping.
    pub fn twice(&mut self, path: String) {
        self.say(Taken::Warning, path, "stands twice; the last one counts");
    }
}

/// Whether a gateway may run on a config with these remarks.
pub fn has_errors(remarks: &[Remark]) -> bool {
    remarks.iter().any(|remark| remark.taken == Taken::Wrong)
}

/// `; did you mean ...?` if one of the names is near, else nothing.
pub fn hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known)
        .map(|it| format!("; did you mean `{it}`?"))
        .unwrap_or_default()
}

/// The name that this one was probably meant to be: at most a third of its letters off, or the
/// beginning of it (`memory` of `memory_mb`).
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = name.chars().count();
    // Of one or two letters everything is near.
    if letters < 3 {
        return None;
    }
    let limit = (letters / 3).clamp(1, 3);
    let fold = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let folded = fold(name);
    let start = format!("{folded}_");
    known
        .into_iter()
        .map(|it| {
            let other = fold(it);
            let begun = other.starts_with(&start);
            (if begun { 1 } else { distance(&folded, &other) }, it)
        })
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, it)| it)
}

/// Edits between two names (Damerau-Levenshtein: two letters changed round are one edit).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, right) in b.iter().enumerate() {
            let at = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&row, j) + usize::from(left != right))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let crossed =
                i > 0 && j > 0 && a.get(i - 1) == Some(right) && b.get(j - 1) == Some(left);
            if crossed {
                best = best.min(at(&above, j - 1) + 1);
            }
            next.push(best);
        }
        above = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["num_retries", "model_list", "timeout", "drop_params"];
        assert_eq!(nearest("num_retrys", known), Some("num_retries"));
        assert_eq!(nearest("modle_list", known), Some("model_list"));
        assert_eq!(nearest("Drop-Params", known), Some("drop_params"));
        assert_eq!(nearest("TimeOut", known), Some("timeout"));
        assert_eq!(nearest("model", known), Some("model_list"));
        assert_eq!(nearest("nope", known), None);
        assert_eq!(nearest("x", ["n", "y"]), None);
    }

    #[test]
    fn what_a_variable_holds_is_not_said() {
        let mut remarks = Remarks::default();
        remarks.hide(&Secret::new("sk-of-the-operator"), "MASTER");
        remarks.hide(&Secret::new("on"), "SHORT");
        remarks.say(Taken::Wrong, "a", "is `sk-of-the-operator`, on no list");
        assert_eq!(remarks.0[0].text, "is `os.environ/MASTER`, on no list");
    }

    #[test]
    fn letters_changed_round_are_one_edit() {
        assert_eq!(distance("api_kye", "api_key"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
