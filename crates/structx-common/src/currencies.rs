//! Codes and signs of currencies.

/// Currency codes (ISO 4217) that are recognised beside amounts. The selection is made by hand: without
/// those that are English words, such as ALL and TOP.
pub const CURRENCIES: [&str; 57] = [
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "SGD", "HKD", "AED", "MYR", "IDR", "THB", "PHP",
    "VND", "KRW", "TWD", "TRY", "RUB", "UAH", "ILS", "SAR", "QAR", "KWD", "BHD", "OMR", "JOD",
    "EGP", "MAD", "NGN", "KES", "GHS", "ARS", "CLP", "COP", "PEN", "UYU", "RON", "BGN", "ISK",
    "PKR", "LKR", "BDT", "NPR", "KZT",
];

/// The signs of currencies beside amounts, each with the codes that it may stand for. A sign comes before
/// those that are a part of it. They are the local symbols of the Unicode CLDR.
pub const CURRENCY_SIGNS: [(&str, &[&str]); 39] = [
    ("US$", &["USD"]),
    ("AU$", &["AUD"]),
    ("CA$", &["CAD"]),
    ("HK$", &["HKD"]),
    ("MX$", &["MXN"]),
    ("NT$", &["TWD"]),
    ("NZ$", &["NZD"]),
    ("A$", &["AUD"]),
    ("C$", &["CAD"]),
    ("R$", &["BRL"]),
    ("S$", &["SGD"]),
    ("$", &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP", "UYU"]),
    ("€", &["EUR"]),
    ("£", &["GBP"]),
    ("¥", &["JPY", "CNY"]),
    ("₹", &["INR"]),
    ("₽", &["RUB"]),
    ("₩", &["KRW"]),
    ("₺", &["TRY"]),
    ("₫", &["VND"]),
    ("₱", &["PHP"]),
    ("₪", &["ILS"]),
    ("₴", &["UAH"]),
    ("₦", &["NGN"]),
    ("₵", &["GHS"]),
    ("₸", &["KZT"]),
    ("฿", &["THB"]),
    ("৳", &["BDT"]),
    ("元", &["CNY", "TWD"]),
    ("円", &["JPY"]),
    ("RM", &["MYR"]),
    ("Rp", &["IDR"]),
    ("Rs.", &["INR", "PKR", "LKR", "NPR"]),
    ("Rs", &["INR", "PKR", "LKR", "NPR"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("Ft", &["HUF"]),
    ("лв", &["BGN"]),
];

#[cfg(test)]
mod tests {
    use super::{CURRENCIES, CURRENCY_SIGNS};

    #[test]
    fn signs_stand_for_known_codes_and_before_their_parts() {
        for (index, (sign, codes)) in CURRENCY_SIGNS.iter().enumerate() {
            assert!(codes.iter().all(|code| CURRENCIES.contains(code)), "{sign}");
            let hidden = CURRENCY_SIGNS[..index].iter().any(|(before, _)| sign.starts_with(before));
            assert!(!hidden, "{sign}");
        }
    }
}
