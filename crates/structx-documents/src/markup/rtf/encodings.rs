//! Encodings by Windows code page and by the character set of an RTF font.

use encoding_rs::{Encoding, WINDOWS_1252};

pub(crate) fn of_code_page(page: i32) -> &'static Encoding {
    let label = match page {
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        10000 => "macintosh",
        65001 => "utf-8",
        874 | 1250..=1258 => return labelled(&format!("windows-{page}")),
        _ => "windows-1252",
    };
    labelled(label)
}

/// The encoding of a font's `\fcharset`; `None` if the font uses the document's code page.
pub(super) fn of_character_set(set: i32) -> Option<&'static Encoding> {
    let page = match set {
        77 => 10000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    };
    Some(of_code_page(page))
}

fn labelled(label: &str) -> &'static Encoding {
    Encoding::for_label(label.as_bytes()).unwrap_or(WINDOWS_1252)
}
