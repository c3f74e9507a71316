//! E-mails of Outlook (.msg): a compound file with a stream for each property ([MS-OXMSG]).

mod properties;

use std::borrow::Cow;

use mail_parser::MessageParser;
use office_oxide::cfb::CfbReader;

use self::properties::{Item, OutlookFile, tags};
use super::writer::{Body, MailWriter, described, words};
use super::{MOST_LEVELS, RICHER, compressed_rtf, single_line};
use crate::context::ReadContext;
use crate::markup::{html, rtf};
use crate::{Attachment, Document, FileError, FileErrorKind};

/// The stream with the properties of fixed size.
pub(crate) const PROPERTIES: &str = "__properties_version1.0";
/// The bytes before the first property in the stream of a message, an attached message, and a
/// recipient or an attachment ([MS-OXMSG] 2.4.1).
const OUTER: usize = 32;
const INNER: usize = 24;
const PART: usize = 8;

/// Whether the compound file is a message, and not a document of another program that holds one.
pub(crate) fn is_message(bytes: &[u8]) -> bool {
    let file = CfbReader::new(std::io::Cursor::new(bytes));
    file.is_ok_and(|file| file.has_root_entry(PROPERTIES))
}

pub(super) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    let mut file = OutlookFile::open(context, bytes)?;
    let mut reader = OutlookReader { writer: MailWriter::new(context), attachments: Vec::new() };
    let message = file.item(0, OUTER)?;
    reader.message(&mut file, &message, 1)?;
    let mut document = reader.writer.builder.finish();
    if document.text.is_empty() {
        return Err(context.error(FileErrorKind::Empty, "the e-mail is empty"));
    }
    document.warnings = reader.writer.warnings;
    document.attachments = reader.attachments;
    Ok(document)
}

struct OutlookReader<'a> {
    writer: MailWriter<'a>,
    attachments: Vec<Attachment>,
}

/// What is attached to a message.
enum Attached {
    File(Attachment),
    Message(String, Item),
    /// Something that is not read, and why.
    Other(String, &'static str),
}

impl OutlookReader<'_> {
    /// Writes a message, and the messages attached to it after it; `level` is 1 for the outermost.
    fn message(
        &mut self,
        file: &mut OutlookFile,
        message: &Item,
        level: u8,
    ) -> Result<(), FileError> {
        let subject = file.text(message, tags::SUBJECT)?.unwrap_or_default();
        let headers = headers(file, message)?;
        self.writer.head(level, &single_line(&subject), &headers);
        self.body(file, message)?;
        let attached = attached(file, message)?;
        self.writer.attachments(attached.iter().map(Attached::described));
        for attached in attached {
            match attached {
                Attached::File(file) if level == 1 => self.attachments.push(file),
                Attached::File(_) => {}
                Attached::Message(_, inner) if level < MOST_LEVELS => {
                    self.message(file, &inner, level + 1)?;
                }
                Attached::Message(..) => self.writer.warn_of_depth(),
                Attached::Other(name, why) => {
                    self.writer.warnings.push(format!("the attachment {name:?} {why}"));
                }
            }
        }
        Ok(())
    }

    /// Writes the plain text, or the HTML if that says much more, or the RTF if there is neither.
    fn body(&mut self, file: &mut OutlookFile, message: &Item) -> Result<(), FileError> {
        let plain = file.text(message, tags::BODY)?.unwrap_or_default();
        let page = match file.text(message, tags::HTML)? {
            Some(page) => page,
            None => match file.bytes(message, tags::HTML)? {
                Some(bytes) => html::decoded(&bytes).0,
                None => String::new(),
            },
        };
        let plain = Body::Plain(Cow::Owned(plain));
        let page = Body::Html(Cow::Owned(page));
        let context = self.writer.context;
        let (of_plain, of_page) = (words(context, [&plain])?, words(context, [&page])?);
        if of_page > RICHER * of_plain {
            return self.writer.body(&page);
        }
        if of_plain > 0 {
            return self.writer.body(&plain);
        }
        let Some(packed) = file.bytes(message, tags::RTF)? else { return Ok(()) };
        let text = compressed_rtf::unpack(&packed).map(|rtf| rtf::read(context, &rtf));
        match text {
            Some(Ok(document)) => self.writer.body(&Body::Plain(Cow::Owned(document.text))),
            Some(Err(error)) if error.kind == FileErrorKind::LimitExceeded => Err(error),
            Some(Err(error)) if error.kind == FileErrorKind::Empty => Ok(()),
            _ => {
                let warning = "the body is damaged and was not read";
                self.writer.warnings.push(warning.to_owned());
                Ok(())
            }
        }
    }
}

