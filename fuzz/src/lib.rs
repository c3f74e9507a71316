//! The common part of all targets: reads the bytes as a file and checks the invariants of documents.
//!
//! The first byte selects the name of the file, and thereby its format. Compressed formats are fuzzed
//! in their parts, since a compressed file with a flipped bit is only a damaged archive: if the next
//! byte is the number of a part, the rest replaces that part in the sample of `fuzz/seeds.py`.

pub mod scans;

use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::{Once, OnceLock};

use structx_documents::{Content, Document, Limits, ReadOptions, read_bytes};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A target that reads files of these names.
#[macro_export]
macro_rules! fuzz {
    ($names:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $crate::read(&$names, data));
    };
}

type Parts = Vec<(String, Vec<u8>)>;

/// Reads the bytes as a file with one of these names.
///
/// # Panics
/// A document violates an invariant.
pub fn read(names: &[&str], data: &[u8]) {
    hear_own_panics();
    let Some((first, rest)) = data.split_first() else { return };
    let chosen = usize::from(*first) % names.len();
    let file = file(names[chosen], chosen, rest);
    if let Ok(Content::Document(document)) = read_bytes(names[chosen], file, &options()) {
        check(&document);
    }
}

/// Replaces the fuzzer's hook, which ends the process at any panic, even one that is caught. The reader
/// catches the panics of libraries, which are no findings; nothing catches one of [`check`].
fn hear_own_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            if panic.location().is_some_and(|at| at.file() == file!()) {
                eprintln!("{panic}");
            }
        }));
    });
}

/// Limits that are small enough for many files per second.
fn options() -> ReadOptions {
    let limits = Limits {
        unpacked_bytes: 16 << 20,
        glyphs: 100_000,
        characters: 1_000_000,
        cells: 100_000,
        pixels: 1_000_000,
        seconds: 5.0,
        ..Limits::default()
    };
    ReadOptions { limits, ..ReadOptions::default() }
}

/// For a compressed format, the sample with one part replaced if the first byte is the number of a
/// part; otherwise the bytes as they are.
fn file(name: &str, chosen: usize, data: &[u8]) -> Vec<u8> {
    static SAMPLES: [OnceLock<Option<Parts>>; 4] = [const { OnceLock::new() }; 4];
    let parts = SAMPLES[chosen].get_or_init(|| sample(name));
    let (Some(parts), Some((part, text))) = (parts, data.split_first()) else {
        return data.to_vec();
    };
    let replaced = usize::from(*part);
    if replaced < parts.len() { zipped(parts, replaced, text) } else { text.to_vec() }
}

/// The parts of the sample of a compressed format.
fn sample(name: &str) -> Option<Parts> {
    let file = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name));
    let mut archive = ZipArchive::new(Cursor::new(file.ok()?)).ok()?;
    let parts = (0..archive.len()).map(|index| {
        let mut part = archive.by_index(index).ok()?;
        let mut bytes = Vec::new();
        part.read_to_end(&mut bytes).ok()?;
        Some((part.name().ok()?.into_owned(), bytes))
    });
    parts.collect()
}

fn zipped(parts: &[(String, Vec<u8>)], replaced: usize, text: &[u8]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (index, (name, bytes)) in parts.iter().enumerate() {
        archive.start_file(name.as_str(), stored).expect("a part");
        archive.write_all(if index == replaced { text } else { bytes }).expect("memory");
    }
    archive.finish().expect("an archive").into_inner()
}

/// Checks that ranges are within the text, on boundaries of characters, and in order.
fn check(document: &Document) {
    let text = &document.text;
    let pages = document.pages.iter().map(|page| &page.range);
    let words = document.words.iter().map(|word| &word.range);
    for ranges in [pages.collect::<Vec<_>>(), words.collect()] {
        for pair in ranges.windows(2) {
            assert!(pair[0].end <= pair[1].start, "overlapping: {pair:?}");
        }
        for range in ranges {
            assert!(text.get(range.clone()).is_some(), "not in the text: {range:?}");
        }
    }
    for block in &document.blocks {
        assert!(text.get(block.range.clone()).is_some(), "not in the text: {block:?}");
    }
    for pair in document.blocks.windows(2) {
        assert!(pair[0].range.start <= pair[1].range.start, "not in order: {pair:?}");
    }
}
