//! The literals that a grammar offers: the wordings of numbers, dates and times, each with its value.

use std::collections::HashSet;

use structx_literals::{Moment, dates, numbers};

/// A number, date or time as it is worded in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// The text in the document, such as `$1,982.50`.
    pub text: String,
    /// The value in the notation of JSON or ISO 8601, such as `1982.50`.
    pub value: String,
}

impl Literal {
    pub fn new(text: &str, value: impl Into<String>) -> Self {
        Self { text: text.to_owned(), value: value.into() }
    }
}

/// The literals of several texts by kind, in text order, without duplicates.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Literals {
    pub numbers: Vec<Literal>,
    pub dates: Vec<Literal>,
    pub date_times: Vec<Literal>,
    pub times: Vec<Literal>,
}

/// The maximum number of literals of one kind in a grammar: thousands make it slow. Chosen by hand, not
/// measured.
const MAX_LITERALS: usize = 500;

impl Literals {
    pub fn find<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for text in texts {
            let moments = dates::find(text);
            for number in numbers::find(text, &moments.spans) {
                all.numbers.push(Literal::new(&text[number.range], number.value));
            }
            let literal = |moment: Moment| Literal::new(&text[moment.range], moment.value);
            all.dates.extend(moments.dates.into_iter().map(literal));
            all.date_times.extend(moments.date_times.into_iter().map(literal));
            all.times.extend(moments.times.into_iter().map(literal));
        }
        // The first reading of a wording is the likelier one.
        for list in [&mut all.numbers, &mut all.dates, &mut all.date_times, &mut all.times] {
            let mut seen = HashSet::new();
            list.retain(|literal| seen.insert(literal.text.clone()));
            list.truncate(MAX_LITERALS);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::{Literal, Literals};

    #[test]
    fn finds_each_wording_once_and_no_number_within_a_date_but_the_year() {
        let text = "Invoice 77 of 2024-03-05, due 2024-03-05 at 14:30: $5.00, again $5.00";
        let found = Literals::find([text].into_iter());
        let literal = Literal::new;
        assert_eq!(
            found.numbers,
            [
                literal("77", "77"),
                literal("2024", "2024"),
                literal("$5.00", "5.00"),
                literal("5.00", "5.00")
            ]
        );
        assert_eq!(found.dates, [literal("2024-03-05", "2024-03-05")]);
        assert_eq!(found.times, [literal("14:30", "14:30:00")]);
        assert_eq!(
            found.date_times,
            [
                literal("2024-03-05", "2024-03-05T00:00:00"),
                literal("2024-03-05 at 14:30", "2024-03-05T14:30:00")
            ]
        );
    }
}
