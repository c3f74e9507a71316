//! Tables of RTF: rows of cells whose right edges say which columns they reach over.

use crate::FileError;
use crate::markup::flow::Flow;

#[derive(Default)]
pub(super) struct Table {
    /// The paragraph is in a cell.
    pub(super) in_row: bool,
    open: Open,
    /// The right edges of the cells of the row that is described.
    edges: Vec<i32>,
    rows: Vec<Vec<i32>>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Open {
    #[default]
    Nothing,
    Table,
    Row,
    Cell,
}

impl Table {
    /// Begins the description of a row.
    pub(super) fn describe(&mut self) {
        self.edges.clear();
    }

    pub(super) fn edge(&mut self, edge: i32) {
        self.edges.push(edge);
    }

    /// Opens what the next paragraph stands in, or closes what it does not.
    pub(super) fn place(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        if !self.in_row {
            return self.close(flow);
        }
        if self.open < Open::Table {
            flow.open_table()?;
        }
        if self.open < Open::Row {
            flow.row()?;
            self.rows.push(Vec::new());
        }
        if self.open < Open::Cell {
            flow.cell(1, 1, false)?;
        }
        self.open = Open::Cell;
        Ok(())
    }

    pub(super) fn end_cell(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        self.open = self.open.min(Open::Row);
        flow.end_cell()
    }

    pub(super) fn end_row(&mut self) {
        if let Some(row) = self.rows.last_mut().filter(|_| self.open >= Open::Row) {
            row.clone_from(&self.edges);
        }
        self.open = self.open.min(Open::Table);
    }

    fn close(&mut self, flow: &mut Flow) -> Result<(), FileError> {
        if self.open == Open::Nothing {
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
