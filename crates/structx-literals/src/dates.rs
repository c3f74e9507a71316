//! Finds dates and times in text, in words of several languages or in digits.
//!
//! `05/03/2024` is ambiguous: the other dates of the document decide; without any, the day comes first
//! before a dot or a dash, and before a slash if the document names money or a tax that the United
//! States do not have. Years of two digits are from 1969 to 2068 (as in POSIX `strptime`). A date needs
//! a year, its own or that of the date which it is joined to: `January 1 - January 31, 2017`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use regex::{Captures, Regex};

use crate::{Moment, months, pattern};

/// The dates and times of a text.
#[derive(Debug, Default)]
pub struct Moments {
    pub dates: Vec<Moment>,
    pub times: Vec<Moment>,
    /// Dates with their time; dates without one at midnight.
    pub date_times: Vec<Moment>,
    /// The ranges of all dates and times, sorted.
    pub spans: Vec<Range<usize>>,
}

static YEAR_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?P<year>\d{4})[-/.](?P<one>\d{1,2})[-/.](?P<two>\d{1,2})"));
static YEAR_LAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?P<one>\d{1,2})(?P<mark>[-/.])(?P<two>\d{1,2})[-/.](?P<year>\d{4}|\d{2})")
});
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let months = months::alternation();
    pattern(&format!(
        r"(?i)(?P<month>{months})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    ))
});
static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    let months = months::alternation();
    pattern(&format!(
        r"(?ix)(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|°)?(?:\s+day)?(?:\s+(?:of|de))?[\s.-]+(?P<month>{months})\.?
            (?:(?:,?\s+|\s+del?\s+)(?P<year>\d{{4}})|[-/](?P<short>\d{{4}}|\d{{2}}))"
    ))
});
/// Money and taxes of countries that write the day first.
static DAY_FIRST_COUNTRY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)[€£₹]|\b(?:S\$|A\$|NZ\$|RM\s?\d[\d,]*\.\d\d|
            (?:GST|VAT|TVA|IVA|MwSt|USt|EUR|GBP|AUD|NZD|SGD|MYR|INR|CHF|BRL|MXN|ZAR)(?:\b|\d))",
    )
});
/// A date before another one that has its year: `January 1 - January 31, 2017`.
static SHARED_YEAR: LazyLock<Regex> = LazyLock::new(|| {
    let months = months::alternation();
    pattern(&format!(
        r"(?ix)(?P<date>(?P<month>{months})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?
            |(?P<first>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:de\s+)?(?P<named>{months})\.?)
            \s*(?:[-–—]|to|until|through|bis|au|al|tot|até)\s*$"
    ))
});
/// The most bytes of such a date and what joins the two: chosen by hand.
const LONGEST_SHARING: usize = 40;
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)
        (?P<hour>\d{1,2})
        (?: :(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)? (?:\x20?(?P<half>[ap])\.?m\b\.?)?
          | \x20?(?P<sharp>[ap])\.?m\b\.?
          | \x20?h\x20?(?P<after_h>\d{2})
          | (?:\.(?P<before_uhr>\d{2}))?\x20Uhr\b (?:\x20(?P<after_uhr>\d{2})\b)? )",
    )
});
/// Text that may separate a date from its time.
static GLUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^(?:t|[\s,|–-]{1,4}(?:(?:at|from|time:?|@|à|um|a las|às|alle)\s*)?)$")
});
/// The longest such text in bytes, so that a gap of any length is not searched: chosen by hand.
const LONGEST_GLUE: usize = 24;
static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:\s?(?P<utc>Z|UTC|GMT)\b|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2}))")
});

/// A date or time with its place.
struct Found<T> {
    range: Range<usize>,
    value: T,
    /// The date in the other order of day and month.
    other: Option<T>,
}

