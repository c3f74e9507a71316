//! What a box of the image says: the recognition network over boxes of similar width.

use std::path::Path;

use image::RgbImage;
use structx_documents::recognition::RecognitionError;

use crate::ctc::{self, Symbol};
use crate::geometry::Rectangle;
use crate::network::{Network, Session};
use crate::patch::{self, Normalization, Placement};

/// As in the network's training configuration (`PaddleOCR`,
/// `configs/rec/PP-OCRv6/PP-OCRv6_small_rec.yml`), as well as the height.
const NORMALIZATION: Normalization = Normalization { mean: [0.5; 3], deviation: [0.5; 3] };
/// The height of a line in pixels.
pub const HEIGHT: usize = 48;
/// The network gives the probabilities of a symbol for each eight pixels.
pub const STEP: f32 = 8.0;
/// Narrower lines are padded to it. Of 8 printed pages, as many words are read as with 320, with which the
/// network was trained; with 160, 0.3 points fewer.
const LEAST_WIDTH: usize = 224;
/// Wider lines are squeezed.
const MOST_WIDTH: usize = 3200;
/// The width of all lines of a batch together. Lines are padded to the widest one of their batch, and the
/// more, the worse they are read: with 1600, recall on receipts is 0.2 to 0.8 points lower. Without
/// batches, reading takes as long.
const BATCH_WIDTH: usize = 640;

/// A line of text, and where its symbols are.
#[derive(Debug, Clone)]
pub struct Line {
    /// In reading direction.
    pub rectangle: Rectangle,
    /// Its width, in pixels of the network's input.
    pub width: f32,
    pub symbols: Vec<Symbol>,
}

impl Line {
    /// The mean score of the symbols; 0 without any.
    pub fn score(&self) -> f32 {
        let sum: f32 = self.symbols.iter().map(|it| it.score).sum();
        sum / self.symbols.len().max(1) as f32
    }
}

pub struct Reader {
    network: Network,
    /// The symbol of each class.
    pub symbols: Vec<String>,
}

impl Reader {
    pub fn load(path: &Path) -> Result<Self, RecognitionError> {
        let network = Network::load(path)?;
        let Some(symbols) = network.metadata("character") else {
            return Err(RecognitionError::Unavailable(format!(
                "the weights {} have no list of symbols; get them anew",
                path.display()
            )));
        };
        // The first class is the blank, and the last a space, neither of which is in the list.
        let ends = (std::iter::once(""), std::iter::once(" "));
        let symbols = ends.0.chain(symbols.lines()).chain(ends.1).map(str::to_owned).collect();
        Ok(Self { network, symbols })
    }

    /// Reads the boxes; the lines are in the order of the boxes. There are none for the boxes that are
    /// left when the caller wants no more.
    pub fn read(
        &self,
        session: &Session<'_>,
        image: &RgbImage,
        boxes: &[Rectangle],
    ) -> Result<Vec<Option<Line>>, RecognitionError> {
        let mut order: Vec<(usize, usize)> =
            boxes.iter().enumerate().map(|(index, it)| (width(it), index)).collect();
        order.sort_unstable();
        let mut lines = vec![None; boxes.len()];
        let batches = batches(&order);
        let found = session
            .side_by_side(&batches, |batch| self.read_batch(session, image, boxes, batch))?;
        for (&(width, index), symbols) in order.iter().zip(found.into_iter().flatten()) {
            let rectangle = boxes[index];
            lines[index] = Some(Line { rectangle, width: width as f32, symbols });
        }
        Ok(lines)
    }

    /// Reads boxes of given widths and indexes.
    fn read_batch(
        &self,
        session: &Session<'_>,
        image: &RgbImage,
        boxes: &[Rectangle],
        batch: &[(usize, usize)],
    ) -> Result<Vec<Vec<Symbol>>, RecognitionError> {
        let stride = batch.iter().map(|&(width, _)| padded(width)).max().unwrap_or(LEAST_WIDTH);
        let size = 3 * HEIGHT * stride;
        let mut input = vec![0.0; batch.len() * size];
        for (&(width, index), planes) in batch.iter().zip(input.chunks_exact_mut(size)) {
            let placement = Placement::of(&boxes[index], width, HEIGHT);
            patch::write(image, &placement, &NORMALIZATION, width, stride, planes);
        }
        let shape = [batch.len(), 3, HEIGHT, stride];
        let ([count, steps, classes], output) = self.network.run::<3>(session, shape, input)?;
        if count != batch.len() || classes != self.symbols.len() {
            let problem = "the recognition network and its list of symbols do not fit together";
            return Err(RecognitionError::Failed(problem.to_owned()));
        }
        let lines = output.chunks_exact((steps * classes).max(1));
        Ok(lines.map(|line| ctc::decode(line, classes, session.allowed.as_deref())).collect())
    }
}

/// Boxes of given widths, of which narrow ones come first, in batches.
fn batches(order: &[(usize, usize)]) -> Vec<&[(usize, usize)]> {
    let mut batches = Vec::new();
    let mut rest = order;
    while !rest.is_empty() {
        let fits = |&(index, &(width, _)): &(usize, &(usize, usize))| {
            index == 0 || (index + 1) * padded(width) <= BATCH_WIDTH
        };
        let (batch, others) = rest.split_at(rest.iter().enumerate().take_while(fits).count());
        batches.push(batch);
        rest = others;
    }
    batches
}

/// The width of a box as input of the network.
fn width(rectangle: &Rectangle) -> usize {
    let width = HEIGHT as f32 * rectangle.width / rectangle.height.max(1.0);
    (width.ceil() as usize).clamp(1, MOST_WIDTH)
}

fn padded(width: usize) -> usize {
    width.max(LEAST_WIDTH)
}
