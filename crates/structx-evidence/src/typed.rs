//! Finds numbers, dates and times in a text, in any notation.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use structx_literals::{Moment, Number, Unit, dates, numbers};

use crate::currencies;
use crate::decimal::{canonical, hundredth};
use crate::leaf::Kind;
use crate::place::{Place, Places, Tier};

/// The most places of one value that are listed: chosen by hand. More are counted only.
const MOST_PLACES: usize = 4096;

/// How alike a value and its other spelling in the text are: chosen by hand.
const OTHER_SPELLING: f32 = 0.98;

/// The same for a number with decimals where the other has none.
const OTHER_DECIMALS: f32 = 0.95;

/// How a number of the text has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Direct,
    /// The value is a fraction of 1, the text has a percentage.
    Percentage,
    /// The value has the other decimal mark, which the text does not rule out.
    OtherMark,
}

/// The numbers, dates and times of a text by their value.
#[derive(Debug, Default)]
pub struct Typed {
    numbers: Vec<Number>,
    by_number: HashMap<String, Vec<(usize, Reading)>>,
    dates: Moments,
    date_times: Moments,
    times: Moments,
    /// The ranges of all dates and times, sorted.
    spans: Vec<Range<usize>>,
}

/// Moments of one kind by their value.
#[derive(Debug, Default)]
struct Moments {
    list: Vec<Moment>,
    by_value: HashMap<String, Vec<usize>>,
}

impl Moments {
    fn new(list: Vec<Moment>) -> Self {
        let mut by_value: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, moment) in list.iter().enumerate() {
            let mut add = |value: String| by_value.entry(value).or_default().push(index);
            let value = with_zulu(&moment.value);
            // A value without a time zone may be that of a text with one, but not the reverse.
            if let Some(local) = without_zone(&value) {
                add(local.to_owned());
            }
            moment.other_order.iter().for_each(|other| add(with_zulu(other)));
            add(value);
        }
        Self { list, by_value }
    }

    fn places(&self, text: &str, spelling: &str, value: &str) -> Places {
        let found = self.by_value.get(&with_zulu(value)).map_or(&[][..], Vec::as_slice);
        let place = |moment: &Moment| {
            let is_exact = &text[moment.range.clone()] == spelling;
            Place {
                range: moment.range.clone(),
                tier: if is_exact { Tier::Exact } else { Tier::Normalized },
                score: if is_exact { 1.0 } else { OTHER_SPELLING },
                is_doubtful: moment.other_order.is_some() && !is_exact,
            }
        };
        let listed = found.iter().take(MOST_PLACES).map(|index| place(&self.list[*index]));
        let mut places = Places::of(listed.collect());
        places.count = places.count.max(found.len().saturating_sub(MOST_PLACES));
        places
    }
}

/// A number of an item, or one that a text value says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount<'v> {
    /// The value as it is spelled in the item.
    pub spelling: &'v str,
    /// See [`canonical`].
    pub value: String,
    pub unit: Option<Unit>,
    /// The spelling can also be read as another number: `1,200`.
    pub is_open: bool,
}

impl<'v> Amount<'v> {
    /// The number of a JSON number or of a decimal in a string.
    pub fn of_json(spelling: &'v str) -> Option<Self> {
        canonical(spelling).map(|value| Self { spelling, value, unit: None, is_open: false })
    }

