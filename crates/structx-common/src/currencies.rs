//! Codes and signs of currencies.

/// Currency codes (ISO 4217) that are recognised beside amounts. The selection is made by hand.
pub const CURRENCIES: [&str; 57] = [
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "SGD", "HKD", "AED", "MYR", "IDR", "THB", "PHP",
    "VND", "KRW", "TWD", "TRY", "RUB", "UAH", "ILS", "SAR", "QAR", "KWD", "BHD", "OMR", "JOD",
    "EGP", "MAD", "NGN", "KES", "GHS", "ARS", "CLP", "COP", "PEN", "UYU", "RON", "BGN", "ISK",
    "PKR", "LKR", "BDT", "NPR", "KZT",
];

/// A sign that stands beside an amount.
#[derive(Debug, Clone, Copy)]
pub struct CurrencySign {
    pub text: &'static str,
    /// The codes that it may stand for.
    pub codes: &'static [&'static str],
    pub side: Side,
}

/// On which side of an amount a sign stands. One that stands on either side could take the amount after
/// another one: `2 RM 39.00` is no `2 RM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
    Either,
}

const fn sign(text: &'static str, codes: &'static [&'static str], side: Side) -> CurrencySign {
    CurrencySign { text, codes, side }
}

const DOLLARS: &[&str] =
    &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP", "UYU"];
const RUPEES: &[&str] = &["INR", "PKR", "LKR", "NPR"];
const KRONER: &[&str] = &["SEK", "NOK", "DKK", "ISK"];

/// The signs of currencies. A sign comes before those that are a part of it. The selection is made by hand.
pub const CURRENCY_SIGNS: [CurrencySign; 41] = [
    sign("US$", &["USD"], Side::Either),
    sign("AU$", &["AUD"], Side::Either),
    sign("CA$", &["CAD"], Side::Either),
    sign("HK$", &["HKD"], Side::Either),
    sign("MX$", &["MXN"], Side::Either),
    sign("NT$", &["TWD"], Side::Either),
    sign("NZ$", &["NZD"], Side::Either),
    sign("A$", &["AUD"], Side::Either),
    sign("C$", &["CAD"], Side::Either),
    sign("R$", &["BRL"], Side::Before),
    sign("S$", &["SGD"], Side::Either),
    sign("$", DOLLARS, Side::Either),
    sign("€", &["EUR"], Side::Either),
    sign("£", &["GBP"], Side::Either),
    sign("¥", &["JPY", "CNY"], Side::Either),
    sign("￥", &["JPY", "CNY"], Side::Either),
    sign("₹", &["INR"], Side::Either),
    sign("₽", &["RUB"], Side::Either),
    sign("₩", &["KRW"], Side::Either),
    sign("₺", &["TRY"], Side::Either),
    sign("₫", &["VND"], Side::Either),
    sign("₱", &["PHP"], Side::Either),
    sign("₪", &["ILS"], Side::Either),
    sign("₴", &["UAH"], Side::Either),
    sign("₦", &["NGN"], Side::Either),
    sign("₵", &["GHS"], Side::Either),
    sign("₸", &["KZT"], Side::Either),
    sign("฿", &["THB"], Side::Either),
    sign("৳", &["BDT"], Side::Either),
    sign("元", &["CNY", "TWD"], Side::After),
    sign("円", &["JPY"], Side::After),
    sign("RM", &["MYR"], Side::Before),
    sign("Rp", &["IDR"], Side::Before),
    sign("Rs.", RUPEES, Side::Before),
    sign("Rs", RUPEES, Side::Before),
    sign("kr.", KRONER, Side::Either),
    sign("kr", KRONER, Side::Either),
    sign("zł", &["PLN"], Side::After),
    sign("Kč", &["CZK"], Side::After),
    sign("Ft", &["HUF"], Side::After),
    sign("лв", &["BGN"], Side::After),
];

/// Whether a letter belongs to the words of a script that has spaces between them.
#[must_use]
pub fn is_spelled(letter: char) -> bool {
    letter.is_alphabetic() && letter < '\u{2e80}'
}

#[cfg(test)]
mod tests {
    use super::{CURRENCIES, CURRENCY_SIGNS};

    #[test]
    fn signs_stand_for_known_codes_and_before_their_parts() {
        for (index, sign) in CURRENCY_SIGNS.iter().enumerate() {
            assert!(sign.codes.iter().all(|code| CURRENCIES.contains(code)), "{sign:?}");
            let is_part_of = |before: &super::CurrencySign| {
                sign.text.starts_with(before.text) || sign.text.ends_with(before.text)
            };
            assert!(!CURRENCY_SIGNS[..index].iter().any(is_part_of), "{sign:?}");
        }
    }
}
