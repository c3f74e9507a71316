//! Where the elements of lists stand: items in the order of the text, the values of an item close together.
//!
//! An element that is an object stands on a line, one that is a value at a byte. A dynamic program chooses
//! the sites of a list's elements that say most of their values in the order of the list; where the text has
//! another order, each element takes its best free site.

use std::collections::HashMap;

use crate::index::Index;
use crate::leaf::Leaf;
use crate::place::{Places, Tier};

/// The most sites of an element, the most of all elements of a list together, and the sites from
/// which on only the values with the fewest places are looked at: chosen by hand.
const MOST_SITES: usize = 4096;
const MOST_SITES_OF_ALL: usize = 1 << 20;
const ENOUGH_SITES: usize = 256;

/// The most sites that are remembered as equally good: chosen by hand.
const MOST_TIED: usize = 64;

/// The share of what the elements could say in any order that they must say in the list's order, or
/// the order is given up: chosen by hand.
const LEAST_IN_ORDER: f32 = 0.75;

/// What two elements on one line lose, and the difference up to which sites tie: chosen by hand.
const SAME_LINE: f32 = 0.25;
const TIE: f32 = 0.02;

/// How much being near counts for the elements of a list, and for an object that is alone, whose values may be
/// anywhere: chosen by hand.
const IN_LIST: f32 = 0.4;
const ALONE: f32 = 0.1;

/// Where the element of a leaf stands.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// A line, or for the element of a list of values a byte; `None` if it has no place.
    chosen: Option<usize>,
    /// Other sites that are as good.
    tied: Vec<usize>,
    /// The sites of the elements before and after.
    before: Option<usize>,
    after: Option<usize>,
    is_line: bool,
    weight: f32,
}

impl Site {
    /// How near a place is to the site, from 0 to its weight; less out of the order of the list.
    pub fn nearness(&self, index: &Index<'_>, at: usize) -> f32 {
        let Some(chosen) = self.chosen else { return 0.0 };
        let position = if self.is_line { index.layout().line(at) } else { at };
        let near = |site: usize| self.weight * closeness(position.abs_diff(site), self.is_line);
        let tied = self.tied.iter().map(|site| near(*site) - 0.005).fold(0.0, f32::max);
        let is_before = self.before.is_some_and(|before| position < before);
        let is_after = self.after.is_some_and(|after| position > after);
        let disorder = if is_before || is_after { self.weight / 2.0 } else { 0.0 };
        near(chosen).max(tied) - disorder
    }
}

/// From 1 for the site itself down to 0.
fn closeness(distance: usize, is_line: bool) -> f32 {
    if is_line {
        1.0 / (1.0 + distance as f32)
    } else if distance == 0 {
        1.0
    } else {
        0.0
    }
}

/// The elements of all lists at the same place of the schema: `/0/lines/0`, `/0/lines/1`, `/1/lines/0`.
struct Family {
    elements: Vec<Vec<usize>>,
    is_line: bool,
}

/// The site of each leaf's element. `places` are those of each leaf.
pub fn sites(index: &Index<'_>, leaves: &[Leaf], places: &[&Places]) -> Vec<Site> {
    let mut sites = vec![Site::default(); leaves.len()];
    for family in families(leaves) {
        let is_choice = |leaf: &usize| places[*leaf].list.len() > 1;
        // Without a value that has several places there is nothing to choose.
        if !family.elements.iter().flatten().any(is_choice) {
            continue;
        }
        let found = family.place(index, places);
        for (leaves, site) in family.elements.iter().zip(found) {
            for leaf in leaves {
                sites[*leaf] = site.clone();
            }
        }
    }
    sites
}

fn families(leaves: &[Leaf]) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    let mut by_shape: HashMap<String, usize> = HashMap::new();
    let mut by_element: HashMap<&str, (usize, usize)> = HashMap::new();
    for (index, leaf) in leaves.iter().enumerate() {
        let element = element(&leaf.pointer);
        let (family, position) = *by_element.entry(element).or_insert_with(|| {
            let is_line = element.len() < leaf.pointer.len();
            let shape = format!("{}{is_line}", shape(element));
            let family = *by_shape.entry(shape).or_insert_with(|| {
                families.push(Family { elements: Vec::new(), is_line });
                families.len() - 1
            });
            families[family].elements.push(Vec::new());
            (family, families[family].elements.len() - 1)
        });
        families[family].elements[position].push(index);
    }
    families
}

/// The pointer of the innermost list element that a leaf is in.
fn element(pointer: &str) -> &str {
    let mut end = pointer.len();
    loop {
        let start = pointer[..end].rfind('/').map_or(0, |slash| slash + 1);
        let part = &pointer[start..end];
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return &pointer[..end];
        }
        if start == 0 {
            return "";
        }
        end = start - 1;
    }
}