/// The dates and times of a text, in its order.
#[must_use]
pub fn find(text: &str) -> Moments {
    // Each of them has digits, and most texts without any are searched often: rows of a table.
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Moments::default();
    }
    let dates = dates(text);
    let times = times(text);
    let mut moments = Moments::default();
    for time in &times {
        let range = time.range.clone();
        moments.spans.push(range.clone());
        moments.times.push(Moment { range, value: clock(time.value), other_order: None });
    }
    for date in &dates {
        let (range, other) = (date.range.clone(), date.other.map(|other| other.to_string()));
        moments.spans.push(range.clone());
        moments.dates.push(Moment { range, value: date.value.to_string(), other_order: other });
        moments.date_times.push(with_time(text, date, &times));
    }
    moments.spans.sort_by_key(|span| span.start);
    moments
}

/// The date with an adjacent time, or at midnight.
fn with_time(text: &str, date: &Found<Date>, times: &[Found<Time>]) -> Moment {
    let moment = |range, time: &str| Moment {
        range,
        value: format!("{}T{time}", date.value),
        other_order: date.other.map(|other| format!("{other}T{time}")),
    };
    let after = times.partition_point(|time| time.range.start < date.range.end);
    if let Some(time) = times.get(after) {
        let gap = text.get(date.range.end..time.range.start);
        if gap.is_some_and(|gap| gap.len() <= LONGEST_GLUE && GLUE.is_match(gap)) {
            let (zone, length) = zone(&text[time.range.end..]);
            let range = date.range.start..time.range.end + length;
            return moment(range, &format!("{}{zone}", clock(time.value)));
        }
    }
    if let Some(time) = times[..after].last() {
        let gap = text.get(time.range.end..date.range.start);
        if gap.is_some_and(|gap| matches!(gap.trim(), "on" | "," | ", on") || gap == " ") {
            return moment(time.range.start..date.range.end, &clock(time.value));
        }
    }
    moment(date.range.clone(), "00:00:00")
}

/// The time zone at the start of a text in ISO 8601, and its length in the text.
fn zone(text: &str) -> (String, usize) {
    let Some(found) = ZONE.captures(text) else { return (String::new(), 0) };
    let zone = match found.name("utc") {
        Some(_) => "Z".to_owned(),
        None => format!("{}{}:{}", &found["sign"], &found["hours"], &found["minutes"]),
    };
    (zone, found.get_match().len())
}

fn dates(text: &str) -> Vec<Found<Date>> {
    // By start; the first form that claims a place keeps it.
    let mut found: BTreeMap<usize, Found<Date>> = BTreeMap::new();
    let mut add = |captures: &Captures<'_>, readings: (Option<Date>, Option<Date>)| {
        let range = captures.get_match().range();
        let before = found.range(..range.end).next_back();
        let is_free = before.is_none_or(|(_, other)| other.range.end <= range.start);
        if let (Some(value), other) = readings
            && is_free
            && is_whole(text, &range)
        {
            found.insert(range.start, Found { range, value, other });
        }
    };
    for captures in YEAR_FIRST.captures_iter(text) {
        add(&captures, (date(&captures["year"], &captures["one"], &captures["two"]), None));
    }
    let numeric: Vec<Captures<'_>> = YEAR_LAST.captures_iter(text).collect();
    let day_first = day_first(&numeric);
    let is_open = day_first.is_none() && !numeric.is_empty();
    let is_day_usual = is_open && DAY_FIRST_COUNTRY.is_match(text);
    for captures in &numeric {
        add(captures, in_order(captures, day_first, is_day_usual));
    }
    for captures in MONTH_FIRST.captures_iter(text) {
        add(&captures, (named(&captures["year"], &captures["month"], &captures["day"]), None));
    }
    for captures in DAY_FIRST.captures_iter(text) {
        let year = captures.name("year").or_else(|| captures.name("short"));
        let year = year.map_or("", |year| year.as_str());
        add(&captures, (named(year, &captures["month"], &captures["day"]), None));
    }
    let years: Vec<Found<Date>> =
        found.values().filter_map(|date| with_shared_year(text, date)).collect();
    for date in years {
        let before = found.range(..date.range.end).next_back();
        if before.is_none_or(|(_, other)| other.range.end <= date.range.start) {
            found.insert(date.range.start, date);
        }
    }
    found.into_values().collect()
}

