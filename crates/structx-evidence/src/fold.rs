//! Folds a text to what spellings share: its letters and digits, without case, accents and separators.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What a token consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Digits,
    Letters,
    /// A single character of a script that is written without spaces, such as Han.
    Ideograph,
}

/// A run of letters or of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// Its bytes in the text.
    pub start: usize,
    pub end: usize,
    /// Where its letters begin in the folded text.
    pub fold: usize,
    pub class: Class,
    /// Nothing separates it from the token before it, as in `10mg`.
    pub is_glued: bool,
}

/// The tokens of a text, and their folded letters in one piece.
#[derive(Debug, Default)]
pub struct Folded {
    pub letters: String,
    pub tokens: Vec<Token>,
}

impl Folded {
    pub fn new(text: &str) -> Self {
        let mut folded = Self::default();
        folded.letters.reserve(text.len());
        folded.tokens.reserve(text.len() / 5);
        folded.extend(text, 0);
        folded
    }

    /// Appends the tokens of a part of the text that begins at a byte.
    pub fn extend(&mut self, part: &str, offset: usize) {
        // The class of the token that the next character may continue.
        let mut open: Option<Class> = None;
        for (at, letter) in part.char_indices() {
            let at = at + offset;
            if letter.is_ascii() {
                let class = match letter {
                    '0'..='9' => Class::Digits,
                    'a'..='z' | 'A'..='Z' => Class::Letters,
                    _ => {
                        open = None;
                        continue;
                    }
                };
                self.put(at, at + 1, class, open);
                self.letters.push(letter.to_ascii_lowercase());
                open = Some(class);
            } else if is_ignorable(letter) {
                // A soft hyphen or a joiner is within a word or nowhere.
            } else if is_combining_mark(letter) {
                if open.is_some() {
                    self.tokens.last_mut().expect("a token is open").end = at + letter.len_utf8();
                    self.push(letter);
                }
            } else if letter.is_alphanumeric() {
                let class = class(letter);
                self.put(at, at + letter.len_utf8(), class, open);
                self.push(letter);
                open = Some(class);
            } else {
                open = None;
            }
        }
    }

    /// The folded letters of a token.
    pub fn word(&self, token: usize) -> &str {
        &self.letters[self.tokens[token].fold..self.fold_end(token)]
    }

    /// Where the letters of a token end in the folded text.
    pub fn fold_end(&self, token: usize) -> usize {
        self.tokens.get(token + 1).map_or(self.letters.len(), |next| next.fold)
    }

    /// The token that ends at an offset of the folded text, from `first` on.
    pub fn token_ending_at(&self, fold_end: usize, first: usize) -> Option<usize> {
        let next = first + self.tokens[first..].partition_point(|token| token.fold < fold_end);
        let last = next.checked_sub(1).filter(|last| *last >= first)?;
        (self.fold_end(last) == fold_end).then_some(last)
    }

    /// Begins a token, or continues the open one.
    fn put(&mut self, start: usize, end: usize, class: Class, open: Option<Class>) {
        match self.tokens.last_mut() {
            Some(last) if open == Some(class) && class != Class::Ideograph => last.end = end,
            _ => {
                let is_glued = open.is_some();
                self.tokens.push(Token { start, end, fold: self.letters.len(), class, is_glued });
            }
        }
    }

    /// Appends the folded form of a character; at least one letter for each that is no accent.
    fn push(&mut self, letter: char) {
        let before = self.letters.len();
        for part in std::iter::once(letter).nfkd().flat_map(char::to_lowercase) {
            match part {
                '\u{300}'..='\u{36f}' => {}
                'ß' => self.letters.push_str("ss"),
                'æ' => self.letters.push_str("ae"),
                'œ' => self.letters.push_str("oe"),
                'ø' => self.letters.push('o'),
                'ł' => self.letters.push('l'),
                'đ' => self.letters.push('d'),
                'ı' => self.letters.push('i'),
                'ς' => self.letters.push('σ'),
                part if part.is_alphanumeric() || is_combining_mark(part) => {
                    self.letters.push(part);
                }
                _ => {}
            }
        }
        if self.letters.len() == before && !is_combining_mark(letter) {
            self.letters.push(letter);
        }
    }
}

/// Characters without a form or a meaning of their own.
pub fn is_ignorable(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

fn class(letter: char) -> Class {
    match letter {
        // Thai to Myanmar, Khmer, kana and bopomofo, Hangul, Han.
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{312f}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => Class::Ideograph,
        letter if letter.is_numeric() => Class::Digits,
        _ => Class::Letters,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Folded;

    fn words(text: &str) -> Vec<String> {
        let folded = Folded::new(text);
        (0..folded.tokens.len()).map(|token| folded.word(token).to_owned()).collect()
    }

    #[test]
    fn case_accents_and_compatible_forms_are_folded() {
        assert_eq!(words("Müller & SÖHNE"), ["muller", "sohne"]);
        assert_eq!(words("Mu\u{308}ller"), ["muller"]);
        assert_eq!(words("Straße ﬁnden １２"), ["strasse", "finden", "12"]);
        assert_eq!(words("Na\u{ad}pro\u{200b}syn"), ["naprosyn"]);
        assert_eq!(words("10mg, A4"), ["10", "mg", "a", "4"]);
        assert_eq!(words("東京 5"), ["東", "京", "5"]);
        assert_eq!(words("\u{301}-\u{ad}"), [""; 0]);
    }

    proptest! {
        #[test]
        fn tokens_cover_the_text_in_order(text in "([a-c0-2 .é\u{301}ßﬁ京\u{ad}½-]){0,40}") {
            let folded = Folded::new(&text);
            let mut end = 0;
            for (index, token) in folded.tokens.iter().enumerate() {
                prop_assert!(token.start >= end && token.end > token.start);
                prop_assert!(text.get(token.start..token.end).is_some());
                prop_assert!(!folded.word(index).is_empty());
                prop_assert_eq!(
                    folded.token_ending_at(folded.fold_end(index), index.saturating_sub(1)),
                    Some(index)
                );
                end = token.end;
            }
        }
    }
}
