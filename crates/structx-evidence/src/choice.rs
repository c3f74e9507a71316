//! Chooses the places of all values together: by how they say the value, by the labels beside them, near the
//! other values of their item, and each place for one value only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::assignment::{assign, best};
use crate::index::Index;
use crate::leaf::Leaf;
use crate::place::{Place, Places, Tier};
use crate::search::Search;
use crate::sites::{Site, sites};

/// How much a label counts beside the words of the value themselves (1 for the same characters), and how much
/// a place in a header or footer, or within the place of a longer value, loses: chosen by hand.
const LABEL: f32 = 0.5;
const NORMALIZED: f32 = 0.9;
const FUZZY: f32 = 0.6;
const MARGIN: f32 = 0.05;
const WITHIN: f32 = 0.3;

/// Places whose scores differ by less are alike: chosen by hand.
const TIE: f32 = 0.01;

/// The score of a place that another spelling of the value has.
const ABSENT: f32 = -100.0;

/// The most pairs of equal values and their places that are scored: chosen by hand. Above, the places are
/// given in the order of the text, and are ambiguous.
const MOST_PAIRS: usize = 1 << 22;

/// The place chosen for a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Its number in the list of places.
    pub place: usize,
    /// Another free place is as good.
    pub is_tied: bool,
}

/// What places are judged by.
struct Judge<'a> {
    index: &'a Index<'a>,
    search: &'a Search,
    sites: Vec<Site>,
    /// The scores of labels, by field and value.
    labelled: HashMap<(usize, usize), Vec<f32>>,
    /// The places chosen so far, by their start.
    used: BTreeMap<usize, Range<usize>>,
}

/// The choice for each leaf.
pub fn choose(index: &Index<'_>, leaves: &[Leaf], search: &Search) -> Vec<Option<Choice>> {
    let none = Places::default();
    let places = search.values.iter().map(|value| value.map(|value| &search.places[value]));
    let places: Vec<&Places> = places.map(|places| places.unwrap_or(&none)).collect();
    let mut judge = Judge {
        index,
        search,
        sites: sites(index, leaves, &places),
        labelled: HashMap::new(),
        used: BTreeMap::new(),
    };
    let mut groups: Vec<Vec<(usize, usize)>> = vec![Vec::new(); search.places.len()];
    for (leaf, value) in search.values.iter().enumerate() {
        if let Some(value) = value.filter(|value| !search.places[*value].list.is_empty()) {
            groups[search.groups[value]].push((leaf, value));
        }
    }
    groups.retain(|group| !group.is_empty());
    // A short value may be within the place of a longer one, so that is placed first.
    groups.sort_by_key(|group| Reverse(search.places[group[0].1].list[0].range.len()));
    let mut choices = vec![None; leaves.len()];
    for group in groups {
        for ((leaf, value), choice) in group.iter().zip(judge.group(&group)) {
            let range = search.places[*value].list[choice.place].range.clone();
            judge.used.entry(range.start).or_insert(range);
            choices[*leaf] = Some(choice);
        }
    }
    choices
}

