//! Bounds the bytes that hayro reads when it searches a damaged file for objects.
//!
//! It parses an object at each token that may begin one, without checking the time. Objects that do
//! not end are read to the end of the file each, which is quadratic.

use memchr::memmem;

use crate::context::ReadContext;
use crate::{FileError, FileErrorKind};

/// The budget: this many times the file, and a constant for small files. Chosen by hand.
const MOST_TIMES: usize = 4;
const FREE: usize = 8 << 20;
/// hayro gives up on objects that are nested deeper.
const MOST_DEPTH: usize = 512;
/// The speed of searching bytes relative to parsing them: an estimate, not measured.
const SEARCHED: usize = 16;

/// Refuses a file whose objects would be read too often.
pub(in crate::pdf) fn check_objects(context: &ReadContext, file: &[u8]) -> Result<(), FileError> {
    let mut scan = ObjectScan::new(file);
    let mut at = 0;
    while let Some(byte) = file.get(at) {
        at = match byte {
            b'0'..=b'9' => match scan.identifier(at) {
                Some(end) => {
                    scan.object(end);
                    end
                }
                None => scan.word(at),
            },
            b'<' if file[at..].starts_with(b"<<") => match scan.object(at) {
                Some(end) => end,
                None => scan.word(at),
            },
            _ => scan.word(at),
        };
        scan.check(context)?;
    }
    Ok(())
}

/// Refuses a file with too many unclosed streams.
pub(in crate::pdf) fn check_streams(context: &ReadContext, file: &[u8]) -> Result<(), FileError> {
    let mut scan = ObjectScan::new(file);
    scan.search(b"stream", b"endstream");
    scan.check(context)
}

/// Refuses page content with too many unclosed inline images.
pub(in crate::pdf) fn check_images(context: &ReadContext, content: &[u8]) -> Result<(), FileError> {
    let is_image = |start: usize| {
        let before = start.checked_sub(1).and_then(|before| content.get(before));
        let ends = |byte: Option<&u8>| byte.is_none_or(|byte| !is_regular(*byte));
        ends(before) && ends(content.get(start + 2))
    };
    // Most pages have no inline images, even if the letters occur.
    if !memmem::find_iter(content, b"BI").any(is_image) {
        return Ok(());
    }
    let mut scan = ObjectScan::new(content);
    scan.search(b"BI", b"EI");
    for start in memmem::find_iter(content, b"BI") {
        scan.entries(start + 2, 0, b"ID");
        scan.check(context)?;
    }
    Ok(())
}

struct ObjectScan<'a> {
    file: &'a [u8],
    /// The remaining budget in bytes; `None` once exceeded.
    left: Option<usize>,
}

impl<'a> ObjectScan<'a> {
    fn new(file: &'a [u8]) -> Self {
        Self { file, left: Some(FREE + file.len().saturating_mul(MOST_TIMES)) }
    }

    fn check(&self, context: &ReadContext) -> Result<(), FileError> {
        if self.left.is_some() {
            return Ok(());
        }
        let message = "is damaged in a way that takes too long to read; export it again";
        Err(context.error(FileErrorKind::LimitExceeded, message))
    }

    fn spend(&mut self, bytes: usize) {
        self.left = self.left.and_then(|left| left.checked_sub(bytes));
    }

    /// Spends the search from each start to the next end.
    fn search(&mut self, start: &[u8], end: &[u8]) {
        let mut ends = memmem::find_iter(self.file, end).peekable();
        for start in memmem::find_iter(self.file, start) {
            while ends.next_if(|end| *end < start).is_some() {}
            let end = ends.peek().copied().unwrap_or(self.file.len());
            self.spend((end - start) / SEARCHED);
        }
    }

    /// The end of the object that begins at or after `at`.
    fn object(&mut self, at: usize) -> Option<usize> {
        let start = self.blank(at);
        self.value(start, 0)
    }

    /// The end of the value at `at`; `None` if there is none, or the budget is spent.
    fn value(&mut self, at: usize, depth: usize) -> Option<usize> {
        self.left?;
        let rest = self.file.get(at..)?;
        match rest {
            [b'<', b'<', ..] => self.entries(at + 2, depth + 1, b">>"),
            [b'[', ..] => self.entries(at + 1, depth + 1, b"]"),
            [b'(', ..] => self.text(at),
            [b'<', inner @ ..] => {
                let is_digit = |byte: &u8| byte.is_ascii_hexdigit() || is_blank(*byte);
                let digits = inner.iter().take_while(|byte| is_digit(byte)).count();
                self.spend(digits);
                (inner.get(digits) == Some(&b'>')).then_some(at + digits + 2)
            }
            [first, inner @ ..] if *first == b'/' || is_regular(*first) => {
                let length = inner.iter().take_while(|byte| is_regular(**byte)).count();
                self.spend(length + 1);
                Some(at + 1 + length)
            }
            _ => None,
        }
    }