impl Attached {
    fn described(&self) -> String {
        match self {
            Self::File(file) => described(&file.name, &file.media_type, file.bytes.len()),
            Self::Message(name, _) => format!("{name} (application/vnd.ms-outlook)"),
            Self::Other(name, _) => name.clone(),
        }
    }
}

/// The header lines that a mail program displays.
fn headers(
    file: &mut OutlookFile,
    message: &Item,
) -> Result<[(&'static str, String); 4], FileError> {
    let mut first = |tags: &[u16]| -> Result<String, FileError> {
        for tag in tags {
            if let Some(text) = file.text(message, *tag)?.filter(|text| !text.trim().is_empty()) {
                return Ok(single_line(&text));
            }
        }
        Ok(String::new())
    };
    let name = first(&[tags::SENDER_NAME, tags::SENT_FOR_NAME])?;
    let address = first(&[tags::SENDER_SMTP, tags::SENT_FOR_SMTP, tags::SENDER_ADDRESS])?;
    let (shown_to, shown_cc) = (first(&[tags::SHOWN_TO])?, first(&[tags::SHOWN_CC])?);
    // As written, with its time zone, so that values can be located in it.
    let written = file.text(message, tags::HEADERS)?.and_then(|headers| {
        let headers = MessageParser::default().parse_headers(headers.as_bytes())?;
        headers.header_raw("Date").map(single_line)
    });
    let date =
        written.or_else(|| message.time(tags::SENT)).or_else(|| message.time(tags::DELIVERED));
    let [to, cc] = recipients(file, message)?;
    Ok([
        ("From", person(&name, &address)),
        ("To", if to.is_empty() { shown_to } else { to.join(", ") }),
        ("Cc", if cc.is_empty() { shown_cc } else { cc.join(", ") }),
        ("Date", date.unwrap_or_default()),
    ])
}

/// A name with its address, unless that is one within an organisation.
fn person(name: &str, address: &str) -> String {
    match (name, address) {
        (name, address) if !address.contains('@') || name == address => name.to_owned(),
        ("", address) => address.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    }
}

/// Those to whom the message was sent, and those who got a copy.
fn recipients(file: &mut OutlookFile, message: &Item) -> Result<[Vec<String>; 2], FileError> {
    let mut people = [Vec::new(), Vec::new()];
    for storage in message.parts("__RECIP_VERSION1.0_") {
        let recipient = file.item(storage, PART)?;
        let name = file.text(&recipient, tags::NAME)?.unwrap_or_default();
        let mut address = file.text(&recipient, tags::SMTP)?.unwrap_or_default();
        if address.is_empty() {
            address = file.text(&recipient, tags::ADDRESS)?.unwrap_or_default();
        }
        let person = person(&single_line(&name), &single_line(&address));
        // 1 is `To`, 2 is `Cc`, 3 is `Bcc` ([MS-OXOMSG] 2.2.3.1).
        let kind = recipient.number(tags::RECIPIENT_TYPE).and_then(|it| it.checked_sub(1));
        let list = people.get_mut(usize::try_from(kind.unwrap_or(0)).unwrap_or(usize::MAX));
        if let Some(list) = list.filter(|_| !person.is_empty()) {
            list.push(person);
        }
    }
    Ok(people)
}

fn attached(file: &mut OutlookFile, message: &Item) -> Result<Vec<Attached>, FileError> {
    let mut found = Vec::new();
    for storage in message.parts("__ATTACH_VERSION1.0_") {
        let item = file.item(storage, PART)?;
        let mut name = String::new();
        for tag in [tags::LONG_FILE_NAME, tags::FILE_NAME, tags::NAME] {
            if name.is_empty() {
                name = single_line(&file.text(&item, tag)?.unwrap_or_default());
            }
        }
        found.push(if let Some(bytes) = file.bytes(&item, tags::DATA)? {
            let media_type = file.text(&item, tags::MEDIA_TYPE)?;
            let media_type = media_type.map(|it| single_line(&it).to_ascii_lowercase());
            let media_type = media_type.filter(|it| !it.is_empty());
            Attached::File(Attachment {
                name,
                media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
                bytes: bytes.into(),
            })
        } else if let Some(inner) = item.storage(tags::DATA) {
            let inner = file.item(inner, INNER)?;
            if inner.has_properties() {
                Attached::Message(name, inner)
            } else {
                Attached::Other(name, "is an object of another program, which was not read")
            }
        } else {
            Attached::Other(name, "is a link to a file, which was not read")
        });
    }
    Ok(found)
}
