//! E-mails of the Internet (.eml): headers, body and attachments.

use std::borrow::Cow;
use std::thread;

use encoding_rs::WINDOWS_1252;
use mail_parser::{Addr, Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::writer::{Body, MailWriter, described, words};
use super::{MOST_LEVELS, RICHER, single_line};
use crate::context::ReadContext;
use crate::markup::text::{decode, is_utf16};
use crate::{Attachment, Document, FileError, FileErrorKind};

/// The parser searches for the end of each multipart up to the end of the file, at about one byte
/// per nanosecond; so this is about four seconds. Chosen by hand.
const MOST_BYTES_LOOKED_AT: u64 = 4_000_000_000;
/// The most lines that may begin a part, and bytes of all headers: chosen by hand, not measured.
const MOST_PARTS: usize = 300_000;
const MOST_BYTES_OF_HEADS: usize = 4 << 20;
/// Stack in bytes for dropping each level of nested messages, and a reserve: chosen by hand, held by
/// the test of deep nesting.
const STACK_OF_A_LEVEL: usize = 4 << 10;
const STACK: usize = 1 << 20;

/// The parser does not recurse, but dropping nested messages does; so parsing runs on a thread whose
/// stack is sized for the nesting depth.
pub(super) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    // Saved as UTF-16: the headers can only be found in UTF-8.
    if is_utf16(bytes) {
        return read(context, decode(bytes, None).0.as_bytes());
    }
    let levels = count(bytes, b"message/") + count(bytes, b"digest");
    context.check_entries(levels)?;
    let multiparts = count(bytes, b"multipart/");
    context.check_entries(multiparts)?;
    if (multiparts as u64).saturating_mul(bytes.len() as u64) > MOST_BYTES_LOOKED_AT {
        let message = "has too many parts for its size; save the attachments as files of their own";
        return Err(context.error(FileErrorKind::LimitExceeded, message));
    }
    check_heads(context, bytes)?;
    let (name, options) = (context.name, context.options);
    thread::scope(|scope| {
        thread::Builder::new()
            .stack_size(STACK + levels.saturating_mul(STACK_OF_A_LEVEL))
            .spawn_scoped(scope, || parse(&ReadContext::new(name, options), bytes))
            .map_err(|error| {
                let message = format!("no thread could be started to read it: {error}");
                context.error(FileErrorKind::Unreadable, message)
            })?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Bounds headers and parts, for which the parser keeps much more memory than their bytes.
fn check_heads(context: &ReadContext, bytes: &[u8]) -> Result<(), FileError> {
    let (mut parts, mut head_bytes) = (0, 0);
    // Whether the line is part of a header block, and whether another block, that of an enclosed
    // message, follows it.
    let (mut in_head, mut has_message) = (true, false);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"--") {
            parts += 1;
            (in_head, has_message) = (true, false);
        } else if line.trim_ascii().is_empty() {
            in_head &= has_message;
            has_message = false;
        } else if in_head {
            head_bytes += line.len();
            has_message |= count(line, b"message/") + count(line, b"digest") > 0;
        }
        if parts > MOST_PARTS || head_bytes > MOST_BYTES_OF_HEADS {
            let message =
                "has too many headers or parts; save the attachments as files of their own";
            return Err(context.error(FileErrorKind::LimitExceeded, message));
        }
    }
    Ok(())
}

/// Counts the occurrences of `text`, ignoring ASCII case.
fn count(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).filter(|window| window.eq_ignore_ascii_case(text)).count()
}

fn parse(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let Some(message) = MessageParser::default().parse(bytes) else {
        return Err(context.corrupt("is not an e-mail: it has no headers"));
    };
    context.check_entries(message.parts.len())?;
    let mut writer = MailWriter::new(context);
    write(&mut writer, &message, 1)?;
    let mut document = writer.builder.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the e-mail is empty"));
    }
    if message.parts.iter().any(|part| part.is_encoding_problem) {
        document
            .warnings
            .push("some parts are damaged; they were read without decoding".to_owned());
    }
    document.warnings.append(&mut writer.warnings);
    document.attachments = message.attachments().map(attachment).collect();
    Ok(document)
}

/// Writes a message, and the messages attached to it after it; `level` is 1 for the outermost.
fn write(writer: &mut MailWriter, message: &Message<'_>, level: u8) -> Result<(), FileError> {
    let subject = message.subject().map(single_line).unwrap_or_default();
    writer.head(level, &subject, &headers(message));
    for body in bodies(writer.context, message)? {
        writer.body(&body)?;
    }
    writer.attachments(message.attachments().map(|part| {
        let (name, media_type, bytes) = attached(part);
        described(&name, &media_type, bytes.len())
    }));
    for inner in message.attachments().filter_map(MessagePart::message) {
        if level < MOST_LEVELS {
            write(writer, inner, level + 1)?;
        } else {
            writer.warn_of_depth();
        }
    }
    Ok(())
}

