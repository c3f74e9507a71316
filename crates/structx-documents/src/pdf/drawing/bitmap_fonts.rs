//! Guesses the text of bitmap fonts (Type 3) without Unicode values.
//!
//! The bitmap fonts of TeX mostly use the codes of ASCII and Latin-1. Other fonts number their
//! glyphs arbitrarily; the guesses on a page are only used if they look like a language.

use hayro_interpret::font::Glyph;
use hayro_interpret::hayro_cmap::BfString;

/// The least number of lower-case letters to judge by: chosen by hand, not measured.
const LEAST_LETTERS: usize = 20;

/// Guesses the text of a Type 3 glyph without a Unicode value from its character code.
pub(in crate::pdf) fn guess(glyph: &Glyph<'_>) -> Option<BfString> {
    let Glyph::Type3(glyph) = glyph else { return None };
    // Ligatures at the codes of TeX's OT1 and T1 encodings.
    let ligature = match glyph.char_code() {
        0x0b | 0x1b => "ff",
        0x0c | 0x1c => "fi",
        0x0d | 0x1d => "fl",
        0x0e | 0x1e => "ffi",
        0x0f | 0x1f => "ffl",
        code @ (0x21..=0x7e | 0xc0..=0xff) => return char::from_u32(code).map(BfString::Char),
        _ => return None,
    };
    Some(BfString::String(ligature.to_owned()))
}

/// Whether guessed characters read like a language in Latin script.
pub(in crate::pdf) fn is_language(guesses: impl Iterator<Item = char>) -> bool {
    let (mut all, mut small, mut vowels) = (0, 0, 0);
    for character in guesses {
        all += 1;
        small += usize::from(character.is_ascii_lowercase());
        vowels += usize::from(matches!(character, 'a' | 'e' | 'i' | 'o' | 'u'));
    }
    small >= LEAST_LETTERS && 2 * small > all && 4 * vowels > small && 5 * vowels < 3 * small
}

#[cfg(test)]
mod tests {
    use super::is_language;

    #[test]
    fn codes_are_letters_where_they_read_like_a_language() {
        for (text, is) in [
            ("This sentence is long enough to tell, as it has vowels.", true),
            ("Dieser Satz ist ebenfalls lang genug und hat Vokale.", true),
            ("too short", false),
            ("!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[abcdefghij", false),
            ("bcdfghjklmnpqrstvwxyzbcdfghjklmnpqrstvwxyz", false),
        ] {
            assert_eq!(is_language(text.chars()), is, "{text}");
        }
    }
}
