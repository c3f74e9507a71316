//! The size of a source, for estimating the cost of an extraction.

use super::Content;
use structx_common::tokens;

/// The size of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measure {
    /// Pages, slides, frames or sheets; 0 if the format has none.
    pub pages: usize,
    /// The records of a table; 1 for a document.
    pub rows: usize,
    /// Unicode code points of all rows.
    pub characters: usize,
    /// Estimated tokens of the text and of the images of `vision_pages`.
    pub tokens: usize,
    /// The numbers of the pages without usable text.
    pub vision_pages: Vec<u32>,
}

impl Content {
    #[must_use]
    pub fn measure(&self) -> Measure {
        let (mut rows, mut characters, mut tokens) = (0, 0, 0);
        let columns = self.columns_without(&[]);
        for text in (0..self.row_count()).map(|position| self.row_text(position, &columns)) {
            rows += 1;
            characters += text.chars().count();
            tokens += tokens::of_text(&text);
        }
        let pages = match self {
            Self::Document(document) => document.pages.as_slice(),
            Self::Table(_) => &[],
        };
        let vision_pages: Vec<u32> =
            pages.iter().filter(|page| page.needs_vision).map(|page| page.number).collect();
        tokens += vision_pages.len() * tokens::PER_IMAGE;
        Measure { pages: pages.len(), rows, characters, tokens, vision_pages }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Content, Document, Page, ReadOptions};

    #[test]
    fn pages_without_text_are_images() {
        let mut document = Document::from_text("a word", &ReadOptions::default()).unwrap();
        let page = |number, needs_vision| Page {
            number,
            name: None,
            range: 0..0,
            size: None,
            needs_vision,
            recognition: None,
        };
        document.pages = vec![page(1, false), page(2, true)];
        let measure = Content::Document(document).measure();
        assert_eq!((measure.pages, measure.rows, measure.characters), (2, 1, 6));
        assert_eq!((measure.tokens, measure.vision_pages), (1_502, vec![2]));
    }
}
