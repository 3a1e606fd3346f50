//! Numbers with letters in them: bank accounts, ids, the lines of passports that machines read.

use super::checks::{is_date, mod_97, mrz, number};
use super::{Found, Text, national};
use crate::kind::Kind;

/// Gives the end of what begins at a place.
type EndOf = fn(&Text, usize) -> Option<usize>;

/// Looks at what begins here.
pub fn at(text: &Text, start: usize, all: &mut Vec<Found>) {
    const KINDS: [(Kind, EndOf); 7] = [
        (Kind::Iban, iban),
        (Kind::FrNir, nir),
        (Kind::CnResidentId, resident_id),
        (Kind::UkNino, nino),
        (Kind::EsNif, nif),
        (Kind::ItFiscalCode, fiscal_code),
        (Kind::PassportMrz, passport),
    ];
    for (kind, end_of) in KINDS {
        if text.kinds.has(kind)
            && let Some(end) = end_of(text, start)
        {
            let range = start..end;
            all.push(Found { kind, range });
        }
    }
}

/// So many letters and digits in capitals, with single blanks between them, and where they end.
/// None: a word goes on behind them.
fn spaced(text: &Text, start: usize, length: usize) -> Option<(Vec<u8>, usize)> {
    let mut letters = Vec::with_capacity(length);
    let mut at = start;
    while letters.len() < length {
        match text.byte(at)? {
            it if it.is_ascii_alphanumeric() => letters.push(it.to_ascii_uppercase()),
            b' ' | b'-' | b'.' if !letters.is_empty() => {
                if !text.byte(at + 1)?.is_ascii_alphanumeric() {
                    return None;
                }
            }
            _ => return None,
        }
        at += 1;
    }
    text.ends(at).then_some((letters, at))
}

/// So many letters and digits without blanks.
fn plain<'t>(text: &Text<'t>, start: usize, length: usize) -> Option<&'t [u8]> {
    let word = text.run(start, length + 1, |it| it.is_ascii_alphanumeric());
    (word.len() == length).then_some(word)
}

fn digits(letters: &[u8]) -> Option<Vec<u8>> {
    let digit = |it: &u8| it.is_ascii_digit().then(|| it - b'0');
    letters.iter().map(digit).collect()
}

/// Lengths by country, from the registry of ISO 13616 (release 101).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 \
    DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 \
    IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 \
    NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 \
    TR26 UA29 VA22 VG24 XK20 YE30";

