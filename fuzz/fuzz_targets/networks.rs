//! The outputs of the networks of text recognition: maps and probabilities of any size.
#![no_main]

use structx_ocr::fuzzing::{boxes, words};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [kind, size, rest @ ..] = data else { return };
    let values: Vec<f32> = if kind & 1 == 0 {
        // Any numbers, also those that are none.
        rest.chunks_exact(4).map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect()
    } else {
        rest.iter().map(|&it| f32::from(it) / 255.0).collect()
    };
    if kind & 2 == 0 {
        boxes(values, usize::from(*size));
    } else {
        words(&values, f32::from(*size) / 16.0);
    }
});
