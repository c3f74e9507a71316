//! RTF as a reader of its text gets it.

use proptest::prelude::*;

use super::read;
use crate::context::ReadContext;
use crate::{BlockKind, Document, FileError, FileErrorKind, ReadOptions};

fn rtf(bytes: &[u8]) -> Result<Document, FileError> {
    let options = ReadOptions::default();
    read(&ReadContext::new("a.rtf", &options), bytes)
}

fn text(body: &str) -> String {
    rtf(format!("{{\\rtf1\\ansi\\ansicpg1252 {body}}}").as_bytes()).unwrap().text
}

#[test]
fn characters() {
    for (body, expected) in [
        (r"caf\'e9 \u8364? 5\~\{\}\\", "café € 5 {}\\"),
        (r"a\par b\line c\tab d", "a\n\nb\nc d"),
        (r"{\uc2\u233ab}\uc0\u-10179\u-8704 x", "é😀x"),
        (r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}}{\f1 \'cf\'f0}\'e9", "Прé"),
        (r"{\fonttbl{\f3\fcharset128 Gothic;}}{\f3 \'82\'a0}", "あ"),
        (r"\ldblquote a\rdblquote\emdash b", "“a”—b"),
        (r"{\v hidden}a{\deleted gone}b {\*\unknown x}{\*\bkmkstart y}c{\pict 00ff}", "ab c"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}", "link"),
        ("10{\\super 3}\r\n m\\bin4 }{}{", "10³ m"),
        (r"H{\sub 2}O {\strike 12 }13\strike 4\strike0 5", "H₂O ~~12~~ 13~~4~~5"),
        (r"{\info{\title t}}{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt box}}", "box"),
    ] {
        assert_eq!(text(body), expected, "{body}");
    }
}

#[test]
fn headings_lists_notes_and_margins() {
    let body = r"{\stylesheet{\s0 Normal;}{\s1\outlinelevel0 Anything;}{\s2 heading 2;}}
        {\header Acme\par}\pard\s1 One\par\pard\s2 Two\par
        \pard{\listtext\tab 1.\tab}first\par{\pntext\'B7\tab}\pard\ilvl1 second\par
        \pard text{\super\chftn}{\footnote \chftn  the note\par more} goes on.\par";
    let expected =
        "Acme\n\n# One\n\n## Two\n\n1. first\n  - second\n\ntext[1] goes on.\n\n[1] the note more";
    assert_eq!(text(body), expected);
}

#[test]
fn tables_keep_their_columns() {
    let body = r"before\par
        \trowd\cellx1000\cellx3000\pard\intbl Item\cell Price\cell\row
        \trowd\cellx1000\cellx2000\cellx3000\pard\intbl Tea\par green\cell 1\cell EUR\cell\row
        \pard\intbl\cell 2\cell\cell\row\pard after";
    let document = rtf(format!("{{\\rtf1 {body}}}").as_bytes()).unwrap();
    let expected = "before\n\n| Item | Price |  |\n| --- | --- | --- |\n| Tea green | 1 | EUR |\n\
        |  | 2 |  |\n\nafter";
    assert_eq!(document.text, expected);
    let cells = document.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Cell { .. }));
    assert_eq!(cells.count(), 6);
}

#[test]
fn broken_files_are_read_or_refused() {
    let cut = rtf(b"{\\rtf1 some {\\b text").unwrap();
    assert_eq!((cut.text.as_str(), cut.warnings.len()), ("some text", 1));
    let deep = [b"{\\rtf1 a".as_slice(), &b"{".repeat(100_000)].concat();
    assert_eq!(rtf(&deep).unwrap_err().kind, FileErrorKind::LimitExceeded);
    assert_eq!(rtf(b"{\\rtf1 }").unwrap_err().kind, FileErrorKind::Empty);
    assert!(rtf(&[b"{\\rtf1 a".as_slice(), &b"}".repeat(100_000)].concat()).is_ok());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        body in r"([a-z{}\\'0-9*-]|\\(row|cell|intbl|trowd|cellx[0-9]|par|u-?[0-9]{1,5}|footnote|header|listtext|s1|pard|bin9) ?){0,100}",
    ) {
        let _ = rtf(format!("{{\\rtf1 {body}").as_bytes());
    }
}
