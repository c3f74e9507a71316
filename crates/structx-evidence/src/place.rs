//! A place of a text that may say a value.

use std::ops::Range;

/// How a place says a value, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Exact,
    Normalized,
    Fuzzy,
}

/// A place that may say a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Bytes of the index's text.
    pub range: Range<usize>,
    pub tier: Tier,
    /// From 0 to 1: how alike value and text are.
    pub score: f32,
    /// The place can also be read as another value.
    pub is_doubtful: bool,
}

/// The places that say one value.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// In the order of the text, without two at the same start.
    pub list: Vec<Place>,
    /// How many there are, also those that are not listed.
    pub count: usize,
}

impl Places {
    /// Sorts the places, keeps the best of each start, and drops what is fuzzy beside what is not.
    pub fn of(mut list: Vec<Place>) -> Self {
        let has_better = list.iter().any(|place| place.tier < Tier::Fuzzy);
        list.retain(|place| !has_better || place.tier < Tier::Fuzzy);
        list.sort_by(|one, two| {
            let by_start = one.range.start.cmp(&two.range.start);
            by_start
                .then(one.is_doubtful.cmp(&two.is_doubtful))
                .then(one.tier.cmp(&two.tier))
                .then(one.range.end.cmp(&two.range.end))
        });
        list.dedup_by_key(|place| place.range.start);
        Self { count: list.len(), list }
    }

    /// The places of both.
    pub fn and(self, other: Self) -> Self {
        if other.list.is_empty() {
            return self;
        }
        let counted = self.count.max(other.count);
        let both = Self::of(self.list.into_iter().chain(other.list).collect());
        Self { count: both.count.max(counted), ..both }
    }
}
