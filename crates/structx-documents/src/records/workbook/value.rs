//! Converts cell values to JSON: dates and times to ISO 8601 strings, whole numbers to integers.

use calamine::ExcelDateTime;
use serde_json::Value;

const DAY: f64 = 86_400_000.0;
/// The serial number of the day after 9999-12-31, the last date of Excel.
const END_OF_DAYS: f64 = 2_958_466.0;
/// Whole numbers below this one, 2^63, are written with all digits, as a sheet shows them.
const MOST_WHOLE: f64 = 9_223_372_036_854_775_808.0;

pub(super) fn number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and in the range of an i64")]
    if number.fract() == 0.0 && number.abs() < MOST_WHOLE {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// A whole number with leading zeros up to `width` digits, as a format such as `00000` shows it.
pub(super) fn padded(value: f64, width: usize) -> Value {
    match number(value) {
        Value::Number(whole) if whole.is_u64() => Value::from(format!("{whole:0>width$}")),
        other => other,
    }
}

/// A string; a blank one is null.
pub(super) fn text(text: &str) -> Value {
    if text.trim().is_empty() { Value::Null } else { Value::from(text) }
}

/// A date, a time of day or both, from a serial number of days; out of range it stays a number.
pub(super) fn moment(moment: &ExcelDateTime) -> Value {
    let days = moment.as_f64();
    if !(0.0..END_OF_DAYS).contains(&days) {
        return number(days);
    }
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    let time = clock(seconds * 1000 + i64::from(milli));
    Value::from(match () {
        () if days < 1.0 => time,
        () if seconds == 0 && milli == 0 => date,
        () => format!("{date}T{time}"),
    })
}

/// A duration in days as hours, minutes and seconds: `26:30:00`.
pub(super) fn duration(days: f64) -> Value {
    if days.abs() >= END_OF_DAYS || !days.is_finite() {
        return number(days);
    }
    #[expect(clippy::cast_possible_truncation, reason = "in the range of an i64")]
    let millis = (days * DAY).round() as i64;
    Value::from(clock(millis))
}

fn clock(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let (seconds, milli) = (millis.abs() / 1000, millis.abs() % 1000);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let time = format!("{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if milli == 0 { time } else { format!("{time}.{milli:03}") }
}

/// An ISO 8601 date and time; a time of midnight is dropped.
pub(super) fn iso_moment(moment: &str) -> Value {
    let blank = |time: &str| time.chars().all(|character| matches!(character, '0' | ':' | '.'));
    match moment.split_once('T') {
        Some((date, time)) if blank(time) => Value::from(date),
        _ => Value::from(moment),
    }
}

/// An ISO 8601 duration (`PT26H30M00S`) in the form of [`duration`]; with other units unchanged.
pub(super) fn iso_duration(duration: &str) -> Value {
    Value::from(iso_millis(duration).map_or_else(|| duration.to_owned(), clock))
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

    use super::{duration, iso_duration, iso_moment, moment, number};

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
            let found = moment(&ExcelDateTime::new(days, ExcelDateTimeType::DateTime, is_1904));
            assert_eq!(found, expected, "{days}");
        }
        assert_eq!(iso_moment("2026-02-03T00:00:00.000"), json!("2026-02-03"));
        assert_eq!(iso_moment("2026-02-03T10:00:00"), json!("2026-02-03T10:00:00"));
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
            assert_eq!(duration(days), expected, "{days}");
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
            assert_eq!(iso_duration(given), json!(expected));
        }
    }
}
