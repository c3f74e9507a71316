//! The index of a text: its tokens, its numbers and dates, its lines and tables.

use std::cell::OnceCell;
use std::ops::Range;

use structx_documents::{BlockKind, Document};

use crate::fold::{Class, Folded};
use crate::layout::Layout;
use crate::typed::Typed;

/// The bytes of folded letters that order the tokens; more would make texts of one repeated letter slow
/// to sort. Chosen by hand.
const ORDERED: usize = 32;

/// The index of a row's text, made in one pass. Its parts are made when they are first needed.
#[derive(Debug)]
pub struct Index<'a> {
    text: &'a str,
    /// The byte of the document where the text begins.
    offset: usize,
    folded: Folded,
    /// The headings that the document knows.
    headings: Vec<Range<usize>>,
    /// Where tables of the page before go on.
    continued: Vec<usize>,
    /// Headers and footers, which repeat what the text says.
    margins: Vec<Range<usize>>,
    /// What structx inserted: markers of pages.
    inserted: Vec<Range<usize>>,
    /// The words that were recognised in images, with their scores.
    recognized: Vec<(Range<usize>, f32)>,
    has_unread_parts: bool,
    order: OnceCell<Vec<u32>>,
    typed: OnceCell<Typed>,
    layout: OnceCell<Layout>,
}

impl<'a> Index<'a> {
    /// The index of a text without a document, such as the row of a table.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self::with_blocks(text, 0, Blocks::default())
    }

    /// The index of a part of a document's text, such as `0..document.text.len()`. Its headings are known,
    /// and what structx inserted is no evidence.
    #[must_use]
    pub fn of_document(document: &'a Document, range: Range<usize>) -> Self {
        let end = document.text.floor_char_boundary(range.end);
        let start = document.text.floor_char_boundary(range.start).min(end);
        let blocks = Blocks::within(document, &(start..end));
        Self::with_blocks(&document.text[start..end], start, blocks)
    }

    /// Tells that the model also saw an image or a file whose text structx does not have: what the text
    /// does not say is then unverifiable, not missing.
    #[must_use]
    pub fn with_unread_parts(mut self) -> Self {
        self.has_unread_parts = true;
        self
    }

    fn with_blocks(text: &'a str, offset: usize, blocks: Blocks) -> Self {
        let mut folded = Folded::default();
        let mut start = 0;
        for inserted in &blocks.inserted {
            folded.extend(&text[start..inserted.start], start);
            start = inserted.end;
        }
        folded.extend(&text[start..], start);
        Self {
            text,
            offset,
            folded,
            headings: blocks.headings,
            continued: blocks.continued,
            margins: blocks.margins,
            inserted: blocks.inserted,
            recognized: blocks.recognized,
            has_unread_parts: blocks.has_unread_parts,
            order: OnceCell::new(),
            typed: OnceCell::new(),
            layout: OnceCell::new(),
        }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn folded(&self) -> &Folded {
        &self.folded
    }

    pub(crate) fn has_unread_parts(&self) -> bool {
        self.has_unread_parts
    }

    pub(crate) fn typed(&self) -> &Typed {
        self.typed.get_or_init(|| Typed::new(self.text, &self.inserted))
    }

    pub(crate) fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::new(self.text, self.headings.clone(), &self.continued))
    }

    /// Whether a byte is in a header or footer of a page.
    pub(crate) fn is_in_margin(&self, at: usize) -> bool {
        let after = self.margins.partition_point(|margin| margin.start <= at);
        self.margins[..after].last().is_some_and(|margin| margin.contains(&at))
    }

    /// How sure it is that a range has these characters: the lowest score of its recognised words.
    pub(crate) fn certainty(&self, range: &Range<usize>) -> f32 {
        let first = self.recognized.partition_point(|(word, _)| word.end <= range.start);
        let words = self.recognized[first..].iter().take_while(|(word, _)| word.start < range.end);
        words.map(|(_, score)| *score).fold(1.0, f32::min)
    }

    /// The text between a token and the next one; a line break where structx inserted something.
    pub(crate) fn separator(&self, token: usize) -> &'a str {
        let tokens = &self.folded.tokens;
        let gap = tokens[token].end..tokens[token + 1].start;
        let after = self.inserted.partition_point(|inserted| inserted.start < gap.start);
        let is_interrupted =
            self.inserted.get(after).is_some_and(|inserted| inserted.start < gap.end);
        if is_interrupted { "\n" } else { &self.text[gap] }
    }

    /// The text before a token, from the one before it on.
    pub(crate) fn before(&self, token: usize) -> &'a str {
        let start = token.checked_sub(1).map_or(0, |before| self.folded.tokens[before].end);
        &self.text[start..self.folded.tokens[token].start]
    }

    /// The text after a token, up to the next one.
    pub(crate) fn after(&self, token: usize) -> &'a str {
        let end = self.folded.tokens.get(token + 1).map_or(self.text.len(), |next| next.start);
        &self.text[self.folded.tokens[token].end..end]
    }

    /// The first token that begins at a byte or after it.
    pub(crate) fn token_from(&self, at: usize) -> usize {
        self.folded.tokens.partition_point(|token| token.start < at)
    }

    /// The tokens from which on the folded text begins with these letters, or with their first
    /// [`ORDERED`] bytes; in the order of the text only among equals.
    pub(crate) fn places(&self, letters: &str) -> &[u32] {
        let wanted = &letters.as_bytes()[..letters.len().min(ORDERED)];
        let order = self.order.get_or_init(|| self.sorted());
        let start = |token: u32| {
            let from = self.folded.tokens[token as usize].fold;
            let to = self.folded.letters.len().min(from + wanted.len());
            &self.folded.letters.as_bytes()[from..to]
        };
        let first = order.partition_point(|token| start(*token) < wanted);
        let count = order[first..].partition_point(|token| start(*token) == wanted);
        &order[first..first + count]
    }

    /// The tokens whose folded letters are a word, in the order of the text; at most `most` of them.
    pub(crate) fn tokens_of(&self, word: &str, most: usize) -> Vec<usize> {
        let is_word = |token: &usize| self.folded.word(*token) == word;
        let places = self.places(word).iter().map(|token| *token as usize);
        let mut tokens: Vec<usize> = places.filter(is_word).take(most).collect();
        tokens.sort_unstable();
        tokens
    }

    /// The tokens in the order of the letters that follow from each on.
    fn sorted(&self) -> Vec<u32> {
        let letters = self.folded.letters.as_bytes();
        let part = |from: usize, bytes: Range<usize>| {
            let at = |offset: usize| letters.len().min(from + offset);
            &letters[at(bytes.start)..at(bytes.end)]
        };
        let head = |from: usize| {
            let mut head = [0; 8];
            let bytes = part(from, 0..8);
            head[..bytes.len()].copy_from_slice(bytes);
            u64::from_be_bytes(head)
        };
        let tokens = self.folded.tokens.iter().take(u32::MAX as usize);
        let mut keys: Vec<(u64, u32)> =
            (0..).zip(tokens).map(|(index, token)| (head(token.fold), index)).collect();
        let rest = |token: u32| part(self.folded.tokens[token as usize].fold, 8..ORDERED);
        keys.sort_unstable_by(|one, two| {
            let by_rest = || rest(one.1).cmp(rest(two.1));
            one.0.cmp(&two.0).then_with(by_rest).then(one.1.cmp(&two.1))
        });
        keys.into_iter().map(|(_, token)| token).collect()
    }

    /// Whether a word begins with the token: nothing is glued to it, but for scripts without spaces.
    pub(crate) fn begins_word(&self, token: usize) -> bool {
        let this = self.folded.tokens[token];
        !this.is_glued
            || this.class == Class::Ideograph
            || self.folded.tokens[token - 1].class == Class::Ideograph
    }

    /// Whether a word ends with the token.
    pub(crate) fn ends_word(&self, token: usize) -> bool {
        token + 1 == self.folded.tokens.len() || self.begins_word(token + 1)
    }
}

