//! Finds the sign of a currency whose code is the value: `EUR` in `5,00 €`.

use std::ops::Range;

use structx_common::{CURRENCY_SIGNS, is_spelled};
use structx_literals::Unit;

use crate::place::{Place, Places, Tier};

/// The most places that are listed: chosen by hand.
const MOST_PLACES: usize = 4096;

/// The places of the currency's sign. A sign that several currencies share leaves it open.
pub fn find(text: &str, code: &str) -> Places {
    let wanted = Unit::currency(code).filter(|_| code.len() == 3 && code.is_ascii());
    let Some(wanted) = wanted else { return Places::default() };
    let mut found = Vec::new();
    for sign in CURRENCY_SIGNS {
        let unit = Unit::Currency(sign.codes);
        if !unit.agrees_with(wanted) {
            continue;
        }
        let starts = text.match_indices(sign.text).map(|(at, _)| at);
        let whole = starts.filter(|at| stands_alone(text, &(*at..at + sign.text.len())));
        found.extend(whole.take(MOST_PLACES).map(|at| Place {
            range: at..at + sign.text.len(),
            tier: Tier::Normalized,
            score: 0.98,
            is_doubtful: unit != wanted,
        }));
    }
    Places::of(found)
}

/// Whether a sign is no part of a word or of another sign: the dollar of `US$` is no dollar of another
/// country, and `FORM` has no ringgit.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let sign = &text[range.clone()];
    let is_of_word = sign == "$" || sign.starts_with(is_spelled);
    let before = text[..range.start].chars().next_back().filter(|_| is_of_word);
    let after = text[range.end..].chars().next().filter(|_| sign.ends_with(is_spelled));
    !before.into_iter().chain(after).any(is_spelled)
}

/// Whether the code or a sign of a currency is anywhere in the text.
pub fn is_named(text: &str, unit: Unit) -> bool {
    let Unit::Currency(codes) = unit else { return false };
    let mut signs = CURRENCY_SIGNS
        .iter()
        .filter(|sign| Unit::Currency(sign.codes).agrees_with(unit))
        .flat_map(|sign| text.match_indices(sign.text));
    codes.iter().any(|code| text.contains(code))
        || signs.any(|(at, sign)| stands_alone(text, &(at..at + sign.len())))
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn symbols_stand_for_codes() {
        let found = |text: &str, code: &str| {
            let places = find(text, code).list.into_iter();
            places.map(|place| (place.range.start, place.is_doubtful)).collect::<Vec<_>>()
        };
        assert_eq!(found("5 €, 6 €", "EUR"), [(2, false), (9, false)]);
        assert_eq!(found("US$5", "USD"), [(0, false)]);
        assert_eq!(found("US$5", "CAD"), []);
        assert_eq!(found("$5", "CAD"), [(0, true)]);
        assert_eq!(found("€ $", "€"), []);
        assert_eq!(found("FORM 5, RM5, RMB", "MYR"), [(8, false)]);
        assert_eq!(found("5 Rs", "INR"), [(2, true)]);
        assert_eq!(found("500円です", "JPY"), [(3, false)]);
        assert_eq!(found("each€5", "EUR"), [(4, false)]);
    }
}
