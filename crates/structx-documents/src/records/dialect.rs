//! The dialect of a CSV file: delimiter, quotes, escapes, comments; detected where not given.

use std::borrow::Cow;

use crate::TableOptions;

/// The part of a file that its dialect is detected from: chosen by hand, not measured.
const SNIFFED_RECORDS: usize = 50;
const SNIFFED_BYTES: usize = 1 << 16;
/// A record of any length may stand at the beginning; the library keeps all of its cells.
const SNIFFED_BYTES_OF_RECORDS: usize = 1 << 20;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quote: u8,
    pub(super) escape: Option<u8>,
    pub(super) comment: Option<u8>,
    /// Spaces after a delimiter are not part of the cell.
    pub(super) skips_initial_space: bool,
}

impl Dialect {
    /// The dialect of a text; the options, then `delimiter`, take precedence over detection.
    pub(super) fn of(text: &str, options: &TableOptions, delimiter: Option<u8>) -> Self {
        let head = &text[..text.floor_char_boundary(SNIFFED_BYTES)];
        let quote = options.quote.unwrap_or_else(|| sniff_quote(head));
        let mut dialect = Self {
            delimiter: b',',
            quote,
            escape: options.escape.or_else(|| sniff_escape(head, quote)),
            comment: options.comment,
            skips_initial_space: options.skips_initial_space,
        };
        let given = options.delimiter.or(delimiter);
        dialect.delimiter = given.unwrap_or_else(|| sniff_delimiter(text, dialect));
        dialect
    }

    pub(super) fn reader(self, text: &str) -> csv::Reader<&[u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .quote(self.quote)
            .escape(self.escape)
            .comment(self.comment)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes())
    }

    /// The most cells of a record, counted as the library splits them.
    pub(super) fn most_cells(self, text: &str) -> usize {
        let (mut most, mut cells) = (0, 1);
        let (mut at_start, mut in_quotes) = (true, false);
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if in_quotes {
                let is_escaped = Some(byte) == self.escape
                    || (byte == self.quote && bytes.peek() == Some(&self.quote));
                if is_escaped {
                    bytes.next();
                } else if byte == self.quote {
                    in_quotes = false;
                }
                continue;
            }
            in_quotes = at_start && byte == self.quote;
            at_start = byte == self.delimiter || byte == b'\n';
            cells += usize::from(byte == self.delimiter);
            if byte == b'\n' {
                most = most.max(std::mem::replace(&mut cells, 1));
            }
        }
        most.max(cells)
    }

    /// The text without spaces between a delimiter and a cell: before quotes always, as they would
    /// not be quotes otherwise, and before other cells if the dialect says so.
    pub(super) fn without_initial_spaces(self, text: &str) -> Cow<'_, str> {
        if !self.skips_initial_space && !has_spaced_quote(text, self) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let (delimiter, quote) = (char::from(self.delimiter), char::from(self.quote));
        let escape = self.escape.map(char::from);
        let (mut at_start, mut in_quotes) = (true, false);
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if at_start && character == ' ' {
                let rest = characters.as_str().trim_start_matches(' ');
                let spaces = characters.as_str().len() - rest.len();
                if self.skips_initial_space || rest.starts_with(quote) {
                    characters = rest.chars();
                    continue;
                }
                out.extend(std::iter::repeat_n(' ', spaces + 1));
                characters = rest.chars();
                at_start = false;
                continue;
            }
            out.push(character);
            if in_quotes && Some(character) == escape {
                out.extend(characters.next());
            } else if character == quote && (at_start || in_quotes) {
                in_quotes = !in_quotes;
                at_start = false;
            } else if !in_quotes {
                at_start = character == delimiter || character == '\n';
            }
        }
        Cow::Owned(out)
    }
}

/// The delimiter that a first line `sep=;` names, which Excel writes and reads, and the rest.
pub(super) fn split_hint(text: &str) -> (Option<u8>, &str) {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    match line.trim_end_matches('\r').trim_matches('"').as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] if delimiter.is_ascii() => {
            (Some(*delimiter), rest)
        }
        _ => (None, text),
    }
}

