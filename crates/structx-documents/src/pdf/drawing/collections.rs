//! The text of glyphs whose font has no map to Unicode but a known character collection, such as
//! Adobe-Japan1 (ISO 32000-1, 9.10.2).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use hayro_interpret::font::OutlineGlyph;
use hayro_interpret::hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};

/// The longest code in bytes (Adobe Technical Note 5014).
const LONGEST_CODE: u8 = 4;

/// The fonts of a document with a known character collection, which are looked for when a glyph needs them.
pub(super) struct Collections<'a> {
    pdf: &'a Pdf,
    fonts: Option<HashMap<String, Font>>,
}

/// A font that has characters of a collection.
struct Font {
    family: CidFamily,
    encoding: CMap,
    /// The Unicode values of the characters. `None` if fonts of the name differ.
    unicode: Option<CMap>,
}

impl<'a> Collections<'a> {
    pub(super) fn of(pdf: &'a Pdf) -> Self {
        Self { pdf, fonts: None }
    }

    /// The text of a glyph by the collection of its font.
    pub(super) fn text(&mut self, glyph: &OutlineGlyph) -> Option<BfString> {
        let name = glyph.font_data()?.postscript_name?;
        let font = self.fonts.get_or_insert_with(|| fonts(self.pdf)).get(&name)?;
        let (code, unicode) = (glyph.char_code(), font.unicode.as_ref()?);
        // The number of bytes is not known, only that they hold the code.
        let least = (u32::BITS - code.leading_zeros()).div_ceil(8).max(1);
        let mut lengths = (1..=LONGEST_CODE).filter(|length| u32::from(*length) >= least);
        let character = lengths.find_map(|length| font.encoding.lookup_cid_code(code, length))?;
        unicode.lookup_bf_string(character)
    }
}

/// The fonts by their names without the prefix of a subset.
fn fonts(pdf: &Pdf) -> HashMap<String, Font> {
    let mut all = HashMap::new();
    for object in pdf.objects() {
        let Object::Dict(dict) = object else { continue };
        let Some((name, font)) = named_font(&dict) else { continue };
        match all.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(font)),
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                let is_same = known.family == font.family
                    && known.encoding.metadata().name == font.encoding.metadata().name;
                if !is_same {
                    known.unicode = None;
                }
            }
        }
    }
    all
}

fn named_font(dict: &Dict<'_>) -> Option<(String, Font)> {
    let is_composite = dict.get::<Name<'_>>(b"Subtype")?.as_str() == "Type0";
    if !is_composite || dict.contains_key(b"ToUnicode") {
        return None;
    }
    let descendants = dict.get::<Array<'_>>(b"DescendantFonts")?;
    let info = descendants.iter::<Dict<'_>>().next()?.get::<Dict<'_>>(b"CIDSystemInfo")?;
    let text = |key: &[u8]| info.get::<PdfString<'_>>(key);
    let (registry, ordering) = (text(b"Registry")?, text(b"Ordering")?);
    let family = CidFamily::from_registry_ordering(registry.as_bytes(), ordering.as_bytes());
    let unicode = embedded(family.ucs2_cmap()?);
    let encoding = match dict.get::<Object<'_>>(b"Encoding")? {
        Object::Name(name) => match CMapName::from_bytes(&name) {
            CMapName::IdentityH | CMapName::IdentityV => CMap::identity_h(),
            other => embedded(other)?,
        },
        Object::Stream(stream) => CMap::parse(&stream.decoded_data().ok()?, load_embedded)?,
        _ => return None,
    };
    let name = dict.get::<Name<'_>>(b"BaseFont")?;
    let name = without_prefix(name.as_str()).to_owned();
    Some((name, Font { family, encoding, unicode }))
}

fn embedded(name: CMapName<'_>) -> Option<CMap> {
    CMap::parse(load_embedded(name)?, load_embedded)
}

/// A font name without the prefix of a subset, such as `ABCDEF+` (ISO 32000-1, 9.6.4).
fn without_prefix(name: &str) -> &str {
    match name.split_once('+') {
        Some((prefix, rest)) if prefix.len() == 6 => rest,
        _ => name,
    }
}
