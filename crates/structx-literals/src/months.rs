//! The names of months in English, German, French, Spanish, Italian, Dutch and Portuguese.

use std::collections::HashMap;
use std::sync::LazyLock;

/// By month, full names and abbreviations in lower case, without dots.
#[rustfmt::skip]
const NAMES: [&[&str]; 12] = [
    &["january", "jan", "januar", "jänner", "jän", "janvier", "janv", "enero", "ene", "gennaio", "gen",
        "januari", "janeiro"],
    &["february", "feb", "februar", "feber", "février", "fevrier", "févr", "fevr", "fév", "febrero",
        "febbraio", "februari", "fevereiro", "fev"],
    &["march", "mar", "märz", "maerz", "mär", "mars", "marzo", "maart", "mrt", "março", "marco"],
    &["april", "apr", "avril", "avr", "abril", "abr", "aprile"],
    &["may", "mai", "mayo", "maggio", "mag", "mei", "maio"],
    &["june", "jun", "juni", "juin", "junio", "giugno", "giu", "junho"],
    &["july", "jul", "juli", "juillet", "juil", "julio", "luglio", "lug", "julho"],
    &["august", "aug", "août", "aout", "agosto", "ago", "augustus"],
    &["september", "sept", "sep", "septembre", "septiembre", "settembre", "set", "setembro"],
    &["october", "oct", "oktober", "okt", "octobre", "octubre", "ottobre", "ott", "outubro", "out"],
    &["november", "nov", "novembre", "noviembre", "novembro"],
    &["december", "dec", "dezember", "dez", "décembre", "decembre", "déc", "diciembre", "dic",
        "dicembre", "dezembro"],
];

static NUMBERS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    const DIGITS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    let months = NAMES.iter().zip(DIGITS);
    months.flat_map(|(names, month)| names.iter().map(move |name| (*name, month))).collect()
});

/// An alternation of all names, the longer ones first.
pub fn alternation() -> String {
    let mut names: Vec<&str> = NAMES.iter().flat_map(|names| names.iter().copied()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names.join("|")
}

/// The number of a month, `1` to `12`, by its name in any case.
pub fn number(name: &str) -> Option<&'static str> {
    NUMBERS.get(name.to_lowercase().as_str()).copied()
}
