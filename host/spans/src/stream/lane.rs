//! One text that grows while it is guarded: what went to the guardrail, what came back, and to which
//! place each piece of it belongs.
//!
//! The guardrail says neither what it holds back nor what it has changed. Both are found by laying
//! what came back beside what went in: where they are the same, it is known what is still held; after
//! a change they are laid together again where the end of one is found in the other.

use std::collections::VecDeque;

/// A text is known again by so many bytes of it.
const SYNC: usize = 3;

/// And arguments, which nothing may follow once they have ended, by so many.
const SURE: usize = 16;

/// A text that follows another in the same lane is looked for by so many bytes of its beginning.
const PROBE: usize = 24;

/// Of what came back after a change, so many bytes are looked at.
const LOOK: usize = 256;

/// Text that came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    pub place: usize,
    pub text: String,
    /// It is not what went in.
    pub changed: bool,
}

/// The text of one choice, channel and call.
#[derive(Debug)]
pub struct Lane {
    sync: usize,
    /// What went in, from where it is not known what became of it.
    ahead: String,
    /// Whose that is: places, and how many bytes.
    shares: VecDeque<(usize, usize)>,
    /// What came back in place of the beginning of `ahead`, so far.
    instead: String,
    last: Option<usize>,
}

impl Lane {
    pub const fn of(is_arguments: bool) -> Self {
        Self {
            sync: if is_arguments { SURE } else { SYNC },
            ahead: String::new(),
            shares: VecDeque::new(),
            instead: String::new(),
            last: None,
        }
    }

    /// Text goes in.
    pub fn take(&mut self, place: usize, text: &str) {
        self.last = Some(place);
        self.ahead.push_str(text);
        match self.shares.back_mut() {
            Some((holder, length)) if *holder == place => *length += text.len(),
            _ => self.shares.push_back((place, text.len())),
        }
    }

    /// Whether all of a place's text has come back, as far as can be told.
    pub fn is_settled(&self, place: usize) -> bool {
        self.shares.iter().all(|(holder, _)| *holder != place)
    }

    /// Text comes back.
    pub fn pass(&mut self, text: &str) -> Vec<Passed> {
        let mut out = Vec::new();
        let mut rest = text;
        if self.instead.is_empty() {
            let same = common(&self.ahead, text);
            self.consume(&text[..same], &mut out);
            rest = &text[same..];
        }
        if rest.is_empty() {
            return out;
        }
        let both = format!("{}{rest}", self.instead);
        let both = tail(&both, rest.len().max(LOOK));
        let Some((at, length)) = meet(&self.ahead, both, self.sync) else {
            let (moved, own) = self.changed(rest, self.ahead.len(), &mut out);
            let instead = if moved > 0 { own } else { both };
            let instead = tail(instead, LOOK).to_owned();
            self.skip(moved, &mut out);
            self.instead.clear();
            if !self.ahead.is_empty() {
                self.instead = instead;
            }
            return out;
        };
        let again = length.min(rest.len());
        let (other, known) = rest.split_at(rest.len() - again);
        self.changed(other, at, &mut out);
        self.skip(at + length - again, &mut out);
        self.consume(known, &mut out);
        self.instead.clear();
        out
    }

    /// What is the same: each place gets its share.
    fn consume(&mut self, mut text: &str, out: &mut Vec<Passed>) {
        while !text.is_empty() {
            let Some((place, length)) = self.shares.front_mut() else {
                return;
            };
            let taken = (*length).min(text.len());
            let (own, others) = text.split_at(taken);
            let place = *place;
            *length -= taken;
            if *length == 0 {
                self.shares.pop_front();
            }
            self.ahead.drain(..taken);
            push(out, place, own, false);
            text = others;
        }
    }

    /// What went in and did not come back.
    fn skip(&mut self, mut length: usize, out: &mut Vec<Passed>) {
        self.ahead.drain(..length);
        while length > 0
            && let Some((place, share)) = self.shares.front_mut()
        {
            let taken = (*share).min(length);
            *share -= taken;
            length -= taken;
            push(out, *place, "", true);
            if *share == 0 {
                self.shares.pop_front();
            }
        }
    }

