//! What a page draws, to the pieces of text that are read from it.

use hayro_interpret::kurbo::Rect;

use super::glyphs::Drawing;
use super::order::regions;
use super::paragraphs::{Part, parts};
use super::rules::Rule;
use super::tables::{self, Grid, place};
use super::words::{Turn, Word, words};
use super::writing::{Piece, character_width, write};

/// In the order of reading: the upright text, then any that is turned.
pub(super) fn pieces(drawing: Drawing) -> Vec<Piece> {
    let rules = drawing.rules.found();
    let turns = words(drawing.glyphs).into_iter();
    turns.flat_map(|(turn, words)| turned(turn, words, &rules)).collect()
}

fn turned(turn: Turn, words: Vec<Word>, rules: &[Rule]) -> Vec<Piece> {
    let grids = if turn == Turn::UPRIGHT { tables::find(&words, rules) } else { Vec::new() };
    let mut tables: Vec<Option<Piece>> =
        grids.iter().map(|grid| Some(table(grid, &words))).collect();
    let areas: Vec<Rect> = grids.iter().map(|grid| grid.bounds).collect();
    let width = character_width(words.iter());
    let mut pieces = Vec::new();
    for region in regions(without(words, &grids), &areas) {
        for part in parts(region) {
            match part {
                Part::Table(place) => pieces.extend(tables.get_mut(place).and_then(Option::take)),
                Part::Lines(paragraph) => pieces.push(Piece::Text(write(&paragraph, turn, width))),
            }
        }
    }
    pieces
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
