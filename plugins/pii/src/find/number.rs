//! Numbers: groups of digits with single signs between them.

use super::{Found, Text, cards, national, phone};
use crate::kind::Kind;

/// No number that is looked for is longer.
const MOST_DIGITS: usize = 19;
const MOST_GROUPS: usize = 8;

/// A number as it is written.
#[derive(Debug, Default)]
pub struct Number {
    pub digits: Vec<u8>,
    /// How many digits each group has.
    pub groups: Vec<usize>,
    /// What stands before each group but the first.
    pub signs: Vec<u8>,
    /// It begins with a plus.
    pub plus: bool,
    /// A part of it is in parentheses.
    pub parentheses: bool,
}

impl Number {
    fn clear(&mut self) {
        self.digits.clear();
        self.groups.clear();
        self.signs.clear();
        (self.plus, self.parentheses) = (false, false);
    }

    /// Whether it is written in one group, or in such groups with one of these signs between all.
    pub fn is_grouped(&self, groups: &[usize], signs: &[u8]) -> bool {
        self.groups == groups
            && !self.parentheses
            && signs
                .iter()
                .any(|sign| self.signs.iter().all(|it| it == sign))
    }

    pub fn is_one_group(&self) -> bool {
        self.groups.len() == 1 && !self.parentheses
    }
}

/// Looks at the numbers that begin here: each of its groups may be the last.
/// `number` is only there to be used again.
pub fn at(text: &Text, start: usize, number: &mut Number, all: &mut Vec<Found>) {
    const NUMBERS: &[Kind] = &[
        Kind::Card,
        Kind::Phone,
        Kind::UsSsn,
        Kind::BrCpf,
        Kind::InAadhaar,
        Kind::DeTaxId,
        Kind::NlBsn,
        Kind::PlPesel,
        Kind::CnResidentId,
    ];
    // The middle of a number is no beginning: what begins with a sign was looked at with it.
    if !text.kinds.has_any(NUMBERS) || follows_a_plus(text, start) {
        return;
    }
    number.clear();
    let mut at = start;
    if text.byte(at) == Some(b'+') {
        number.plus = true;
        at += 1;
    }
    let mut open = text.byte(at) == Some(b'(');
    if open {
        number.parentheses = true;
        at += 1;
    }
    while number.groups.len() < MOST_GROUPS {
        let group = text.run(at, MOST_DIGITS + 1, |it| it.is_ascii_digit());
        if group.is_empty() || number.digits.len() + group.len() > MOST_DIGITS {
            return;
        }
        number.digits.extend(group.iter().map(|it| it - b'0'));
        number.groups.push(group.len());
        at += group.len();
        if open {
            // What is opened before a number and not closed behind its first group is not its own.
            if text.byte(at) != Some(b')') {
                return;
            }
            open = false;
            at += 1;
        }
        if text.ends(at) {
            judge(text, number, start..at, all);
        }
        let Some((sign, next)) = sign(text, at, number, &mut open) else {
            return;
        };
        number.signs.push(sign);
        at = next;
    }
}

fn follows_a_plus(text: &Text, start: usize) -> bool {
    let before = start.checked_sub(1).and_then(|it| text.byte(it));
    text.byte(start) != Some(b'+') && before == Some(b'+')
}

/// The sign before the next group, and where the group begins.
fn sign(text: &Text, at: usize, number: &mut Number, open: &mut bool) -> Option<(u8, usize)> {
    let digit = |at: usize| text.byte(at).is_some_and(|it| it.is_ascii_digit());
    let first = text.byte(at)?;
    if digit(at) {
        return number.parentheses.then_some((b')', at));
    }
    if !matches!(first, b' ' | b'-' | b'.' | b'/' | b'(') {
        return None;
    }
    let paren = match first {
        b'(' => Some(at + 1),
        b' ' if text.byte(at + 1) == Some(b'(') => Some(at + 2),
        _ => None,
    };
    match paren {
        Some(next) if digit(next) && !number.parentheses => {
            (number.parentheses, *open) = (true, true);
            Some((first, next))
        }
        Some(_) => None,
        None => digit(at + 1).then_some((first, at + 1)),
    }
}

fn judge(text: &Text, number: &Number, range: std::ops::Range<usize>, all: &mut Vec<Found>) {
    /// No number that is looked for is shorter.
    const FEWEST_DIGITS: usize = 7;
    if number.digits.len() < FEWEST_DIGITS {
        return;
    }
    let mut add = |kind: Kind| {
        let range = range.clone();
        all.push(Found { kind, range });
    };
    if text.kinds.has(Kind::Card) && cards::is_card(number) {
        add(Kind::Card);
    }
    // `1.2.3.4.5`, `415-555-0132-99`: the number goes on.
    let goes_on = matches!(text.rest(range.end), [b'-' | b'.' | b'/', b'0'..=b'9', ..]);
    if goes_on {
        return;
    }
    if let Some(kind) = national::of(text, number, range.start) {
        add(kind);
    }
    if text.kinds.has(Kind::Phone) && phone::is_phone(text, number, range.start) {
        add(Kind::Phone);
    }
}
