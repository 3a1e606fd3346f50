//! Check digits. Digits come as numbers from 0 to 9.

/// ISO/IEC 7812: cards.
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match (at % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 7064 MOD 97-10 over letters and digits: IBAN, its first four letters moved to the end.
pub fn mod_97(letters: impl Iterator<Item = u8>) -> Option<u32> {
    let mut rest = 0;
    for letter in letters {
        let value = char::from(letter).to_digit(36)?;
        rest = match value {
            0..=9 => (rest * 10 + value) % 97,
            _ => (rest * 100 + value) % 97,
        };
    }
    Some(rest)
}

/// ISO 7064 MOD 11,10: the German tax id.
pub fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else {
        return false;
    };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// ISO 7064 MOD 11-2: the Chinese resident id; the last letter may be X, which is 10.
pub fn mod_11_2(digits: &[u8]) -> bool {
    digits
        .iter()
        .fold(0, |rest, digit| (rest * 2 + u32::from(*digit)) % 11)
        == 1
}

/// The sum of digits times weights.
pub fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    let pairs = digits.iter().zip(weights);
    pairs
        .map(|(digit, weight)| u32::from(*digit) * weight)
        .sum()
}

/// Verhoeff, over the dihedral group of ten elements: Aadhaar.
pub fn verhoeff(digits: &[u8]) -> bool {
    /// One step of the permutation, applied as often as the place says.
    const TURN: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |digit: u8, times: usize| {
        (0..times % 8).fold(digit, |it, _| {
            TURN.get(usize::from(it)).copied().unwrap_or(0)
        })
    };
    // Elements below 5 turn the pentagon, the others mirror it.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let places = digits.iter().rev().enumerate();
    places.fold(0, |sum, (at, digit)| product(sum, turned(*digit, at))) == 0
}

/// ICAO 9303: weights 7, 3, 1 over digits, letters (A is 10) and fillers (0).
pub fn mrz(field: &[u8], check: u8) -> bool {
    let value = |letter: u8| match letter {
        b'<' => Some(0),
        letter => char::from(letter).to_digit(36),
    };
    let weights = [7, 3, 1].into_iter().cycle();
    let sum: Option<u32> = field
        .iter()
        .zip(weights)
        .map(|(letter, weight)| value(*letter).map(|it| it * weight))
        .sum();
    sum.map(|it| it % 10) == value(check)
}

/// Whether there is such a day.
pub fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Digits as a number.
pub fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, it| {
        sum.wrapping_mul(10).wrapping_add(u64::from(*it))
    })
}
