//! Finds dates and times in text, in English words or in digits.
//!
//! `05/03/2024` is ambiguous: the other dates of the document decide; without any, the month comes first
//! before a slash, and the day before a dot or a dash. Years of two digits are from 1969 to 2068 (as in
//! POSIX `strptime`). A date needs a year.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use regex::{Captures, Regex};

use super::literals::Literal;

/// The dates and times of a text.
#[derive(Debug, Default)]
pub struct Moments {
    pub dates: Vec<Literal>,
    pub times: Vec<Literal>,
    /// Dates with their time; dates without one at midnight.
    pub date_times: Vec<Literal>,
    /// The ranges of all dates and times.
    pub spans: Vec<Range<usize>>,
}

const MONTHS: &str = r"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\.?";

static YEAR_FIRST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?P<year>\d{4})[-/.](?P<one>\d{1,2})[-/.](?P<two>\d{1,2})"));
static YEAR_LAST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?P<one>\d{1,2})(?P<mark>[-/.])(?P<two>\d{1,2})[-/.](?P<year>\d{4}|\d{2})")
});
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"(?i){MONTHS}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"))
});
static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+day)?(?:\s+of)?[\s.-]+{MONTHS}(?:,?\s+(?P<year>\d{{4}})|[-/](?P<short>\d{{4}}|\d{{2}}))"
    ))
});
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)
        (?P<hour>\d{1,2})
        (?: :(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)? (?:\x20?(?P<half>[ap])\.?m\b\.?)?
          | \x20?(?P<sharp>[ap])\.?m\b\.? )",
    )
});
/// Text that may separate a date from its time.
static GLUE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^(?:t|[\s,|–-]{1,4}(?:(?:at|from|time:?|@)\s*)?)$"));
static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:\s?(?P<utc>Z|UTC|GMT)\b|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2}))")
});

struct Found<T> {
    range: Range<usize>,
    value: T,
}

pub fn find(text: &str) -> Moments {
    let dates = dates(text);
    let times = times(text);
    let mut moments = Moments::default();
    for time in &times {
        let literal = Literal::new(&text[time.range.clone()], clock(time.value));
        moments.times.push(literal);
        moments.spans.push(time.range.clone());
    }
    for date in &dates {
        let words = &text[date.range.clone()];
        moments.dates.push(Literal::new(words, date.value.to_string()));
        moments.date_times.push(with_time(text, date, &times));
        moments.spans.push(date.range.clone());
    }
    moments
}

/// The date with an adjacent time, or at midnight.
fn with_time(text: &str, date: &Found<Date>, times: &[Found<Time>]) -> Literal {
    for time in times {
        let glued = |gap: Option<&str>| gap.is_some_and(|gap| GLUE.is_match(gap));
        if glued(text.get(date.range.end..time.range.start)) {
            let (zone, length) = zone(&text[time.range.end..]);
            let words = &text[date.range.start..time.range.end + length];
            return Literal::new(words, format!("{}T{}{zone}", date.value, clock(time.value)));
        }
        let on = text.get(time.range.end..date.range.start);
        if on.is_some_and(|gap| matches!(gap.trim(), "on" | "," | ", on") || gap == " ") {
            let words = &text[time.range.start..date.range.end];
            return Literal::new(words, format!("{}T{}", date.value, clock(time.value)));
        }
    }
    Literal::new(&text[date.range.clone()], format!("{}T00:00:00", date.value))
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
    let mut found: Vec<Found<Date>> = Vec::new();
    let mut add = |captures: &Captures<'_>, value: Option<Date>| {
        let range = captures.get_match().range();
        let free = found
            .iter()
            .all(|other| range.end <= other.range.start || other.range.end <= range.start);
        if let Some(value) = value
            && free
            && is_whole(text, &range)
        {
            found.push(Found { range, value });
        }
    };
    let order = Order::of(text);
    for captures in YEAR_FIRST.captures_iter(text) {
        add(&captures, date(&captures["year"], &captures["one"], &captures["two"]));
    }
    for captures in YEAR_LAST.captures_iter(text) {
        let (one, two) = (&captures["one"], &captures["two"]);
        let (day, month) = if order.day_first(&captures["mark"]) { (one, two) } else { (two, one) };
        let year = &captures["year"];
        // A date that contradicts the document's order is valid if the reverse order is.
        add(&captures, date(year, month, day).or_else(|| date(year, day, month)));
    }
    for captures in MONTH_FIRST.captures_iter(text) {
        add(&captures, named(&captures["year"], &captures["month"], &captures["day"]));
    }
    for captures in DAY_FIRST.captures_iter(text) {
        let year = captures.name("year").or_else(|| captures.name("short"));
        let year = year.map_or("", |year| year.as_str());
        add(&captures, named(year, &captures["month"], &captures["day"]));
    }
    found.sort_by_key(|date| date.range.start);
    found
}

/// The order of day and month in the numeric dates of a document, where it is evident.
struct Order {
    day_first: Option<bool>,
}

impl Order {
    fn of(text: &str) -> Self {
        let mut day_first = None;
        for captures in YEAR_LAST.captures_iter(text) {
            let number = |name: &str| captures[name].parse::<u8>().unwrap_or(0);
            match (number("one"), number("two")) {
                (13..=31, 1..=12) => day_first = Some(true),
                (1..=12, 13..=31) => day_first = Some(false),
                _ => continue,
            }
            break;
        }
        Self { day_first }
    }

    fn day_first(&self, mark: &str) -> bool {
        self.day_first.unwrap_or(mark != "/")
    }
}

fn times(text: &str) -> Vec<Found<Time>> {
    let mut found = Vec::new();
    for captures in TIME.captures_iter(text) {
        let range = captures.get_match().range();
        // In an ISO 8601 date-time, the letter T before the time is part of it.
        let after_t = text[..range.start].ends_with(['T', 't']) && range.start > 1;
        let starts = after_t || is_whole(text, &range);
        if let Some(value) = time(&captures).filter(|_| starts && is_end(text, range.end)) {
            found.push(Found { range, value });
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
    Time::new(hour, number("minute").ok()?, number("second").ok()?, 0).ok()
}

fn clock(time: Time) -> String {
    format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())
}

fn named(year: &str, month: &str, day: &str) -> Option<Date> {
    const NAMES: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = NAMES.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
    date(year, &month.to_string(), day)
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

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant of this file")
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
            ("05.03.2024", &["2024-03-05"]),
            ("05/03/2024 and 25/03/2024", &["2024-03-05", "2024-03-25"]),
            ("05/03/70", &["1970-05-03"]),
            ("05/03/68", &["2068-05-03"]),
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
            ("Date: 2024-03-05\nTime: 9:05", "09:05:00", Some("2024-03-05T09:05:00")),
        ];
        for (text, time, date_time) in cases {
            let found = find(text);
            assert_eq!(found.times[0].value, time, "{text}");
            let first = found.date_times.first().map(|literal| literal.value.as_str());
            assert_eq!(first, date_time, "{text}");
        }
        assert!(find("ratio 1:5, 25:00, 13 pm, 10:30:99").times.is_empty());
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
                prop_assert!(text.contains(&found[0].text));
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