fn iban(text: &Text, start: usize) -> Option<usize> {
    let [a, b, c, d] = *text.rest(start).first_chunk()?;
    if !(a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && c.is_ascii_digit()
        && d.is_ascii_digit())
    {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let row = IBAN_LENGTHS
        .split_ascii_whitespace()
        .find(|it| it.as_bytes().starts_with(&country))?;
    let (letters, end) = spaced(text, start, row.get(2..)?.parse().ok()?)?;
    let (head, body) = letters.split_at_checked(4)?;
    let turned = body.iter().chain(head).copied();
    (mod_97(turned)? == 1).then_some(end)
}

/// Sex, year and month of birth, department (2A and 2B are Corsica's), commune, order, key.
fn nir(text: &Text, start: usize) -> Option<usize> {
    if !matches!(text.byte(start)?, b'1'..=b'4' | b'7' | b'8') {
        return None;
    }
    let mut letters = Vec::with_capacity(15);
    let mut at = start;
    while letters.len() < 15 {
        match text.byte(at)? {
            it if it.is_ascii_digit() => letters.push(it),
            it @ (b'A' | b'B' | b'a' | b'b') if letters.len() == 6 => {
                letters.push(it.to_ascii_uppercase())
            }
            b' ' if text.byte(at + 1)?.is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    // For the key, 2A counts as 19 and 2B as 18.
    let department = letters.get_mut(5..7)?;
    match &*department {
        b"2A" => department.copy_from_slice(b"19"),
        b"2B" => department.copy_from_slice(b"18"),
        _ => {}
    }
    let digits = digits(&letters)?;
    let month = number(digits.get(3..5)?);
    let (body, key) = digits.split_at_checked(13)?;
    let key = number(key);
    let right = 97 - number(body) % 97 == key;
    // Where the month is not known, 20 to 42 and 50 to 99 stand for it.
    let is_month = matches!(month, 1..=12 | 20..=42 | 50..=99);
    (right && is_month && text.ends(at)).then_some(at)
}

fn resident_id(text: &Text, start: usize) -> Option<usize> {
    let word = plain(text, start, 18)?;
    let (last, body) = word.split_last()?;
    let mut digits = digits(body).filter(|_| matches!(last, b'X' | b'x'))?;
    digits.push(10);
    national::is_resident_id(&digits).then_some(start + 18)
}

/// Two letters, six digits, a letter from A to D.
fn nino(text: &Text, start: usize) -> Option<usize> {
    if !text.byte(start)?.is_ascii_alphabetic() || !text.byte(start + 1)?.is_ascii_alphabetic() {
        return None;
    }
    let (letters, end) = spaced(text, start, 9)?;
    let (prefix, rest) = letters.split_at_checked(2)?;
    let (suffix, middle) = rest.split_last()?;
    let never = |it: &u8| b"DFIQUV".contains(it);
    let given = !prefix.iter().any(never)
        && prefix.last() != Some(&b'O')
        && ![b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"]
            .iter()
            .any(|it| prefix == *it);
    digits(middle)?;
    (given && (b'A'..=b'D').contains(suffix)).then_some(end)
}

/// DNI: eight digits and a letter; NIE: X, Y or Z in place of the first digit.
fn nif(text: &Text, start: usize) -> Option<usize> {
    let run = text.run(start, 9, |it| it.is_ascii_alphanumeric() || it == b'-');
    let has_sign = run.contains(&b'-');
    let (letters, end) = spaced(text, start, 9)?;
    if end - start > 11 || (!has_sign && end - start != 9) {
        return None;
    }
    let (check, body) = letters.split_last()?;
    let mut body = body.to_vec();
    let first = body.first_mut()?;
    *first = match *first {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        other => other,
    };
    let rest = number(&digits(&body)?) % 23;
    let right = b"TRWAGMYFPDXBNJZSQVHLCKE".get(usize::try_from(rest).ok()?)?;
    (check == right).then_some(end)
}

/// Six letters of the names, date of birth, place, check letter. Where two people would have the
/// same, letters stand in place of digits.
fn fiscal_code(text: &Text, start: usize) -> Option<usize> {
    const ODD: [u8; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    const SHAPE: &[u8; 16] = b"aaaaaa00a00a000a";
    let word = plain(text, start, 16)?.to_ascii_uppercase();
    let fits = word.iter().zip(SHAPE).all(|(letter, shape)| match shape {
        b'a' => letter.is_ascii_uppercase(),
        _ => letter.is_ascii_digit() || b"LMNPQRSTUV".contains(letter),
    });
    if !fits || !b"ABCDEHLMPRST".contains(word.get(8)?) {
        return None;
    }
    let value = |letter: u8| match letter {
        b'0'..=b'9' => letter - b'0',
        _ => letter - b'A',
    };
    let (check, body) = word.split_last()?;
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(at, letter)| match at % 2 {
            0 => u32::from(ODD.get(usize::from(value(*letter))).copied().unwrap_or(0)),
            _ => u32::from(value(*letter)),
        })
        .sum();
    (sum % 26 == u32::from(check - b'A')).then_some(start + 16)
}

/// The lines of ICAO 9303 that machines read: two of 44 letters in passports, three of 30 on
/// cards.
fn passport(text: &Text, start: usize) -> Option<usize> {
    let line = |at: usize, length: usize| {
        let of = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'<';
        let line = text.run(at, length + 1, of);
        (line.len() == length).then_some(line)
    };
    let next = |at: usize| match text.rest(at) {
        [b'\r', b'\n', ..] => Some(at + 2),
        [b'\n', ..] => Some(at + 1),
        _ => None,
    };
    if let Some(first) = line(start, 44).filter(|it| it.starts_with(b"P")) {
        let second = next(start + first.len())?;
        return is_passport(line(second, 44)?).then_some(second + 44);
    }
    if let Some(second) = line(start, 44) {
        return is_passport(second).then_some(start + 44);
    }
    let first = line(start, 30).filter(|it| matches!(it.first(), Some(b'I' | b'A' | b'C')))?;
    let second = next(start + 30)?;
    let third = next(second + 30);
    let is_card = mrz(first.get(5..14)?, *first.get(14)?) && is_person(line(second, 30)?, 0)?;
    let last = third.and_then(|it| line(it, 30).map(|_| it + 30));
    is_card.then_some(last.unwrap_or(second + 30))
}

fn is_passport(line: &[u8]) -> bool {
    let field = |from: usize, to: usize| {
        let (field, check) = (line.get(from..to)?, *line.get(to)?);
        Some(mrz(field, check))
    };
    field(0, 9) == Some(true) && is_person(line, 13) == Some(true)
}

/// Dates of birth and of expiry with their check digits, the sex between them.
fn is_person(line: &[u8], at: usize) -> Option<bool> {
    let date = |from: usize| {
        let field = line.get(from..from + 6)?;
        let parts = digits(field)?;
        let month = parts.get(2)? * 10 + parts.get(3)?;
        let day = parts.get(4)? * 10 + parts.get(5)?;
        let is_day = is_date(2000, u32::from(month), u32::from(day));
        Some(is_day && mrz(field, *line.get(from + 6)?))
    };
    let sex = matches!(line.get(at + 7)?, b'M' | b'F' | b'X' | b'<');
    Some(sex && date(at)? && date(at + 8)?)
}
