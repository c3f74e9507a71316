//! Mailboxes (.mbox, RFC 4155): e-mails in one file, one after the other.

use std::ops::Range;

/// How the line before each message begins: a sender and a date follow.
const POSTMARK: &[u8] = b"From ";

/// Whether the bytes begin with a message of a mailbox.
pub(crate) fn is_mailbox(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().split(|byte| *byte == b'\n').next().is_some_and(is_postmark)
}

/// The messages, each without the line before it.
pub(crate) fn messages(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut messages: Vec<Range<usize>> = Vec::new();
    let (mut start, mut after_blank) = (0, true);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if after_blank && is_postmark(line) {
            messages.push(end..end);
        } else if let Some(message) = messages.last_mut() {
            message.end = end;
        }
        after_blank = line.trim_ascii().is_empty();
        start = end;
    }
    messages.retain(|message| !bytes[message.clone()].trim_ascii().is_empty());
    messages
}

/// The message as it was sent: in a mailbox, its lines that look like the one before a message have a
/// `>` more.
pub(crate) fn as_sent(message: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        let is_quoted = marks > 0 && line[marks..].starts_with(POSTMARK);
        sent.extend_from_slice(&line[usize::from(is_quoted)..]);
    }
    sent
}

/// Whether the line has a time of day after the sender, as no sentence has that begins with `From`.
fn is_postmark(line: &[u8]) -> bool {
    let is_time =
        |part: &[u8]| matches!(part, [a, b':', b] if a.is_ascii_digit() && b.is_ascii_digit());
    line.starts_with(POSTMARK) && line.windows(3).any(is_time)
}

#[cfg(test)]
mod tests {
    use super::{as_sent, is_mailbox, messages};

    #[test]
    fn messages_begin_after_a_blank_line() {
        let bytes =
            b"From ann@a.example Mon Jan  1 10:00:00 2024\nSubject: one\n\nFrom here on.\n\n\
            From bob@b.example Tue Jan  2 11:30:00 +0000 2024\r\nSubject: two\r\n\r\nHello\r\n";
        assert!(is_mailbox(bytes) && !is_mailbox(b"From: ann@a.example\nDate: 10:00:00\n"));
        let texts: Vec<&[u8]> = messages(bytes).into_iter().map(|range| &bytes[range]).collect();
        let expected: [&[u8]; 2] =
            [b"Subject: one\n\nFrom here on.\n\n", b"Subject: two\r\n\r\nHello\r\n"];
        assert_eq!(texts, expected);
        assert!(messages(b"From ann@a.example Mon Jan  1 10:00:00 2024\n\n").is_empty());
    }

    #[test]
    fn quoted_lines_are_as_they_were_sent() {
        let stored = b"A: b\n\n>From the start\n>>From it\n> From me\n";
        assert_eq!(as_sent(stored), b"A: b\n\nFrom the start\n>From it\n> From me\n");
    }
}
