//! E-mails: of the Internet (.eml) and of Outlook (.msg); mailboxes (.mbox).

mod compressed_rtf;
mod internet;
pub(super) mod mailbox;
pub(super) mod outlook;
mod writer;

use super::context::ReadContext;
use super::{Document, FileError};

/// HTML with more than this many times the words of the plain text is read in its place: chosen by
/// hand, not measured.
const RICHER: usize = 2;
/// The most levels of attached e-mails whose text is read: chosen by hand.
const MOST_LEVELS: u8 = 8;

pub(super) fn read(context: &ReadContext, bytes: &[u8]) -> Result<Document, FileError> {
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        outlook::read(context, bytes)
    } else {
        internet::read(context, bytes)
    }
}

fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
