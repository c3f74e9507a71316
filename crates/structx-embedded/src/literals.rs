//! The numbers, dates and times that a document holds: each as its own words and as what they
//! mean.

use std::collections::HashSet;

use super::{dates, numbers};

/// Words of the document and their meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// As it stands in the document, such as `$1,982.50`.
    pub text: String,
    /// In JSON's and ISO 8601's spelling, such as `1982.50`.
    pub meaning: String,
}

impl Literal {
    pub fn new(text: &str, meaning: impl Into<String>) -> Self {
        Self { text: text.to_owned(), meaning: meaning.into() }
    }
}

/// All literals of some texts, by kind, in the order of the text, each wording once.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Literals {
    pub numbers: Vec<Literal>,
    pub dates: Vec<Literal>,
    pub date_times: Vec<Literal>,
    pub times: Vec<Literal>,
}

/// More than this of one kind is not offered: a grammar of thousands is slow, and a model that
/// has to choose among so many is lost anyway.
const MOST: usize = 500;

impl Literals {
    pub fn find<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for text in texts {
            let moments = dates::find(text);
            all.numbers.extend(numbers::find(text, &moments.spans));
            all.dates.extend(moments.dates);
            all.date_times.extend(moments.date_times);
            all.times.extend(moments.times);
        }
        for list in [&mut all.numbers, &mut all.dates, &mut all.date_times, &mut all.times] {
            let mut seen = HashSet::new();
            list.retain(|literal| seen.insert(literal.text.clone()));
            list.truncate(MOST);
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