    /// The end of an array, a dictionary or the dictionary of an inline image.
    fn entries(&mut self, at: usize, depth: usize, end: &[u8]) -> Option<usize> {
        if depth > MOST_DEPTH {
            return None;
        }
        let mut at = self.blank(at);
        while !self.file.get(at..)?.starts_with(end) {
            let next = self.value(at, depth)?;
            at = self.blank(next);
        }
        Some(at + end.len())
    }

    /// The end of a string in parentheses.
    fn text(&mut self, at: usize) -> Option<usize> {
        let mut open = 0;
        let mut bytes = self.file[at..].iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => _ = bytes.next(),
                b'(' => open += 1,
                b')' if open == 1 => {
                    let end = self.file.len() - bytes.len();
                    self.spend(end - at);
                    return Some(end);
                }
                b')' => open -= 1,
                _ => {}
            }
        }
        self.spend(self.file.len() - at);
        None
    }

    /// The end of white space and comments.
    fn blank(&mut self, start: usize) -> usize {
        let mut in_comment = false;
        let rest = self.file.get(start..).unwrap_or_default();
        let mut is_within = |byte: &u8| {
            in_comment = (in_comment || *byte == b'%') && !matches!(byte, b'\n' | b'\r');
            in_comment || is_blank(*byte)
        };
        let length = rest.iter().take_while(|byte| is_within(byte)).count();
        self.spend(length + 1);
        start + length
    }

    /// The end of an object identifier, `12 0 obj`.
    fn identifier(&mut self, at: usize) -> Option<usize> {
        let mut at = at;
        for _ in 0..2 {
            let digits = self.file.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit());
            let digits = digits.count();
            if digits == 0 {
                return None;
            }
            at = self.blank(at + digits);
        }
        self.file[at..].starts_with(b"obj").then_some(at + 3)
    }

    /// The position after the next white space.
    fn word(&self, at: usize) -> usize {
        let length = self.file[at..].iter().take_while(|byte| !is_blank(**byte)).count();
        at + length + 1
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | 0x0C | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_blank(byte) && !b"()<>[]{}/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{check_images, check_objects, check_streams};
    use crate::ReadOptions;
    use crate::context::ReadContext;

    type Check = fn(&ReadContext, &[u8]) -> Result<(), crate::FileError>;

    fn is_refused(check: Check, part: &str) -> bool {
        let options = ReadOptions::default();
        let file = part.repeat((1 << 18) / part.len());
        check(&ReadContext::new("a.pdf", &options), file.as_bytes()).is_err()
    }

    #[test]
    fn objects_that_end_are_read_once() {
        for part in [
            "1 0 obj\n<< /A [ (a\\)b) <0a> null 1.5 2 0 R ] /B /C >> stream\n(((\nendstream endobj\n",
            "<< /A % >> \n /B >>\n",
            ") >> ] \u{0} (\n",
            "12 34 56 78\n",
        ] {
            assert!(!is_refused(check_objects, part), "{part}");
        }
    }

    #[test]
    fn objects_without_end_are_refused() {
        for part in [
            "1 0 obj(\n",
            "<< /A ( ",
            "<< /A ",
            "<< ( >>\n",
            "1 0 obj [ << /A <00> /B [\n",
            "1 0 obj % ",
        ] {
            assert!(is_refused(check_objects, part), "{part}");
        }
    }

    #[test]
    fn streams_that_do_not_end_are_refused() {
        assert!(is_refused(check_streams, "<< /Type /ObjStm >> stream\n"));
        assert!(!is_refused(check_streams, "<< /Type /ObjStm >> stream\nx\nendstream\n"));
    }

    #[test]
    fn images_that_do_not_end_are_refused() {
        for (part, refused) in [
            ("BI /W 1 /H 1 ID x EI Q\n", false),
            ("(a BIG word) Tj\n", false),
            ("BI ID ", true),
            ("BI ", true),
            ("BI /A ( ID EI ", true),
        ] {
            assert_eq!(is_refused(check_images, part), refused, "{part}");
        }
    }
}
