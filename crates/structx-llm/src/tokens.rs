//! Estimates of prompt tokens.

use structx_common::tokens::PER_IMAGE;
pub use structx_common::tokens::of_text;

use crate::{Message, Part, cpu};

/// Base64 bytes of a PDF per prompt token: pages of 50 to 100 KB are 1,500 to 3,000 tokens each (platform.claude.com/docs/en/build-with-claude/pdf-support).
const FILE_BYTES_PER_TOKEN: usize = 40;

/// Estimates the tokens of messages, without a schema that is sent beside them.
#[must_use]
pub fn of_messages(messages: &[Message]) -> usize {
    let tokens = |part: &Part| match part {
        Part::Text(text) | Part::Document(text) => of_text(text),
        Part::Image(_) => PER_IMAGE,
        Part::File(file) => file.data.len() / FILE_BYTES_PER_TOKEN,
    };
    let size = messages.iter().map(Message::size).sum();
    cpu::run(size, || messages.iter().flat_map(|message| &message.parts).map(tokens).sum())
}

#[cfg(test)]
mod tests {
    use super::of_messages;
    use crate::{File, Image, Message, Part, Role};

    #[test]
    fn messages_are_the_sum_of_their_parts() {
        let data = "d".repeat(4_000).into();
        let file = File { name: "a.pdf".into(), media_type: "m".into(), data };
        let image = Image { page: 1, media_type: "m".into(), data: "d".into() };
        let parts = vec![
            Part::Text("word".into()),
            Part::Document("words in it".into()),
            Part::Image(image),
            Part::File(file),
        ];
        let message = Message { role: Role::User, parts };
        assert_eq!(of_messages(&[message.clone(), message]), 2 * (1 + 3 + 1_500 + 100));
    }
}