/// The cells of the first lines, split at every delimiter.
fn cells(head: &str) -> impl Iterator<Item = &str> {
    let is_delimiter = |c: char| DELIMITERS.iter().any(|delimiter| c == char::from(*delimiter));
    let lines = head.lines().take(SNIFFED_RECORDS);
    lines.flat_map(move |line| line.split(is_delimiter)).map(str::trim)
}

/// `'` if cells are quoted with it and none with `"`: whole cells, and as many opened as closed.
/// Apostrophes are in words, or at one end of them.
fn sniff_quote(head: &str) -> u8 {
    let count = |quote: char| {
        let (mut opened, mut closed, mut whole) = (0, 0, 0);
        for cell in cells(head).filter(|cell| cell.len() > 1) {
            let (opens, closes) = (cell.starts_with(quote), cell.ends_with(quote));
            opened += usize::from(opens);
            closed += usize::from(closes);
            whole += usize::from(opens && closes);
        }
        if opened == closed { whole } else { 0 }
    };
    if count('\'') > count('"') { b'\'' } else { b'"' }
}

/// A backslash if quotes follow it where they can't end a cell.
fn sniff_escape(head: &str, quote: u8) -> Option<u8> {
    let pattern = ['\\', char::from(quote)].iter().collect::<String>();
    let is_inside = |(start, _): (usize, &str)| {
        let next = head[start + pattern.len()..].trim_start_matches([' ', '\r']).chars().next();
        let ends = |c: char| c == '\n' || DELIMITERS.iter().any(|d| c == char::from(*d));
        next.is_some_and(|next| !ends(next) && next != char::from(quote))
    };
    head.match_indices(&pattern).any(is_inside).then_some(b'\\')
}

/// Whether a quote follows a delimiter and spaces.
fn has_spaced_quote(text: &str, dialect: Dialect) -> bool {
    let head = &text[..text.floor_char_boundary(SNIFFED_BYTES)];
    let pattern: String =
        [dialect.delimiter, b' ', dialect.quote].into_iter().map(char::from).collect();
    head.contains(&pattern)
}

/// The delimiter for which most records have as many fields as the header; ties go to more fields.
fn sniff_delimiter(text: &str, dialect: Dialect) -> u8 {
    let head = &text[..text.floor_char_boundary(SNIFFED_BYTES_OF_RECORDS)];
    let score = |delimiter: u8| {
        let records = Dialect { delimiter, ..dialect }.reader(head).into_records();
        let lengths = records.take(SNIFFED_RECORDS).map_while(Result::ok).map(|it| it.len());
        usual_length(&lengths.collect::<Vec<_>>())
    };
    let has_decimal_commas = is_decimal_comma(&text[..text.floor_char_boundary(SNIFFED_BYTES)]);
    let scored = DELIMITERS
        .into_iter()
        .rev()
        .filter(|delimiter| *delimiter != b',' || !has_decimal_commas)
        .filter_map(|delimiter| Some((score(delimiter)?, delimiter)));
    scored.max_by_key(|(score, _)| *score).map_or(b',', |(_, delimiter)| delimiter)
}

/// How many records have as many cells as the first one, and that number; or, where the first one is
/// a title, those below it.
fn usual_length(lengths: &[usize]) -> Option<(usize, usize)> {
    let alike = |fields: usize| lengths.iter().filter(|length| **length == fields).count();
    match lengths.first() {
        Some(first) if *first > 1 => Some((alike(*first), *first)),
        _ => {
            let start = lengths.iter().position(|length| *length > 1)?;
            let fields = lengths[start];
            let is_usual = fields > 2 && 3 * alike(fields) >= 2 * lengths[start..].len();
            (is_usual && lengths[start..].len() > 1).then_some((alike(fields), fields))
        }
    }
}

