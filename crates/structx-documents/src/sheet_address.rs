//! The addresses of cells in a workbook, such as `Sheet1!B7`.

use std::ops::Range;

use crate::Document;

impl Document {
    /// The address of the cells of one sheet that share a byte with the range, such as `Sheet1!B7` or
    /// `'Q1 2024'!A1:D9`; `None` without a cell, or if they are of several sheets.
    #[must_use]
    pub fn address(&self, range: &Range<usize>) -> Option<String> {
        let cells = self.cells_in(range);
        let page = cells.first()?.page;
        if cells.iter().any(|cell| cell.page != page) {
            return None;
        }
        let sheet = self.pages.iter().find(|known| known.number == page)?.name.as_deref()?;
        let rows = cells.iter().map(|cell| cell.row);
        let columns = cells.iter().map(|cell| cell.column);
        let first = address(rows.clone().min()?, columns.clone().min()?);
        let last = address(rows.max()?, columns.max()?);
        let sheet = quoted(sheet);
        Some(if first == last {
            format!("{sheet}!{first}")
        } else {
            format!("{sheet}!{first}:{last}")
        })
    }
}

/// The name of a sheet, in apostrophes unless it is a plain name, as formulas write it.
fn quoted(sheet: &str) -> String {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let is_plain =
        sheet.chars().all(is_letter) && sheet.chars().next().is_some_and(|c| !c.is_ascii_digit());
    if is_plain { sheet.to_owned() } else { format!("'{}'", sheet.replace('\'', "''")) }
}

/// The address of a cell with row and column from 0: `B7`.
pub(crate) fn address(row: u32, column: u32) -> String {
    format!("{}{}", letters(column), u64::from(row) + 1)
}

/// The letters of a column, from 0 for `A`.
pub(crate) fn letters(column: u32) -> String {
    const LETTERS: u64 = 26;
    let mut rest = u64::from(column) + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % LETTERS).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / LETTERS;
    }
    letters.iter().rev().collect()
}

/// The row and the column of an address such as `B7`, from 0.
pub(crate) fn parse(address: &str) -> Option<(u32, u32)> {
    let digits = address.find(|c: char| c.is_ascii_digit())?;
    let column = address[..digits].bytes().try_fold(0_u32, |column, letter| {
        let digit = letter.is_ascii_alphabetic().then(|| letter.to_ascii_uppercase() - b'A')?;
        column.checked_mul(26)?.checked_add(u32::from(digit) + 1)
    })?;
    let row: u32 = address[digits..].parse().ok()?;
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{address, letters, parse, quoted};

    #[test]
    fn columns_have_letters() {
        for (column, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (16_383, "XFD")] {
            assert_eq!(letters(column), expected);
        }
        assert_eq!(parse("XFD1048576"), Some((1_048_575, 16_383)));
        for wrong in ["", "A", "7", "A0", "7A", "Ä1", "A1B", "ZZZZZZZZ1", "A99999999999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_that_are_not_plain_are_quoted() {
        for (name, expected) in [
            ("Sheet1", "Sheet1"),
            ("Übersicht", "Übersicht"),
            ("Q1 '24", "'Q1 ''24'"),
            ("2024", "'2024'"),
        ] {
            assert_eq!(quoted(name), expected);
        }
    }

    proptest! {
        #[test]
        fn addresses_are_read_as_written(row in 0..u32::MAX - 1, column in 0..u32::MAX - 1) {
            prop_assert_eq!(parse(&address(row, column)), Some((row, column)));
        }
    }
}
