//! Pages as a reader of their text gets them.

use proptest::prelude::*;

use super::read;
use crate::context::ReadContext;
use crate::{Document, FileError, FileErrorKind, Limits, ReadOptions};

fn page(html: &[u8]) -> Result<Document, FileError> {
    let options = ReadOptions::default();
    read(&ReadContext::new("page.html", &options), html)
}

fn text(html: &str) -> String {
    page(html.as_bytes()).unwrap().text
}

#[test]
fn text_is_as_a_browser_shows_it() {
    for (html, expected) in [
        ("<p>a <b>b</b>c\n d<p>e&amp;f&nbsp;g&eacute;", "a bc d\n\ne&f gé"),
        ("a<br>b<br/> c<hr>d", "a\nb\nc\n\nd"),
        ("<h2>One <i>two</i><br>three</h2>text", "## One two three\n\ntext"),
        ("<title>Page</title><p>x", "# Page\n\nx"),
        ("<title>Page</title><h1>Head</h1>", "# Page\n\n# Head"),
        ("<title>The\nPage</title><h1 id=a><a>the</a> <b>page</b></h1>x", "# the page\n\nx"),
        ("<TITLE>Page</TITLE><header><H1>Page</H1 ></header>", "# Page"),
        ("<title>Page</title><h1>Head", "# Page\n\n# Head"),
        ("<a href='https://example.com'>link</a>", "link"),
        ("<pre>\n a\n  b\n</pre>c", "```\n a\n  b\n```\n\nc"),
        ("a<script>if (a < b) {}</script><style>p{}</style><!-- c -->b", "ab"),
        ("<script src='x'/>a<title/>b", "ab"),
        ("10<sup>3</sup> m<sup>-2</sup>", "10³ m⁻²"),
        ("H<sub>2</sub>O 1<sup>st</sup>", "H₂O 1st"),
        ("<del>12 <b>EUR</b> </del>13 <s>a<strike>b</strike>c</s>d", "~~12 EUR~~ 13 ~~abc~~d"),
        ("<del><p>one</p><p>two</p></del>three", "~~one~~\n\n~~two~~\n\nthree"),
        ("<img alt='ACME Ltd' src=x>of<input value=5><input type=hidden value=6>", "ACME Ltd of 5"),
        ("in\u{AD}voice", "invoice"),
        ("<dl><dt>Total<dd>5 EUR<dt>Due<dd>today</dl>", "Total\n  5 EUR\n\nDue\n  today"),
        ("is <select><option>a<option>b</select>.", "is a ."),
        ("<select><option>a<option selected>b</option><option>c</select>", "b"),
        ("a <select><option disabled selected>choose<option>b</select>", "a"),
        ("<select><option disabled>choose<option>b</select>", "b"),
        ("at <input type=time value=10:30> <input type=password value=x>", "at 10:30"),
        ("<select multiple><option>a<option selected>b<option selected=x>c</select>d", "b, c d"),
        ("<select multiple><option>a</select>d<select>", "d"),
        ("<input type=checkbox checked>paid <input type=radio>open", "[x] paid [ ] open"),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn formulas_are_written_in_one_line() {
    for (formula, expected) in [
        ("<mfrac> <mn>3</mn> <mn>4</mn> </mfrac>", "(3)/(4)"),
        ("<msup><mn>10</mn><mn>6</mn></msup><mo>+</mo><mn>1</mn>", "10^(6)+1"),
        ("<msub><mi>x</mi><mrow><mi>i</mi><mo>+</mo><mn>1</mn></mrow></msub>", "x_(i+1)"),
        ("<munderover><mo>∑</mo><mn>1</mn><mi>n</mi></munderover><mi>k</mi>", "∑_(1)^(n)k"),
        ("<msqrt><mn>2</mn><mi>x</mi></msqrt>", "√(2x)"),
        ("<apply><plus/><cn>2</cn><cn>3.14</cn></apply>", "2 3.14"),
        ("<mroot><mi>n</mi><mn>3</mn></mroot>", "(n)^(1/(3))"),
        ("<mfrac><mn>1</mn><mfrac><mn>2</mn><mn>3</mn></mfrac></mfrac>", "(1)/((2)/(3))"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>",
            "[1, 2; 3]",
        ),
        (
            "<semantics><mi>x</mi><annotation encoding=TeX>x^2</annotation></semantics><mtext> if </mtext><mi>y</mi>",
            "x if y",
        ),
        ("<msup><mi>x</mi><mspace/></msup>", "x^()"),
    ] {
        assert_eq!(text(&format!("<p>a <math>{formula}</math>, b")), format!("a {expected}, b"));
    }
    // A formula that is not closed ends with its paragraph.
    assert_eq!(text("<p><math><mi>x<p>a <b>b</b> c"), "x\n\na b c");
}

#[test]
fn what_is_hidden_is_left_out() {
    for (html, expected) in [
        ("a<div hidden>b<p>c</div>d", "ad"),
        ("<div style='color:red; DISPLAY : none'>b<div>c</div></div>d", "d"),
        (
            "<table><tr><th>x<th>z<tr hidden><td>y<tr><td>1<td>2</table>",
            "| x | z |\n| --- | --- |\n| 1 | 2 |",
        ),
        ("<ul><li hidden>a<ul><li>b</ul><li>c</ul>d", "- c\n\nd"),
        ("<ul><li>a<li hidden>b</ul>c", "- a\n\nc"),
        ("<p hidden>a<b>b</b><p>c", "c"),
        ("<input hidden>a<template><p>b</template>", "a"),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn lists_are_nested_and_numbered() {
    let html = "<ol start=3><li>a<ul><li>b<p>more</ul><li><p>c</p><p>d</ol><ol type=a><li>e\
        <li value=27>f</ol><li>g";
    let expected = "3. a\n  - b\n    more\n4. c\n  d\na. e\naa. f\n- g";
    assert_eq!(text(html), expected);
}

#[test]
fn tables_have_cells_and_implied_ends() {
    let html = "<table><caption>Prices</caption><tr><th>Item<th colspan=2>Price<tr><td rowspan=2>Tea\
        <td>1<td>EUR<tr><td>2 | <ul><li>a<li>b</ul><td></table>end";
    let expected = "Prices\n\n| Item | Price |  |\n| --- | --- | --- |\n| Tea | 1 | EUR |\n\
        |  | 2 \\| - a - b |  |\n\nend";
    assert_eq!(text(html), expected);
}

#[test]
fn tables_that_only_place_things_are_read_cell_by_cell() {
    let html = "<table><tr><td><h1>Shop</h1><p>a</p><td>b<tr><td><table><tr><th>x<th>y<tr><td>1<td>2\
        </table></table><table><tr><td>framed</table>";
    let expected = "# Shop\n\na\n\nb\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n\nframed";
    assert_eq!(text(html), expected);
}

#[test]
fn headings_within_the_cells_of_a_table_are_their_text() {
    for (html, expected) in [
        (
            "<table><tr><td><h3>Basic</h3><td><h3>Pro</h3><tr><td>5 EUR<td>9 EUR</table>",
            "| Basic | Pro |\n| --- | --- |\n| 5 EUR | 9 EUR |",
        ),
        (
            "<table><tr><th><h3>Plan</h3><p>a year<th>b<tr><td>c<td>d</table>",
            "| Plan a year | b |\n| --- | --- |\n| c | d |",
        ),
        // Sections side by side.
        (
            "<table><tr><td><h2>A</h2><p>a<td><h2>B</h2><p>b<tr><td>c<td>d</table>",
            "## A\n\na\n\n## B\n\nb\n\nc\n\nd",
        ),
    ] {
        assert_eq!(text(html), expected, "{html}");
    }
}

#[test]
fn encodings_are_found() {
    for (html, expected) in [
        (&b"<meta charset=iso-8859-2>\xB1"[..], "ą"),
        (b"<meta http-equiv=x content='text/html; charset=shift_jis'>\x82\xA0", "あ"),
        ("<meta charset=latin1>é".as_bytes(), "é"),
        (b"\xFF\xFEa\0", "a"),
    ] {
        assert_eq!(page(html).unwrap().text, expected);
    }
}

#[test]
fn hostile_pages_are_read_or_refused() {
    for deep in
        ["<div>", "<b>", "<p>", "<td>", "<span title='", "<a href=x>", "</div>", "&", "<!--"]
    {
        let html = format!("start {}", deep.repeat(100_000));
        assert!(text(&html).starts_with("start"), "{deep}");
    }
    for deep in ["<ul><li>x", "<table><td>x", "<ol>"] {
        let error = page(deep.repeat(100_000).as_bytes()).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::LimitExceeded, "{deep}");
    }
    let options = ReadOptions {
        limits: Limits { cells: 1000, ..Limits::default() },
        ..ReadOptions::default()
    };
    let wide = "<table><tr><td rowspan=65534 colspan=1000>a<td>b<tr><td>c</table>";
    let error = read(&ReadContext::new("a", &options), wide.as_bytes()).unwrap_err();
    assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    assert_eq!(page(b"<p></p>").unwrap_err().kind, FileErrorKind::Empty);
}

const TAGS: &str = "p div /div ul /ul ol /ol li /li h2 /h2 pre /pre br dt dd b /b option /p a";
const TABLE_TAGS: &str = "table /table tr td th /td p div ul li h2 /ul tbody caption";

proptest! {
    #[test]
    fn any_text_is_a_page(html in "([a-z<>/&;!='\" -]|<[a-z]{1,8}>|</[a-z]{1,8}>){0,200}") {
        let _ = page(html.as_bytes());
    }

    #[test]
    fn words_are_kept_in_order(tags in any_of(TAGS)) {
        let text = text(&with_words(&tags));
        let mut rest = text.as_str();
        for word in words(&tags) {
            let place = rest.find(&word);
            prop_assert!(place.is_some(), "{word} in {text}");
            rest = &rest[place.unwrap() + word.len()..];
        }
    }

    /// What stands in a table and in none of its cells is shown before it.
    #[test]
    fn words_of_tables_are_kept(tags in any_of(TABLE_TAGS)) {
        let text = text(&with_words(&tags));
        for word in words(&tags) {
            prop_assert_eq!(text.matches(&word).count(), 1, "{} in {}", word, text);
        }
    }
}

fn any_of(tags: &'static str) -> impl Strategy<Value = Vec<&'static str>> {
    let tags: Vec<&str> = tags.split(' ').collect();
    prop::collection::vec(prop::sample::select(tags), 1..60)
}

fn words(tags: &[&str]) -> impl Iterator<Item = String> {
    (0..tags.len()).map(|index| format!("w{index}w"))
}

fn with_words(tags: &[&str]) -> String {
    tags.iter().zip(words(tags)).map(|(tag, word)| format!("<{tag}> {word} ")).collect()
}
