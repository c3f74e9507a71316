//! Symbols that Word keeps as places in a font of pictures.

/// The character that looks like the symbol, if there is one.
pub(super) fn symbol(font: &str, code: &str) -> Option<char> {
    let code = u32::from_str_radix(code, 16).ok()?;
    // Fonts of pictures stand in the private area.
    let place = if (0xF000..=0xF0FF).contains(&code) { code - 0xF000 } else { code };
    let pictures = match font.to_lowercase().as_str() {
        "symbol" => SYMBOL,
        "wingdings" => WINGDINGS,
        "wingdings 2" => WINGDINGS_2,
        _ => return char::from_u32(place),
    };
    let at = char::from_u32(place)?;
    let picture = pictures.split(' ').find_map(|pair| pair.strip_prefix(at)?.chars().next());
    // Digits and signs stand in `Symbol` where they stand elsewhere.
    picture.or(Some(at).filter(|_| pictures == SYMBOL))
}

/// The places, and what stands there.
const SYMBOL: &str = "@≅ AΑ BΒ CΧ DΔ EΕ FΦ GΓ HΗ IΙ KΚ LΛ MΜ NΝ OΟ PΠ QΘ RΡ SΣ TΤ UΥ WΩ XΞ YΨ ZΖ aα bβ \
    cχ dδ eε fφ gγ hη iι kκ lλ mμ nν oο pπ qθ rρ sσ tτ uυ wω xξ yψ zζ £≤ ¥∞ ¬← ®→ °° \
    ±± ³≥ ´× ·• ¸÷ ¹≠ »≈ Ò® Ó© Ô™ Ö√ å∑";
const WINGDINGS: &str = "(☎ *✉ J☺ l● n■ o☐ q❑ r❒ v❖ \u{9f}• §▪ ¨☐ Ø➢ à→ è➔ ð⇨ û✗ ü✓ ý☒ þ☑";
const WINGDINGS_2: &str = "O✗ P✓ Q☒ R☑ S☒ T☒ £☐";