/// A pointer without the numbers of elements.
fn shape(pointer: &str) -> String {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = pointer.split('/').map(|part| if is_number(part) { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// A site of an element, and how much of the element it says.
#[derive(Debug, Clone, Copy)]
struct Offer {
    at: usize,
    score: f32,
}

impl Family {
    fn place(&self, index: &Index<'_>, places: &[&Places]) -> Vec<Site> {
        let count = self.elements.len();
        let widest = self.elements.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let most = (MOST_SITES_OF_ALL / (count * widest)).clamp(4, MOST_SITES);
        let offers: Vec<Vec<Offer>> =
            self.elements.iter().map(|leaves| self.offers(index, leaves, places, most)).collect();
        let best = |offers: &Vec<Offer>| offers.iter().map(|offer| offer.score).fold(0.0, f32::max);
        let possible: f32 = offers.iter().map(best).sum();
        let (mut chosen, total) = in_order(&offers, self.is_line);
        let is_ordered = total >= possible * LEAST_IN_ORDER;
        if !is_ordered {
            chosen = in_any_order(&offers);
        }
        let weight = if count > 1 { IN_LIST } else { ALONE };
        let mut before = None;
        let mut sites: Vec<Site> = Vec::with_capacity(count);
        for choice in &chosen {
            let site = Site { is_line: self.is_line, weight, before, ..Site::default() };
            sites.push(Site { chosen: choice.map(|offer| offer.at), ..site });
            before = choice.map(|offer| offer.at).or(before).filter(|_| is_ordered);
        }
        let mut after = None;
        for (site, (choice, offers)) in sites.iter_mut().zip(chosen.iter().zip(&offers)).rev() {
            site.after = after;
            after = site.chosen.or(after).filter(|_| is_ordered);
            if let Some(choice) = choice {
                let is_tied = |offer: &&Offer| {
                    offer.at != choice.at
                        && offer.score >= choice.score - TIE
                        && site.before.is_none_or(|before| offer.at > before)
                        && site.after.is_none_or(|after| offer.at < after)
                };
                site.tied =
                    offers.iter().filter(is_tied).map(|offer| offer.at).take(MOST_TIED).collect();
            }
        }
        sites
    }

    /// The sites where an element may stand, in the order of the text.
    fn offers(
        &self,
        index: &Index<'_>,
        leaves: &[usize],
        places: &[&Places],
        most: usize,
    ) -> Vec<Offer> {
        let position = |at: usize| if self.is_line { index.layout().line(at) } else { at };
        // What few places say is found first.
        let mut said: Vec<(f32, Vec<(usize, f32)>)> = leaves
            .iter()
            .map(|leaf| places[*leaf])
            .filter(|places| !places.list.is_empty())
            .map(|places| {
                let rarity = 1.0 / (1.0 + (places.count as f32).ln());
                let weight = |tier| if tier == Tier::Fuzzy { 0.6 } else { 1.0 };
                let at = places.list.iter();
                let at = at.map(|place| (position(place.range.start), weight(place.tier)));
                (rarity, at.collect())
            })
            .collect();
        said.sort_by_key(|(_, at)| at.len());
        let mut sites: Vec<usize> = Vec::new();
        for (_, at) in &said {
            if sites.is_empty() || sites.len() + at.len() <= ENOUGH_SITES {
                sites.extend(at.iter().take(most).map(|(at, _)| at));
            }
        }
        sites.sort_unstable();
        sites.dedup();
        let score = |site: usize| {
            said.iter().map(|(rarity, at)| rarity * nearest(at, site, self.is_line)).sum()
        };
        sites.into_iter().take(most).map(|at| Offer { at, score: score(at) }).collect()
    }
}

/// How near the nearest of the sorted places is to a site, from 0 to 1.
fn nearest(places: &[(usize, f32)], site: usize, is_line: bool) -> f32 {
    let after = places.partition_point(|(at, _)| *at < site);
    let around = &places[after.saturating_sub(1)..places.len().min(after + 1)];
    let near = around.iter().map(|(at, weight)| weight * closeness(at.abs_diff(site), is_line));
    near.fold(0.0, f32::max)
}

/// A chosen offer, and the one of the element before it.
struct Link {
    element: usize,
    offer: Offer,
    total: f32,
    before: Option<usize>,
}

/// The offers with the highest sum whose sites are in the order of the elements, and the sum.
fn in_order(offers: &[Vec<Offer>], is_line: bool) -> (Vec<Option<Offer>>, f32) {
    let mut sites: Vec<usize> = offers.iter().flatten().map(|offer| offer.at).collect();
    sites.sort_unstable();
    sites.dedup();
    let mut links: Vec<Link> = Vec::new();
    let mut chains = Chains { best: vec![None; sites.len() + 1] };
    for (element, offers) in offers.iter().enumerate() {
        let first = links.len();
        for offer in offers {
            let rank = sites.partition_point(|site| *site < offer.at);
            let mut before = chains.until(rank, &links).map(|link| (links[link].total, link));
            if is_line {
                let same = chains.until(rank + 1, &links);
                let shared = same.map(|link| (links[link].total - SAME_LINE, link));
                before = before.max_by_total(shared);
            }
            let total = offer.score + before.map_or(0.0, |(total, _)| total);
            links.push(Link {
                element,
                offer: *offer,
                total,
                before: before.map(|(_, link)| link),
            });
        }
        for link in first..links.len() {
            let rank = sites.partition_point(|site| *site < links[link].offer.at);
            chains.add(rank, link, &links);
        }
    }
    let mut chosen = vec![None; offers.len()];
    let mut at = chains.until(sites.len(), &links);
    let total = at.map_or(0.0, |link| links[link].total);
    while let Some(link) = at {
        chosen[links[link].element] = Some(links[link].offer);
        at = links[link].before;
    }
    (chosen, total)
}

trait ByTotal: Sized {
    fn max_by_total(self, other: Self) -> Self;
}

impl ByTotal for Option<(f32, usize)> {
    /// The one with the higher total, the first of equals.
    fn max_by_total(self, other: Self) -> Self {
        match (self, other) {
            (Some(one), Some(two)) => Some(if two.0 > one.0 { two } else { one }),
            (one, two) => one.or(two),
        }
    }
}

/// The best chain of links that ends at a site or before it, for each site (a Fenwick tree of maxima).
struct Chains {
    best: Vec<Option<usize>>,
}

impl Chains {
    /// The best link among the first `count` sites; the first of equals.
    fn until(&self, count: usize, links: &[Link]) -> Option<usize> {
        let mut at = count;
        let mut best: Option<usize> = None;
        while at > 0 {
            let other = self.best[at];
            best = match (best, other) {
                (Some(one), Some(two)) if !is_better(&links[two], &links[one]) => Some(one),
                (one, two) => two.or(one),
            };
            at -= at & at.wrapping_neg();
        }
        best
    }

    fn add(&mut self, rank: usize, link: usize, links: &[Link]) {
        let mut at = rank + 1;
        while at < self.best.len() {
            let is_first = self.best[at].is_none_or(|other| is_better(&links[link], &links[other]));
            if is_first {
                self.best[at] = Some(link);
            }
            at += at & at.wrapping_neg();
        }
    }
}

/// Whether a chain says more, or as much with an earlier end.
fn is_better(one: &Link, two: &Link) -> bool {
    one.total > two.total + 1e-4 || (one.total > two.total - 1e-4 && one.offer.at < two.offer.at)
}

/// The best free offer of each element, those first that have the best.
fn in_any_order(offers: &[Vec<Offer>]) -> Vec<Option<Offer>> {
    let mut pairs: Vec<(usize, Offer)> = Vec::new();
    for (element, offers) in offers.iter().enumerate() {
        pairs.extend(offers.iter().map(|offer| (element, *offer)));
    }
    pairs.sort_by(|one, two| two.1.score.total_cmp(&one.1.score));
    let mut chosen: Vec<Option<Offer>> = vec![None; offers.len()];
    let mut used = std::collections::HashSet::new();
    for (element, offer) in pairs {
        if chosen[element].is_none() && used.insert(offer.at) {
            chosen[element] = Some(offer);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Offer, element, in_order, shape};

    #[test]
    fn pointers_name_their_element() {
        for (pointer, expected, without) in [
            ("/0/lines/2/price", "/0/lines/2", "/*/lines/*"),
            ("/0/tags/1", "/0/tags/1", "/*/tags/*"),
            ("/0/seller/name", "/0", "/*"),
            ("/name", "", "*"),
        ] {
            assert_eq!(element(pointer), expected);
            if !expected.is_empty() {
                assert_eq!(shape(expected).trim_start_matches('*'), without);
            }
        }
    }

    /// The highest sum, tried out.
    fn naive(offers: &[Vec<Offer>], from: usize) -> f32 {
        let Some((first, rest)) = offers.split_first() else { return 0.0 };
        let placed = first.iter().filter(|offer| offer.at >= from);
        let placed = placed.map(|offer| offer.score + naive(rest, offer.at + 1));
        placed.fold(naive(rest, from), f32::max)
    }

    proptest! {
        #[test]
        fn the_chain_is_the_best_one(
            scores in prop::collection::vec(prop::collection::vec((0_usize..8, 1_u8..4), 0..4), 0..5)
        ) {
            let offers: Vec<Vec<Offer>> = scores
                .into_iter()
                .map(|list| {
                    let offer = |(at, score): (usize, u8)| Offer { at, score: f32::from(score) };
                    list.into_iter().map(offer).collect()
                })
                .collect();
            let (chosen, total) = in_order(&offers, false);
            prop_assert!((total - naive(&offers, 0)).abs() < 1e-3);
            let sites: Vec<usize> = chosen.iter().flatten().map(|offer| offer.at).collect();
            prop_assert!(sites.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }
}
