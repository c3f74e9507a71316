//! The values of cells as JSON: dates and times as ISO 8601 strings, whole numbers as integers; and as
//! a sheet shows them.

use std::borrow::Cow;

use calamine::ExcelDateTime;
use serde_json::Value;

use super::format_code::NumberKind;

const DAY: f64 = 86_400_000.0;
/// The serial number of the day after 9999-12-31, the last date of Excel.
const END_OF_DAYS: f64 = 2_958_466.0;
/// Whole numbers below this one, 2^63, are written with all digits, as a sheet shows them.
const MOST_WHOLE: f64 = 9_223_372_036_854_775_808.0;

/// A digit more than this may come from the binary form of a number; a sheet shows no more.
const SHOWN_DIGITS: usize = 15;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellValue {
    pub(super) kind: CellKind,
    /// Null for an empty cell.
    pub(super) value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellKind {
    Text,
    Number,
    /// A number that is shown times 100, with a percent sign.
    Percent,
    /// A date, a time, or a duration.
    Moment,
    Bool,
    /// Such as `#N/A`.
    Error,
    /// The text of a formula without a stored value.
    Formula,
}

impl CellValue {
    pub(super) const EMPTY: Self = Self { kind: CellKind::Text, value: Value::Null };

    fn new(kind: CellKind, value: impl Into<Value>) -> Self {
        Self { kind, value: value.into() }
    }

    pub(super) fn bool(value: bool) -> Self {
        Self::new(CellKind::Bool, value)
    }

    pub(super) fn int(value: i64) -> Self {
        Self::new(CellKind::Number, value)
    }

    pub(super) fn error(name: impl Into<String>) -> Self {
        Self::new(CellKind::Error, name.into())
    }

    pub(super) fn formula(text: impl Into<String>) -> Self {
        Self::new(CellKind::Formula, text.into())
    }

    /// A string; a blank one is an empty cell.
    pub(super) fn text(text: &str) -> Self {
        if text.trim().is_empty() { Self::EMPTY } else { Self::new(CellKind::Text, text) }
    }

    /// A number by its format.
    pub(super) fn number(value: f64, format: NumberKind, is_1904: bool) -> Self {
        let number = || Self::new(CellKind::Number, number(value));
        match format {
            NumberKind::Number => number(),
            NumberKind::Percent => Self::new(CellKind::Percent, self::number(value)),
            NumberKind::Padded(width) => {
                padded(value, width).map_or_else(number, |text| Self::new(CellKind::Text, text))
            }
            NumberKind::Moment => {
                let kind = calamine::ExcelDateTimeType::DateTime;
                Self::serial(&ExcelDateTime::new(value, kind, is_1904))
            }
            NumberKind::Duration => {
                duration(value).map_or_else(number, |text| Self::new(CellKind::Moment, text))
            }
        }
    }

    /// A date, a time of day, both, or a duration, from a serial number of days; out of range it stays
    /// a number.
    pub(super) fn serial(days: &ExcelDateTime) -> Self {
        let text = if days.is_duration() { duration(days.as_f64()) } else { moment(days) };
        match text {
            Some(text) => Self::new(CellKind::Moment, text),
            None => Self::new(CellKind::Number, number(days.as_f64())),
        }
    }

    /// An ISO 8601 date and time; a time of midnight is dropped.
    pub(super) fn iso_moment(moment: &str) -> Self {
        Self::new(CellKind::Moment, iso_moment(moment))
    }

    /// An ISO 8601 duration.
    pub(super) fn iso_duration(duration: &str) -> Self {
        Self::new(CellKind::Moment, iso_duration(duration))
    }
}

/// The text of a value as a sheet shows it, with all digits that are stored.
pub(super) fn shown(kind: CellKind, value: &Value) -> Cow<'_, str> {
    match (kind, value) {
        (_, Value::String(text)) => Cow::Borrowed(text),
        (CellKind::Percent, Value::Number(number)) => {
            let percent = number.as_f64().map(|number| plain(number * 100.0));
            Cow::Owned(percent.map_or_else(|| number.to_string(), |percent| percent + "%"))
        }
        (CellKind::Number, Value::Number(number)) if number.is_f64() => {
            Cow::Owned(number.as_f64().map_or_else(|| number.to_string(), plain))
        }
        (CellKind::Bool, Value::Bool(value)) => {
            Cow::Borrowed(if *value { "TRUE" } else { "FALSE" })
        }
        (_, value) => Cow::Owned(value.to_string()),
    }
}

/// The number in as many digits as a sheet has.
fn plain(value: f64) -> String {
    let rounded = format!("{value:.*e}", SHOWN_DIGITS - 1).parse().unwrap_or(value);
    number(rounded).to_string()
}

