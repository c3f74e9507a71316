#![doc = include_str!("../README.md")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of images are far below the bounds of f32, and are clamped before they are numbers of pixels"
)]

mod components;
mod ctc;
mod detection;
mod direction;
mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod geometry;
mod languages;
mod network;
mod patch;
mod permits;
mod recognition;
mod words;

pub use engine::{Engine, FILES};
pub use permits::Permits;
