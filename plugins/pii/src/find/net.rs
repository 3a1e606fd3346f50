//! Addresses: e-mail, IP, URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Found, Text};
use crate::kind::Kind;

/// RFC 5321, 4.5.3.1.
const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 255;
const LONGEST_LABEL: usize = 63;

/// An e-mail address around an at sign.
pub fn email(text: &Text, at: usize, all: &mut Vec<Found>) {
    if !text.kinds.has(Kind::Email) {
        return;
    }
    let before = text.bytes.get(..at).unwrap_or_default();
    let is_local = |it: u8| it.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&it);
    let local = before
        .iter()
        .rev()
        .take(LONGEST_LOCAL + 1)
        .take_while(|it| is_local(**it))
        .count();
    // Signs that stand before an address in running text are no part of it.
    let mut start = at - local;
    while start < at
        && text
            .byte(start)
            .is_some_and(|it| !it.is_ascii_alphanumeric() && it != b'_')
    {
        start += 1;
    }
    let local = before.get(start..).unwrap_or_default();
    let dots = local.ends_with(b".") || local.windows(2).any(|it| it == b"..");
    if local.is_empty() || local.len() > LONGEST_LOCAL || dots {
        return;
    }
    if let Some(length) = domain(text, at + 1) {
        let range = start..at + 1 + length;
        all.push(Found {
            kind: Kind::Email,
            range,
        });
    }
}

/// How long the name of a host is that begins here: labels with dots between them, letters at the
/// end.
fn domain(text: &Text, start: usize) -> Option<usize> {
    let mut end = None;
    let mut at = start;
    loop {
        let label = label(text, at);
        if label == 0 || label > LONGEST_LABEL || at + label - start > LONGEST_DOMAIN {
            break;
        }
        let word = text.bytes.get(at..at + label)?;
        at += label;
        let is_top = word.len() > 1
            && (word.starts_with(b"xn--")
                || !word.iter().any(|it| it.is_ascii_digit() || *it == b'-'));
        end = (is_top && word.len() + start < at).then_some(at).or(end);
        if text.byte(at) != Some(b'.') {
            break;
        }
        at += 1;
    }
    end.map(|it| it - start)
}

/// Letters with accents are letters of a host's name; those of other scripts stand beside it.
fn label(text: &Text, start: usize) -> usize {
    let rest = text.text.get(start..).unwrap_or_default();
    let of =
        |it: &char| it.is_ascii_alphanumeric() || *it == '-' || ('\u{c0}'..='\u{24f}').contains(it);
    let length: usize = rest
        .chars()
        .take(LONGEST_LABEL + 1)
        .take_while(of)
        .map(char::len_utf8)
        .sum();
    let label = rest.get(..length).unwrap_or_default();
    match label.starts_with('-') {
        true => 0,
        false => label.trim_end_matches('-').len(),
    }
}

/// An address of the internet protocol that begins here. Loopback and unspecified ones are nobody's.
pub fn ip(text: &Text, start: usize, all: &mut Vec<Found>) {
    if !text.kinds.has(Kind::Ip) {
        return;
    }
    // The longest is an IPv6 address with an IPv4 one at its end.
    let of = |it: u8| it.is_ascii_hexdigit() || it == b':' || it == b'.';
    let run = text.run(start, 46, of);
    if run.len() > 45 || text.byte(start) == Some(b'.') {
        return;
    }
    let before = start.checked_sub(1).and_then(|it| text.byte(it));
    if matches!(before, Some(b'.' | b':')) {
        return;
    }
    let run = std::str::from_utf8(run).unwrap_or_default();
    // A sentence may end behind it.
    let run = run.trim_end_matches('.');
    let run = if run.ends_with("::") {
        run
    } else {
        run.trim_end_matches(':')
    };
    let found = match run.bytes().filter(|it| *it == b':').count() {
        0 | 1 => v4(run.split(':').next().unwrap_or_default()),
        _ => v6(run),
    };
    if let Some(length) = found
        && text.ends(start + length)
    {
        let range = start..start + length;
        all.push(Found {
            kind: Kind::Ip,
            range,
        });
    }
}

fn v4(run: &str) -> Option<usize> {
    let address: Ipv4Addr = run.parse().ok()?;
    let nobody = address.is_loopback() || address.is_unspecified() || address.is_broadcast();
    (!nobody).then_some(run.len())
}

/// With three groups at least and a digit: `a::b` is a path in a program.
fn v6(run: &str) -> Option<usize> {
    let address: Ipv6Addr = run.parse().ok()?;
    let groups = run.split(':').filter(|it| !it.is_empty()).count();
    let told = groups > 2 && run.bytes().any(|it| it.is_ascii_digit());
    (told && !IpAddr::V6(address).is_loopback()).then_some(run.len())
}

/// `http://`, `https://`, `ftp://` or `www.` and what follows. `looked_to`: the end of the last one,
/// inside of which none begins.
pub fn url(text: &Text, start: usize, looked_to: &mut usize, all: &mut Vec<Found>) {
    const BEGINNINGS: [&[u8]; 4] = [b"https://", b"http://", b"ftp://", b"www."];
    const LONGEST: usize = 2048;
    if !text.kinds.has(Kind::Url) || start < *looked_to {
        return;
    }
    let rest = text.rest(start);
    let begins = |it: &&[u8]| {
        rest.get(..it.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(it))
    };
    let Some(beginning) = BEGINNINGS.iter().copied().find(|it| begins(it)) else {
        return;
    };
    let of = |it: u8| it.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&it);
    let run = text.run(start, LONGEST, of);
    *looked_to = start + run.len();
    let run = std::str::from_utf8(run).unwrap_or_default();
    let run = run.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
    if run.len() > beginning.len() {
        let range = start..start + run.len();
        all.push(Found {
            kind: Kind::Url,
            range,
        });
    }
}
