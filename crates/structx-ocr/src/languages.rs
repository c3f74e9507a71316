//! The languages that the network reads, and which symbols they have.

use structx_documents::recognition::RecognitionError;

/// Languages of the Latin alphabet that the network was trained for, by `PaddleOCR`'s documentation
/// of PP-OCRv6, and Norwegian as it is written.
const LATIN: [&str; 50] = [
    "af", "az", "bs", "ca", "cs", "cy", "da", "de", "en", "es", "et", "eu", "fi", "fr", "ga", "gl",
    "hr", "hu", "id", "is", "it", "ku", "la", "lb", "lt", "lv", "mi", "ms", "mt", "nb", "nl", "nn",
    "no", "oc", "pi", "pl", "pt", "qu", "rm", "ro", "sk", "sl", "sq", "sr", "sv", "sw", "tl", "tr",
    "uz", "vi",
];
const EAST_ASIAN: [&str; 2] = ["ja", "zh"];
/// What a full-width form is above its ASCII character.
const FULL_WIDTH: u32 = 0xFEE0;

/// Which of the symbols the languages have; `None`: all.
///
/// # Errors
/// The network does not know a language.
pub fn allowed(
    languages: &[String],
    symbols: &[String],
) -> Result<Option<Vec<bool>>, RecognitionError> {
    let mut has_east_asian = languages.is_empty();
    for language in languages {
        let name = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        let is_east_asian = EAST_ASIAN.contains(&name.as_str());
        has_east_asian |= is_east_asian;
        if !is_east_asian && !LATIN.contains(&name.as_str()) {
            return Err(RecognitionError::Unavailable(format!(
                "does not know the language {language:?}: it reads Chinese (zh), Japanese (ja) and \
                 languages of the Latin alphabet, such as en, de and fr"
            )));
        }
    }
    let is_latin = |symbol: &String| !symbol.chars().any(is_east_asian_form);
    Ok((!has_east_asian).then(|| symbols.iter().map(is_latin).collect()))
}

/// A text without full-width forms, which the network confuses with the usual ones.
pub fn usual(text: &str) -> String {
    let usual = |letter| match letter {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - FULL_WIDTH).unwrap_or(letter),
        _ => letter,
    };
    text.chars().map(usual).collect()
}

/// Whether a letter is Chinese or Japanese.
pub fn is_east_asian_letter(letter: char) -> bool {
    matches!(u32::from(letter), 0x3041..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Whether a character is one of Chinese or Japanese print, also a full-width form.
fn is_east_asian_form(letter: char) -> bool {
    is_east_asian_letter(letter) || matches!(u32::from(letter), 0x3000..=0x3040 | 0xFF00..=0xFFEF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Vec<String> {
        ["", "a", "ß", "中", "の", "（", " "].map(str::to_owned).to_vec()
    }

    fn allowed_of(languages: &[&str]) -> Result<Option<Vec<bool>>, RecognitionError> {
        let languages: Vec<String> = languages.iter().map(|&it| it.to_owned()).collect();
        allowed(&languages, &symbols())
    }

    #[test]
    fn languages_of_the_latin_alphabet_have_no_symbols_of_others() {
        let latin = Some(vec![true, true, true, false, false, false, true]);
        assert_eq!(allowed_of(&["de", "pt-BR", "EN_gb"]), Ok(latin));
        assert_eq!(allowed_of(&["de", "zh-Hant"]), Ok(None));
        assert_eq!(allowed_of(&[]), Ok(None));
    }

    #[test]
    fn an_unknown_language_is_refused() {
        for language in ["ru", "", "german"] {
            let error = allowed_of(&["en", language]).unwrap_err().to_string();
            assert!(error.contains(&format!("{language:?}")) && error.contains("(ja)"), "{error}");
        }
    }

    #[test]
    fn full_width_forms_are_written_as_usual() {
        assert_eq!(usual("ＭＯＴＯＲ（A）：1，50！～"), "MOTOR(A):1,50!~");
        assert!(is_east_asian_letter('中') && is_east_asian_letter('カ'));
        assert!(!is_east_asian_letter('（') && !is_east_asian_letter('é'));
    }
}
