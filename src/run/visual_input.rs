//! Chooses and prepares the visual input of a request: page images, or the file itself.

use std::panic::resume_unwind;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::task::spawn_blocking;

use crate::documents::vision::{self, PageImage};
use crate::documents::{Content, Document, FileError, FileErrorKind, Format, Mode, Page};
use crate::llm::{File, Image, Provider, VisionLimits};

use super::step::Step;

/// Page images or a file, and warnings about pages.
#[derive(Debug, Default)]
pub(super) struct VisualInput {
    pub images: Arc<[Image]>,
    pub file: Option<File>,
    pub warnings: Vec<String>,
}

impl VisualInput {
    /// The first `most` images.
    pub fn first(&self, most: usize) -> &[Image] {
        &self.images[..most.min(self.images.len())]
    }
}

impl Step {
    /// Prepares the visual input that is sent with the text of `content`, as its reading mode says:
    /// the file, or at most `most` page images. Pages are rendered on a blocking thread.
    ///
    /// # Errors
    /// The document has nothing that the model can read.
    pub(super) async fn visual_input(
        &self,
        content: &Arc<Content>,
        most: usize,
    ) -> Result<VisualInput, FileError> {
        let Content::Document(document) = &**content else { return Ok(VisualInput::default()) };
        if document.options.mode == Mode::File {
            return Ok(VisualInput { file: Some(self.file(document)?), ..VisualInput::default() });
        }
        let visual_pages = self.visual_pages(document)?;
        if visual_pages.is_empty() || !self.accepts_images_of(content) {
            return Ok(VisualInput {
                warnings: self.unseen(document, &visual_pages),
                ..VisualInput::default()
            });
        }
        let vision_limits = self.vision_limits();
        let taken =
            visual_pages[..visual_pages.len().min(vision_limits.max_images).min(most)].to_vec();
        let (source, bytes) = (content.clone(), vision_limits.max_image_bytes / 4 * 3);
        let rendered = spawn_blocking(move || match &*source {
            Content::Document(document) => vision::images(document, &taken, bytes),
            Content::Table(_) => Vec::new(),
        });
        let rendered = rendered.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The task was cancelled, which happens only while the runtime shuts down.
            Err(_) => Vec::new(),
        });
        self.with_rendered(document, &visual_pages, rendered)
    }

    /// [`visual_input`](Self::visual_input) for estimates: nothing is rendered, so the images are
    /// empty.
    ///
    /// # Errors
    /// The document has nothing that the model can read.
    pub(super) fn expected_visual_input(
        &self,
        content: &Content,
    ) -> Result<VisualInput, FileError> {
        let Content::Document(document) = content else { return Ok(VisualInput::default()) };
        if document.options.mode == Mode::File {
            return Ok(VisualInput { file: Some(self.file(document)?), ..VisualInput::default() });
        }
        let visual_pages = self.visual_pages(document)?;
        let most =
            if self.accepts_images_of(content) { self.vision_limits().max_images } else { 0 };
        let image = |page| Image { page, media_type: "".into(), data: "".into() };
        let images = visual_pages.into_iter().take(most).map(image).collect();
        Ok(VisualInput { images, ..VisualInput::default() })
    }

    /// Whether the model is known to see images.
    #[must_use]
    pub fn sees_images(&self) -> bool {
        let vision_limits = self.vision_limits();
        vision_limits.is_known && vision_limits.max_images > 0
    }

    fn vision_limits(&self) -> VisionLimits {
        self.client.vision_limits()
    }

    /// The original file, for a model that reads PDFs.
    ///
    /// # Errors
    /// The model does not accept PDFs, or not this one.
    fn file(&self, document: &Document) -> Result<File, FileError> {
        let error = |message: &str| {
            let message = format!("{message}; choose another mode");
            Err(FileError::new(FileErrorKind::Options, &document.name, message))
        };
        if document.format != Some(Format::Pdf) {
            return error("the mode \"file\" is for PDFs");
        }
        let Some(original) = &document.original else {
            return error("the original file is no longer available");
        };
        if document.options.password.is_some() {
            return error("a protected PDF can't be sent to a model");
        }
        let file = File {
            name: document.name.as_str().into(),
            media_type: "application/pdf".into(),
            data: STANDARD.encode(original).into(),
        };
        match self.vision_limits().max_file_bytes {
            0 => error(&format!("{} is not known to read PDFs", self.client.model)),
            most if file.data.len() > most => {
                let (size, most) = (original.len() >> 20, (most / 4 * 3) >> 20);
                let provider = self.client.provider.name();
                error(&format!("{provider} takes {most} MiB of a PDF, and this one has {size}"))
            }
            _ => Ok(file),
        }
    }

    /// Whether the model accepts a file of this size.
    pub(super) fn accepts_file(&self, file: &File) -> bool {
        file.data.len() <= self.vision_limits().max_file_bytes
    }

    /// Whether page images of `content` can be sent to the model.
    pub(super) fn accepts_images_of(&self, content: &Content) -> bool {
        let Content::Document(document) = content else { return false };
        self.vision_obstacle(document).is_none()
    }

    /// The reason why page images can't be sent to the model, if there is one.
    fn vision_obstacle(&self, document: &Document) -> Option<String> {
        let vision_limits = self.vision_limits();
        if document.original.is_none() {
            return Some("the original file is no longer available; read it again".to_owned());
        }
        let may_be_tried = vision_limits.is_known || document.options.mode == Mode::Vision;
        (vision_limits.max_images == 0 || !may_be_tried)
            .then(|| format!("{} is not known to see images", self.client.model))
    }

    /// The numbers of the pages that should be sent as images, whether or not the model accepts
    /// them.
    ///
    /// # Errors
    /// The document has nothing that the model can read.
    pub(super) fn visual_pages(&self, document: &Document) -> Result<Vec<u32>, FileError> {
        let Document { pages, options, name, .. } = document;
        let error = |kind, message| Err(FileError::new(kind, name, message));
        let vision_obstacle = self.vision_obstacle(document);
        let is_unread = !pages.is_empty() && pages.iter().all(is_unread);
        match options.mode {
            Mode::Text | Mode::File => Ok(Vec::new()),
            Mode::Auto if let Some(vision_obstacle) = vision_obstacle.filter(|_| is_unread) => {
                let message = format!(
                    "its pages have no readable text, as in a scan, and {vision_obstacle} ({}); choose \
                     a model that does, or run text recognition (OCR) on the file first; with the \
                     mode \"vision\" the images are sent anyway",
                    document.warnings.join("; ")
                );
                error(FileErrorKind::NoTextLayer, message)
            }
            Mode::Auto => {
                let unread = pages.iter().filter(|page| page.needs_vision);
                Ok(unread.map(|page| page.number).collect())
            }
            Mode::Vision if document.original.is_none() => Ok(Vec::new()),
            Mode::Vision if self.vision_limits().max_images == 0 => {
                let message = format!("{} takes no images; choose another mode", self.client.model);
                error(FileErrorKind::Options, message)
            }
            Mode::Vision => Ok(pages.iter().map(|page| page.number).collect()),
        }
    }

    /// The warnings for a document of which no page image is sent.
    fn unseen(&self, document: &Document, visual_pages: &[u32]) -> Vec<String> {
        if !visual_pages.is_empty() {
            let why = self.vision_obstacle(document).unwrap_or_default();
            return vec![format!(
                "{} without readable text, not read: {why}",
                numbered(visual_pages)
            )];
        }
        if document.options.mode == Mode::Vision {
            let message = "the mode \"vision\" has no effect: the source has no pages to show";
            return vec![message.to_owned()];
        }
        Vec::new()
    }

    /// Makes the input from rendered pages, with warnings about the others.
    ///
    /// # Errors
    /// The first rendering error, if no page has text or an image.
    fn with_rendered(
        &self,
        document: &Document,
        visual_pages: &[u32],
        rendered: Vec<Result<PageImage, FileError>>,
    ) -> Result<VisualInput, FileError> {
        let (mut images, mut warnings) = (Vec::new(), Vec::new());
        let left = &visual_pages[rendered.len().min(visual_pages.len())..];
        let mut failure = None;
        for (page, rendered) in visual_pages.iter().zip(rendered) {
            match rendered {
                Ok(image) => images.push(Image {
                    page: image.page,
                    media_type: image.media_type.into(),
                    data: STANDARD.encode(&image.bytes).into(),
                }),
                Err(error) => {
                    warnings.push(format!("page {page} not shown as an image: {}", error.message));
                    failure.get_or_insert(error);
                }
            }
        }
        let is_unread = document.pages.iter().all(is_unread);
        if let Some(error) = failure.filter(|_| images.is_empty() && is_unread) {
            return Err(error);
        }
        let sent: Vec<u32> = images.iter().map(|image| image.page).collect();
        if !sent.is_empty() && document.options.mode == Mode::Auto {
            let message = format!("{} without readable text, sent as an image", numbered(&sent));
            warnings.push(message);
        }
        if !left.is_empty() {
            warnings.push(format!(
                "{} not shown: {} takes no more images in one request; split the file",
                numbered(left),
                self.client.provider.name()
            ));
        }
        Ok(VisualInput { images: images.into(), file: None, warnings })
    }
}

/// Formats page numbers: `page 3`, `pages 1, 4-6`.
fn numbered(pages: &[u32]) -> String {
    let ranges: Vec<String> = pages
        .chunk_by(|one, two| one + 1 == *two)
        .map(|range| match range {
            [first, .., last] => format!("{first}-{last}"),
            [first] => first.to_string(),
            [] => String::new(),
        })
        .collect();
    format!("page{} {}", if pages.len() == 1 { "" } else { "s" }, ranges.join(", "))
}

/// Whether nothing of a page was read. One may need vision for the rest of it.
fn is_unread(page: &Page) -> bool {
    page.needs_vision && page.range.is_empty()
}
