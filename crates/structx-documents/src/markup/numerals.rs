//! Formats list numbers.

use crate::office::numerals::roman;

/// The marker of a list item in the styles of HTML and ODF: `1`, `a`, `A`, `i` or `I`.
pub(crate) fn numeral(number: i64, style: u8) -> String {
    let small = u32::try_from(number).ok().filter(|number| (1..4000).contains(number));
    let printed = match (small, style) {
        (Some(number), b'a') => letters(number),
        (Some(number), b'A') => letters(number).to_uppercase(),
        (Some(number), b'i') => roman(number),
        (Some(number), b'I') => roman(number).to_uppercase(),
        _ => number.to_string(),
    };
    format!("{printed}.")
}

/// a to z, then aa, ab.
fn letters(mut number: u32) -> String {
    let mut letters = Vec::new();
    while number > 0 {
        number -= 1;
        letters.push(b"abcdefghijklmnopqrstuvwxyz"[(number % 26) as usize]);
        number /= 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::numeral;

    #[test]
    fn numbers_are_printed_in_their_style() {
        for (number, style, printed) in [
            (7, b'1', "7."),
            (-3, b'a', "-3."),
            (1, b'a', "a."),
            (27, b'A', "AA."),
            (702, b'a', "zz."),
            (1994, b'i', "mcmxciv."),
            (4, b'I', "IV."),
            (i64::MAX, b'i', "9223372036854775807."),
        ] {
            assert_eq!(numeral(number, style), printed);
        }
    }
}
