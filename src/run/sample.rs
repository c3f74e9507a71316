//! The sample of the sources that a plan is made from.

use std::sync::Arc;

use serde::Serialize;

use crate::documents::{Content, FileError};
use crate::llm::{File, Image};

use super::source::{AskedSource, First};
use super::step::Step;

/// The most characters in the sample for planning; chosen by hand, not measured.
pub const SAMPLE_CHARACTERS: usize = 4_000;
/// The same for models that plan flat definitions: they read slowly, and plan needless fields from
/// a longer sample. Chosen by hand, not measured.
const SMALL_SAMPLE_CHARACTERS: usize = 600;
/// The most page images in the sample for planning; chosen by hand, not measured.
pub(super) const SAMPLE_PAGES: usize = 3;
/// The most sources in the sample for planning; chosen by hand, not measured.
pub(super) const SAMPLE_SOURCES: usize = 3;

/// What a plan is made from.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub text: Arc<str>,
    /// Those of all tables.
    pub columns: Vec<String>,
    pub images: Vec<Image>,
    /// That of the first source which is sent as a file.
    pub file: Option<File>,
    /// Whether it stands for several sources.
    pub is_of_several: bool,
}

/// What names a plan in the journal. One plan serves a query over several sources, so that these can
/// become more and change their order between two runs.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum MadeFrom<'a> {
    One(&'a str, &'a [String], &'a str, &'a [Image], Option<&'a File>),
    Several(&'a str, &'static str),
}

impl Sample {
    /// The sample of sources for this planner: the same share of each.
    pub fn of(planner: &Step, sources: &[&AskedSource], is_of_several: bool) -> Self {
        let contents: Vec<&Content> = sources.iter().map(|source| &*source.content).collect();
        let seen = sources.iter().filter(|source| planner.accepts_images_of(&source.content));
        let images = seen.flat_map(|source| source.images.iter().cloned()).take(SAMPLE_PAGES);
        let mut files = sources.iter().filter_map(|source| source.file.as_ref());
        Self {
            images: images.collect(),
            file: files.find(|file| planner.accepts_file(file)).cloned(),
            is_of_several,
            ..Self::of_text(planner, &contents)
        }
    }

    /// The sample without images and files.
    pub fn of_text(planner: &Step, contents: &[&Content]) -> Self {
        let characters =
            if planner.plans_nested() { SAMPLE_CHARACTERS } else { SMALL_SAMPLE_CHARACTERS };
        let (text, columns) = (text_of(contents, characters).into(), columns_of(contents));
        Self { text, columns, ..Self::default() }
    }

    pub fn made_from<'a>(&'a self, query: &'a str) -> MadeFrom<'a> {
        if self.is_of_several {
            MadeFrom::Several(query, "several sources")
        } else {
            MadeFrom::One(query, &self.columns, &self.text, &self.images, self.file.as_ref())
        }
    }
}

impl Step {
    /// Whether this step can plan from the source.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn can_plan_from(&self, content: &Content) -> Result<(), FileError> {
        let Content::Document(document) = content else { return Ok(()) };
        self.visual_pages(document).map(drop)
    }
}

impl First {
    /// The sample of the sources that were taken.
    ///
    /// # Errors
    /// The planner can read none of them.
    pub fn sample(&mut self, planner: &Step, is_of_several: bool) -> Result<Sample, FileError> {
        match self.obstacle.take().filter(|_| self.sample.is_empty()) {
            Some(obstacle) => Err(obstacle),
            None => Ok(Sample::of(planner, &self.sampled(), is_of_several)),
        }
    }
}

/// The columns of all tables, in the order in which they first appear.
fn columns_of(contents: &[&Content]) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for column in contents.iter().flat_map(|content| content.columns()) {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns
}

/// The text of a sample of at most `characters` characters: of several sources the same share each.
#[must_use]
pub fn text_of(contents: &[&Content], characters: usize) -> String {
    const BLANK_LINE: &str = "\n\n";
    if let [content] = contents {
        return content.sample(characters);
    }
    let (mut text, mut left) = (String::new(), characters);
    for (index, content) in contents.iter().enumerate() {
        let share = left / (contents.len() - index);
        let title = format!("Sample {} of {}:\n", index + 1, contents.len());
        let sample = content.sample(share.saturating_sub(title.len() + BLANK_LINE.len()));
        let part = [if index == 0 { "" } else { BLANK_LINE }, &title, &sample].concat();
        left = left.saturating_sub(part.chars().count());
        text.push_str(&part);
    }
    text
}
