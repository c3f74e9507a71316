//! Syntax faults that the tolerant parser repairs; each kind is listed once.

/// A kind of fault in the syntax of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    TrailingComma,
    MissingComma,
    MissingBracket,
    Comment,
    Quotes,
    InnerQuote,
    BareName,
    BareWord,
    Literal,
    Control,
    Escape,
    /// A member was there twice, with equal values.
    Repeated,
}

impl Fault {
    /// The repair, in words for a person.
    pub const fn repair(self) -> &'static str {
        match self {
            Self::TrailingComma => "left out trailing commas",
            Self::MissingComma => "added missing commas",
            Self::MissingBracket => "added the missing closing brackets",
            Self::Comment => "left out comments",
            Self::Quotes => "took other quotation marks for double quotes",
            Self::InnerQuote => "escaped quotation marks within strings",
            Self::BareName => "put names in quotes",
            Self::BareWord => "put words in quotes",
            Self::Literal => "took literals of other languages for those of JSON",
            Self::Control => "escaped line breaks and control characters within strings",
            Self::Escape => "mended escapes that JSON does not have",
            Self::Repeated => "left out a member that was there twice with the same value",
        }
    }
}

/// Distinct faults in the order of their first occurrence.
#[derive(Debug, Default, Clone)]
pub struct Faults(Vec<Fault>);

impl Faults {
    pub fn note(&mut self, fault: Fault) {
        if !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// Whether the ends of strings, objects or lists were not where the text has them.
    pub fn move_structure(&self) -> bool {
        self.has(Fault::InnerQuote) || self.has(Fault::MissingBracket)
    }

    pub fn iter(&self) -> impl Iterator<Item = Fault> {
        self.0.iter().copied()
    }
}
