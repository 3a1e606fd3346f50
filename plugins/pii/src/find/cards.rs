//! Payment cards: the issuers' ranges (ISO/IEC 7812), their lengths, and the check digit.

use super::checks::{luhn, number};
use super::number::Number;

/// First and last of the leading digits, and the shortest and the longest number.
const RANGES: &[(u32, u32, usize, usize)] = &[
    (4, 4, 13, 13),       // Visa
    (4, 4, 16, 16),       // Visa
    (4, 4, 19, 19),       // Visa
    (51, 55, 16, 16),     // Mastercard
    (2221, 2720, 16, 16), // Mastercard
    (34, 34, 15, 15),     // American Express
    (37, 37, 15, 15),     // American Express
    (300, 305, 14, 19),   // Diners Club
    (3095, 3095, 14, 19), // Diners Club
    (36, 36, 14, 19),     // Diners Club
    (38, 39, 14, 19),     // Diners Club
    (3528, 3589, 16, 19), // JCB
    (6011, 6011, 16, 19), // Discover
    (644, 649, 16, 19),   // Discover
    (65, 65, 16, 19),     // Discover
    (62, 62, 16, 19),     // UnionPay
    (81, 81, 16, 19),     // UnionPay, RuPay
    (2200, 2204, 16, 19), // Mir
    (508, 508, 16, 16),   // RuPay
    (60, 60, 16, 16),     // RuPay
    (82, 82, 16, 16),     // RuPay
    (5018, 5018, 12, 19), // Maestro
    (5020, 5020, 12, 19), // Maestro
    (5038, 5038, 12, 19), // Maestro
    (5893, 5893, 12, 19), // Maestro
    (6304, 6304, 12, 19), // Maestro
    (6759, 6759, 12, 19), // Maestro
    (6761, 6763, 12, 19), // Maestro
    (9792, 9792, 16, 16), // Troy
];

pub fn is_card(written: &Number) -> bool {
    let digits = &written.digits;
    if written.plus || !is_written_so(written) || !luhn(digits) {
        return false;
    }
    RANGES.iter().any(|(first, last, shortest, longest)| {
        let leading = digits
            .get(..first.ilog10() as usize + 1)
            .unwrap_or_default();
        (*shortest..=*longest).contains(&digits.len())
            && (u64::from(*first)..=u64::from(*last)).contains(&number(leading))
    })
}

/// In one group, or in fours, or as cards of 14 and 15 digits have it.
fn is_written_so(written: &Number) -> bool {
    const GROUPS: &[&[usize]] = &[
        &[4, 4, 4, 4],
        &[4, 4, 4, 4, 3],
        &[4, 4, 4, 4, 2],
        &[4, 4, 4, 4, 1],
        &[6, 13],
        &[4, 6, 5],
        &[4, 6, 4],
        &[4, 4, 4],
    ];
    written.is_one_group() || GROUPS.iter().any(|it| written.is_grouped(it, b" -."))
}
