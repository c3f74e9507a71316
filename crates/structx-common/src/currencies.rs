//! Codes of currencies.

/// Currency codes (ISO 4217) that are recognised beside amounts. The selection is made by hand.
pub const CURRENCIES: [&str; 22] = [
    "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "NZD", "SEK", "NOK", "DKK",
    "PLN", "CZK", "HUF", "BRL", "MXN", "ZAR", "SGD", "HKD", "AED",
];
