//! The currency or percent sign of a number.

use structx_common::CURRENCIES;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Percent,
    /// A code of ISO 4217, or `$` or `¥`, which several currencies share.
    Currency(&'static str),
}

impl Unit {
    /// The currency of a code or symbol as it stands in a text.
    #[must_use]
    pub fn currency(word: &str) -> Option<Self> {
        let code = match word {
            "US$" => "USD",
            "€" => "EUR",
            "£" => "GBP",
            "₹" => "INR",
            "$" => "$",
            "¥" => "¥",
            _ => CURRENCIES.iter().find(|code| **code == word)?,
        };
        Some(Self::Currency(code))
    }

    /// Whether both may be the same unit: `$` may be any dollar, but not a euro.
    #[must_use]
    pub fn agrees_with(self, other: Self) -> bool {
        let (Self::Currency(one), Self::Currency(two)) = (self, other) else {
            return self == other;
        };
        one == two || shared_by(one).contains(&two) || shared_by(two).contains(&one)
    }
}

/// The currencies that a symbol may mean.
fn shared_by(symbol: &str) -> &'static [&'static str] {
    match symbol {
        "$" => &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN"],
        "¥" => &["JPY", "CNY"],
        _ => &[],
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
        ] {
            assert_eq!(unit(one).agrees_with(unit(two)), agree, "{one} {two}");
        }
        assert!(!Unit::Percent.agrees_with(unit("€")));
        assert_eq!(Unit::currency("XYZ"), None);
    }
}
