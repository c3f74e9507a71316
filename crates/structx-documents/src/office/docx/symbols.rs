//! Symbols that Word stores as a code in a symbol font.

/// The Unicode character for a symbol, if there is one.
pub(super) fn symbol(font: &str, code: &str) -> Option<char> {
    let code = u32::from_str_radix(code, 16).ok()?;
    // Symbol fonts are mapped into the private use area.
    let code = if (0xF000..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    let symbols = match font.to_lowercase().as_str() {
        "symbol" => SYMBOL,
        "wingdings" => WINGDINGS,
        "wingdings 2" => WINGDINGS_2,
        _ => return char::from_u32(code),
    };
    let at = char::from_u32(code)?;
    let found = symbols.split(' ').find_map(|pair| pair.strip_prefix(at)?.chars().next());
    // `Symbol` has digits and punctuation at their ASCII codes.
    found.or(Some(at).filter(|_| symbols == SYMBOL))
}

/// Pairs of a code and its character.
const SYMBOL: &str = "@≅ AΑ BΒ CΧ DΔ EΕ FΦ GΓ HΗ IΙ KΚ LΛ MΜ NΝ OΟ PΠ QΘ RΡ SΣ TΤ UΥ WΩ XΞ YΨ ZΖ aα bβ \
    cχ dδ eε fφ gγ hη iι kκ lλ mμ nν oο pπ qθ rρ sσ tτ uυ wω xξ yψ zζ £≤ ¥∞ ¬← ®→ °° \
    ±± ³≥ ´× ·• ¸÷ ¹≠ »≈ Ò® Ó© Ô™ Ö√ å∑";
const WINGDINGS: &str = "(☎ *✉ J☺ l● n■ o☐ q❑ r❒ v❖ \u{9f}• §▪ ¨☐ Ø➢ à→ è➔ ð⇨ û✗ ü✓ ý☒ þ☑";
const WINGDINGS_2: &str = "O✗ P✓ Q☒ R☑ S☒ T☒ £☐";
