//! Chooses the places of all values together: by how they say the value, by the labels beside them, near the
//! other values of their item, and each place for one value only.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::assignment::assign;
use crate::index::Index;
use crate::labels::Labels;
use crate::leaf::Leaf;
use crate::place::{Place, Places, Tier};
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
    labels: &'a [Labels],
    fields: &'a [usize],
    sites: Vec<Site>,
    /// The scores of labels, by field and value.
    labelled: HashMap<(usize, usize), Vec<f32>>,
    /// The places chosen so far, by their start.
    used: BTreeMap<usize, Range<usize>>,
}

/// The choice for each leaf. `values` has the number of each leaf's value, which equal leaves share, and
/// `places` those of each value; `fields` has the number of each leaf's field, and `labels` theirs.
pub fn choose(
    index: &Index<'_>,
    leaves: &[Leaf],
    values: &[Option<usize>],
    places: &[Places],
    fields: &[usize],
    labels: &[Labels],
) -> Vec<Option<Choice>> {
    let none = Places::default();
    let of_leaf: Vec<&Places> =
        values.iter().map(|value| value.map_or(&none, |value| &places[value])).collect();
    let mut judge = Judge {
        index,
        labels,
        fields,
        sites: sites(index, leaves, &of_leaf),
        labelled: HashMap::new(),
        used: BTreeMap::new(),
    };
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); places.len()];
    for (leaf, value) in values.iter().enumerate() {
        value.iter().for_each(|value| groups[*value].push(leaf));
    }
    let mut order: Vec<usize> = (0..places.len()).collect();
    // A short value may be within the place of a longer one, so that is placed first.
    let length = |value: &usize| places[*value].list.first().map_or(0, |place| place.range.len());
    order.sort_by_key(|value| Reverse(length(value)));
    let mut choices = vec![None; leaves.len()];
    for value in order {
        let list = &places[value].list;
        if list.is_empty() || groups[value].is_empty() {
            continue;
        }
        for (leaf, choice) in judge.group(value, &groups[value], list) {
            let range = list[choice.place].range.clone();
            judge.used.entry(range.start).or_insert(range);
            choices[leaf] = Some(choice);
        }
    }
    choices
}

impl Judge<'_> {
    /// The choices for the leaves with one value.
    fn group(&mut self, value: usize, leaves: &[usize], list: &[Place]) -> Vec<(usize, Choice)> {
        if list.len() == 1 {
            let only = Choice { place: 0, is_tied: false };
            return leaves.iter().map(|leaf| (*leaf, only)).collect();
        }
        if leaves.len().saturating_mul(list.len()) > MOST_PAIRS {
            let place = |(number, leaf): (usize, &usize)| {
                (*leaf, Choice { place: number.min(list.len() - 1), is_tied: true })
            };
            return leaves.iter().enumerate().map(place).collect();
        }
        let scores: Vec<Vec<f32>> =
            leaves.iter().map(|leaf| self.scores(*leaf, value, list)).collect();
        let columns = assign_in_order(&scores);
        let mut is_used = vec![false; list.len()];
        columns.iter().for_each(|column| is_used[*column] = true);
        let is_tied = |row: usize| {
            let least = scores[row][columns[row]] - TIE;
            let free =
                (0..list.len()).any(|column| !is_used[column] && scores[row][column] >= least);
            free || can_swap(&scores, &columns, row)
        };
        let choice = |(row, leaf): (usize, &usize)| {
            (*leaf, Choice { place: columns[row], is_tied: is_tied(row) })
        };
        leaves.iter().enumerate().map(choice).collect()
    }

    /// How well each place suits a leaf.
    fn scores(&mut self, leaf: usize, value: usize, list: &[Place]) -> Vec<f32> {
        let field = self.fields[leaf];
        let (index, labels) = (self.index, &self.labels[field]);
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
                    Tier::Normalized => NORMALIZED,
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
