//! Estimates of how many tokens a text or an image costs, before a provider has counted them.

/// Tokens of a page image at the size that is sent. The providers' documented formulas give 800 to
/// 1,600 (OpenAI: 85 + 170 for each tile of 512 pixels; Anthropic: width x height / 750; Gemini: 258
/// for each tile).
pub const PER_IMAGE: usize = 1_500;

/// Estimates the tokens of a text, within a third for any tokeniser: 4 letters of English are one
/// token (OpenAI's rule of thumb), as are 2 digits, punctuation marks or letters of other alphabets;
/// a Chinese, Japanese or Korean character is one token.
///
/// ```
/// assert_eq!(structx_common::tokens::of_text("2026-02-03"), 5);
/// ```
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

#[cfg(test)]
mod tests {
    use super::of_text;

    #[test]
    fn texts_by_script() {
        for (text, tokens) in [("", 0), ("word", 1), ("2026-02-03", 5), ("請求書", 3), ("счёт", 2)]
        {
            assert_eq!(of_text(text), tokens, "{text}");
        }
    }
}
