//! Names and words in a form in which spellings of the same word are equal.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// `text` in Unicode's composed form (NFC), in which equal texts have equal bytes.
#[must_use]
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        text.into()
    } else {
        text.nfc().collect::<String>().into()
    }
}

/// A name without case, spaces and punctuation.
#[must_use]
pub fn fold(name: &str) -> String {
    let letters = nfc(name);
    letters.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A lowercase word without the accents of Latin and Greek letters, and with ligatures and barred letters
/// as they are written without them. In other scripts the marks distinguish letters.
#[must_use]
pub fn unaccented(word: &str) -> String {
    if word.is_ascii() {
        return word.to_owned();
    }
    let mut plain = String::with_capacity(word.len());
    let mut takes_accents = false;
    for letter in word.nfd() {
        if matches!(letter, '\u{300}'..='\u{36f}') {
            if !takes_accents {
                plain.push(letter);
            }
            continue;
        }
        takes_accents = letter.is_ascii_alphabetic() || matches!(letter, 'α'..='ω');
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'đ' | 'ð' => plain.push('d'),
            'ł' => plain.push('l'),
            'ı' => plain.push('i'),
            letter => plain.push(letter),
        }
    }
    plain.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::{fold, nfc, unaccented};

    #[test]
    fn both_unicode_forms_of_a_name_are_equal() {
        assert_eq!(nfc("cafe\u{301}"), "café");
        assert_eq!(fold("Cafe\u{301} Name"), fold("café_name"));
        assert_ne!(fold("cafe"), fold("café"));
    }

    #[test]
    fn accents_are_dropped_where_they_do_not_make_another_letter() {
        for (word, plain) in [
            ("année", "annee"),
            ("straße", "strasse"),
            ("łódź", "lodz"),
            ("αθήνα", "αθηνα"),
            ("мой", "мой"),
            ("が", "が"),
            ("की", "की"),
        ] {
            assert_eq!(unaccented(word), plain, "{word}");
        }
    }
}
