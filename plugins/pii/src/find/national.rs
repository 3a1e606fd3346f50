//! National numbers of digits alone. Where a check digit is weak, the number has to be written as
//! people write it, or a word before it has to say what it is.

use super::Text;
use super::checks::{is_date, mod_11_2, mod_11_10, number, verhoeff, weighted};
use super::number::Number;
use crate::kind::Kind;

// Statics, so that each list is one and the same wherever it is asked for.
static SSN_WORDS: &[&str] = &["ssn", "social security", "social-security"];
static AADHAAR_WORDS: &[&str] = &["aadhaar", "aadhar", "uidai", "आधार"];
static TAX_WORDS: &[&str] = &[
    "steuer",
    "idnr",
    "id-nr",
    "identifikationsnummer",
    "tax id",
    "tin",
    "tax number",
];
static BSN_WORDS: &[&str] = &["bsn", "burgerservice", "sofi"];

pub fn of(text: &Text, written: &Number, start: usize) -> Option<Kind> {
    if written.plus || written.parentheses {
        return None;
    }
    let one = written.is_one_group();
    let said = |words: &'static [&'static str]| one && text.said_before(start, words);
    let is = |kind: Kind| -> bool {
        match kind {
            Kind::CnResidentId => one && is_resident_id(&written.digits),
            Kind::UsSsn => {
                is_ssn(&written.digits)
                    && (written.is_grouped(&[3, 2, 4], b"- ") || said(SSN_WORDS))
            }
            Kind::BrCpf => is_cpf(&written.digits) && (one || is_written_as_cpf(written)),
            Kind::InAadhaar => {
                is_aadhaar(&written.digits)
                    && (written.is_grouped(&[4, 4, 4], b" -") || said(AADHAAR_WORDS))
            }
            Kind::DeTaxId => {
                is_german_tax_id(&written.digits)
                    && (written.is_grouped(&[2, 3, 3, 3], b" ") || said(TAX_WORDS))
            }
            Kind::NlBsn => {
                let grouped = [[4, 2, 3], [3, 3, 3]]
                    .iter()
                    .any(|it| written.is_grouped(it, b". "));
                is_bsn(&written.digits) && (one || grouped) && text.said_before(start, BSN_WORDS)
            }
            Kind::PlPesel => one && is_pesel(&written.digits),
            _ => false,
        }
    };
    const KINDS: [Kind; 7] = [
        Kind::CnResidentId,
        Kind::UsSsn,
        Kind::BrCpf,
        Kind::InAadhaar,
        Kind::DeTaxId,
        Kind::NlBsn,
        Kind::PlPesel,
    ];
    KINDS.into_iter().find(|it| text.kinds.has(*it) && is(*it))
}

fn all_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|it| it.first() == it.last())
}

/// GB 11643: region, date of birth, serial, check digit. With X at the end it is `lettered`'s.
pub fn is_resident_id(digits: &[u8]) -> bool {
    let part = |range: std::ops::Range<usize>| number(digits.get(range).unwrap_or_default());
    let year = part(6..10) as u32;
    digits.len() == 18
        && (11..=82).contains(&part(0..2))
        && (1900..=2099).contains(&year)
        && is_date(year, part(10..12) as u32, part(12..14) as u32)
        && mod_11_2(digits)
}

/// No check digit; areas 000, 666 and from 900 on, group 00 and serial 0000 were never given, and
/// two numbers stood in advertisements.
fn is_ssn(digits: &[u8]) -> bool {
    let part = |range: std::ops::Range<usize>| number(digits.get(range).unwrap_or_default());
    digits.len() == 9
        && !matches!(part(0..3), 0 | 666 | 900..)
        && part(3..5) != 0
        && part(5..9) != 0
        && !matches!(number(digits), 78_051_120 | 219_099_999)
}

fn is_cpf(digits: &[u8]) -> bool {
    let check = |length: usize| {
        let body = digits.get(..length).unwrap_or_default();
        let from = length as u32 + 1;
        let weights: Vec<u32> = (2..=from).rev().collect();
        let rest = weighted(body, &weights) * 10 % 11 % 10;
        digits.get(length).map(|it| u32::from(*it)) == Some(rest)
    };
    digits.len() == 11 && !all_same(digits) && check(9) && check(10)
}

fn is_written_as_cpf(written: &Number) -> bool {
    written.groups == [3, 3, 3, 2] && written.signs == *b"..-"
}

fn is_aadhaar(digits: &[u8]) -> bool {
    let palindrome = digits.iter().eq(digits.iter().rev());
    let first = digits.first().copied().unwrap_or(0);
    digits.len() == 12 && first > 1 && !palindrome && verhoeff(digits)
}

/// Of the first ten digits one is there twice or three times, and the others once at most.
fn is_german_tax_id(digits: &[u8]) -> bool {
    let Some(body) = digits.get(..10).filter(|_| digits.len() == 11) else {
        return false;
    };
    let count = |digit: u8| body.iter().filter(|it| **it == digit).count();
    let repeated: Vec<usize> = (0..10).map(count).filter(|it| *it > 1).collect();
    body.first() != Some(&0) && matches!(repeated.as_slice(), [2 | 3]) && mod_11_10(digits)
}

fn is_bsn(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last().filter(|_| digits.len() == 9) else {
        return false;
    };
    let sum = weighted(body, &[9, 8, 7, 6, 5, 4, 3, 2]);
    !all_same(digits) && sum % 11 == u32::from(*check)
}

/// A date of birth whose month says the century, a serial, a check digit.
fn is_pesel(digits: &[u8]) -> bool {
    let part = |range: std::ops::Range<usize>| number(digits.get(range).unwrap_or_default()) as u32;
    let month = part(2..4);
    let century = match month / 20 {
        0 => 1900,
        1 => 2000,
        2 => 2100,
        3 => 2200,
        _ => 1800,
    };
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    digits.len() == 11
        && is_date(century + part(0..2), month % 20, part(4..6))
        && sum.is_multiple_of(10)
}
