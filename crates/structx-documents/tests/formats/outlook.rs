//! E-mails of Outlook, made by the tests and read as a user's are.

use proptest::prelude::*;
use structx_documents::{
    Content, Document, FileError, FileErrorKind, Format, ReadOptions, read_bytes,
};

use crate::compound::{Node, compound};
use crate::damage::damaged;

fn read(bytes: Vec<u8>) -> Result<Document, FileError> {
    match read_bytes("a.msg", bytes, &ReadOptions::default())? {
        Content::Document(document) => Ok(document),
        Content::Table(_) => panic!("no table"),
    }
}

fn stream(tag: &str, bytes: &[u8]) -> Node {
    Node::Stream(format!("__substg1.0_{tag}"), bytes.to_vec())
}

fn text(id: &str, text: &str) -> Node {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    stream(&format!("{id}001F"), &bytes)
}

/// The properties of fixed size: their tags and values, after a header.
fn fixed(header: usize, properties: &[(u32, u64)]) -> Node {
    let mut bytes = vec![0; header];
    for (tag, value) in properties {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(value.to_le_bytes());
    }
    Node::Stream("__properties_version1.0".to_owned(), bytes)
}

fn recipient(number: u8, kind: u64, name: &str, address: &str) -> Node {
    let nodes = vec![fixed(8, &[(0x0C15_0003, kind)]), text("3001", name), text("39FE", address)];
    Node::Storage(format!("__recip_version1.0_#0000000{number}"), nodes)
}

fn attachment(number: u8, nodes: Vec<Node>) -> Node {
    Node::Storage(format!("__attach_version1.0_#0000000{number}"), nodes)
}

/// 3 February 2025, 9:00:00 UTC, in steps of 100 ns from the year 1601.
const SENT: u64 = (11_644_473_600 + 20_122 * 86_400 + 9 * 3600) * 10_000_000;

fn message() -> Vec<u8> {
    let inner =
        vec![fixed(24, &[(0x0039_0040, SENT)]), text("0037", "Inner"), text("1000", "Inner text")];
    compound(vec![
        fixed(32, &[(0x0039_0040, SENT)]),
        text("0037", "Rechnung für Mai"),
        text("0C1A", "Ann"),
        text("5D01", "ann@example.org"),
        text("1000", "Total: 12.50 €\r\n\r\nThank you\r\n"),
        stream("10130102", b"<p>Total: <b>12.50</b></p>"),
        recipient(0, 1, "Bob", "bob@example.org"),
        recipient(1, 1, "", "c@example.org"),
        recipient(2, 2, "Dan", "/o=ACME/cn=dan"),
        recipient(3, 3, "Eve", "eve@example.org"),
        attachment(
            0,
            vec![
                fixed(8, &[(0, 0)]),
                text("3707", "a long name.doc"),
                // What is attached may be a compound file.
                stream("37010102", &compound(vec![Node::Stream("WordDocument".into(), vec![1])])),
                text("370E", "Application/MSWord"),
            ],
        ),
        attachment(
            1,
            vec![text("3001", "Inner.msg"), Node::Storage("__substg1.0_3701000D".into(), inner)],
        ),
        attachment(2, vec![text("3707", "linked.pdf")]),
    ])
}

#[test]
fn headers_body_and_attachments_are_read() {
    let document = read(message()).unwrap();
    assert_eq!(document.format, Some(Format::Email));
    assert_eq!(
        document.text,
        "# Rechnung für Mai\n\n\
         From: Ann <ann@example.org>\n\
         To: Bob <bob@example.org>, c@example.org\n\
         Cc: Dan\n\
         Date: 2025-02-03 09:00:00 UTC\n\n\
         Total: 12.50 €\n\n\
         Thank you\n\n\
         Attachments:\n\n\
         - a long name.doc (application/msword, 2048 bytes)\n\
         - Inner.msg (application/vnd.ms-outlook)\n\
         - linked.pdf\n\n\
         ## Inner\n\n\
         Date: 2025-02-03 09:00:00 UTC\n\n\
         Inner text"
    );
    let [file] = &document.attachments[..] else { panic!("{:?}", document.attachments) };
    assert_eq!((file.name.as_str(), file.bytes.len()), ("a long name.doc", 2048));
    assert_eq!(document.warnings.len(), 1, "{:?}", document.warnings);
    assert!(document.warnings[0].contains("linked.pdf"));
}