    /// The number that a text says as a whole, such as `EUR 1.2 million`; `None` for codes with leading zeros.
    pub fn of_text(spelling: &'v str) -> Option<Self> {
        let has_leading_zero = spelling.len() > 1
            && spelling.starts_with('0')
            && spelling.bytes().all(|byte| byte.is_ascii_digit());
        if has_leading_zero || !spelling.bytes().any(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let whole = numbers::find(spelling, &[])
            .into_iter()
            .find(|number| number.range == (0..spelling.len()) && !number.is_doubtful)?;
        let value = canonical(&whole.value)?;
        Some(Self { spelling, value, unit: whole.unit, is_open: whole.other_mark.is_some() })
    }
}

/// The number that a text begins with, and the words of its unit after it: `1.5 mg`.
pub fn with_unit(text: &str) -> Option<(Amount<'_>, &str)> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    let number = numbers::find(text, &[]).into_iter().find(|number| number.range.start == 0)?;
    let (spelling, unit) = (&text[number.range.clone()], text[number.range.end..].trim());
    let is_unit = unit.starts_with(char::is_alphabetic) && !unit.contains(|c: char| c.is_numeric());
    is_unit.then(|| Amount::of_text(spelling).map(|amount| (amount, unit))).flatten()
}

impl Typed {
    /// Reads the text; what begins in an inserted part is left out.
    pub fn new(text: &str, inserted: &[Range<usize>]) -> Self {
        let is_inserted = |range: &Range<usize>| {
            let after = inserted.partition_point(|part| part.start <= range.start);
            inserted[..after].last().is_some_and(|part| part.contains(&range.start))
        };
        let mut moments = dates::find(text);
        for list in [&mut moments.dates, &mut moments.date_times, &mut moments.times] {
            list.retain(|moment| !is_inserted(&moment.range));
        }
        let mut numbers = numbers::find(text, &moments.spans);
        numbers.retain(|number| !is_inserted(&number.range));
        let mut by_number: HashMap<String, Vec<(usize, Reading)>> = HashMap::new();
        for (index, number) in numbers.iter().enumerate() {
            let mut add = |value: Option<String>, reading| {
                if let Some(value) = value {
                    by_number.entry(value).or_default().push((index, reading));
                }
            };
            let value = canonical(&number.value);
            if number.unit == Some(Unit::Percent) {
                add(value.as_deref().and_then(hundredth), Reading::Percentage);
            }
            add(number.other_mark.as_deref().and_then(canonical), Reading::OtherMark);
            add(value, Reading::Direct);
        }
        Self {
            numbers,
            by_number,
            dates: Moments::new(moments.dates),
            date_times: Moments::new(moments.date_times),
            times: Moments::new(moments.times),
            spans: moments.spans,
        }
    }

    /// The numbers with a currency or with decimals, and their values; none within another.
    pub fn stated_amounts(&self) -> Vec<(Range<usize>, String)> {
        let is_amount = |number: &&Number| match number.unit {
            Some(Unit::Currency(_)) => true,
            Some(Unit::Percent) => false,
            None => number.value.contains('.'),
        };
        let mut found: Vec<_> = { self.numbers.iter() }
            .filter(is_amount)
            .filter_map(|number| Some((number.range.clone(), canonical(&number.value)?)))
            .collect();
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut end = 0;
        found.retain(|(range, _)| {
            let is_new = range.end > end;
            end = end.max(range.end);
            is_new
        });
        found
    }

    /// The dates and their values.
    pub fn stated_dates(&self) -> Vec<(Range<usize>, String)> {
        self.dates.list.iter().map(|date| (date.range.clone(), date.value.clone())).collect()
    }

    /// The places that say a number. The currency or percent sign of the value must stand there; a place is
    /// doubtful if its currency stands elsewhere, as in the header of a table. A unit of the text need not be
    /// in the value.
    pub fn amounts(&self, text: &str, amount: &Amount<'_>) -> Places {
        let found = self.by_number.get(&amount.value).map_or(&[][..], Vec::as_slice);
        let mut places = Vec::new();
        let is_named = OnceCell::new();
        for (index, reading) in found.iter().take(MOST_PLACES) {
            let number = &self.numbers[*index];
            // A fraction may be a percentage, but one thing is not 100 %.
            if *reading == Reading::Percentage && !amount.spelling.contains(['.', 'e', 'E']) {
                continue;
            }
            let is_elsewhere = match (amount.unit, number.unit) {
                (None, _) => false,
                // The same amount is also there without its unit.
                (Some(wanted), Some(unit)) => {
                    if !wanted.agrees_with(unit) || number.range == number.amount {
                        continue;
                    }
                    false
                }
                (Some(wanted), None) => {
                    if !*is_named.get_or_init(|| currencies::is_named(text, wanted)) {
                        continue;
                    }
                    true
                }
            };
            let mut place = place(text, amount, number, *reading);
            place.is_doubtful |= is_elsewhere || amount.is_open;
            places.push(place);
        }
        let mut places = Places::of(places);
        places.count += found.len().saturating_sub(MOST_PLACES);
        places
    }

