//! What a source would cost to extract from, before anything is spent.

use super::Content;

/// The size of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Pages, slides or frames; 0 where the format has none.
    pub pages: usize,
    /// Rows that are asked for, each by itself: the records of a table, 1 for a document.
    pub rows: usize,
    /// Unicode code points of all rows.
    pub characters: usize,
    /// Tokens of the text and of the images of `vision_pages`, estimated.
    pub tokens: usize,
    /// The numbers of the pages without usable text.
    pub vision_pages: Vec<u32>,
}

/// An image of a page, as large as it is sent: the providers' documented formulas give 800 to 1,600
/// (OpenAI 85 + 170 for each tile of 512 pixels; Anthropic width x height / 750; Gemini 258 a tile).
const TOKENS_OF_AN_IMAGE: usize = 1_500;

impl Content {
    #[must_use]
    pub fn measure(&self) -> Measure {
        let (mut rows, mut characters, mut tokens) = (0, 0, 0);
        for row in self.rows(&[]) {
            rows += 1;
            characters += row.text.chars().count();
            tokens += estimated_tokens(&row.text);
        }
        let pages = match self {
            Self::Document(document) => document.pages.as_slice(),
            Self::Table(_) => &[],
        };
        let vision_pages: Vec<u32> =
            pages.iter().filter(|page| page.needs_vision).map(|page| page.number).collect();
        tokens += vision_pages.len() * TOKENS_OF_AN_IMAGE;
        Measure { pages: pages.len(), rows, characters, tokens, vision_pages }
    }
}

/// About how many tokens a text is, for any tokeniser within a third: 4 letters of English are one
/// (OpenAI's rule of thumb), 2 digits or marks, 2 letters of other alphabets, and a character of
/// Chinese, Japanese or Korean is one by itself.
fn estimated_tokens(text: &str) -> usize {
    const PER_TOKEN: usize = 4;
    let weight = |character: char| match character {
        'a'..='z' | 'A'..='Z' | ' ' => 1,
        '\0'..'\u{2e80}' => 2,
        _ => PER_TOKEN,
    };
    text.chars().map(weight).sum::<usize>().div_ceil(PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::estimated_tokens;
    use crate::documents::{Content, Document, Page, ReadOptions};

    #[test]
    fn tokens_by_script() {
        for (text, tokens) in [("", 0), ("word", 1), ("2026-02-03", 5), ("請求書", 3), ("счёт", 2)]
        {
            assert_eq!(estimated_tokens(text), tokens, "{text}");
        }
    }

    #[test]
    fn pages_without_text_are_images() {
        let mut document = Document::from_text("a word", &ReadOptions::default()).unwrap();
        let page = |number, needs_vision| Page { number, range: 0..0, size: None, needs_vision };
        document.pages = vec![page(1, false), page(2, true)];
        let measure = Content::Document(document).measure();
        assert_eq!((measure.pages, measure.rows, measure.characters), (2, 1, 6));
        assert_eq!((measure.tokens, measure.vision_pages), (1_502, vec![2]));
    }
}
