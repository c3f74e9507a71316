//! Coverage: which amounts, dates and table rows of a text no value cites.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::index::Index;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Omission {
    /// A number with a currency or with decimals.
    Amount,
    Date,
    /// A row of a table of which other rows are cited.
    TableRow,
}

/// A part of a text that no value cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncited {
    pub omission: Omission,
    /// Bytes of the document's text.
    pub range: Range<usize>,
}

/// How far the values of an extraction cover what the text states.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// The number of amounts and dates in the text.
    pub stated: usize,
    /// The number of those that a value cites, or that say the same as one that a value cites.
    pub cited: usize,
    /// What no value cites, in the order of the text.
    pub uncited: Vec<Uncited>,
}

/// Compares evidence with the amounts, dates and table rows of the text. What stands in a row that no value
/// cites is not listed apart from the row.
///
/// ```
/// use structx_evidence::{Index, Leaf, Omission, coverage, find};
///
/// let text = "Net EUR 100.00, VAT EUR 19.00, total EUR 119.00 (EUR 119.00 due on 3 May 2026)";
/// let index = Index::new(text);
/// let found = find(&index, &[Leaf::text("/0/total", "119.00"), Leaf::text("/0/net", "100.00")]);
/// let coverage = coverage(&index, &found);
/// assert_eq!((coverage.cited, coverage.stated), (3, 5));
/// let left: Vec<_> =
///     coverage.uncited.into_iter().map(|it| (it.omission, &text[it.range])).collect();
/// assert_eq!(left, [(Omission::Amount, "EUR 19.00"), (Omission::Date, "3 May 2026")]);
/// ```
#[must_use]
pub fn coverage(index: &Index<'_>, evidence: &[Evidence]) -> Coverage {
    let spans = evidence.iter().flat_map(|one| &one.spans);
    let local = |span: &Range<usize>| span.start - index.offset()..span.end - index.offset();
    let cited = Cited::new(spans.map(local).collect());
    let rows = rows(index, &cited);
    let is_in_row = |range: &Range<usize>| {
        let after = rows.partition_point(|row| row.start <= range.start);
        rows[..after].last().is_some_and(|row| row.contains(&range.start))
    };
    let (amounts, dates) = (index.typed().stated_amounts(), index.typed().stated_dates());
    let mut coverage = Coverage { stated: amounts.len() + dates.len(), ..Coverage::default() };
    let mut left = 0;
    for (omission, stated) in [(Omission::Amount, amounts), (Omission::Date, dates)] {
        for range in cited.left(stated) {
            left += 1;
            if !is_in_row(&range) {
                coverage.uncited.push(Uncited { omission, range });
            }
        }
    }
    coverage.cited = coverage.stated - left;
    let rows = rows.into_iter().map(|range| Uncited { omission: Omission::TableRow, range });
    coverage.uncited.extend(rows);
    coverage.uncited.sort_by_key(|it| it.range.start);
    for it in &mut coverage.uncited {
        it.range = it.range.start + index.offset()..it.range.end + index.offset();
    }
    coverage
}

/// The cited spans, sorted, none within another.
struct Cited(Vec<Range<usize>>);

impl Cited {
    fn new(mut spans: Vec<Range<usize>>) -> Self {
        spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
        let mut end = 0;
        spans.retain(|span| {
            let is_new = span.end > end;
            end = end.max(span.end);
            is_new
        });
        Self(spans)
    }

    fn has(&self, range: &Range<usize>) -> bool {
        let from = self.0.partition_point(|span| span.end <= range.start);
        self.0.get(from).is_some_and(|span| span.start < range.end)
    }

    /// What is stated with a value that no span states.
    fn left(&self, stated: Vec<(Range<usize>, String)>) -> Vec<Range<usize>> {
        let said = stated.iter().filter(|(range, _)| self.has(range));
        let said: HashSet<String> = said.map(|(_, value)| value.clone()).collect();
        let left = stated.into_iter().filter(|(_, value)| !said.contains(value));
        left.map(|(range, _)| range).collect()
    }
}

/// The rows without a cited value of tables that have others, but for headers.
fn rows(index: &Index<'_>, cited: &Cited) -> Vec<Range<usize>> {
    let (text, layout) = (index.text(), index.layout());
    let body = |line: usize| {
        let first = layout.table(line)?;
        let range = layout.line_range(line);
        let has_words = text[range.clone()].contains(char::is_alphanumeric);
        (line > first && has_words).then_some((first, range))
    };
    let rows: Vec<_> = (0..layout.line_count()).filter_map(body).collect();
    let tables: HashSet<usize> =
        rows.iter().filter(|(_, range)| cited.has(range)).map(|(table, _)| *table).collect();
    let left =
        rows.into_iter().filter(|(table, range)| tables.contains(table) && !cited.has(range));
    left.map(|(_, range)| range.start..range.start + text[range].trim_end().len()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Coverage, Omission, coverage};
    use crate::{Index, Leaf, find};

    const LINES: &str = "| item | price |\n| --- | --- |\n| lamp | 49.00 |\n| chair | 189.00 |\n\
        | desk | 20.50 |\n\n| other |\n| --- |\n| table |\n\nTotal 258.50 by 2026-01-05, page 3";

    fn left(values: &[&str]) -> Vec<(Omission, String)> {
        let index = Index::new(LINES);
        let leaves: Vec<Leaf> = values.iter().map(|value| Leaf::text("/0/x", value)).collect();
        let found = coverage(&index, &find(&index, &leaves)).uncited;
        found.into_iter().map(|it| (it.omission, LINES[it.range].to_owned())).collect()
    }

    #[test]
    fn rows_amounts_and_dates_that_no_value_cites_are_told() {
        let row = |text: &str| (Omission::TableRow, text.to_owned());
        assert_eq!(
            left(&["lamp", "189.00"]),
            [
                (Omission::Amount, "49.00".to_owned()),
                row("| desk | 20.50 |"),
                (Omission::Amount, "258.50".to_owned()),
                (Omission::Date, "2026-01-05".to_owned()),
            ]
        );
        assert_eq!(
            left(&["lamp", "chair", "desk", "258.50", "2026-01-05", "49.00", "189.00", "20.50"]),
            []
        );
    }

    #[test]
    fn offsets_are_those_of_the_document() {
        let text = "\u{e4} 7.50 and 8.50".to_owned();
        let document = structx_documents::Document { text, ..Default::default() };
        let range = 3..document.text.len();
        let index = Index::of_document(&document, range);
        let found = coverage(&index, &find(&index, &[Leaf::text("/0/x", "7.50")])).uncited;
        assert_eq!(
            json!(found),
            json!([{"omission": "amount", "range": {"start": 12, "end": 16}}])
        );
    }

    #[test]
    fn nothing_is_left_of_nothing() {
        assert_eq!(coverage(&Index::new(""), &[]), Coverage::default());
    }
}