/// The text of a part of the body.
fn body<'a>(part: &'a MessagePart<'_>) -> Option<Body<'a>> {
    match &part.body {
        PartType::Html(page) => Some(Body::Html(repaired(page))),
        PartType::Text(text) => Some(Body::Plain(repaired(text))),
        _ => None,
    }
}

/// The parts of the body: the plain text, or the HTML if that says much more, as receipts do whose
/// plain text only asks to open them in a browser.
fn bodies<'a>(context: &ReadContext, message: &'a Message<'_>) -> Result<Vec<Body<'a>>, FileError> {
    let plain: Vec<Body> = message.text_bodies().filter_map(body).collect();
    if message.text_body == message.html_body {
        return Ok(plain);
    }
    let rich: Vec<Body> = message.html_bodies().filter_map(body).collect();
    let is_richer = words(context, &rich)? > RICHER * words(context, &plain)?;
    Ok(if is_richer { rich } else { plain })
}

/// Repairs UTF-8 that was declared, and decoded, as a Western single-byte encoding: such text is
/// valid UTF-8 only if it was UTF-8.
fn repaired(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let latin_1 =
        || text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
    let bytes: Option<Vec<u8>> = latin_1();
    let bytes = bytes.or_else(|| {
        let (bytes, _, has_unmappable) = WINDOWS_1252.encode(text);
        (!has_unmappable).then(|| bytes.into_owned())
    });
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(text),
    }
}

/// The header lines that a mail program displays.
fn headers(message: &Message<'_>) -> [(&'static str, String); 4] {
    [
        ("From", people(message.from().into_iter())),
        ("To", people(message.all_to())),
        ("Cc", people(message.all_cc())),
        // As written, so that values can be located in it.
        ("Date", message.header_raw("Date").map(single_line).unwrap_or_default()),
    ]
}

fn people<'a>(addresses: impl Iterator<Item = &'a Address<'a>>) -> String {
    let person = |address: &Addr<'_>| match (address.name(), address.address()) {
        (Some(name), Some(address)) if name != address => {
            format!("{} <{}>", single_line(name), single_line(address))
        }
        (name, address) => single_line(address.or(name).unwrap_or_default()),
    };
    let people: Vec<String> =
        addresses.flat_map(Address::iter).map(person).filter(|it| !it.is_empty()).collect();
    people.join(", ")
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let (name, media_type, bytes) = attached(part);
    Attachment { name, media_type, bytes: bytes.into() }
}

/// The name, the media type and the bytes of an attachment.
fn attached<'a>(part: &'a MessagePart<'_>) -> (String, String, &'a [u8]) {
    let message = part.message();
    let bytes = message.map_or_else(|| part.contents(), Message::raw_message);
    let name = part.attachment_name().map(single_line);
    let subject = message.and_then(Message::subject).map(single_line);
    let media_type = part.content_type().map(|it| match it.subtype() {
        Some(subtype) => format!("{}/{subtype}", it.ctype()).to_ascii_lowercase(),
        None => it.ctype().to_ascii_lowercase(),
    });
    let unsaid = if message.is_some() { "message/rfc822" } else { "application/octet-stream" };
    (
        name.or_else(|| subject.map(|it| format!("{it}.eml"))).unwrap_or_default(),
        media_type.unwrap_or_else(|| unsaid.to_owned()),
        bytes,
    )
}

#[cfg(test)]
mod tests {
    use crate::{Content, Document, FileErrorKind, ReadOptions, read_bytes};

    fn document(mail: &str) -> Document {
        let bytes = mail.replace('\n', "\r\n").into_bytes();
        match read_bytes("a.eml", bytes, &ReadOptions::default()) {
            Ok(Content::Document(document)) => document,
            other => panic!("not a document: {other:?}"),
        }
    }

    const MIXED: &str = "\
From: =?utf-8?q?J=C3=BCrg_M=C3=BCller?= <jm@example.org>
To: Ann <ann@example.org>, bob@example.org
Cc: team: c@example.org, d@example.org;
Date: Mon, 3 Feb 2025
 10:00:00 +0100
Subject: =?iso-8859-1?Q?Rechnung_f=FCr?=
 =?iso-8859-1?Q?_Mai?=
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

Total: 12.50 =80

Thank you
--inner
Content-Type: text/html

<p>Total: <b>12.50</b></p>
--inner--
--outer
Content-Type: application/pdf; name=\"r\u{20}1.pdf\"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename=\"r 1.pdf\"

JVBERi0x
--outer
Content-Type: message/rfc822

From: eve@example.org
Subject: Forwarded

Inner text
--outer--
";