/// The date before a date, whose year it shares.
fn with_shared_year(text: &str, last: &Found<Date>) -> Option<Found<Date>> {
    let start = text.floor_char_boundary(last.range.start.saturating_sub(LONGEST_SHARING));
    let captures = SHARED_YEAR.captures(&text[start..last.range.start])?;
    let found = captures.name("date")?.range();
    let month = captures.name("month").or_else(|| captures.name("named"))?;
    let day = captures.name("day").or_else(|| captures.name("first"))?;
    let value = named(&last.value.year().to_string(), month.as_str(), day.as_str())?;
    let range = start + found.start..start + found.end;
    // From December to January the years differ, and the text does not say the first.
    (value <= last.value && is_whole(text, &range)).then_some(Found { range, value, other: None })
}

/// Whether the day comes before the month in the numeric dates of a document, where that is evident.
fn day_first(numeric: &[Captures<'_>]) -> Option<bool> {
    let number = |captures: &Captures<'_>, name: &str| captures[name].parse::<u8>().unwrap_or(0);
    numeric.iter().find_map(|captures| match (number(captures, "one"), number(captures, "two")) {
        (13..=31, 1..=12) => Some(true),
        (1..=12, 13..=31) => Some(false),
        _ => None,
    })
}

/// The date in the document's order, and in the other order where the document does not say.
/// `is_day_usual`: whether a slash usually follows the day, as far as the document tells.
fn in_order(
    captures: &Captures<'_>,
    day_first: Option<bool>,
    is_day_usual: bool,
) -> (Option<Date>, Option<Date>) {
    let (one, two, year) = (&captures["one"], &captures["two"], &captures["year"]);
    let is_slash = &captures["mark"] == "/";
    let by_day = date(year, two, one);
    let by_month = date(year, one, two);
    let (likely, other) = if day_first.unwrap_or(!is_slash || is_day_usual) {
        (by_day, by_month)
    } else {
        (by_month, by_day)
    };
    // Dots and dashes are written with the day first nearly everywhere.
    let is_open = day_first.is_none() && is_slash && likely.is_some() && likely != other;
    // A date that contradicts the document's order is valid if the reverse order is.
    (likely.or(other), other.filter(|_| is_open))
}

fn times(text: &str) -> Vec<Found<Time>> {
    let mut found = Vec::new();
    for captures in TIME.captures_iter(text) {
        let range = captures.get_match().range();
        // In an ISO 8601 date-time, the letter T before the time is part of it.
        let after_t = text[..range.start].ends_with(['T', 't']) && range.start > 1;
        let starts = after_t || is_whole(text, &range);
        if let Some(value) = time(&captures).filter(|_| starts && is_end(text, range.end)) {
            found.push(Found { range, value, other: None });
        }
    }
    found
}

fn time(captures: &Captures<'_>) -> Option<Time> {
    let number = |name| captures.name(name).map_or(Ok(0), |found| found.as_str().parse::<i8>());
    let hour = number("hour").ok()?;
    let half = captures.name("half").or_else(|| captures.name("sharp"));
    let hour = match half.map(|half| half.as_str().eq_ignore_ascii_case("p")) {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    let minute = ["minute", "after_h", "before_uhr", "after_uhr"]
        .into_iter()
        .find(|name| captures.name(name).is_some());
    let minute = minute.map_or(Ok(0), number).ok()?;
    Time::new(hour, minute, number("second").ok()?, 0).ok()
}

fn clock(time: Time) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

fn named(year: &str, month: &str, day: &str) -> Option<Date> {
    date(year, months::number(month)?, day)
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    let number: i16 = year.parse().ok()?;
    let year = match (year.len(), number) {
        (2, 0..=68) => number + 2000,
        (2, _) => number + 1900,
        _ => number,
    };
    Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Whether no letter, digit or further part of a number is adjacent to the range.
fn is_whole(text: &str, range: &Range<usize>) -> bool {
    let mut before = text[..range.start].chars().rev();
    let (one, two) = (before.next(), before.next());
    let begins = match one {
        Some('.' | '/' | '-') => !two.is_some_and(|letter| letter.is_ascii_digit()),
        Some(letter) => !letter.is_alphanumeric(),
        None => true,
    };
    begins && is_end(text, range.end)
}

fn is_end(text: &str, end: usize) -> bool {
    let mut after = text[end..].chars();
    match (after.next(), after.next()) {
        (Some('.' | '/' | '-' | ':'), Some(letter)) => !letter.is_ascii_digit(),
        (Some('T' | 't'), Some(letter)) => letter.is_ascii_digit(),
        (Some('Z'), other) => !other.is_some_and(char::is_alphanumeric),
        (Some(letter), _) => !letter.is_alphanumeric(),
        (None, _) => true,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;

    use super::find;

    #[test]
    fn reads_dates_as_people_write_them() {
        let cases: &[(&str, &[&str])] = &[
            ("on 2024-03-05.", &["2024-03-05"]),
            ("on 2024/3/5", &["2024-03-05"]),
            ("March 5, 2024", &["2024-03-05"]),
            ("Mar. 5th 2024", &["2024-03-05"]),
            ("Tuesday, 5 March 2024", &["2024-03-05"]),
            ("this 5th day of March, 2024", &["2024-03-05"]),
            ("5-Mar-24", &["2024-03-05"]),
            ("Sept. 30, 1999", &["1999-09-30"]),
            ("05/03/2024", &["2024-05-03"]),
            ("05/03/2024, S$ 5.00", &["2024-03-05"]),
            ("05/03/2024, room RM 204", &["2024-05-03"]),
            ("05.03.2024", &["2024-03-05"]),
            ("05/03/2024 and 25/03/2024", &["2024-03-05", "2024-03-25"]),
            ("05/03/70", &["1970-05-03"]),
            ("05/03/68", &["2068-05-03"]),
            ("12. März 2026 und 3. Jänner 2025", &["2026-03-12", "2025-01-03"]),
            ("le 1er août 2026, 12 févr. 2025", &["2026-08-01", "2025-02-12"]),
            ("12 de marzo de 2026, 3 enero 2025", &["2026-03-12", "2025-01-03"]),
            ("12 marzo 2026; 1º maggio 2025", &["2026-03-12", "2025-05-01"]),
            ("12 maart 2026 en 5 mei 2025", &["2026-03-12", "2025-05-05"]),
            ("12 de março de 2026, 7 dez. 2025", &["2026-03-12", "2025-12-07"]),
            ("JANUARY 1 - JANUARY 31, 2017", &["2017-01-01", "2017-01-31"]),
            ("vom 1. März bis 2. April 2026", &["2026-03-01", "2026-04-02"]),
            ("15 December to 15 January 2017", &["2017-01-15"]),
            ("Section 3 - 12 March 2026", &["2026-03-12"]),
            ("30 February 2024, 2024-13-01, March 2024", &[]),
            ("10.0.0.1 and 1.2.34.5", &[]),
            ("ref 12024-03-05 x2024-03-05", &[]),
        ];
        for (text, expected) in cases {
            let found = find(text).dates;
            let meanings: Vec<&str> = found.iter().map(|date| date.value.as_str()).collect();
            assert_eq!(&meanings, expected, "{text}");
        }
    }

    #[test]
    fn reads_times_and_puts_them_to_their_dates() {
        let cases = [
            ("from 14:30 on", "14:30:00", None),
            ("at 2:30 pm.", "14:30:00", None),
            ("at 12 a.m. sharp", "00:00:00", None),
            ("5 March 2024 at 14:30", "14:30:00", Some("2024-03-05T14:30:00")),
            ("March 5, 2024, 2 PM", "14:00:00", Some("2024-03-05T14:00:00")),
            ("2024-03-05T14:30:15Z", "14:30:15", Some("2024-03-05T14:30:15Z")),
            ("2024-03-05 14:30:15.250+01:00", "14:30:15", Some("2024-03-05T14:30:15+01:00")),
            ("2:30pm on March 5, 2024", "14:30:00", Some("2024-03-05T14:30:00")),
            ("à 8h05", "08:05:00", None),
            ("le 5 mars 2024 à 18 h 30", "18:30:00", Some("2024-03-05T18:30:00")),
            ("am 5. März 2024 um 14.30 Uhr", "14:30:00", Some("2024-03-05T14:30:00")),
            ("um 14 Uhr 05", "14:05:00", None),
            ("gegen 9 Uhr, Zimmer 12", "09:00:00", None),
            ("Date: 2024-03-05\nTime: 9:05", "09:05:00", Some("2024-03-05T09:05:00")),
        ];
        for (text, time, date_time) in cases {
            let found = find(text);
            assert_eq!(found.times[0].value, time, "{text}");
            let first = found.date_times.first().map(|literal| literal.value.as_str());
            assert_eq!(first, date_time, "{text}");
        }
        assert!(find("ratio 1:5, 25:00, 13 pm, 10:30:99, 26h10, 14.75 Uhr, 8h").times.is_empty());
    }

    #[test]
    fn the_other_order_is_named_where_nothing_decides() {
        let cases = [
            ("03/12/26", "2026-03-12", Some("2026-12-03")),
            ("03/12/26, 25/12/26", "2026-12-03", None),
            ("03.12.26", "2026-12-03", None),
            ("03/03/26", "2026-03-03", None),
            ("2026-12-03", "2026-12-03", None),
            ("25/12/26", "2026-12-25", None),
            ("03/12/26 €5", "2026-12-03", Some("2026-03-12")),
            ("03/12/26 TOTAL RM5.00", "2026-12-03", Some("2026-03-12")),
            ("03/12/26 TOTAL $5.00 (PRIVATE)", "2026-03-12", Some("2026-12-03")),
            ("03/14/26 £5", "2026-03-14", None),
        ];
        for (text, value, other) in cases {
            let found = find(text);
            assert_eq!(found.dates[0].value, value, "{text}");
            assert_eq!(found.dates[0].other_order.as_deref(), other, "{text}");
            let at_midnight = other.map(|other| format!("{other}T00:00:00"));
            assert_eq!(found.date_times[0].other_order, at_midnight, "{text}");
        }
    }

    #[test]
    fn many_dates_and_times_take_linear_time() {
        let text = "05/03/2024 10:30 and ".repeat(20_000);
        let start = std::time::Instant::now();
        assert_eq!(find(&text).date_times.len(), 20_000);
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    fn any_date() -> impl Strategy<Value = Date> {
        (0_i64..50_000)
            .prop_map(|days| date(1950, 1, 1).saturating_add(jiff::Span::new().days(days)))
    }

    proptest! {
        #[test]
        fn formatted_dates_come_back(date in any_date()) {
            for form in ["%Y-%m-%d", "%B %d, %Y", "%b %d %Y", "%d %B %Y", "%m/%d/%Y", "%d.%m.%Y"] {
                let text = format!("Due on {}, please", date.strftime(form));
                let found = find(&text).dates;
                prop_assert_eq!(found.len(), 1, "{}", text);
                prop_assert_eq!(&found[0].value, &date.to_string(), "{}", text);
                prop_assert!(text.get(found[0].range.clone()).is_some());
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text in "[-0-9:/. TZapm,a-zé]{0,40}") {
            for date in find(&text).dates {
                prop_assert!(date.value.parse::<Date>().is_ok());
            }
        }
    }
}
