//! `pages` of `file_options`: which pages of a document are read.

use std::ops::Range;

use serde::{Deserialize, Deserializer, Serialize};

use crate::builder::page_marker;
use crate::context::ReadContext;
use crate::{Document, FileError, FileErrorKind, Format};

/// Page numbers from 1, in inclusive ranges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageRanges(Vec<(u32, u32)>);

/// `3`, `[1, 3]`, `"1-3,7"` or `"5-"`; as stored, a list of pairs.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(u32),
    Text(String),
    Numbers(Vec<u32>),
    Stored(Vec<(u32, u32)>),
}

impl<'de> Deserialize<'de> for PageRanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranges = match Given::deserialize(deserializer)? {
            Given::One(page) => Some(vec![(page, page)]),
            Given::Text(text) => text.split(',').map(range).collect(),
            Given::Numbers(pages) => Some(pages.into_iter().map(|page| (page, page)).collect()),
            Given::Stored(ranges) => Some(ranges),
        };
        let is_range = |(first, last): &(u32, u32)| 1 <= *first && first <= last;
        ranges
            .filter(|ranges| !ranges.is_empty() && ranges.iter().all(is_range))
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no page ranges"))
    }
}

fn range(part: &str) -> Option<(u32, u32)> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let last = match last.trim() {
        "" => u32::MAX,
        last => last.parse().ok()?,
    };
    Some((first.trim().parse().ok()?, last))
}

impl PageRanges {
    fn contains(&self, page: u32) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&page))
    }
}

/// Whether the page is to be read.
pub(crate) fn is_chosen(context: &ReadContext, page: u32) -> bool {
    context.options.pages.as_ref().is_none_or(|pages| pages.contains(page))
}

/// The number of pages to be read, of `count`.
///
/// # Errors
/// Pages were chosen, and the file has none of them.
pub(crate) fn chosen(context: &ReadContext, count: usize) -> Result<usize, FileError> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    match (1..=count).filter(|page| is_chosen(context, *page)).count() {
        0 if count > 0 => {
            let message = format!("has none of the chosen `pages`; it has {count}");
            Err(context.error(FileErrorKind::Options, message))
        }
        chosen => Ok(chosen),
    }
}

/// Keeps the chosen pages of a document that was read whole.
///
/// # Errors
/// It has no pages, or none of the chosen ones.
pub(crate) fn keep(
    context: &ReadContext,
    format: Format,
    document: &mut Document,
) -> Result<(), FileError> {
    // Readers of these leave the other pages out.
    if context.options.pages.is_none() || matches!(format, Format::Pdf | Format::Image) {
        return Ok(());
    }
    if document.pages.is_empty() {
        refuse(context)?;
    }
    chosen(context, document.pages.len())?;
    leave_out(context, document);
    Ok(())
}

/// Checks that no pages are chosen of what has none.
///
/// # Errors
/// Pages are chosen.
pub(crate) fn refuse(context: &ReadContext) -> Result<(), FileError> {
    if context.options.pages.is_none() {
        return Ok(());
    }
    let message = "the option `pages` of file_options is for documents with pages";
    Err(context.error(FileErrorKind::Options, message))
}

fn leave_out(context: &ReadContext, document: &mut Document) {
    let text = std::mem::take(&mut document.text);
    let mut moves: Vec<(Range<usize>, usize)> = Vec::new();
    document.pages.retain(|page| is_chosen(context, page.number));
    for page in &mut document.pages {
        if !moves.is_empty() {
            document.text.push_str(&page_marker(page.number));
        }
        let start = document.text.len();
        document.text.push_str(text.get(page.range.clone()).unwrap_or_default());
        let old = std::mem::replace(&mut page.range, start..document.text.len());
        moves.push((old, start));
    }
    // Whether a range lies on a kept page; if so, it is moved along.
    let moved = |range: &mut Range<usize>| {
        let place = moves.iter().find(|(old, _)| old.start <= range.start && range.end <= old.end);
        place.is_some_and(|(old, start)| {
            *range = start + range.start - old.start..start + range.end - old.start;
            true
        })
    };
    document.blocks.retain_mut(|block| moved(&mut block.range));
    document.words.retain_mut(|word| moved(&mut word.range));
    document.cells.retain_mut(|cell| moved(&mut cell.range));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PageRanges, leave_out};
    use crate::BlockKind;
    use crate::builder::Builder;
    use crate::context::ReadContext;
    use crate::options::ReadOptions;

    fn ranges(given: Value) -> Option<PageRanges> {
        serde_json::from_value(given).ok()
    }

    #[test]
    fn pages_are_chosen_by_number_and_range() {
        let pages = |given| Some(PageRanges(given));
        assert_eq!(ranges(json!(3)), pages(vec![(3, 3)]));
        assert_eq!(ranges(json!([1, 3])), pages(vec![(1, 1), (3, 3)]));
        assert_eq!(ranges(json!("1-3, 7,9-")), pages(vec![(1, 3), (7, 7), (9, u32::MAX)]));
        let stored = serde_json::to_value(ranges(json!("1-3,7"))).unwrap();
        assert_eq!(ranges(stored), pages(vec![(1, 3), (7, 7)]));
        for wrong in
            [json!(0), json!(-1), json!("3-1"), json!("a"), json!(""), json!([]), json!([0])]
        {
            assert_eq!(ranges(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn text_and_blocks_of_other_pages_are_left_out() {
        let mut builder = Builder::default();
        for page in 1..=4 {
            builder.page(page);
            builder.block(BlockKind::Paragraph, &format!("Text of slide {page}."), None);
        }
        let options = ReadOptions { pages: ranges(json!([2, 4])), ..ReadOptions::default() };
        let mut document = builder.finish();
        leave_out(&ReadContext::new("a.pptx", &options), &mut document);
        assert_eq!(document.text, "Text of slide 2.\n\n[page 4]\n\nText of slide 4.");
        let blocks: Vec<_> = document
            .blocks
            .iter()
            .map(|block| (block.page, &document.text[block.range.clone()]))
            .collect();
        assert_eq!(blocks, [(Some(2), "Text of slide 2."), (Some(4), "Text of slide 4.")]);
        let pages: Vec<_> = document
            .pages
            .iter()
            .map(|page| (page.number, &document.text[page.range.clone()]))
            .collect();
        assert_eq!(pages, [(2, "Text of slide 2."), (4, "Text of slide 4.")]);
    }
}
