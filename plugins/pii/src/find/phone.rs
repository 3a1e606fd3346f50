//! Telephone numbers (E.164, and as countries write their own).

use super::Text;
use super::checks::number;
use super::number::Number;

/// Words before a number that say what it is, in small letters.
static WORDS: &[&str] = &[
    "phone",
    "tel",
    "mobil",
    "cell",
    "call",
    "fax",
    "whatsapp",
    "telefon",
    "handy",
    "téléphone",
    "portable",
    "ph:",
    "contact",
    "móvil",
    "celular",
    "cellulare",
    "telefoon",
    "telefone",
    "телефон",
    "тел",
    "电话",
    "電話",
    "手机",
    "手機",
    "携帯",
    "联系方式",
    "전화",
    "휴대",
    "फ़ोन",
    "फोन",
    "هاتف",
];

/// Calling codes of three digits that no country has.
const UNASSIGNED: &[u64] = &[
    210, 214, 215, 217, 219, 259, 384, 388, 801, 802, 803, 804, 805, 806, 807, 809, 851, 854, 857,
    858, 859, 978, 990, 991, 997, 999,
];

pub fn is_phone(text: &Text, written: &Number, start: usize) -> bool {
    let digits = written.digits.as_slice();
    if written.plus {
        return is_international(digits);
    }
    // In the middle of a row of numbers only a word makes one of them a telephone's.
    if is_in_a_row(text, start) {
        return (9..=12).contains(&digits.len()) && said(text, start);
    }
    match digits {
        [0, 0, rest @ ..] if rest.len() >= 9 => {
            is_international(rest) && (written.groups.len() > 1 || said(text, start))
        }
        _ if is_north_american(written) || is_chinese_mobile(written) => true,
        [0, 1..=9, ..] if is_with_trunk(written) => true,
        _ => (7..=12).contains(&digits.len()) && !is_a_date(written) && said(text, start),
    }
}

fn is_in_a_row(text: &Text, start: usize) -> bool {
    let before = text
        .bytes
        .get(start.saturating_sub(2)..start)
        .unwrap_or_default();
    matches!(before, [b'0'..=b'9', b' ' | b'-' | b'.' | b'/'])
}

fn said(text: &Text, start: usize) -> bool {
    text.said_before(start, WORDS)
}

/// After the plus.
fn is_international(digits: &[u8]) -> bool {
    let code = number(digits.get(..3).unwrap_or_default());
    match digits.first() {
        None | Some(0) => false,
        Some(1) => digits.len() == 11 && is_area_and_exchange(digits.get(1..).unwrap_or_default()),
        Some(_) => {
            let zone = code / 10;
            let none = matches!(zone, 28 | 83 | 89) || (693..=699).contains(&code);
            (8..=15).contains(&digits.len()) && !none && !UNASSIGNED.contains(&code)
        }
    }
}

/// Neither an area nor an exchange begins with 0 or 1.
fn is_area_and_exchange(digits: &[u8]) -> bool {
    matches!(digits, [2..=9, _, _, 2..=9, ..]) && digits.len() == 10
}

/// `(415) 555-0132`, `415-555-0132`, `1 415 555 0132`.
fn is_north_american(written: &Number) -> bool {
    match written.groups.as_slice() {
        [3, 3, 4] => is_area_and_exchange(&written.digits),
        [1, 3, 3, 4] => match written.digits.as_slice() {
            [1, rest @ ..] => is_area_and_exchange(rest),
            _ => false,
        },
        _ => false,
    }
}

/// Eleven digits from 13 to 19 on, in one group or as 3-4-4.
fn is_chinese_mobile(written: &Number) -> bool {
    matches!(written.digits.as_slice(), [1, 3..=9, ..])
        && written.digits.len() == 11
        && (written.is_one_group() || written.is_grouped(&[3, 4, 4], b" -"))
}

/// A zero, an area, a number: `030 1234567`, `06 12 34 56 78`, `(020) 7946 0958`.
fn is_with_trunk(written: &Number) -> bool {
    let area = written.groups.first().copied().unwrap_or(0);
    (9..=12).contains(&written.digits.len())
        && written.groups.len() > 1
        && (2..=5).contains(&area)
        && !is_a_date(written)
}

/// `01.02.2023 10`, `2023-01-02`.
fn is_a_date(written: &Number) -> bool {
    matches!(
        written.groups.as_slice(),
        [1 | 2, 1 | 2, 4, ..] | [4, 1 | 2, 1 | 2, ..]
    )
}
