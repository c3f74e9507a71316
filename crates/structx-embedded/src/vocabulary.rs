//! The vocabulary of a GGUF file: converts text to tokens and tokens to bytes, and adapts the tokeniser to
//! the grammar engine.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::quantized::gguf_file::{Content, Value};
use candle_core::quantized::tokenizer::TokenizerFromGguf;
use llguidance::toktrie::{TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv};
use tokenizers::{NormalizerWrapper, Tokenizer};

pub struct Vocabulary {
    environment: Arc<Environment>,
    /// The token that starts a message of the chat.
    pub start: u32,
    /// The token that ends a message of the chat, and thereby the reply.
    pub end: u32,
}

impl Vocabulary {
    pub fn from_gguf(content: &Content) -> Result<Self, String> {
        let tokenizer = tokenizer(content).map_err(|error| error.to_string())?;
        let control = |token: &str| {
            tokenizer.token_to_id(token).ok_or_else(|| format!("its vocabulary has no `{token}`"))
        };
        let (start, end) = (control("<|im_start|>")?, control("<|im_end|>")?);
        let words = words(content).map_err(|error| error.to_string())?;
        let size = u32::try_from(words.len()).map_err(|error| error.to_string())?;
        let trie = TokTrie::from(&TokRxInfo::new(size, end), &words).with_eos_tokens(&[end]);
        Ok(Self { environment: Arc::new(Environment { trie, tokenizer }), start, end })
    }

    /// Tokenises a text. Control tokens are not recognised in it.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.environment.tokenizer.encode_fast(text, false);
        Ok(encoding.map_err(|error| error.to_string())?.get_ids().to_vec())
    }

    pub fn bytes(&self, tokens: &[u32]) -> Vec<u8> {
        tokens.iter().flat_map(|&token| self.environment.trie.token(token)).copied().collect()
    }

    pub fn environment(&self) -> TokEnv {
        Arc::clone(&self.environment) as TokEnv
    }
}

struct Environment {
    trie: TokTrie,
    tokenizer: Tokenizer,
}

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            let encoding = self.tokenizer.encode_fast(text, false);
            encoding.map(|encoding| encoding.get_ids().to_vec()).unwrap_or_default()
        })
    }
}

fn tokenizer(content: &Content) -> candle_core::Result<Tokenizer> {
    let mut tokenizer = Tokenizer::from_gguf(content)?;
    tokenizer.set_encode_special_tokens(true);
    // Forced text must round-trip byte for byte, so it is not normalised.
    tokenizer.with_normalizer(None::<NormalizerWrapper>).map_err(candle_core::Error::wrap)?;
    Ok(tokenizer)
}

/// The bytes of every token; control tokens get a prefix that no text can match.
fn words(content: &Content) -> candle_core::Result<Vec<Vec<u8>>> {
    let list = |key: &str| -> candle_core::Result<&Vec<Value>> {
        let value = content.metadata.get(key);
        let missing = || candle_core::Error::Msg(format!("its metadata has no `{key}`"));
        value.ok_or_else(missing)?.to_vec()
    };
    let alphabet = byte_alphabet();
    let types = list("tokenizer.ggml.token_type")?;
    let tokens = list("tokenizer.ggml.tokens")?.iter().zip(types);
    tokens
        .map(|(token, kind)| {
            let token = token.to_string()?;
            // `tokenizer.ggml.token_type` of the GGUF specification: 1 is a normal token.
            if matches!(kind, Value::I32(1) | Value::U32(1)) {
                let byte = |letter| alphabet.get(&letter).copied().unwrap_or(b'?');
                Ok(token.chars().map(byte).collect())
            } else {
                let mut marked = vec![TokTrie::SPECIAL_TOKEN_MARKER];
                marked.extend(token.as_bytes());
                Ok(marked)
            }
        })
        .collect()
}

/// GPT-2's byte alphabet (`bytes_to_unicode`): printable bytes map to themselves, the others to letters
/// from U+0100 on.
pub(crate) fn byte_alphabet() -> HashMap<char, u8> {
    let mut others = ('\u{100}'..).take(256);
    (0..=u8::MAX)
        .filter_map(|byte| {
            let printable = matches!(byte, 33..=126 | 161..=172 | 174..=255);
            let letter = if printable { Some(char::from(byte)) } else { others.next() };
            letter.map(|letter| (letter, byte))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::byte_alphabet;

    #[test]
    fn every_byte_has_its_own_letter() {
        let alphabet = byte_alphabet();
        assert_eq!(alphabet.len(), 256);
        assert_eq!(alphabet[&'a'], b'a');
        assert_eq!(alphabet[&'\u{120}'], b' ');
        assert_eq!(alphabet[&'\u{10a}'], b'\n');
    }
}
