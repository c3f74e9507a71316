//! What a page draws, to the pieces of text that are read from it.

use hayro_interpret::kurbo::Rect;

use super::glyphs::Drawing;
use super::order::regions;
use super::paragraphs::{Part, parts};
use super::rules::Rule;
use super::tables::{self, Grid, place};
use super::words::{Turn, Word, words};
use super::writing::{Piece, character_width, write};
use crate::FileError;
use crate::reading::Reading;

/// The pieces in reading order: upright text, then rotated text.
///
/// # Errors
/// The time is spent.
pub(super) fn pieces(reading: &Reading, drawing: Drawing) -> Result<Vec<Piece>, FileError> {
    let rules = drawing.rules.found();
    let mut pieces = Vec::new();
    for (turn, words) in words(reading, drawing.glyphs)? {
        turned(reading, turn, words, &rules, &mut pieces)?;
    }
    Ok(pieces)
}

fn turned(
    reading: &Reading,
    turn: Turn,
    words: Vec<Word>,
    rules: &[Rule],
    pieces: &mut Vec<Piece>,
) -> Result<(), FileError> {
    let is_upright = turn == Turn::UPRIGHT;
    let grids = if is_upright { tables::find(reading, &words, rules)? } else { Vec::new() };
    let mut tables: Vec<Option<Piece>> =
        grids.iter().map(|grid| Some(table(grid, &words))).collect();
    let areas: Vec<Rect> = grids.iter().map(|grid| grid.bounds).collect();
    let width = character_width(words.iter());
    for region in regions(reading, without(words, &grids), &areas)? {
        for part in parts(region) {
            reading.check_time()?;
            match part {
                Part::Table(place) => pieces.extend(tables.get_mut(place).and_then(Option::take)),
                Part::Lines(paragraph) => pieces.push(Piece::Text(write(&paragraph, turn, width))),
            }
        }
    }
    Ok(())
}

fn table(grid: &Grid, words: &[Word]) -> Piece {
    Piece::Table(grid.rows(words), place(grid.bounds))
}

fn without(words: Vec<Word>, grids: &[Grid]) -> Vec<Word> {
    if grids.is_empty() {
        return words;
    }
    let mut is_taken = vec![false; words.len()];
    for word in grids.iter().flat_map(Grid::words) {
        is_taken[word] = true;
    }
    words.into_iter().zip(is_taken).filter(|(_, taken)| !taken).map(|(word, _)| word).collect()
}