/// What the blocks and pages of a document say about a part of its text.
#[derive(Debug, Default)]
struct Blocks {
    headings: Vec<Range<usize>>,
    continued: Vec<usize>,
    margins: Vec<Range<usize>>,
    inserted: Vec<Range<usize>>,
    recognized: Vec<(Range<usize>, f32)>,
    has_unread_parts: bool,
}

impl Blocks {
    fn within(document: &Document, part: &Range<usize>) -> Self {
        let shifted = |range: &Range<usize>| {
            let (start, end) = (range.start.max(part.start), range.end.min(part.end));
            (start < end).then(|| start - part.start..end - part.start)
        };
        let of_kind = |is_wanted: fn(BlockKind) -> bool| {
            let blocks = document.blocks.iter().filter(|block| is_wanted(block.kind));
            blocks.filter_map(|block| shifted(&block.range)).collect()
        };
        let continued: Vec<Range<usize>> = of_kind(|kind| kind == BlockKind::ContinuedTable);
        let pages = &document.pages;
        let gaps = pages.windows(2).map(|pair| pair[0].range.end..pair[1].range.start);
        let mut end = 0;
        let inserted = gaps.filter_map(|gap| shifted(&gap)).filter(|gap| {
            let is_after = gap.start >= end;
            end = end.max(gap.end);
            is_after
        });
        let words = document.words.iter();
        let recognized = words.filter_map(|word| Some((shifted(&word.range)?, word.score?)));
        Self {
            inserted: inserted.collect(),
            recognized: recognized.collect(),
            headings: of_kind(|kind| matches!(kind, BlockKind::Heading { .. })),
            continued: continued.into_iter().map(|range| range.start).collect(),
            margins: of_kind(|kind| kind == BlockKind::HeaderFooter),
            has_unread_parts: pages.iter().any(|page| {
                page.needs_vision && page.range.start <= part.end && page.range.end >= part.start
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Index;

    proptest! {
        #[test]
        fn places_are_those_of_a_naive_search(
            text in "([ab]{1,3} ?){0,20}",
            wanted in "[ab]{1,5}",
        ) {
            let index = Index::new(&text);
            let folded = index.folded();
            let mut found = index.places(&wanted).to_vec();
            found.sort_unstable();
            let naive: Vec<u32> = (0..)
                .zip(&folded.tokens)
                .filter(|(_, token)| folded.letters[token.fold..].starts_with(&wanted))
                .map(|(index, _)| index)
                .collect();
            prop_assert_eq!(found, naive);
        }
    }
}
