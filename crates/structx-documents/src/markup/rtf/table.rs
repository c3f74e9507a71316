//! RTF tables: rows of cells; the columns that a cell spans follow from its right edge.

use crate::FileError;
use crate::markup::flow::Flow;

#[derive(Default)]
pub(super) struct RtfTable {
    /// The paragraph is in a table cell.
    pub(super) in_row: bool,
    open: TableState,
    /// The right edges of the cells of the row being defined, in twips.
    edges: Vec<i32>,
    rows: Vec<Vec<i32>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TableState {
    #[default]
    Nothing,
    Table,
    Row,
    Cell,
}

impl RtfTable {
    /// Begins a row definition (`\trowd`).
    pub(super) fn describe(&mut self) {
        self.edges.clear();
    }

    pub(super) fn edge(&mut self, edge: i32) {
        self.edges.push(edge);
    }

    /// Opens the table, row and cell of the next paragraph, or closes the table before it.
    pub(super) fn place(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        if !self.in_row {
            return self.close(flow);
        }
        if self.open < TableState::Table {
            flow.open_table()?;
        }
        if self.open < TableState::Row {
            flow.row()?;
            self.rows.push(Vec::new());
        }
        if self.open < TableState::Cell {
            flow.cell(1, 1, false)?;
        }
        self.open = TableState::Cell;
        Ok(())
    }

    pub(super) fn end_cell(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        self.open = self.open.min(TableState::Row);
        flow.end_cell()
    }

    pub(super) fn end_row(&mut self) {
        if let Some(row) = self.rows.last_mut().filter(|_| self.open >= TableState::Row) {
            row.clone_from(&self.edges);
        }
        self.open = self.open.min(TableState::Table);
    }

    fn close(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        if self.open == TableState::Nothing {
            return Ok(());
        }
        let mut edges: Vec<i32> = self.rows.iter().flatten().copied().collect();
        edges.sort_unstable();
        edges.dedup();
        for (row, ends) in self.rows.iter().enumerate() {
            let mut start = 0;
            for (cell, edge) in ends.iter().enumerate() {
                let end = edges.partition_point(|other| other <= edge);
                flow.widen(row, cell, u32::try_from(end.saturating_sub(start)).unwrap_or(1));
                start = end.max(start);
            }
        }
        *self = Self::default();
        flow.close_table()
    }
}