    /// The places that say a date or time of ISO 8601, or one in words; of a text, only if all of it is one.
    pub fn moments(&self, text: &str, value: &str, kind: Kind) -> Places {
        if !value.bytes().any(|byte| byte.is_ascii_digit()) {
            return Places::default();
        }
        let read = dates::find(value);
        let whole = |moments: &[Moment]| {
            let is_whole =
                |moment: &&Moment| moment.range == (0..value.len()) && moment.other_order.is_none();
            moments.iter().find(is_whole).map(|moment| moment.value.clone())
        };
        let date = whole(&read.dates).filter(|_| kind != Kind::DateTime);
        if let Some(date) = date {
            return self.dates.places(text, value, &date);
        }
        if let Some(date_time) = whole(&read.date_times) {
            return self.date_times.places(text, value, &date_time);
        }
        let time = whole(&read.times);
        time.map_or_else(Places::default, |time| self.times.places(text, value, &time))
    }

    /// The date or time that holds a range.
    pub fn moment_around(&self, range: &Range<usize>) -> Option<Range<usize>> {
        let after = self.spans.partition_point(|span| span.start <= range.start);
        self.spans[..after].last().filter(|span| span.end >= range.end).cloned()
    }
}

fn place(text: &str, amount: &Amount<'_>, number: &Number, reading: Reading) -> Place {
    let is_with_unit = amount.unit.is_some() || reading == Reading::Percentage;
    let range = if is_with_unit { number.range.clone() } else { number.amount.clone() };
    let has_other_unit = number.unit == Some(Unit::Percent) && amount.unit.is_none();
    let is_exact =
        reading == Reading::Direct && !has_other_unit && text[range.clone()] == *amount.spelling;
    Place {
        range,
        tier: if is_exact { Tier::Exact } else { Tier::Normalized },
        score: match (is_exact, number.value.contains('.') == amount.spelling.contains('.')) {
            (true, _) => 1.0,
            (false, true) => OTHER_SPELLING,
            (false, false) => OTHER_DECIMALS,
        },
        is_doubtful: number.is_doubtful || reading == Reading::OtherMark,
    }
}

/// A moment with `Z` for the offset zero.
fn with_zulu(value: &str) -> String {
    value.strip_suffix("+00:00").map_or_else(|| value.to_owned(), |local| format!("{local}Z"))
}

/// The date and time without their zone; `None` if there is none.
fn without_zone(value: &str) -> Option<&str> {
    let (date, time) = value.split_once('T')?;
    let at = time.find(['Z', '+', '-'])?;
    value.get(..date.len() + 1 + at)
}

#[cfg(test)]
mod tests {
    use super::{Amount, Typed, with_unit};
    use crate::leaf::Kind;
    use crate::place::Tier;

    fn amounts(text: &str, value: &str) -> Vec<(String, Tier, bool)> {
        let amount = Amount::of_json(value).unwrap();
        let places = Typed::new(text, &[]).amounts(text, &amount);
        let shown = |place: crate::place::Place| {
            (text[place.range].to_owned(), place.tier, place.is_doubtful)
        };
        places.list.into_iter().map(shown).collect()
    }

