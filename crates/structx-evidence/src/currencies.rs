//! Finds the symbol of a currency whose code is the value: `EUR` in `5,00 €`.

use structx_literals::Unit;

use crate::place::{Place, Places, Tier};

const SYMBOLS: [&str; 6] = ["US$", "€", "£", "₹", "$", "¥"];

/// The most places that are listed: chosen by hand.
const MOST_PLACES: usize = 4096;

/// The places of the currency's symbol. A symbol that several currencies share leaves it open.
pub fn find(text: &str, code: &str) -> Places {
    let wanted = Unit::currency(code).filter(|_| code.len() == 3 && code.is_ascii());
    let Some(wanted) = wanted else { return Places::default() };
    let mut found = Vec::new();
    for symbol in SYMBOLS {
        let unit = Unit::currency(symbol);
        if !unit.is_some_and(|unit| unit.agrees_with(wanted)) {
            continue;
        }
        // The dollar of `US$` is no dollar of another country.
        let is_whole = |at: usize| symbol != "$" || !text[..at].ends_with("US");
        let starts = text.match_indices(symbol).map(|(at, _)| at).filter(|at| is_whole(*at));
        found.extend(starts.take(MOST_PLACES).map(|at| Place {
            range: at..at + symbol.len(),
            tier: Tier::Normalized,
            score: 0.98,
            is_doubtful: unit != Some(wanted),
        }));
    }
    Places::of(found)
}

/// Whether the code or a symbol of a currency is anywhere in the text.
pub fn is_named(text: &str, unit: Unit) -> bool {
    let Unit::Currency(code) = unit else { return false };
    let is_symbol = |symbol: &&str| Unit::currency(symbol).is_some_and(|one| one.agrees_with(unit));
    text.contains(code) || SYMBOLS.into_iter().filter(is_symbol).any(|symbol| text.contains(symbol))
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
    }
}
