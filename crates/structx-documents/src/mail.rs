//! E-mails (.eml): headers, body and attachments.

use std::thread;

use mail_parser::{Addr, Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use super::builder::Builder;
use super::context::ReadContext;
use super::markup::flow::Flow;
use super::markup::html;
use super::markup::text::normalise_newlines;
use super::{Attachment, BlockKind, Document, FileError, FileErrorKind};

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
    let mut builder = Builder::default();
    if let Some(subject) = message.subject().map(single_line).filter(|it| !it.is_empty()) {
        builder.text("# ");
        builder.block(BlockKind::Heading { level: 1 }, &subject, None);
    }
    let headers = headers(&message);
    if !headers.is_empty() {
        builder.separator("\n\n");
        builder.block(BlockKind::Paragraph, &headers.join("\n"), None);
    }
    let has_plain_text = message.text_bodies().any(|part| !part.contents().trim_ascii().is_empty());
    let parts: Vec<_> = if has_plain_text {
        message.text_bodies().collect()
    } else {
        message.html_bodies().collect()
    };
    for part in parts {
        builder = body(context, builder, part)?;
    }
    let attachments: Vec<Attachment> = message.attachments().map(attachment).collect();
    for (index, attachment) in attachments.iter().enumerate() {
        builder.separator(if index == 0 { "\n\nAttachments:\n\n- " } else { "\n- " });
        builder.block(BlockKind::ListItem, &described(attachment), None);
    }
    let mut document = builder.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the e-mail is empty"));
    }
    if message.parts.iter().any(|part| part.is_encoding_problem) {
        document
            .warnings
            .push("some parts are damaged; they were read without decoding".to_owned());
    }
    document.attachments = attachments;
    Ok(document)
}

/// The header lines that a mail program displays.
fn headers(message: &Message<'_>) -> Vec<String> {
    let lines = [
        ("From", people(message.from().into_iter())),
        ("To", people(message.all_to())),
        ("Cc", people(message.all_cc())),
        // As written, so that values can be located in it.
        ("Date", message.header_raw("Date").map(single_line).unwrap_or_default()),
    ];
    let given = lines.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| format!("{name}: {value}")).collect()
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

fn body(
    context: &ReadContext,
    mut builder: Builder,
    part: &MessagePart<'_>,
) -> Result<Builder, FileError> {
    match &part.body {
        PartType::Html(page) => {
            let mut flow = Flow::new(context);
            flow.builder = builder;
            html::write(&mut flow, page, false)?;
            return flow.finish();
        }
        PartType::Text(text) => {
            context.check_characters(text)?;
            for paragraph in normalise_newlines(text.clone().into_owned()).split("\n\n") {
                let paragraph = paragraph.trim_start_matches('\n').trim_end();
                if !paragraph.is_empty() {
                    builder.separator("\n\n");
                    builder.block(BlockKind::Paragraph, paragraph, None);
                }
                context.check_time()?;
            }
        }
        _ => {}
    }
    Ok(builder)
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let message = part.message();
    let bytes = message.map_or_else(|| part.contents(), Message::raw_message);
    let name = part.attachment_name().map(single_line);
    let subject = message.and_then(Message::subject).map(single_line);
    let media_type = part.content_type().map(|it| match it.subtype() {
        Some(subtype) => format!("{}/{subtype}", it.ctype()).to_ascii_lowercase(),
        None => it.ctype().to_ascii_lowercase(),
    });
    let unsaid = if message.is_some() { "message/rfc822" } else { "application/octet-stream" };
    Attachment {
        name: name.or_else(|| subject.map(|it| format!("{it}.eml"))).unwrap_or_default(),
        media_type: media_type.unwrap_or_else(|| unsaid.to_owned()),
        bytes: bytes.into(),
    }
}

fn described(attachment: &Attachment) -> String {
    let Attachment { name, media_type, bytes } = attachment;
    let name = if name.is_empty() { "without a name" } else { name };
    format!("{name} ({media_type}, {} bytes)", bytes.len())
}

fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Document, FileErrorKind, ReadOptions, read_bytes};

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
             - Forwarded.eml (message/rfc822, 55 bytes)"
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