pub(super) fn number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and in the range of an i64")]
    if number.fract() == 0.0 && number.abs() < MOST_WHOLE {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// A whole number with leading zeros up to `width` digits, as a format such as `00000` shows it.
fn padded(value: f64, width: usize) -> Option<String> {
    match number(value) {
        Value::Number(whole) if whole.is_u64() => Some(format!("{whole:0>width$}")),
        _ => None,
    }
}

/// A date, a time of day or both.
fn moment(moment: &ExcelDateTime) -> Option<String> {
    let days = moment.as_f64();
    if !(0.0..END_OF_DAYS).contains(&days) {
        return None;
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let time = clock(seconds * 1000 + i64::from(milli));
    Some(match () {
        () if days < 1.0 => time,
        () if seconds == 0 && milli == 0 => date,
        () => format!("{date}T{time}"),
    })
}

/// A duration in days as hours, minutes and seconds: `26:30:00`.
fn duration(days: f64) -> Option<String> {
    if days.abs() >= END_OF_DAYS || !days.is_finite() {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "in the range of an i64")]
    let millis = (days * DAY).round() as i64;
    Some(clock(millis))
}

fn clock(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let (seconds, milli) = (millis.abs() / 1000, millis.abs() % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let time = format!("{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if milli == 0 { time } else { format!("{time}.{milli:03}") }
}

fn iso_moment(moment: &str) -> &str {
    let blank = |time: &str| time.chars().all(|character| matches!(character, '0' | ':' | '.'));
    match moment.split_once('T') {
        Some((date, time)) if blank(time) => date,
        _ => moment,
    }
}

/// An ISO 8601 duration (`PT26H30M00S`) in the form of [`duration`]; with other units unchanged.
fn iso_duration(duration: &str) -> String {
    iso_millis(duration).map_or_else(|| duration.to_owned(), clock)
}

fn iso_millis(duration: &str) -> Option<i64> {
    let (sign, duration) = match duration.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, duration),
    };
    let mut rest = duration.strip_prefix("PT").filter(|rest| !rest.is_empty())?;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|character: char| character.is_ascii_alphabetic())?;
        let amount: f64 = rest[..end].parse().ok()?;
        seconds += match &rest[end..=end] {
            "H" => amount * 3600.0,
            "M" => amount * 60.0,
            "S" => amount,
            _ => return None,
        };
        rest = &rest[end + 1..];
    }
    let millis = (sign * seconds * 1000.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "in the range of an i64")]
    (millis.abs() < END_OF_DAYS * DAY).then_some(millis as i64)
}

#[cfg(test)]
mod tests {
    use calamine::{ExcelDateTime, ExcelDateTimeType};
    use serde_json::{Value, json};

    use super::{CellKind, CellValue, NumberKind, number, shown};

    #[test]
    fn numbers() {
        for (given, json) in [
            (5.0, "5"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (12.34, "12.34"),
            (1_234_567_890_123_456.0, "1234567890123456"),
            (1e19, "1e+19"),
            (f64::NAN, "null"),
        ] {
            assert_eq!(number(given).to_string(), json);
        }
    }

    #[test]
    fn moments() {
        for (days, is_1904, expected) in [
            (46_056.0, false, json!("2026-02-03")),
            (46_056.0 - 1462.0, true, json!("2026-02-03")),
            (46_056.416_666_666_664, false, json!("2026-02-03T10:00:00")),
            (46_056.999_999_999, false, json!("2026-02-04")),
            (46_056.000_001_5, false, json!("2026-02-03T00:00:00.130")),
            (0.4375, false, json!("10:30:00")),
            (0.0, false, json!("00:00:00")),
            (1.0, false, json!("1900-01-01")),
            (61.0, false, json!("1900-03-01")),
            (-1.0, false, json!(-1)),
            (1e300, false, json!(1e300)),
            (f64::NAN, false, Value::Null),
        ] {
            let found = CellValue::number(days, NumberKind::Moment, is_1904);
            assert_eq!(found.value, expected, "{days}");
            let serial = ExcelDateTime::new(days, ExcelDateTimeType::DateTime, is_1904);
            assert_eq!(CellValue::serial(&serial), found, "{days}");
        }
        let iso = |text: &str| CellValue::iso_moment(text).value;
        assert_eq!(iso("2026-02-03T00:00:00.000"), json!("2026-02-03"));
        assert_eq!(iso("2026-02-03T10:00:00"), json!("2026-02-03T10:00:00"));
    }

    #[test]
    fn durations() {
        for (days, expected) in [
            (1.104_166_666_666_666_7, json!("26:30:00")),
            (-0.25, json!("-06:00:00")),
            (1.5 / 86_400.0, json!("00:00:01.500")),
            (f64::INFINITY, Value::Null),
            (1e9, json!(1_000_000_000)),
        ] {
            assert_eq!(
                CellValue::number(days, NumberKind::Duration, false).value,
                expected,
                "{days}"
            );
        }
        for (given, expected) in [
            ("PT26H30M00S", "26:30:00"),
            ("-PT6H", "-06:00:00"),
            ("PT0M1.5S", "00:00:01.500"),
            ("P1Y", "P1Y"),
            ("PT", "PT"),
            ("PT5", "PT5"),
            ("PTü", "PTü"),
            ("PT9999999999999999999H", "PT9999999999999999999H"),
        ] {
            assert_eq!(CellValue::iso_duration(given).value, json!(expected));
        }
    }

    #[test]
    fn values_are_shown_as_in_a_sheet() {
        for (value, format, kind, expected) in [
            (0.1 + 0.2, NumberKind::Number, CellKind::Number, "0.3"),
            (0.256, NumberKind::Percent, CellKind::Percent, "25.6%"),
            (0.07, NumberKind::Percent, CellKind::Percent, "7%"),
            (7.0, NumberKind::Padded(5), CellKind::Text, "00007"),
            (7.5, NumberKind::Padded(5), CellKind::Number, "7.5"),
            (4_111_111_111_111_111.0, NumberKind::Number, CellKind::Number, "4111111111111111"),
            (46_056.0, NumberKind::Moment, CellKind::Moment, "2026-02-03"),
            (1e19, NumberKind::Number, CellKind::Number, "1e+19"),
        ] {
            let found = CellValue::number(value, format, false);
            assert_eq!((found.kind, &*shown(kind, &found.value)), (kind, expected), "{value}");
        }
        assert_eq!(shown(CellKind::Bool, &json!(true)), "TRUE");
    }
}