/// Whether all commas are within numbers, and a semicolon is in most lines.
fn is_decimal_comma(head: &str) -> bool {
    let lines: Vec<&str> = head.lines().take(SNIFFED_RECORDS).collect();
    let is_within = |line: &str, at: usize| {
        let bytes = line.as_bytes();
        let digit = |index: Option<usize>| {
            index.and_then(|index| bytes.get(index)).is_some_and(u8::is_ascii_digit)
        };
        digit(at.checked_sub(1)) && digit(Some(at + 1))
    };
    let mut commas =
        lines.iter().flat_map(|line| line.match_indices(',').map(move |it| (line, it.0)));
    let semicolons = lines.iter().filter(|line| line.contains(';')).count();
    2 * semicolons > lines.len() && commas.all(|(line, at)| is_within(line, at))
}

#[cfg(test)]
mod tests {
    use super::{Dialect, split_hint};
    use crate::TableOptions;

    fn of(text: &str) -> Dialect {
        Dialect::of(text, &TableOptions::default(), None)
    }

    #[test]
    fn apostrophes_are_not_quotes() {
        for (text, quote) in [
            ("a,b\n'1,5','x'\n", b'\''),
            ("name,note\n'tis,of the boys'\n", b'"'),
            ("name,note\nO'Neil,'twas\nAnn,'em all\n", b'"'),
            ("name,note\n'Ann',the boys'\n", b'"'),
            ("a\n\"x\"\n'y'\n", b'"'),
        ] {
            assert_eq!(of(text).quote, quote, "{text}");
        }
    }

    #[test]
    fn a_backslash_escapes_where_a_quote_cannot_end() {
        assert_eq!(of("a,b\n\"5\\\" wide\",1\n").escape, Some(b'\\'));
        assert_eq!(of("path,b\n\"C:\\\",1\n").escape, None);
        assert_eq!(of("a,b\n\"x\"\"y\",1\n").escape, None);
    }

    #[test]
    fn decimal_commas_do_not_delimit() {
        let ragged = "01.02.2024;1,50;a\n02.02.2024;2,50\n03.02.2024;3,50;b;c\n04.02.2024;1,00\n";
        assert_eq!(of(ragged).delimiter, b';');
        assert_eq!(of("a,b\n1,2\n").delimiter, b',');
    }

    #[test]
    fn cells_are_counted_as_they_are_split() {
        for (text, most) in [
            ("", 1),
            ("a,b\n1,2,3\n4", 3),
            ("\"x,\n\",b\n", 2),
            ("\"x\"\",\n,\",b,c", 3),
            ("5\" wide,b\n1,2\n", 2),
        ] {
            let dialect = of("a,b\n");
            assert_eq!(dialect.most_cells(text), most, "{text}");
            let records = dialect.reader(text).into_records().map(|record| record.unwrap().len());
            assert!(records.max().unwrap_or(0) <= most, "{text}");
        }
    }

    #[test]
    fn a_title_does_not_hide_the_delimiter() {
        assert_eq!(of("Report, May\nitem;price;tax\nTea;1;2\nRum;3;4\n").delimiter, b';');
        assert_eq!(of("Report\n\nitem;price;tax\nTea;1;2\n").delimiter, b';');
        assert_eq!(of("note\nfirst; second\nthird; fourth\n").delimiter, b',');
    }

    #[test]
    fn the_first_line_may_name_the_delimiter() {
        assert_eq!(split_hint("sep=;\r\na;b"), (Some(b';'), "a;b"));
        assert_eq!(split_hint("\"sep=|\"\na|b"), (Some(b'|'), "a|b"));
        for text in ["sep=\na", "sep=ab\n1", "a;b"] {
            assert_eq!(split_hint(text), (None, text));
        }
    }

    #[test]
    fn spaces_before_quotes_are_dropped_outside_of_quotes() {
        for (text, expected) in [
            ("a, \"b, \"\"c\"\"\"\n 1,  \"2\"\n", "a,\"b, \"\"c\"\"\"\n 1,\"2\"\n"),
            ("a, \"b\", c\n", "a,\"b\", c\n"),
            ("a, b\n", "a, b\n"),
        ] {
            let dialect = of(text);
            assert_eq!(dialect.without_initial_spaces(text), expected);
            let spaced = Dialect { skips_initial_space: true, ..dialect };
            assert!(!spaced.without_initial_spaces(text).contains(", c"));
        }
    }
}
