//! Classifies blocks of text as headings, body, headers or footers by comparing all pages.

use std::collections::HashMap;

use super::heading_text::{after_number, is_capitals, is_caption, is_contents};
use super::paragraphs::ParagraphShape;
use super::passages::{PageBlock, Passage};
use crate::BlockKind;

/// The least ratio of a heading's font size to that of the body: chosen by hand, not measured.
const LARGER: f32 = 1.07;
/// The most bytes and lines of a heading: chosen by hand, not measured.
const MOST_BYTES: usize = 200;
const MOST_LINES: usize = 3;
/// The number of headings of one style in a row that are none, and the most bytes between two of them:
/// chosen by hand.
const LISTED: usize = 3;
const LISTED_GAP: usize = 120;
/// The least ratio of the size of a numbered heading in capitals to that of the body: small capitals
/// are smaller. Chosen by hand.
const SMALL_CAPITALS: f32 = 0.75;
/// The most lines and bytes of a heading in the size of the body: chosen by hand.
const MOST_PLAIN_LINES: usize = 2;
const MOST_ITALIC_BYTES: usize = 80;
/// More bytes, or more lines than those of a heading, are text: chosen by hand.
const LEAST_TEXT: usize = 200;
/// The most bytes of text on a cover: chosen by hand.
const COVER_TEXT: usize = 120;
/// The least ratio of the size of the title of a cover to that of other text there: chosen by hand.
const COVER_TITLE: f32 = 1.15;
/// The number of blocks after a name in which its e-mail address may be: chosen by hand.
const ADDRESS_BLOCKS: usize = 3;
/// The number of heading levels in Markdown.
const MOST_LEVELS: usize = 6;
/// The least number of pages that repeat a header or footer: chosen by hand, not measured.
const LEAST_PAGES: usize = 3;
/// The number of blocks at the top and at the bottom of a page that may be headers or footers.
const EDGE_PIECES: usize = 2;
/// The vertical tolerance in points for repeated headers and footers: chosen by hand.
const SAME_PLACE: f32 = 4.0;

/// The styles of body text, headings, headers and footers.
pub(in crate::pdf) struct HeadingStyle {
    /// Font sizes of headings in half points, largest first.
    sizes: Vec<u32>,
    body: f32,
    body_is_bold: bool,
    body_is_monospaced: bool,
    /// There are several pages, so that one may be a cover.
    may_have_cover: bool,
    headers_footers: HashMap<HeaderFooter, usize>,
    /// The bytes of long and of short blocks in each style.
    lengths: HashMap<FullStyle, (usize, usize)>,
}

/// Half points, bold, italic.
type FullStyle = (u32, bool, bool);

/// A text without its digits, and its vertical position.
type HeaderFooter = (String, i32);

