//! Messages as the tokens of a ChatML prompt.

use super::vocabulary::Vocabulary;
use crate::llm::{Message, Part, Role};

/// The prompt that asks for the assistant's next message. Only the tokens put in here are control
/// tokens; whatever the texts contain is text.
pub fn prompt(messages: &[Message], vocabulary: &Vocabulary) -> Result<Vec<u32>, String> {
    let mut tokens = Vec::new();
    for message in messages {
        tokens.push(vocabulary.start);
        tokens.extend(vocabulary.encode(&format!("{}\n", name(message.role)))?);
        for part in &message.parts {
            match part {
                Part::Text(text) => tokens.extend(vocabulary.encode(text)?),
                Part::Document(text) => {
                    tokens.extend(vocabulary.encode("<document>\n")?);
                    tokens.extend(vocabulary.encode(text)?);
                    tokens.extend(vocabulary.encode("\n</document>\n")?);
                }
            }
        }
        tokens.push(vocabulary.end);
        tokens.extend(vocabulary.encode("\n")?);
    }
    tokens.push(vocabulary.start);
    tokens.extend(vocabulary.encode("assistant\n")?);
    Ok(tokens)
}

fn name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}