    #[test]
    fn headers_body_and_attachments_are_read() {
        let document = document(MIXED);
        assert_eq!(
            document.text,
            "# Rechnung für Mai\n\n\
             From: Jürg Müller <jm@example.org>\n\
             To: Ann <ann@example.org>, bob@example.org\n\
             Cc: c@example.org, d@example.org\n\
             Date: Mon, 3 Feb 2025 10:00:00 +0100\n\n\
             Total: 12.50 €\n\n\
             Thank you\n\n\
             Attachments:\n\n\
             - r 1.pdf (application/pdf, 6 bytes)\n\
             - Forwarded.eml (message/rfc822, 55 bytes)\n\n\
             ## Forwarded\n\n\
             From: eve@example.org\n\n\
             Inner text"
        );
        let [pdf, mail] = &document.attachments[..] else { panic!("two attachments") };
        assert_eq!(&*pdf.bytes, b"%PDF-1");
        let inner = String::from_utf8(mail.bytes.to_vec()).unwrap();
        assert!(inner.starts_with("From: eve") && inner.trim_end().ends_with("Inner text"));
        assert_eq!(document.warnings, [""; 0]);
    }

    #[test]
    fn html_is_read_where_there_is_no_plain_text() {
        let html = "Content-Type: text/html\n\n<p>One &amp; two</p><p>three</p>";
        assert!(document(&format!("Subject: s\n{html}")).text.contains("One & two"));
        let blank = format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n \n\
             --b\n{html}\n--b--\n"
        );
        assert!(document(&format!("Subject: s\n{blank}")).text.contains("One & two"));
    }

    #[test]
    fn the_richer_body_is_read() {
        let receipt = "<table><tr><td>Total</td><td>12.50 EUR</td></tr><tr><td>VAT</td><td>2.00 EUR</td></tr></table><p>Paid on 3 May</p>";
        let mail = |plain: &str| {
            document(&format!(
                "Subject: s\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
                 {plain}\n--b\nContent-Type: text/html\n\n{receipt}\n--b--\n"
            ))
            .text
        };
        assert!(mail("Open in a browser").contains("12.50 EUR"));
        let plain = mail("Total: 12.50 EUR, paid by card");
        assert!(plain.contains("by card") && !plain.contains("3 May"), "{plain}");
    }

    #[test]
    fn charsets_are_told_by_evidence() {
        let declared = |charset: &str, body: &[u8]| {
            let head = format!("Subject: s\r\nContent-Type: text/plain; charset={charset}\r\n\r\n");
            let bytes = [head.as_bytes(), body].concat();
            match read_bytes("a.eml", bytes, &ReadOptions::default()) {
                Ok(Content::Document(document)) => document.text,
                other => panic!("not a document: {other:?}"),
            }
        };
        for (charset, body, expected) in [
            ("iso-8859-1", "Müller, 5 €".as_bytes(), "Müller, 5 €"),
            ("windows-1252", "Müller, 5 €".as_bytes(), "Müller, 5 €"),
            ("iso-8859-1", b"M\xFCller", "Müller"),
            ("utf-8", "Müller".as_bytes(), "Müller"),
        ] {
            assert_eq!(declared(charset, body), format!("# s\n\n{expected}"), "{charset}");
        }
        let utf16 = "\u{feff}Subject: s\r\n\r\nMüller".encode_utf16().flat_map(u16::to_le_bytes);
        let read = read_bytes("a.eml", utf16.collect(), &ReadOptions::default());
        let Ok(Content::Document(document)) = read else { panic!("{read:?}") };
        assert_eq!(document.text, "# s\n\nMüller");
    }

    #[test]
    fn broken_mails_are_read_or_refused() {
        let kind = |mail: &[u8]| {
            let read = read_bytes("a.eml", mail.to_vec(), &ReadOptions::default());
            read.map_or_else(|error| Some(error.kind), |_| None)
        };
        assert_eq!(kind(b"no header at all"), Some(FileErrorKind::Empty));
        assert_eq!(kind(b"X: y\n\n"), Some(FileErrorKind::Empty));
        assert_eq!(kind(b"Subject: only\n"), None);
        for end in (0..MIXED.len()).step_by(7) {
            kind(&MIXED.as_bytes()[..end]);
        }
    }

    #[test]
    fn deep_nesting_is_read_or_refused() {
        let read = |mail: String| read_bytes("a.eml", mail.into_bytes(), &ReadOptions::default());
        let messages = "Content-Type: message/rfc822\n\n".repeat(9_000);
        assert!(read(format!("Subject: s\n{messages}Subject: t\n\nEnd")).is_ok());
        let digests: String = (0..4_000)
            .map(|level| {
                format!("Content-Type: multipart/digest; boundary=b{level}\n\n--b{level}\n\n")
            })
            .collect();
        assert!(read(format!("Subject: s\n{digests}\n\nEnd")).is_ok());
        let error = read(format!("Subject: s\n{}", messages.repeat(2))).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::LimitExceeded);
        let wide = "--a\nContent-Type: multipart/mixed; boundary=missing\n\n".repeat(9_000);
        let pad = "x".repeat(1 << 20);
        let error =
            read(format!("Content-Type: multipart/mixed; boundary=a\n\n{wide}{pad}")).unwrap_err();
        assert_eq!(error.kind, FileErrorKind::LimitExceeded);
    }
}
