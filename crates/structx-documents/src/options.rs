//! The options for reading a source.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::page_ranges::PageRanges;
use super::recognition::Recognizer;
use super::records::options::invalid_option;
use super::{FileError, Limits, TableOptions};
use structx_common::json;

/// The options for reading a source: `file_options` of the Python API. A document stores those that
/// its pages need later, without secrets.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReadOptions {
    pub mode: Mode,
    /// Opens a protected file; ignored for others.
    #[serde(skip)]
    pub password: Option<Password>,
    pub limits: Limits,
    /// The pages to read; all without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<PageRanges>,
    pub ocr: Ocr,
    /// The languages of scans as BCP 47 tags, such as `de`; empty for all that the engine knows.
    pub ocr_languages: Vec<String>,
    /// Recognises the text of pages that have none. Without it, they stay unread.
    #[serde(skip)]
    pub engine: Option<Engine>,
    #[serde(skip)]
    pub table: TableOptions,
}

/// Which pages of PDFs and images have their text recognised (OCR).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ocr {
    /// Those without usable text, or with a scanned part.
    #[default]
    Auto,
    Never,
    /// All; the text of the file is not used.
    Always,
}

/// An engine of text recognition, shared by all readers.
#[derive(Clone)]
pub struct Engine(Arc<dyn Recognizer>);

impl Engine {
    #[must_use]
    pub fn new(recognizer: Arc<dyn Recognizer>) -> Self {
        Self(recognizer)
    }

    pub(super) fn recognizer(&self) -> &dyn Recognizer {
        &*self.0
    }
}

impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Engine(..)")
    }
}

/// How the pages of a PDF are shown to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The text, and images of pages without usable text if the model has vision.
    #[default]
    Auto,
    /// The text only; reading fails if there is none.
    Text,
    /// The text and an image of every page.
    Vision,
    /// The file itself, if the model accepts it.
    File,
}

/// A password. It never appears in debug output, logs or errors.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Password(String);

impl Password {
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(..)")
    }
}

impl ReadOptions {
    /// Parses the options from a JSON object. Null means not given, except for `header`.
    ///
    /// # Errors
    /// An option is unknown or has an invalid value.
    pub fn from_json(options: &str) -> Result<Self, FileError> {
        let mut given: Map<String, Value> = json::parse(options.as_bytes())
            .map_err(|error| invalid_option(format!("not an object: {error}")))?;
        let mode = take(&mut given, "mode", "\"auto\", \"text\", \"vision\" or \"file\"")?;
        let password = take(&mut given, "password", "a text")?;
        let limits = take(&mut given, "limits", "an object of limits")?;
        let what = "a page number from 1, a list of them, or ranges such as \"1-3,7\"";
        let pages = take(&mut given, "pages", what)?;
        if mode == Some(Mode::File) && pages.is_some() {
            let message = "`pages` and mode \"file\" exclude each other: the model gets the file";
            return Err(invalid_option(message.to_owned()));
        }
        let ocr = take(&mut given, "ocr", "\"auto\", \"never\" or \"always\"")?;
        let languages = take(&mut given, "ocr_languages", "a list of languages, such as [\"de\"]")?;
        Ok(Self {
            mode: mode.unwrap_or_default(),
            password,
            limits: limits.map_or_else(|| Ok(Limits::default()), limits_of)?,
            pages,
            ocr: ocr.unwrap_or_default(),
            ocr_languages: languages.unwrap_or_default(),
            engine: None,
            table: TableOptions::from_map(given)?,
        })
    }
}

/// Parses limits; missing ones have their defaults.
fn limits_of(given: Map<String, Value>) -> Result<Limits, FileError> {
    for (name, limit) in &given {
        let limit: Result<Limits, _> =
            serde_json::from_value(Map::from_iter([(name.clone(), limit.clone())]).into());
        limit.map_err(|error| invalid_option(format!("the limit `{name}` is wrong: {error}")))?;
    }
    serde_json::from_value(given.into())
        .map_err(|error| invalid_option(format!("`limits` is wrong: {error}")))
}

fn take<T: DeserializeOwned>(
    given: &mut Map<String, Value>,
    name: &str,
    what: &str,
) -> Result<Option<T>, FileError> {
    match given.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value)
            .map(Some)
            .map_err(|_| invalid_option(format!("`{name}` must be {what}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Mode, Password, ReadOptions};
    use crate::FileErrorKind;

    #[test]
    fn options_are_read() {
        assert_eq!(ReadOptions::from_json("{}"), Ok(ReadOptions::default()));
        let options = ReadOptions::from_json(
            r#"{"mode": "vision", "password": "geheim", "limits": {"pages": 3}, "nrows": 2}"#,
        )
        .unwrap();
        assert_eq!(options.mode, Mode::Vision);
        assert_eq!(options.password, Some(Password::new("geheim")));
        assert_eq!(options.limits, Limits { pages: 3, ..Limits::default() });
        assert_eq!(options.table.rows, Some(2));
        assert!(!format!("{options:?}").contains("geheim"));
    }

    #[test]
    fn what_is_stored_with_a_document_is_no_secret() {
        let limits = Limits { pages: 3, ..Limits::default() };
        let password = Some(Password::new("geheim"));
        let options =
            ReadOptions { mode: Mode::Vision, limits, password, ..ReadOptions::default() };
        let stored = serde_json::to_string(&options).unwrap();
        assert!(!stored.contains("geheim"), "{stored}");
        let read: ReadOptions = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, ReadOptions { password: None, ..options });
    }

    #[test]
    fn a_wrong_option_is_named_without_its_value() {
        for (json, part) in [
            (r#"{"mode": "geheim"}"#, "`mode` must be \"auto\""),
            (r#"{"password": ["geheim"]}"#, "`password` must be a text"),
            (r#"{"pages": "geheim"}"#, "`pages` must be a page number"),
            (r#"{"pages": 2, "mode": "file"}"#, "exclude each other"),
            (r#"{"ocr": "geheim"}"#, "`ocr` must be \"auto\", \"never\" or"),
            (r#"{"ocr_languages": "de"}"#, "`ocr_languages` must be a list"),
            (r#"{"limits": 3}"#, "`limits` must be an object"),
            (r#"{"limits": {"page": 1}}"#, "the limit `page` is wrong: unknown"),
            (r#"{"limits": {"cells": 1, "pages": -1}}"#, "the limit `pages` is wrong"),
            ("[]", "not an object"),
        ] {
            let error = ReadOptions::from_json(json).unwrap_err();
            assert_eq!(error.kind, FileErrorKind::Options);
            assert!(error.message.contains(part), "{error}");
        }
    }
}
