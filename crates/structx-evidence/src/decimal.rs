//! Decimal numbers in one spelling, so that equal numbers are equal texts.

/// The most digits that an exponent may add: chosen by hand. `1e999999999` is no number of a document.
const LONGEST: i64 = 400;

/// The number without needless zeros, sign or exponent: `-1.50` and `-15e-1` are `-1.5`. `None` if the text
/// is not a number of JSON.
pub fn canonical(number: &str) -> Option<String> {
    let (is_negative, unsigned) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i64>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = !(whole.is_empty() && decimals.is_empty())
        && whole.bytes().chain(decimals.bytes()).all(|digit| digit.is_ascii_digit());
    if !is_number || exponent.abs() > LONGEST {
        return None;
    }
    Some(shifted(is_negative, whole, decimals, exponent))
}

/// A hundredth of a canonical number.
pub fn hundredth(number: &str) -> Option<String> {
    canonical(&format!("{number}e-2"))
}

fn shifted(is_negative: bool, whole: &str, decimals: &str, exponent: i64) -> String {
    let mut digits = format!("{whole}{decimals}");
    let mut point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    if point < 0 {
        digits.insert_str(0, &"0".repeat(usize::try_from(-point).unwrap_or(0)));
        point = 0;
    }
    let point = usize::try_from(point).unwrap_or(usize::MAX);
    if digits.len() < point {
        digits.push_str(&"0".repeat(point - digits.len()));
    }
    let (whole, decimals) = digits.split_at(point);
    let whole = whole.trim_start_matches('0');
    let decimals = decimals.trim_end_matches('0');
    let mut number = String::with_capacity(digits.len() + 3);
    if is_negative && !(whole.is_empty() && decimals.is_empty()) {
        number.push('-');
    }
    number.push_str(if whole.is_empty() { "0" } else { whole });
    if !decimals.is_empty() {
        number.push('.');
        number.push_str(decimals);
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{canonical, hundredth};

    #[test]
    fn equal_numbers_have_one_spelling() {
        for (number, expected) in [
            ("12", "12"),
            ("012.50", "12.5"),
            ("-0.0", "0"),
            ("1.2e3", "1200"),
            ("15E-1", "1.5"),
            ("5e-3", "0.005"),
            ("+7", "7"),
            (".5", "0.5"),
            ("-1e2", "-100"),
        ] {
            assert_eq!(canonical(number).as_deref(), Some(expected), "{number}");
        }
        for text in ["", "-", ".", "1e999999999", "1e", "0x1", "1,5", "--1"] {
            assert_eq!(canonical(text), None, "{text}");
        }
        assert_eq!(hundredth("19").as_deref(), Some("0.19"));
    }

    proptest! {
        #[test]
        fn the_spelling_keeps_the_value(mantissa in -1_000_000_i64..1_000_000, exponent in -5..5) {
            let text = format!("{mantissa}e{exponent}");
            let spelled = canonical(&text).unwrap();
            let (one, two) = (spelled.parse::<f64>().unwrap(), text.parse::<f64>().unwrap());
            prop_assert!((one - two).abs() <= f64::EPSILON * two.abs());
            prop_assert_eq!(canonical(&spelled), Some(spelled.clone()));
        }
    }
}
