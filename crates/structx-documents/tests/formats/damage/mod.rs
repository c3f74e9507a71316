//! Damage to a file that is good.

use proptest::prelude::*;

/// The file with some bytes replaced, and perhaps cut off.
pub fn damaged(file: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = file.len();
    let replaced = prop::collection::vec((0..length, any::<u8>()), 0..4);
    (replaced, prop::option::of(0..length)).prop_map(move |(replaced, end)| {
        let mut file = file.clone();
        for (place, byte) in replaced {
            file[place] = byte;
        }
        file.truncate(end.unwrap_or(length));
        file
    })
}
