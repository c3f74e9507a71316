//! Converts the drawing of a page to blocks in reading order.

mod direction;
mod growing_text;
mod heading_text;
pub(in crate::pdf) mod headings;
pub(in crate::pdf) mod hyphens;
pub(in crate::pdf) mod lines;
mod paragraphs;
pub(in crate::pdf) mod passages;
mod reading_order;
pub(in crate::pdf) mod rotation;
pub(in crate::pdf) mod scan_words;
mod scripts;
#[cfg(test)]
pub(in crate::pdf) mod test_words;
pub(in crate::pdf) mod words;

use hayro_interpret::kurbo::Rect;

use self::paragraphs::{BodyItem, body_items};
use self::passages::{PageBlock, TableBlock, TextStyle, character_width, on_page, write};
use self::reading_order::regions;
use self::rotation::Rotation;
use self::scan_words::PageScan;
use self::scripts::mark_notes;
use self::words::{PageWord, words};
use crate::FileError;
use crate::context::ReadContext;
use crate::pdf::drawing::Drawing;
use crate::pdf::drawing::ruling_lines::RulingLine;
use crate::pdf::tables::{self, TableGrid};

/// The blocks in reading order: upright text, then rotated text; with what was recognised in the image
/// of the page, if it was.
///
/// # Errors
/// The time is used up.
pub(in crate::pdf) fn blocks(
    context: &ReadContext,
    drawing: Drawing,
    scan: Option<PageScan>,
) -> Result<Vec<PageBlock>, FileError> {
    let rulings = drawing.rulings.found();
    let mut blocks = Vec::new();
    let mut words = words(context, drawing.glyphs)?;
    let upright = match scan {
        Some(scan) => {
            let of_text: Vec<Rotation> = words.keys().copied().collect();
            let of_scan = scan.add_to(&mut words);
            of_text.into_iter().find(|it| it.is_near(of_scan)).unwrap_or(of_scan)
        }
        None => Rotation::UPRIGHT,
    };
    let count: usize = words.values().map(Vec::len).sum();
    let (mut skewed, mut end) = (Vec::new(), 0);
    for (rotation, mut words) in words {
        mark_notes(&mut words);
        // A few turned words are the labels of an upright table, or of a chart.
        let has_tables = rotation.is_near(upright) || words.len() * 2 > count;
        let turned = |ruling: &RulingLine| ruling.turned(|point| rotation.to_reading(point));
        let rulings = has_tables.then(|| rulings.iter().filter_map(turned).collect::<Vec<_>>());
        let turned = (rotation, upright);
        let is_skewed = rotation != upright && rotation.is_near(upright);
        let to = if is_skewed { &mut skewed } else { &mut blocks };
        rotated(context, turned, words, rulings.as_deref(), to)?;
        if rotation == upright {
            end = blocks.len();
        }
    }
    insert(&mut blocks, end, skewed);
    blocks.extend(drawing.notes.into_iter().map(PageBlock::Note));
    Ok(blocks)
}

/// Inserts the blocks of a skewed scan among those of the text around it, which end at `end`: before
/// the first one below the scan.
fn insert(blocks: &mut Vec<PageBlock>, end: usize, skewed: Vec<PageBlock>) {
    let bottom = skewed.iter().filter_map(PageBlock::bounds).map(|it| it.bottom).reduce(f32::max);
    let is_below = |block: &PageBlock| {
        block.bounds().is_some_and(|bounds| bottom.is_some_and(|bottom| bounds.top >= bottom))
    };
    let place = blocks[..end].iter().position(is_below).unwrap_or(end);
    blocks.splice(place..place, skewed);
}

fn rotated(
    context: &ReadContext,
    (rotation, upright): (Rotation, Rotation),
    words: Vec<PageWord>,
    rulings: Option<&[RulingLine]>,
    blocks: &mut Vec<PageBlock>,
) -> Result<(), FileError> {
    let grids = rulings.map(|rulings| tables::find(context, &words, rulings)).transpose()?;
    let grids = grids.unwrap_or_default();
    let mut tables: Vec<Option<PageBlock>> =
        grids.iter().map(|grid| Some(table(grid, &words, rotation))).collect();
    let areas: Vec<Rect> = grids.iter().map(|grid| grid.bounds).collect();
    let width = character_width(words.iter());
    for region in regions(context, without(words, &grids), &areas)? {
        for part in body_items(region) {
            context.check_time()?;
            match part {
                BodyItem::Table(place) => {
                    blocks.extend(tables.get_mut(place).and_then(Option::take));
                }
                BodyItem::Lines(paragraph) => {
                    blocks.push(PageBlock::Text(write(&paragraph, rotation, upright, width)));
                }
            }
        }
    }
    Ok(())
}

fn table(grid: &TableGrid, words: &[PageWord], rotation: Rotation) -> PageBlock {
    let rows = grid.rows(words, rotation);
    let words = || grid.words().map(|word| &words[word]);
    PageBlock::Table(TableBlock {
        rows,
        bounds: on_page(rotation, grid.bounds),
        style: TextStyle::usual(words()),
        bytes: words().map(|word| word.text.len()).sum(),
    })
}

fn without(words: Vec<PageWord>, grids: &[TableGrid]) -> Vec<PageWord> {
    if grids.is_empty() {
        return words;
    }
    let mut is_taken = vec![false; words.len()];
    for word in grids.iter().flat_map(TableGrid::words) {
        is_taken[word] = true;
    }
    words.into_iter().zip(is_taken).filter(|(_, taken)| !taken).map(|(word, _)| word).collect()
}
