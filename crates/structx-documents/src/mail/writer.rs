//! Writes the parts of an e-mail as blocks.

use std::borrow::Cow;

use super::MOST_LEVELS;
use crate::builder::Builder;
use crate::context::ReadContext;
use crate::markup::flow::Flow;
use crate::markup::html;
use crate::markup::text::normalise_newlines;
use crate::{BlockKind, FileError};

pub(super) struct MailWriter<'a> {
    pub(super) context: &'a ReadContext<'a>,
    pub(super) builder: Builder,
    pub(super) warnings: Vec<String>,
}

/// A body of an e-mail.
#[derive(Debug)]
pub(super) enum Body<'a> {
    Plain(Cow<'a, str>),
    Html(Cow<'a, str>),
}

impl<'a> MailWriter<'a> {
    pub(super) fn new(context: &'a ReadContext<'a>) -> Self {
        Self { context, builder: Builder::default(), warnings: Vec::new() }
    }

    /// Writes the subject, as a heading of this level, and the header lines that a mail program
    /// displays, without those that are empty. Level 1 is the outermost message.
    pub(super) fn head(&mut self, level: u8, subject: &str, headers: &[(&str, String)]) {
        if !subject.is_empty() {
            self.builder.separator("\n\n");
            self.builder.text(&"#".repeat(level.min(6).into()));
            self.builder.text(" ");
            self.builder.block(BlockKind::Heading { level: level.min(6) }, subject, None);
        }
        let given = headers.iter().filter(|(_, value)| !value.is_empty());
        let lines: Vec<String> = given.map(|(name, value)| format!("{name}: {value}")).collect();
        if !lines.is_empty() {
            self.builder.separator("\n\n");
            self.builder.block(BlockKind::Paragraph, &lines.join("\n"), None);
        }
    }

    pub(super) fn body(&mut self, body: &Body) -> Result<(), FileError> {
        match body {
            Body::Html(page) => {
                let mut flow = Flow::new(self.context);
                flow.builder = std::mem::take(&mut self.builder);
                html::write(&mut flow, page, false)?;
                self.builder = flow.finish()?;
            }
            Body::Plain(text) => {
                self.context.check_characters(text)?;
                for paragraph in normalise_newlines(text.clone().into_owned()).split("\n\n") {
                    let paragraph = paragraph.trim_start_matches('\n').trim_end();
                    if !paragraph.is_empty() {
                        self.builder.separator("\n\n");
                        self.builder.block(BlockKind::Paragraph, paragraph, None);
                    }
                    self.context.check_time()?;
                }
            }
        }
        Ok(())
    }

    /// Lists the attachments.
    pub(super) fn attachments(&mut self, described: impl Iterator<Item = String>) {
        for (index, described) in described.enumerate() {
            self.builder.separator(if index == 0 { "\n\nAttachments:\n\n- " } else { "\n- " });
            self.builder.block(BlockKind::ListItem, &described, None);
        }
    }

    /// Warns of attached e-mails that are nested too deeply to be read.
    pub(super) fn warn_of_depth(&mut self) {
        let warning =
            format!("e-mails attached more than {MOST_LEVELS} levels deep are not in the text");
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// The number of words of the bodies as they are written.
pub(super) fn words<'b, 't: 'b>(
    context: &ReadContext,
    bodies: impl IntoIterator<Item = &'b Body<'t>>,
) -> Result<usize, FileError> {
    let mut writer = MailWriter::new(context);
    for body in bodies {
        writer.body(body)?;
    }
    let text = writer.builder.finish().text;
    let is_word = |word: &&str| word.contains(char::is_alphanumeric);
    Ok(text.split_whitespace().filter(is_word).count())
}

/// An attachment as the list shows it.
pub(super) fn described(name: &str, media_type: &str, bytes: usize) -> String {
    let name = if name.is_empty() { "without a name" } else { name };
    format!("{name} ({media_type}, {bytes} bytes)")
}
