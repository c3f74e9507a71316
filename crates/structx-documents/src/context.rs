//! The context of a read: the source's name, the caller's options and the remaining limits.

use std::time::Duration;

use cpu_time::ThreadTime;

use super::limits::bytes_weight;
use super::{ExceededLimit, FileError, FileErrorKind, Limits, ReadOptions};

/// How many cells of a text file (CSV, TSV) count as one: those are stored as text, without more.
/// Chosen so that 1,000,000 x 30 are within the default.
const TEXT_CELLS: u64 = 10;

/// Passed to every reader along with the bytes. A reader checks a limit before it allocates.
pub(super) struct ReadContext<'a> {
    /// The path or name as the caller gave it.
    pub(super) name: &'a str,
    pub(super) options: &'a ReadOptions,
    /// `None` if the system has no thread clock; time is then unbounded.
    started: Option<ThreadTime>,
}

impl<'a> ReadContext<'a> {
    pub(super) fn new(name: &'a str, options: &'a ReadOptions) -> Self {
        Self { name, options, started: ThreadTime::try_now().ok() }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.options.limits
    }

    pub(super) fn error(&self, kind: FileErrorKind, message: impl Into<String>) -> FileError {
        FileError::new(kind, self.name, message)
    }

    pub(super) fn corrupt(&self, message: impl Into<String>) -> FileError {
        self.error(FileErrorKind::Corrupt, message)
    }

    /// Checks the size of the file; that of a text file of records, by its name, may be larger.
    pub(super) fn check_bytes(&self, bytes: u64) -> Result<(), FileError> {
        let weight = bytes_weight(self.name);
        self.check_weighted("bytes", "bytes", bytes, self.limits().bytes, weight)
    }

    /// The most bytes of the file.
    pub(super) fn most_bytes(&self) -> u64 {
        self.limits().most_bytes(self.name)
    }

    pub(super) fn check_unpacked_bytes(&self, bytes: u64) -> Result<(), FileError> {
        self.check("unpacked_bytes", "unpacked bytes", bytes, self.limits().unpacked_bytes)
    }

    /// Parts of up to 1 MiB may have any ratio.
    pub(super) fn check_inflate_ratio(&self, packed: u64, unpacked: u64) -> Result<(), FileError> {
        const SMALL: u64 = 1 << 20;
        let most = self.limits().inflate_ratio;
        if unpacked <= SMALL.max(packed.saturating_mul(most)) {
            return Ok(());
        }
        let what = format!("a part unpacks to more than {most} times its compressed size");
        let ratio = unpacked.div_ceil(packed.max(1));
        Err(self.exceeded("inflate_ratio", &what, &ratio.to_string()))
    }

    pub(super) fn check_entries(&self, entries: usize) -> Result<(), FileError> {
        self.check("entries", "entries", entries as u64, self.limits().entries as u64)
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<(), FileError> {
        self.check("depth", "levels of nesting", depth as u64, self.limits().depth as u64)
    }

    pub(super) fn check_pages(&self, pages: usize) -> Result<(), FileError> {
        self.check("pages", "pages", pages as u64, self.limits().pages as u64)
    }

    pub(super) fn check_glyphs(&self, glyphs: usize) -> Result<(), FileError> {
        self.check("glyphs", "glyphs", glyphs as u64, self.limits().glyphs as u64)
    }

    pub(super) fn check_characters(&self, text: &str) -> Result<(), FileError> {
        // There are no more characters than bytes, so that most texts need no counting.
        let limit = self.limits().characters;
        let count = if text.len() <= limit { 0 } else { text.chars().count() };
        self.check_character_count(count)
    }

    pub(super) fn check_character_count(&self, count: usize) -> Result<(), FileError> {
        self.check("characters", "characters", count as u64, self.limits().characters as u64)
    }

    /// Refuses a growing text that is certainly too long, by its bytes.
    pub(super) fn check_growing(&self, bytes: usize) -> Result<(), FileError> {
        const MOST_BYTES_OF_A_CHARACTER: usize = 4;
        let characters = bytes / MOST_BYTES_OF_A_CHARACTER;
        self.check("characters", "characters", characters as u64, self.limits().characters as u64)
    }

    /// Checks the cells of a table within a document, which take three times the memory of records.
    pub(super) fn check_document_cells(&self, cells: usize) -> Result<(), FileError> {
        self.check_cells(cells.saturating_mul(3))
    }

    /// Checks the cells of a text file, which take a tenth of the memory of other cells.
    pub(super) fn check_text_cells(&self, cells: usize) -> Result<(), FileError> {
        self.check_weighted("cells", "cells", cells as u64, self.limits().cells as u64, TEXT_CELLS)
    }

    pub(super) fn check_cells(&self, cells: usize) -> Result<(), FileError> {
        self.check("cells", "cells", cells as u64, self.limits().cells as u64)
    }

    pub(super) fn check_pixels(&self, pixels: u64) -> Result<(), FileError> {
        self.check("pixels", "pixels", pixels, self.limits().pixels)
    }

    /// Fails once the CPU time is used up. Call it in every loop whose length the file controls.
    pub(super) fn check_time(&self) -> Result<(), FileError> {
        let limit = self.limits().seconds;
        if self.started.is_some_and(|started| started.elapsed().as_secs_f64() > limit) {
            let what = format!("takes more than {limit} s of CPU");
            return Err(self.exceeded("seconds", &what, &(limit * 4.0).to_string()));
        }
        Ok(())
    }

    /// The remaining CPU time.
    pub(super) fn time_left(&self) -> Duration {
        let spent = self.started.map_or(0.0, |started| started.elapsed().as_secs_f64());
        let left = (self.limits().seconds - spent).max(0.0);
        // Without a bound it is infinite.
        Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX)
    }

    fn check(&self, limit: &str, unit: &str, found: u64, most: u64) -> Result<(), FileError> {
        self.check_weighted(limit, unit, found, most, 1)
    }

    /// Checks what counts one part in `weight` of the limit.
    fn check_weighted(
        &self,
        limit: &str,
        unit: &str,
        found: u64,
        most: u64,
        weight: u64,
    ) -> Result<(), FileError> {
        let allowed = most.saturating_mul(weight);
        if found <= allowed {
            return Ok(());
        }
        let needed = found.div_ceil(weight).max(most.saturating_mul(2));
        Err(self.exceeded(limit, &format!("more than {allowed} {unit}"), &needed.to_string()))
    }

    /// The error of a limit; `value` is one that may do.
    fn exceeded(&self, limit: &str, what: &str, value: &str) -> FileError {
        let message = format!(
            "{what}; split the file, or raise the limit: \
             file_options={{\"limits\": {{\"{limit}\": {value}}}}}"
        );
        let error = self.error(FileErrorKind::LimitExceeded, message);
        let (name, problem, enough) = (limit.to_owned(), what.to_owned(), value.to_owned());
        FileError { limit: Some(Box::new(ExceededLimit { name, problem, enough })), ..error }
    }
}
