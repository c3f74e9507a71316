//! Shows where the values of a file of JSON stand in a document:
//! `cargo run --release -p structx-evidence --example evidence_show -- invoice.pdf items.json [schema.json]`.

use std::path::Path;

use serde_json::{Value, json};
use structx_documents::{Content, ReadOptions, read_path};
use structx_evidence::{Index, find, leaves};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [document, items, schema @ ..] = paths.as_slice() else {
        return Err("give the paths of a document and of its items".into());
    };
    let Content::Document(document) = read_path(Path::new(document), &ReadOptions::default())?
    else {
        return Err("this is a table; its rows are texts".into());
    };
    let items: Value = serde_json::from_slice(&std::fs::read(items)?)?;
    let schema: Value = match schema {
        [path, ..] => serde_json::from_slice(&std::fs::read(path)?)?,
        [] => json!({}),
    };
    let all = leaves(&items, &schema);
    let evidence = find(&Index::of_document(&document, 0..document.text.len()), &all);
    for (leaf, found) in all.iter().zip(evidence) {
        let places: Vec<_> =
            found.spans.iter().flat_map(|span| document.locate(span.clone())).collect();
        println!(
            "{} {} {:?} {:.2} of {}: {:?} {:?} on page {:?}",
            leaf.pointer,
            leaf.value,
            found.status,
            found.score,
            found.occurrences,
            found.text,
            found.spans,
            places.first().and_then(|place| place.page),
        );
    }
    Ok(())
}