    /// What came back instead of the next `length` bytes. Where the text of a following place begins
    /// in it is looked for. Gives how much of `ahead` was before the last one that was found, and
    /// what came back from there on.
    fn changed<'t>(
        &self,
        mut text: &'t str,
        length: usize,
        out: &mut Vec<Passed>,
    ) -> (usize, &'t str) {
        let mut place = self.shares.front().map(|it| it.0).or(self.last);
        let (mut at, mut moved) = (0, 0);
        for (index, (next, share)) in self.shares.iter().enumerate() {
            if at >= length {
                break;
            }
            if index > 0
                && let Some(begin) = self.begin(text, at)
            {
                let (before, after) = text.split_at(begin);
                if let Some(place) = place {
                    push(out, place, before, true);
                }
                (place, text, moved) = (Some(*next), after, at);
            }
            at += share;
        }
        if let Some(place) = place {
            push(out, place, text, true);
        }
        (moved, text)
    }

    /// Where the text that begins at `at` of `ahead` begins in what came back.
    fn begin(&self, text: &str, at: usize) -> Option<usize> {
        let following = self.ahead.get(at..)?;
        let longest = following.len().min(PROBE);
        let probes = (self.sync..=longest)
            .rev()
            .filter_map(|it| following.get(..it));
        probes.into_iter().find_map(|it| text.find(it))
    }
}

fn push(out: &mut Vec<Passed>, place: usize, text: &str, changed: bool) {
    match out.last_mut() {
        Some(last) if last.place == place && (last.changed == changed || text.is_empty()) => {
            last.text.push_str(text);
            last.changed |= changed;
        }
        _ => out.push(Passed {
            place,
            text: text.to_owned(),
            changed,
        }),
    }
}

/// The end of a text.
fn tail(text: &str, length: usize) -> &str {
    let mut start = text.len().saturating_sub(length);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// How many bytes at the beginning are the same.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.char_indices().zip(other.chars());
    let differs = pairs.into_iter().find(|((_, a), b)| a != b);
    differs.map_or(one.len().min(other.len()), |((at, _), _)| at)
}

/// Where the longest end of `back` stands in `ahead`, and its length.
fn meet(ahead: &str, back: &str, sync: usize) -> Option<(usize, usize)> {
    let starts: Vec<usize> = back
        .char_indices()
        .map(|it| it.0)
        .filter(|it| back.len() - it >= sync)
        .collect();
    // If an end of some length is found, so is every shorter one.
    let first = starts.partition_point(|it| ahead.find(&back[*it..]).is_none());
    let end = &back[*starts.get(first)?..];
    Some((ahead.find(end)?, end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(place: usize, text: &str, changed: bool) -> Passed {
        Passed {
            place,
            text: text.to_owned(),
            changed,
        }
    }

    #[test]
    fn what_is_held_back_is_known() {
        let mut lane = Lane::of(false);
        lane.take(0, "Hello <NA");
        assert_eq!(lane.pass("Hello "), [passed(0, "Hello ", false)]);
        assert!(!lane.is_settled(0));
        assert_eq!(lane.pass("<NA"), [passed(0, "<NA", false)]);
        assert!(lane.is_settled(0));
    }

    #[test]
    fn after_a_change_both_are_laid_together_again() {
        let mut lane = Lane::of(false);
        lane.take(0, "Dear <NAME_1>, hello");
        let all = lane.pass("Dear Ada, he");
        let text: String = all.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(text, "Dear Ada, he");
        assert!(all.iter().any(|it| it.changed) && !lane.is_settled(0));
        assert_eq!(lane.pass("llo"), [passed(0, "llo", false)]);
        assert!(lane.is_settled(0));
    }

    #[test]
    fn a_change_at_the_end_leaves_it_open_until_more_comes() {
        let mut lane = Lane::of(false);
        lane.take(0, "Dear <NAME_1>");
        lane.pass("Dear Ada");
        assert!(!lane.is_settled(0));
        lane.take(1, ", how are you");
        let all = lane.pass(", how are you");
        assert_eq!(all.last(), Some(&passed(1, ", how are you", false)));
        assert!(lane.is_settled(0) && lane.is_settled(1));
    }

    #[test]
    fn each_place_gets_its_share() {
        let mut lane = Lane::of(false);
        lane.take(0, "one ");
        lane.take(1, "two three");
        assert_eq!(
            lane.pass("one two"),
            [passed(0, "one ", false), passed(1, "two", false)]
        );
        let mut lane = Lane::of(false);
        lane.take(0, "by <NAME_1>");
        lane.take(1, "Then <NAME_2> came");
        let all = lane.pass("by AdaThen Grace came");
        let of = |place: usize| -> String {
            let own = all.iter().filter(|it| it.place == place);
            own.map(|it| it.text.as_str()).collect()
        };
        assert_eq!(
            (of(0), of(1)),
            ("by Ada".to_owned(), "Then Grace came".to_owned())
        );
    }
}