impl HeadingStyle {
    pub(in crate::pdf) fn of(pages: &[Vec<PageBlock>]) -> Self {
        let mut weights: HashMap<(u32, bool), usize> = HashMap::new();
        for block in pages.iter().flatten() {
            let (style, bytes) = match block {
                PageBlock::Text(text) => (text.style(), text.text.len()),
                PageBlock::Table(table) => (table.style, table.bytes),
                PageBlock::Plain(_) | PageBlock::Note(_) => continue,
            };
            *weights.entry((half_points(style.size), style.bold)).or_default() += bytes;
        }
        let largest = weights.iter().max_by_key(|((size, bold), weight)| (**weight, *size, *bold));
        let (body, body_is_bold) = largest.map_or((0, false), |(style, _)| *style);
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let body = body as f32 / 2.0;
        let mut headers_footers: HashMap<HeaderFooter, usize> = HashMap::new();
        for page in pages {
            for header_footer in
                edge_places(page).filter_map(|place| header_footer(page.get(place)?))
            {
                *headers_footers.entry(header_footer).or_default() += 1;
            }
        }
        let texts = || pages.iter().flatten().filter_map(PageBlock::text);
        let bytes: usize = texts().map(|text| text.text.len()).sum();
        let code = texts().filter(|text| text.monospaced).map(|text| text.text.len());
        let mut style = Self {
            sizes: Vec::new(),
            body,
            body_is_bold,
            may_have_cover: pages.len() > 1,
            body_is_monospaced: code.sum::<usize>() * 2 > bytes,
            headers_footers,
            lengths: lengths(pages),
        };
        let texts = pages.iter().flatten().filter_map(PageBlock::text);
        let headings = texts.filter(|text| style.is_heading(text) && text.size > LARGER * body);
        let mut sizes: Vec<u32> = headings.map(|text| half_points(text.size)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        sizes.dedup();
        style.sizes = sizes;
        style
    }

    /// The kinds of the blocks of a page.
    pub(in crate::pdf) fn kinds(&self, page: &[PageBlock]) -> Vec<BlockKind> {
        let is_heading = self.headings(page);
        (0..page.len()).map(|place| self.kind(page, place, is_heading[place])).collect()
    }

    fn kind(&self, page: &[PageBlock], place: usize, is_heading: bool) -> BlockKind {
        let text = match page.get(place) {
            Some(PageBlock::Text(text)) => text,
            Some(PageBlock::Table(_)) => return BlockKind::Table,
            Some(PageBlock::Note(_)) => return BlockKind::Note,
            Some(PageBlock::Plain(_)) | None => return BlockKind::Paragraph,
        };
        if self.is_header_footer(page, place) {
            return BlockKind::HeaderFooter;
        }
        if is_heading {
            let size = half_points(text.size);
            let level = self.sizes.iter().position(|other| *other <= size);
            let level = level.filter(|_| text.size > LARGER * self.body);
            let level = level.unwrap_or(self.sizes.len()).min(MOST_LEVELS - 1);
            return BlockKind::Heading { level: u8::try_from(level + 1).unwrap_or(1) };
        }
        match text.shape {
            ParagraphShape::ListItem => BlockKind::ListItem,
            ParagraphShape::Prose | ParagraphShape::Columns => BlockKind::Paragraph,
        }
    }

    /// Whether the block is at the edge of the page, and other pages repeat it and all blocks between
    /// it and the edge.
    fn is_header_footer(&self, page: &[PageBlock], place: usize) -> bool {
        let repeats = |block: &PageBlock| {
            let pages = header_footer(block)
                .and_then(|header_footer| self.headers_footers.get(&header_footer));
            pages.is_some_and(|pages| *pages >= LEAST_PAGES)
        };
        edge_places(page).any(|other| other == place)
            && (page[..=place].iter().all(repeats) || page[place..].iter().all(repeats))
    }

    /// Which blocks of a page are headings.
    fn headings(&self, page: &[PageBlock]) -> Vec<bool> {
        let looks_so = |place: usize| {
            let text = page[place].text();
            text.is_some_and(|text| self.is_heading(text)) || self.is_italic_heading(page, place)
        };
        let candidates: Vec<bool> = (0..page.len()).map(looks_so).collect();
        let texts = || (0..page.len()).filter(|place| candidates[*place]);
        let size = |place: usize| page[place].text().map_or(0.0, |text| text.size);
        let largest = texts().map(size).fold(0.0, f32::max);
        let others = (0..page.len()).filter(|place| !candidates[*place]);
        let is_cover = self.may_have_cover
            && others.map(|place| page[place].bytes()).sum::<usize>() < COVER_TEXT;
        let mut headings = vec![false; page.len()];
        for place in texts() {
            let above = (0..place).filter(|above| headings[*above]).map(size);
            let has_title = above.fold(0.0, f32::max) > LARGER * size(place);
            let is_small = COVER_TITLE * size(place) < largest;
            let is_on_cover = is_cover && is_small && !has_number(page, place);
            let is_author =
                has_title && has_address(page, place) && !self.is_below_text(page, place);
            headings[place] = !is_listed(page, &candidates, place) && !is_on_cover && !is_author;
        }
        headings
    }

    fn is_heading(&self, text: &Passage) -> bool {
        let is_larger = text.size > LARGER * self.body;
        let is_bold = text.bold && !self.body_is_bold && text.size >= 0.9 * self.body;
        let is_outstanding = (is_larger && !self.is_text_style(text)) || is_bold;
        (is_outstanding || self.is_numbered(text))
            && text.upright
            && text.shape != ParagraphShape::Columns
            && text.lines <= MOST_LINES
            && text.text.len() <= MOST_BYTES
            && text.text.chars().filter(|character| character.is_alphabetic()).count() > 2
            && !text.text.ends_with(['.', ',', ';', ':'])
            && !text.text.contains('@')
            && (is_larger || !text.text.starts_with(char::is_lowercase))
            && (!text.monospaced || self.body_is_monospaced)
            && !is_caption(&text.text)
            && !is_contents(&text.text)
    }

    /// Whether text of the size of the body is above the block, unlike the names of authors.
    fn is_below_text(&self, page: &[PageBlock], place: usize) -> bool {
        let top = page[place].text().map_or(0.0, |text| text.bounds.top);
        let is_above = |text: &Passage| {
            text.text.len() > LEAST_TEXT
                && text.size <= LARGER * self.body
                && text.bounds.bottom <= top
        };
        page.iter().filter_map(PageBlock::text).any(is_above)
    }

    /// Whether the block is a numbered heading in italics or capitals of about the size of the body.
    fn is_numbered(&self, text: &Passage) -> bool {
        let is_title =
            |rest: &str| rest.starts_with(char::is_uppercase) && (text.italic || is_capitals(rest));
        text.lines <= MOST_PLAIN_LINES
            && text.size >= SMALL_CAPITALS * self.body
            && after_number(&text.text).is_some_and(is_title)
    }

    /// Whether the block is a line in italics right over the text that it heads.
    fn is_italic_heading(&self, page: &[PageBlock], place: usize) -> bool {
        let (Some(text), Some(next)) =
            (page[place].text(), page.get(place + 1).and_then(PageBlock::text))
        else {
            return false;
        };
        let is_title = text.italic
            && text.lines == 1
            && text.text.len() <= MOST_ITALIC_BYTES
            && text.text.starts_with(char::is_uppercase)
            && !text.text.ends_with(['.', ',', ';', ':', '?', '!', ')'])
            && !text.text.contains('@')
            && !is_caption(&text.text)
            && text.upright
            && text.shape == ParagraphShape::Prose
            && (text.size - self.body).abs() < 0.5;
        is_title
            && !next.italic
            && next.lines > 1
            && next.shape == ParagraphShape::Prose
            && (next.size - text.size).abs() < 0.5
            && (next.bounds.left - text.bounds.left).abs() < text.size
            && (0.0..text.size).contains(&(next.bounds.top - text.bounds.bottom))
    }

    /// Whether the larger letters of the block are those of text, of a document whose parts have
    /// different sizes.
    fn is_text_style(&self, text: &Passage) -> bool {
        let (long, short) = self.lengths.get(&full_style(text)).copied().unwrap_or_default();
        long > short && !text.bold && after_number(&text.text).is_none()
    }
}

/// The bytes of long and of short blocks in each style.
fn lengths(pages: &[Vec<PageBlock>]) -> HashMap<FullStyle, (usize, usize)> {
    let mut lengths: HashMap<FullStyle, (usize, usize)> = HashMap::new();
    for text in pages.iter().flatten().filter_map(PageBlock::text) {
        let (long, short) = lengths.entry(full_style(text)).or_default();
        let is_long = text.text.len() > LEAST_TEXT || text.lines > MOST_LINES;
        *(if is_long { long } else { short }) += text.text.len();
    }
    lengths
}

fn full_style(text: &Passage) -> FullStyle {
    (half_points(text.size), text.bold, text.italic)
}

/// Whether the block is one of several in the style of a heading with little text between them: a
/// cover, a list, or the labels of a drawing. With text between them, numbers and bold letters tell
/// headings from these; without any, nothing does.
fn is_listed(page: &[PageBlock], candidates: &[bool], place: usize) -> bool {
    let Some(text) = page[place].text() else { return false };
    let is_alike = |other: usize| {
        candidates[other] && page[other].text().is_some_and(|it| it.style() == text.style())
    };
    let after = (place..page.len()).take_while(|other| is_alike(*other)).count();
    let before = (0..place).rev().take_while(|other| is_alike(*other)).count();
    if before + after >= LISTED {
        return true;
    }
    let near = |others: &mut dyn Iterator<Item = usize>| {
        let (mut count, mut gap) = (0, 0);
        for other in others {
            if is_alike(other) && !has_number(page, other) {
                (count, gap) = (count + 1, 0);
            } else {
                gap += page[other].bytes();
            }
            if gap > LISTED_GAP {
                break;
            }
        }
        count
    };
    !text.bold
        && !has_number(page, place)
        && 1 + near(&mut (place + 1..page.len())) + near(&mut (0..place).rev()) >= LISTED
}

fn has_number(page: &[PageBlock], place: usize) -> bool {
    page[place].text().is_some_and(|text| after_number(&text.text).is_some())
}

/// Whether an e-mail address follows, as after the name of an author.
fn has_address(page: &[PageBlock], place: usize) -> bool {
    let next = page[place + 1..].iter().take(ADDRESS_BLOCKS).map_while(PageBlock::text);
    next.take_while(|text| text.text.len() <= LEAST_TEXT).any(|text| text.text.contains('@'))
}

/// The indexes of the blocks that may be headers or footers.
fn edge_places(page: &[PageBlock]) -> impl Iterator<Item = usize> {
    let bottom = page.len().saturating_sub(EDGE_PIECES).max(EDGE_PIECES);
    (0..EDGE_PIECES.min(page.len())).chain(bottom..page.len())
}

fn header_footer(block: &PageBlock) -> Option<HeaderFooter> {
    let text = block.text().filter(|text| text.lines == 1 && text.text.len() <= MOST_BYTES)?;
    let letters = text.text.chars().filter(|character| !character.is_numeric()).collect();
    #[expect(clippy::cast_possible_truncation, reason = "a place on a page is a small number")]
    let place = (text.bounds.top / SAME_PLACE).round() as i32;
    Some((letters, place))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn half_points(size: f32) -> u32 {
    (2.0 * size).round().clamp(0.0, 2000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::{HeadingStyle, PageBlock, ParagraphShape, Passage};
    use crate::{BlockKind, Bounds};

    fn block(text: &str, size: f32, top: f32) -> PageBlock {
        PageBlock::Text(Passage {
            shape: ParagraphShape::Prose,
            text: text.to_owned(),
            words: Vec::new(),
            joints: Vec::new(),
            bounds: Bounds { left: 50.0, top, right: 100.0, bottom: top + size },
            size,
            bold: false,
            italic: false,
            monospaced: false,
            upright: true,
            lines: 1,
        })
    }

    fn kinds(page: &[PageBlock], pages: &[Vec<PageBlock>]) -> Vec<BlockKind> {
        let style = HeadingStyle::of(pages);
        style.kinds(page)
    }

    #[test]
    fn a_heading_over_an_address_is_no_author_after_the_text() {
        let page = vec![
            block("Title of the paper", 20.0, 50.0),
            block("A. Writer", 14.0, 90.0),
            block("writer@example.com", 10.0, 110.0),
            block(&"This is the body of the page. ".repeat(8), 10.0, 140.0),
            block("Contact", 14.0, 260.0),
            block("office@example.com", 10.0, 280.0),
        ];
        let pages = [page];
        let found = kinds(&pages[0], &pages);
        assert_eq!(found[1], BlockKind::Paragraph);
        assert_eq!(found[4], BlockKind::Heading { level: 2 });
    }

    #[test]
    fn larger_and_bold_texts_are_headings() {
        let mut page = vec![
            block("Title", 20.0, 50.0),
            block("A section", 14.0, 90.0),
            block("Bold words", 10.0, 120.0),
            block("This is the body of the page, which is longer than the rest.", 10.0, 140.0),
            block("Ends with a full stop.", 14.0, 160.0),
            block("1.2", 20.0, 180.0),
        ];
        if let PageBlock::Text(text) = &mut page[2] {
            text.bold = true;
        }
        let heading = |level| BlockKind::Heading { level };
        let body = BlockKind::Paragraph;
        let expected = [heading(1), heading(2), heading(3), body, body, body];
        let pages = [page];
        assert_eq!(kinds(&pages[0], &pages), expected);
    }

    #[test]
    fn lines_of_a_cover_and_of_a_sample_are_no_headings() {
        let body = "This is the body of the page, which is longer than the rest.";
        let mut page = vec![block("A section", 14.0, 50.0), block(body, 10.0, 70.0)];
        let lines = ["Roles", "Permissions", "Columns"].iter().zip([90.0, 110.0, 130.0]);
        page.extend(lines.map(|(text, top)| block(text, 12.0, top)));
        page.push(block(body, 10.0, 150.0));
        let pages = [page];
        let found = kinds(&pages[0], &pages);
        assert_eq!(found[0], BlockKind::Heading { level: 1 });
        assert_eq!(found[1..], [BlockKind::Paragraph; 5]);
    }

    #[test]
    fn the_largest_text_of_a_cover_is_its_heading() {
        let body = "This is the body of the page, which is longer than the rest.";
        let cover = vec![block("A title", 40.0, 50.0), block("Some company", 20.0, 700.0)];
        let pages = [cover, vec![block(body, 10.0, 50.0), block(body, 10.0, 150.0)]];
        let heading = BlockKind::Heading { level: 1 };
        assert_eq!(kinds(&pages[0], &pages), [heading, BlockKind::Paragraph]);
    }

    #[test]
    fn text_repeated_at_the_edge_of_three_pages_is_a_header_or_footer() {
        let page = |number: usize, top: f32| {
            let ordinal = ["first", "second", "third"][number - 1];
            let body = format!("The {ordinal} page has more text than its header.");
            vec![
                block("Annual report", 10.0, top),
                block(&body, 10.0, 100.0),
                block("More of the text.", 10.0, 300.0),
                block(&format!("End of the {ordinal}."), 10.0, 500.0),
                block(&format!("Page {number}"), 10.0, 800.0),
            ]
        };
        let pages: Vec<_> = (1..=3).map(|number| page(number, 30.0)).collect();
        let found = kinds(&pages[1], &pages);
        assert_eq!(found[0], BlockKind::HeaderFooter);
        assert_eq!(found[1..4], [BlockKind::Paragraph; 3]);
        assert_eq!(found[4], BlockKind::HeaderFooter);
        // On two pages only, and at different heights.
        assert_eq!(kinds(&pages[1], &pages[1..])[0], BlockKind::Paragraph);
        let moved: Vec<_> = [30.0, 40.0, 50.0].iter().map(|top| page(1, *top)).collect();
        assert_eq!(kinds(&moved[0], &moved)[0], BlockKind::Paragraph);
    }
}