    #[test]
    fn numbers_are_found_in_any_notation() {
        let found = |text: &str, tier, is_doubtful| vec![(text.to_owned(), tier, is_doubtful)];
        for (text, value, expected) in [
            ("Total EUR 1.982,54", "1982.54", found("1.982,54", Tier::Normalized, false)),
            ("Total 1982.54", "1982.54", found("1982.54", Tier::Exact, false)),
            ("Total $1982.54", "1982.54", found("1982.54", Tier::Exact, false)),
            ("VAT 19 %", "19", found("19", Tier::Normalized, false)),
            ("VAT 19 %", "0.19", found("19 %", Tier::Normalized, false)),
            ("100 %", "1.0", found("100 %", Tier::Normalized, false)),
            ("100 %", "1", vec![]),
            ("EUR 1.2 million", "1200000", found("1.2 million", Tier::Normalized, false)),
            ("| (1,234.50) |", "-1234.5", found("(1,234.50)", Tier::Normalized, false)),
            ("| (1,234.50) |", "1234.5", found("1,234.50", Tier::Normalized, true)),
            ("1.234", "1234", found("1.234", Tier::Normalized, true)),
            ("1.234", "1.234", found("1.234", Tier::Exact, false)),
            ("5 items", "5", found("5", Tier::Exact, false)),
            ("-5", "5", vec![]),
            ("5", "-5", vec![]),
            ("2012, 12.5, 1.2 million", "12", vec![]),
            ("1.2 million", "1.2", vec![]),
        ] {
            assert_eq!(amounts(text, value), expected, "{value} in {text}");
        }
    }

    #[test]
    fn currencies_and_percent_signs_of_a_value_must_agree() {
        let typed = |text: &str, value: &str| {
            let places = Typed::new(text, &[]).amounts(text, &Amount::of_text(value).unwrap());
            places.list.into_iter().map(|place| text[place.range].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(typed("for 5,00 €", "EUR 5.00"), ["5,00 €"]);
        assert_eq!(typed("for $5.00", "EUR 5.00"), [""; 0]);
        assert_eq!(typed("for 5.00", "EUR 5.00"), [""; 0]);
        assert_eq!(typed("| Price in € |\n| 5.00 |", "EUR 5.00"), ["5.00"]);
        assert_eq!(typed("19 Prozent", "19%"), ["19 Prozent"]);
        let unit = |value| with_unit(value).map(|(amount, unit)| (amount.value, unit));
        assert_eq!(unit("1,200.50 kg net"), Some(("1200.5".to_owned(), "kg net")));
        assert_eq!(unit("5kg"), Some(("5".to_owned(), "kg")));
        assert!(["12 March 2026", "kg 5", "5", "007 kg"].map(unit).iter().all(Option::is_none));
        assert!(Amount::of_text("0042").is_none());
        assert!(Amount::of_text("1.234").is_some_and(|amount| amount.is_open));
        assert!(Amount::of_text("5 kg").is_none());
    }

    #[test]
    fn moments_are_found_in_any_notation() {
        let found = |text: &str, value: &str, kind| {
            let places = Typed::new(text, &[]).moments(text, value, kind);
            places
                .list
                .first()
                .map(|place| (text[place.range.clone()].to_owned(), place.is_doubtful))
        };
        let some = |text: &str, is_doubtful| Some((text.to_owned(), is_doubtful));
        let (date, date_time) = (Kind::Date, Kind::DateTime);
        assert_eq!(found("am 2. April 2026", "2026-04-02", date), some("2. April 2026", false));
        assert_eq!(found("on 04/02/26", "2026-04-02", date), some("04/02/26", true));
        assert_eq!(found("on 04/02/26", "2026-02-04", date), some("04/02/26", true));
        assert_eq!(found("04/02/26, 25/02/26", "2026-02-04", date), some("04/02/26", false));
        assert_eq!(found("04/02/26, 25/02/26", "2026-04-02", date), None);
        let text = "2 April 2026 at 2:30 pm";
        assert_eq!(found(text, "2026-04-02T14:30:00", date_time), some(text, false));
        assert_eq!(found(text, "2026-04-02 14:30", date_time), some(text, false));
        assert_eq!(found(text, "2026-04-02T14:30:00Z", date_time), None);
        assert_eq!(found(text, "14:30", Kind::Time), some("2:30 pm", false));
        let zoned = "2026-04-02T14:30:00+00:00";
        assert_eq!(found(zoned, "2026-04-02T14:30:00Z", date_time), some(zoned, false));
        assert_eq!(found(zoned, "2026-04-02T14:30:00", date_time), some(zoned, false));
        assert_eq!(found(zoned, "2026-04-02T14:30:00+01:00", date_time), None);
        assert_eq!(
            found("2 April 2026", "2026-04-02T00:00:00", date_time),
            some("2 April 2026", false)
        );
    }
}
