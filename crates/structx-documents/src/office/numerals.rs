//! Formats list numbers as Word prints them.

/// Replaces `%1`, `%2` in a pattern by the numbers of the levels 0, 1; `None` if one is unknown.
pub(super) fn fill(pattern: &str, number_of: impl Fn(usize) -> Option<String>) -> Option<String> {
    let mut printed = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let level = characters.peek().and_then(|next| next.to_digit(10));
        match level {
            Some(level @ 1..=9) if character == '%' => {
                characters.next();
                printed.push_str(&number_of(level as usize - 1)?);
            }
            _ => printed.push(character),
        }
    }
    Some(printed.trim().to_owned())
}

/// The number in one of Word's formats (`w:numFmt`); unknown formats print digits.
pub(super) fn print(number: u32, format: &str) -> String {
    match format {
        "none" => String::new(),
        "lowerLetter" => letters(number),
        "upperLetter" => letters(number).to_uppercase(),
        "lowerRoman" => roman(number),
        "upperRoman" => roman(number).to_uppercase(),
        "decimalZero" => format!("{number:02}"),
        "ordinal" => format!("{number}{}", ordinal(number)),
        _ => number.to_string(),
    }
}

fn ordinal(number: u32) -> &'static str {
    match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    }
}

/// a to z, then aa, bb, as in Word.
fn letters(number: u32) -> String {
    let index = number.saturating_sub(1);
    let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or(0));
    String::from(letter).repeat((index / 26 + 1).min(8) as usize)
}

pub(crate) fn roman(number: u32) -> String {
    const NUMERALS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    // There are no Roman numerals for larger numbers.
    if number >= 4000 {
        return number.to_string();
    }
    let mut rest = number;
    let mut printed = String::new();
    for (value, numeral) in NUMERALS {
        printed.push_str(&numeral.repeat((rest / value) as usize));
        rest %= value;
    }
    printed
}

#[cfg(test)]
mod tests {
    use super::print;

    #[test]
    fn numbers_are_printed_in_their_format() {
        for (number, format, printed) in [
            (3, "decimal", "3"),
            (3, "decimalZero", "03"),
            (12, "decimalZero", "12"),
            (1, "lowerLetter", "a"),
            (26, "upperLetter", "Z"),
            (27, "lowerLetter", "aa"),
            (4, "lowerRoman", "iv"),
            (1994, "upperRoman", "MCMXCIV"),
            (4000, "upperRoman", "4000"),
            (22, "ordinal", "22nd"),
            (113, "ordinal", "113th"),
            (7, "none", ""),
            (7, "chineseCounting", "7"),
            (0, "lowerRoman", ""),
        ] {
            assert_eq!(print(number, format), printed, "{number} {format}");
        }
    }
}
