//! Decides whether a sheet is one clean list of records.

use std::collections::BTreeSet;

use super::grid::{GridRow, SheetGrid};
use crate::HeaderRow;
use crate::records::header::{self, Header, has_values_below};

/// Rows of titles above a list, at most: chosen by hand, not measured.
const MOST_TITLES: usize = 3;
/// Rows of two columns of text from which on they are a list and not a form: chosen by hand, not
/// measured.
const MOST_OF_A_FORM: usize = 20;

/// Whether the sheet, which is sorted, has names of columns, at most a title above them, and below
/// rows without gaps whose cells stand in named columns and fill at least half of the area.
pub(super) fn is_list(grid: &SheetGrid) -> bool {
    let head = grid.head();
    let Some(header) = header::header(&head, HeaderRow::Found).filter(|it| it.is_certain) else {
        return false;
    };
    let titles = &grid.rows[..header.rows.start];
    let Some((first, below)) = grid.rows[header.rows.end - 1..].split_first() else { return false };
    let numbers = below.iter().map(|row| row.number);
    // Lines of text, and a form, have names only.
    let has_values = || has_values_below(&head[header.rows.end - 1], &head[header.rows.end..]);
    titles.len() <= MOST_TITLES
        && titles.iter().all(|row| row.cells.len() == 1)
        && !below.is_empty()
        && numbers.eq((first.number + 1..).take(below.len()))
        && is_filled(below, &header)
        && match header.names.len() {
            1 => has_values(),
            2 => below.len() > MOST_OF_A_FORM || has_values(),
            _ => true,
        }
}

fn is_filled(rows: &[GridRow], header: &Header) -> bool {
    let named: BTreeSet<u32> = header.names.keys().copied().collect();
    let mut cells = rows.iter().flat_map(|row| &row.cells);
    let count: usize = rows.iter().map(|row| row.cells.len()).sum();
    cells.all(|cell| named.contains(&cell.column)) && 2 * count >= named.len() * rows.len()
}
