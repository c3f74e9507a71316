//! About how many tokens something is, before a provider has counted them.

use crate::llm::{Message, Part};

/// An image of a page, as large as it is sent: the providers' documented formulas give 800 to 1,600
/// (OpenAI 85 + 170 for each tile of 512 pixels; Anthropic width x height / 750; Gemini 258 a tile).
pub const OF_AN_IMAGE: usize = 1_500;

/// Bytes of a PDF, in base64, for a token of what a model makes of it: pages of 50 to 100 KB are
/// 1,500 to 3,000 tokens each (platform.claude.com/docs/en/build-with-claude/pdf-support).
const BYTES_OF_A_FILE: usize = 40;

/// A text, for any tokeniser within a third: 4 letters of English are one (OpenAI's rule of thumb),
/// 2 digits or marks, 2 letters of other alphabets, and a character of Chinese, Japanese or Korean is
/// one by itself.
#[must_use]
pub fn of_text(text: &str) -> usize {
    const PER_TOKEN: usize = 4;
    let weight = |character: char| match character {
        'a'..='z' | 'A'..='Z' | ' ' => 1,
        '\0'..'\u{2e80}' => 2,
        _ => PER_TOKEN,
    };
    text.chars().map(weight).sum::<usize>().div_ceil(PER_TOKEN)
}

/// The prompt of a request, without its schema where that is sent apart.
#[must_use]
pub fn of_messages(messages: &[Message]) -> usize {
    let parts = messages.iter().flat_map(|message| &message.parts);
    parts
        .map(|part| match part {
            Part::Text(text) | Part::Document(text) => of_text(text),
            Part::Image(_) => OF_AN_IMAGE,
            Part::File(file) => file.data.len() / BYTES_OF_A_FILE,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{of_messages, of_text};
    use crate::llm::{File, Image, Message, Part, Role};

    #[test]
    fn texts_by_script() {
        for (text, tokens) in [("", 0), ("word", 1), ("2026-02-03", 5), ("請求書", 3), ("счёт", 2)]
        {
            assert_eq!(of_text(text), tokens, "{text}");
        }
    }

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
