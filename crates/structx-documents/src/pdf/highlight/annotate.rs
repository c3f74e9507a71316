//! Writes highlight annotations with `lopdf`, in the child process.
//!
//! A file is appended to, so that its own bytes and signatures stay. One that is encrypted is written
//! anew, with the same passwords.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pdf_extract::{
    Dictionary, Document, IncrementalDocument, LoadOptions, Object, ObjectId, Stream, dictionary,
    text_string,
};
use serde::{Deserialize, Serialize};

/// Corners: top left, top right, bottom left, bottom right.
pub(super) type Quad = [[f32; 2]; 4];

/// Annotation flag: printed (ISO 32000-2, table 167).
const PRINT: i64 = 1 << 2;
/// The author that viewers show.
pub(crate) const AUTHOR: &str = "structx";

/// What is sent to the child, before the file.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) password: Option<String>,
    pub(super) marks: Vec<PageMark>,
}

/// A mark on one page.
#[derive(Serialize, Deserialize)]
pub(super) struct PageMark {
    /// The object of the page: number and generation.
    pub(super) page: ObjectId,
    pub(super) quads: Vec<Quad>,
    /// Red, green and blue, from 0 to 1.
    pub(super) colour: [f32; 3],
    pub(super) note: String,
}

impl Request {
    /// The request as bytes: a line of JSON, and the file.
    pub(super) fn with_file(&self, file: &[u8]) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes.extend(file);
        bytes
    }
}

/// The marked file in base64; `None` if it can't be changed.
pub(crate) fn answer(request: &[u8]) -> Option<String> {
    let end = request.iter().position(|byte| *byte == b'\n')?;
    let (request, file) = request.split_at(end);
    let request: Request = serde_json::from_slice(request).ok()?;
    let work = || marked(request, file);
    let marked = catch_unwind(AssertUnwindSafe(work)).ok().flatten()?;
    Some(BASE64_STANDARD.encode(marked))
}

fn marked(request: Request, file: &[u8]) -> Option<Vec<u8>> {
    // What is before the header counts for no offset.
    let start = file.windows(5).position(|bytes| bytes == b"%PDF-")?;
    let file = &file[start..];
    let options = request
        .password
        .map_or_else(LoadOptions::default, |password| LoadOptions::with_password(&password));
    let mut document = Document::load_mem_with_options(file, options).ok()?;
    let mut written = Vec::new();
    if let Some(state) = document.encryption_state.take() {
        for mark in &request.marks {
            let page = document.get_dictionary(mark.page).ok()?.clone();
            let old = annotations(&document, &page);
            add(&mut document, page, mark, old);
        }
        document.encrypt(&state).ok()?;
        document.save_to(&mut written).ok()?;
    } else {
        let mut update = IncrementalDocument::create_from(file.to_vec(), document);
        // Of the last cross-reference stream, if its bytes had a predictor.
        update.new_document.trailer.remove(b"DecodeParms");
        for mark in &request.marks {
            update.opt_clone_object_to_new_document(mark.page).ok()?;
            let page = update.new_document.get_dictionary(mark.page).ok()?.clone();
            let old = annotations(update.get_prev_documents(), &page);
            add(&mut update.new_document, page, mark, old);
        }
        update.save_to(&mut written).ok()?;
    }
    Some(written)
}

/// The annotations of a page; `document` has the objects that it refers to.
fn annotations(document: &Document, page: &Dictionary) -> Vec<Object> {
    let list = page.get(b"Annots").and_then(|it| document.dereference(it));
    list.ok().and_then(|(_, list)| list.as_array().ok().cloned()).unwrap_or_default()
}

/// Adds a mark to a page, after its `old` annotations. The list becomes its own: it may be shared.
fn add(document: &mut Document, mut page: Dictionary, mark: &PageMark, old: Vec<Object>) {
    let look = document.add_object(appearance(mark));
    let annotation = document.add_object(dictionary! {
        "Type" => "Annot",
        "Subtype" => "Highlight",
        "Rect" => bounds(&mark.quads),
        "QuadPoints" => numbers(mark.quads.iter().flatten().flatten()),
        "C" => numbers(&mark.colour),
        "F" => PRINT,
        "T" => text_string(AUTHOR),
        "Contents" => text_string(&mark.note),
        "P" => mark.page,
        "AP" => dictionary! { "N" => look },
    });
    let mut all = old;
    all.push(annotation.into());
    page.set("Annots", all);
    document.set_object(mark.page, page);
}

/// How the mark is drawn: filled boxes, multiplied with the page as ink on paper. Some viewers draw
/// none for a highlight without it.
fn appearance(mark: &PageMark) -> Stream {
    let [red, green, blue] = mark.colour;
    let mut content = format!("/Ink gs {red:.3} {green:.3} {blue:.3} rg\n");
    for [[ax, ay], [bx, by], [cx, cy], [dx, dy]] in &mark.quads {
        let _ = writeln!(
            content,
            "{ax:.2} {ay:.2} m {bx:.2} {by:.2} l {dx:.2} {dy:.2} l {cx:.2} {cy:.2} l h f"
        );
    }
    let ink = dictionary! { "Type" => "ExtGState", "BM" => "Multiply" };
    let form = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Form",
        "BBox" => bounds(&mark.quads),
        "Group" => dictionary! { "S" => "Transparency" },
        "Resources" => dictionary! { "ExtGState" => dictionary! { "Ink" => ink } },
    };
    Stream::new(form, content.into_bytes())
}

/// The rectangle around the boxes.
fn bounds(quads: &[Quad]) -> Object {
    let corners = || quads.iter().flatten();
    let least = |axis: usize| corners().map(|corner| corner[axis]).fold(f32::INFINITY, f32::min);
    let most = |axis: usize| corners().map(|corner| corner[axis]).fold(f32::NEG_INFINITY, f32::max);
    numbers(&[least(0), least(1), most(0), most(1)])
}

fn numbers<'a>(numbers: impl IntoIterator<Item = &'a f32>) -> Object {
    numbers.into_iter().map(|number| Object::Real(*number)).collect::<Vec<_>>().into()
}
