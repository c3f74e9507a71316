//! The currency or percent sign of a number.

use std::slice;

use structx_common::{CURRENCIES, CURRENCY_SIGNS};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Percent,
    /// A currency by its code of ISO 4217, or those that share a sign such as `$`.
    Currency(&'static [&'static str]),
}

impl Unit {
    /// The currency of a code or sign as it stands in a text.
    #[must_use]
    pub fn currency(word: &str) -> Option<Self> {
        let code = || CURRENCIES.iter().find(|code| **code == word).map(slice::from_ref);
        let sign = CURRENCY_SIGNS.iter().find(|sign| sign.text == word);
        sign.map(|sign| sign.codes).or_else(code).map(Self::Currency)
    }

    /// Whether both may be the same unit: `$` may be any dollar, but not a euro.
    #[must_use]
    pub fn agrees_with(self, other: Self) -> bool {
        let (Self::Currency(one), Self::Currency(two)) = (self, other) else {
            return self == other;
        };
        one.iter().any(|code| two.contains(code))
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;

    #[test]
    fn symbols_agree_with_their_currencies_only() {
        let unit = |word| Unit::currency(word).unwrap();
        for (one, two, agree) in [
            ("€", "EUR", true),
            ("$", "USD", true),
            ("CAD", "$", true),
            ("US$", "CAD", false),
            ("$", "€", false),
            ("¥", "JPY", true),
            ("EUR", "USD", false),
            ("RM", "MYR", true),
            ("Rs.", "Rs", true),
            ("kr", "NOK", true),
            ("R$", "$", false),
        ] {
            assert_eq!(unit(one).agrees_with(unit(two)), agree, "{one} {two}");
        }
        assert!(!Unit::Percent.agrees_with(unit("€")));
        assert_eq!(Unit::currency("XYZ"), None);
    }
}