impl Judge<'_> {
    /// The choices for leaves with equal values, each given with the number of its value.
    fn group(&mut self, group: &[(usize, usize)]) -> Vec<Choice> {
        let search = self.search;
        let list = |value: usize| &search.places[value].list;
        let mut values: Vec<usize> = group.iter().map(|(_, value)| *value).collect();
        values.sort_unstable();
        values.dedup();
        let starts = values.iter().flat_map(|value| list(*value)).map(|place| place.range.start);
        let mut starts: Vec<usize> = starts.collect();
        starts.sort_unstable();
        starts.dedup();
        if starts.len() == 1 {
            return vec![Choice { place: 0, is_tied: false }; group.len()];
        }
        if group.len().saturating_mul(starts.len()) > MOST_PAIRS {
            let nth = |(number, (_, value)): (usize, &(usize, usize))| Choice {
                place: number.min(list(*value).len() - 1),
                is_tied: true,
            };
            return group.iter().enumerate().map(nth).collect();
        }
        let scores: Vec<Vec<f32>> =
            group.iter().map(|(leaf, value)| self.row(*leaf, *value, &starts)).collect();
        let columns = assign_in_order(&scores);
        let mut is_used = vec![false; starts.len()];
        for column in &columns {
            is_used[*column] = true;
        }
        let choice = |(row, (_, value)): (usize, &(usize, usize))| {
            // Another leaf may have the only place that this one has.
            let is_own = scores[row][columns[row]] > ABSENT;
            let column = if is_own { columns[row] } else { best(&scores[row]) };
            let least = scores[row][column] - TIE;
            let is_free =
                (0..starts.len()).any(|other| !is_used[other] && scores[row][other] >= least);
            let place = list(*value).partition_point(|place| place.range.start < starts[column]);
            Choice { place, is_tied: is_free || (is_own && can_swap(&scores, &columns, row)) }
        };
        group.iter().enumerate().map(choice).collect()
    }

    /// How well each of the starts suits a leaf.
    fn row(&mut self, leaf: usize, value: usize, starts: &[usize]) -> Vec<f32> {
        let search = self.search;
        let list = &search.places[value].list;
        let scores = self.scores(leaf, value, list);
        let mut row = vec![ABSENT; starts.len()];
        for (place, score) in list.iter().zip(scores) {
            row[starts.partition_point(|start| *start < place.range.start)] = score;
        }
        row
    }

    /// How well each place suits a leaf.
    fn scores(&mut self, leaf: usize, value: usize, list: &[Place]) -> Vec<f32> {
        let (index, search) = (self.index, self.search);
        let field = search.fields[leaf];
        let labels = &search.labels[field];
        let labelled = self.labelled.entry((field, value)).or_insert_with(|| {
            list.iter().map(|place| labels.score(index, &place.range)).collect()
        });
        let labelled = labelled.clone();
        let site = &self.sites[leaf];
        list.iter()
            .zip(labelled)
            .map(|(place, label)| {
                let tier = match place.tier {
                    Tier::Exact => 1.0,
                    Tier::Normalized => NORMALIZED * place.score,
                    Tier::Fuzzy => FUZZY * place.score,
                };
                let margin = if index.is_in_margin(place.range.start) { MARGIN } else { 0.0 };
                let within = if self.is_within_used(&place.range) { WITHIN } else { 0.0 };
                let doubt = if place.is_doubtful { 1.0 - NORMALIZED } else { 0.0 };
                tier + label * LABEL + site.nearness(index, place.range.start)
                    - margin
                    - within
                    - doubt
            })
            .collect()
    }

    /// Whether the range shares bytes with a place that is chosen for another value.
    fn is_within_used(&self, range: &Range<usize>) -> bool {
        let before = self.used.range(..range.end).next_back();
        before.is_some_and(|(_, used)| used.end > range.start)
    }
}

/// Assigns the columns; among equal scores in the order of rows and columns.
fn assign_in_order(scores: &[Vec<f32>]) -> Vec<usize> {
    // Less than what makes a tie, so that it decides among equals only.
    let step = TIE / 4.0 / scores.first().map_or(1, |row| row.len().max(1)) as f32;
    let count = scores.len() as f32;
    let mut ordered = scores.to_vec();
    for (row, scores) in ordered.iter_mut().enumerate() {
        for (column, score) in scores.iter_mut().enumerate() {
            *score -= step * column as f32 * (count - row as f32) / count;
        }
    }
    assign(&ordered)
}

/// Whether a row could change its column with another one without loss.
fn can_swap(scores: &[Vec<f32>], columns: &[usize], row: usize) -> bool {
    (0..scores.len()).filter(|other| *other != row && columns[*other] != columns[row]).any(
        |other| {
            let now = scores[row][columns[row]] + scores[other][columns[other]];
            let then = scores[row][columns[other]] + scores[other][columns[row]];
            then >= now - TIE
        },
    )
}