#[test]
fn the_richest_body_is_read_in_its_encoding() {
    let receipt = "<p>Paid 12.50 EUR on 3 May, of which VAT 2.00 EUR</p>";
    let rtf = b"{\\rtf1\\fromhtml1{\\*\\htmltag <p>}Total 5\\par}";
    let header = [&[0; 4], &u32::try_from(rtf.len()).unwrap().to_le_bytes()[..], b"MELA\0\0\0\0"];
    let rtf = [header.concat(), rtf.to_vec()].concat();
    let headers = "From: a@b.c\r\nDate: Mon, 3 Feb 2025\r\n 10:00:00 +0100\r\n";
    for (nodes, expected) in [
        (
            vec![text("1000", "Open in a browser"), stream("10130102", receipt.as_bytes())],
            "Paid 12.50 EUR on 3 May, of which VAT 2.00 EUR",
        ),
        (vec![text("1013", receipt)], "Paid 12.50 EUR on 3 May, of which VAT 2.00 EUR"),
        (vec![stream("10090102", &rtf)], "Total 5"),
        (vec![text("1000", " "), text("1013", "<p></p>"), stream("10090102", &rtf)], "Total 5"),
        (vec![fixed(32, &[(0x3FFD_0003, 1251)]), stream("1000001E", b"\xC4\xE0")], "Да"),
        (vec![fixed(32, &[(0x3FDE_0003, 65001)]), stream("1000001E", "Да".as_bytes())], "Да"),
        (vec![fixed(32, &[(0x3FFD_0003, 1252)]), stream("1000001E", "für".as_bytes())], "für"),
        (vec![text("007D", headers)], "Date: Mon, 3 Feb 2025 10:00:00 +0100"),
        (vec![text("0E04", "Ann; Bob"), text("0E03", "Dan")], "To: Ann; Bob\nCc: Dan"),
    ] {
        let properties = Node::Stream("__properties_version1.0".to_owned(), vec![0; 32]);
        let has_properties = matches!(&nodes[0], Node::Stream(name, _) if name.starts_with("__p"));
        let first = if has_properties { vec![] } else { vec![properties] };
        let nodes = first.into_iter().chain(nodes).collect();
        assert_eq!(read(compound(nodes)).unwrap().text, expected);
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let nothing = vec![Node::Stream("__properties_version1.0".to_owned(), vec![0; 32])];
    assert_eq!(read(compound(nothing)).unwrap_err().kind, FileErrorKind::Empty);
    // A document that holds a message is none.
    let held = vec![Node::Stream("__properties_version1.0".to_owned(), vec![0; 32])];
    let other = compound(vec![Node::Storage("Object".into(), held)]);
    assert_eq!(read(other).unwrap_err().kind, FileErrorKind::Unsupported);
    let mut deep = vec![fixed(24, &[(1, 1)]), text("1000", "deepest")];
    for level in 0..9 {
        let header = if level == 8 { 32 } else { 24 };
        let storage = Node::Storage("__substg1.0_3701000D".into(), deep);
        deep = vec![fixed(header, &[(1, 1)]), text("1000", "text"), attachment(0, vec![storage])];
    }
    let document = read(compound(deep)).unwrap();
    assert!(!document.text.contains("deepest") && document.warnings[0].contains("8 levels"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A document or an error, whatever is changed or cut off.
    #[test]
    fn damaged_messages_never_panic(bytes in damaged(message())) {
        let _ = read(bytes);
    }
}
