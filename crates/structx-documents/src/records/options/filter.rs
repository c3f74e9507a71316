//! `where` of `file_options`: which records of a table are kept.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

use super::{NAME, option_error};
use crate::FileError;
use crate::table::{Cell, Record, Table};

/// Two characters come first, so that `<=` is not read as `<`.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::More),
    ("~", Operator::Contains),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
    /// Without regard to case.
    Contains,
}

/// Conditions that a record must meet, all of them.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFilter(Vec<Condition>);

#[derive(Debug, Clone, PartialEq)]
struct Condition {
    column: String,
    operator: Operator,
    value: String,
    number: Option<Number>,
}

impl RowFilter {
    /// Parses `"status = open"`, or a list of such conditions.
    pub(super) fn parse(given: Value) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            One(String),
            All(Vec<String>),
        }
        let conditions = match serde_json::from_value(given).ok()? {
            Given::One(condition) => vec![condition],
            Given::All(conditions) => conditions,
        };
        conditions.iter().map(|text| Condition::parse(text)).collect::<Option<_>>().map(Self)
    }

    /// The positions of the records that meet the conditions.
    ///
    /// # Errors
    /// A column does not exist.
    pub fn kept(&self, name: &str, table: &Table) -> Result<Vec<usize>, FileError> {
        let mut tests = Vec::with_capacity(self.0.len());
        for condition in &self.0 {
            let column = table.columns.iter().position(|column| *column == condition.column);
            tests.push((
                condition,
                column.ok_or_else(|| {
                    let (missing, columns) = (&condition.column, table.columns.join(", "));
                    let message = format!(
                        "no column {missing} (`where` of {NAME}); the columns are {columns}"
                    );
                    option_error(name, message)
                })?,
            ));
        }
        let meets = |record: Record| {
            tests.iter().all(|(condition, column)| {
                condition.is_met_by(record.cells(column + 1).nth(*column))
            })
        };
        let records = table.records.iter().enumerate();
        Ok(records.filter(|(_, record)| meets(*record)).map(|(position, _)| position).collect())
    }
}

impl Condition {
    /// The first operator in the text is the operator, so that a value may contain others.
    fn parse(text: &str) -> Option<Self> {
        let at = text.find(['!', '<', '>', '=', '~'])?;
        let (token, operator) =
            OPERATORS.into_iter().find(|(token, _)| text[at..].starts_with(token))?;
        let column = text[..at].trim();
        let given = text[at + token.len()..].trim();
        let value = unquoted(given);
        let takes_none = matches!(operator, Operator::Equal | Operator::NotEqual);
        let is_whole = !column.is_empty() && (takes_none || !value.is_empty());
        is_whole.then(|| Self {
            column: column.to_owned(),
            operator,
            value: value.to_owned(),
            number: if value == given { number(value) } else { None },
        })
    }

    /// Compares numbers if the value is one without quotes, and texts otherwise, so that ISO dates have
    /// their order. A cell without a value is an empty text; another text has no order to a number.
    fn is_met_by(&self, cell: Option<Cell>) -> bool {
        let text = cell.and_then(Cell::text).unwrap_or_default();
        let text = text.trim();
        let order = match (self.number, number(text)) {
            (Some(limit), Some(number)) => number.compare(limit),
            (Some(_), None) => None,
            (None, _) => Some(text.cmp(&self.value)),
        };
        match self.operator {
            Operator::Equal => order == Some(Ordering::Equal),
            Operator::NotEqual => order != Some(Ordering::Equal),
            Operator::Contains => text.to_lowercase().contains(&self.value.to_lowercase()),
            // An empty cell is neither more nor less than a value.
            _ if text.is_empty() => false,
            Operator::Less => order == Some(Ordering::Less),
            Operator::AtMost => order.is_some_and(Ordering::is_le),
            Operator::More => order == Some(Ordering::Greater),
            Operator::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

/// A number; an integer keeps all its digits.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Number {
    integer: Option<i128>,
    value: f64,
}

impl Number {
    fn compare(self, limit: Self) -> Option<Ordering> {
        match (self.integer, limit.integer) {
            (Some(integer), Some(limit)) => Some(integer.cmp(&limit)),
            _ => self.value.partial_cmp(&limit.value),
        }
    }
}

/// A text as a number; infinities and NaN are words.
fn number(text: &str) -> Option<Number> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(Number { integer: text.parse().ok(), value })
}

/// The text without the quotes around it.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RowFilter;
    use crate::table::Table;

    fn table() -> Table {
        let rows = json!([
            {"id": 1, "status": "open", "net total": "9.50", "day": "2026-01-31", "long": "12345678901234567"},
            {"id": 2, "status": "closed", "net total": "10", "day": "2026-02-01", "long": "12345678901234568"},
            {"id": 3, "status": null, "net total": "", "day": "2026-11-05", "long": "nan"},
            {"id": 4, "status": "Re-Open = no", "net total": "1e2", "day": null},
        ]);
        Table::from_json([rows.to_string()]).unwrap()
    }

    fn kept(given: Value) -> Vec<usize> {
        let filter = RowFilter::parse(given).unwrap();
        filter.kept("t.csv", &table()).unwrap().iter().map(|position| position + 1).collect()
    }

    #[test]
    fn records_are_kept_by_their_values() {
        for (condition, expected) in [
            ("status = open", vec![1]),
            ("status=\"open\"", vec![1]),
            ("status != open", vec![2, 3, 4]),
            ("status =", vec![3]),
            ("status != ''", vec![1, 2, 4]),
            ("status ~ OPEN", vec![1, 4]),
            ("status = Re-Open = no", vec![4]),
            ("net total < 10", vec![1]),
            ("net total <= 10.0", vec![1, 2]),
            ("net total > 9.5", vec![2, 4]),
            ("net total >= 100", vec![4]),
            ("net total = 100", vec![4]),
            ("net total = '10'", vec![2]),
            ("net total != \"1e2\"", vec![1, 2, 3]),
            ("status > 1", vec![]),
            ("status != 1", vec![1, 2, 3, 4]),
            ("long = 12345678901234567", vec![1]),
            ("long = nan", vec![3]),
            ("day < 2026-02-01", vec![1]),
            ("day >= 2026-02-01", vec![2, 3]),
        ] {
            assert_eq!(kept(json!(condition)), expected, "{condition}");
        }
        assert_eq!(kept(json!(["id > 1", "net total > 9", "status != closed"])), [4]);
        assert_eq!(kept(json!([])), [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for wrong in [json!("status"), json!("= open"), json!("id >"), json!(3), json!(["id ! 3"])]
        {
            assert_eq!(RowFilter::parse(wrong.clone()), None, "{wrong}");
        }
        let filter = RowFilter::parse(json!("state = open")).unwrap();
        let error = filter.kept("t.csv", &table()).unwrap_err();
        assert!(error.message.contains("no column state"), "{error}");
        assert!(error.message.contains("id, status, net total, day, long"), "{error}");
    }
}
