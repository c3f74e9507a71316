//! Text and markup formats.

pub(super) mod flow;
pub(super) mod html;
pub(super) mod markdown;
pub(super) mod mathml;
pub(super) mod numerals;
pub(super) mod rtf;
pub(super) mod text;
pub(super) mod text_style;
pub(super) mod xml;
