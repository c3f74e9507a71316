//! Evidence: where each value of an extraction stands in the text that it was extracted from.
//!
#![doc = include_str!("../README.md")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "scores are made of small counts"
)]

mod assignment;
mod booleans;
mod choice;
mod coverage;
mod currencies;
mod decimal;
mod evidence;
mod find;
mod fold;
mod fuzzy;
mod index;
mod junction;
mod labels;
mod layout;
mod leaf;
mod leaves;
mod place;
mod search;
mod sites;
mod typed;
mod wording;

pub use coverage::{Coverage, Omission, Uncited, coverage};
pub use evidence::{Evidence, Status};
pub use find::find;
pub use index::Index;
pub use leaf::{FieldHints, Kind, Leaf};
pub use leaves::leaves;
