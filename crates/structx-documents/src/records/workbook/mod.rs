//! Workbooks: chooses the sheets, and reads them as a document or as records.

mod biff;
mod format_code;
mod grid;
mod layout;
mod list;
mod opendocument;
mod sheet_document;
mod sheet_records;
mod sheet_table;
mod value;
mod xls;
mod xlsb;
mod xlsx;
mod xml;

use super::options::{AS_DOCUMENT, AS_RECORDS, SheetKey, Sheets};
use crate::builder::Builder;
use crate::context::ReadContext;
use crate::{Content, Document, FileError, FileErrorKind, Format, ReadAs};
use grid::SheetGrid;

/// A worksheet; chart sheets are not listed.
struct Sheet {
    name: String,
    hidden: bool,
}

/// A workbook of any format.
trait Workbook {
    fn sheets(&self) -> &[Sheet];

    /// Reads the cells of a sheet into the grid.
    fn read(&mut self, position: usize, grid: &mut SheetGrid) -> Result<(), FileError>;
}

/// Reads the workbook as the options say: records or a document.
pub(crate) fn read(
    context: &ReadContext,
    format: Format,
    bytes: Vec<u8>,
) -> Result<Content, FileError> {
    let kept;
    let mut workbook: Box<dyn Workbook + '_> = match format {
        Format::Xlsb => Box::new(xlsb::open(context, bytes)?),
        Format::Xls => Box::new(xls::open(context, bytes)?),
        _ => {
            kept = bytes;
            match format {
                Format::Ods => Box::new(opendocument::open(context, &kept)?),
                _ => Box::new(xlsx::open(context, &kept)?),
            }
        }
    };
    let workbook = workbook.as_mut();
    let mut content = match context.options.table.read_as() {
        ReadAs::Records => sheet_records::records(context, workbook).map(Content::Table),
        ReadAs::Document => document(context, workbook, None).map(Content::Document),
        ReadAs::Auto => either(context, workbook),
    }?;
    if format == Format::Xlsb {
        let warning = "comments, text boxes, leading zeros, and which rows and columns are hidden \
                       are not read from .xlsb; save it as .xlsx for these";
        match &mut content {
            Content::Document(document) => document.warnings.push(warning.to_owned()),
            Content::Table(table) => table.warnings.push(warning.to_owned()),
        }
    }
    Ok(content)
}

/// Records if the first sheet is one clean list of them, or if the document is too large, else the
/// document; a warning says which.
fn either(context: &ReadContext, workbook: &mut dyn Workbook) -> Result<Content, FileError> {
    let mut first = match first(context, workbook) {
        // Comments or drawings may stand on blank sheets.
        Err(error) if error.kind == FileErrorKind::Empty => None,
        first => Some(first?),
    };
    let (mut table, note) = if let Some((grid, position)) =
        first.take_if(|(grid, _)| list::is_list(grid))
    {
        let note = format!(
            "read as records, a row for each of the first sheet; {AS_DOCUMENT} reads the workbook \
             as a document"
        );
        (sheet_records::of_first(context, workbook, grid, position)?, note)
    } else {
        match document(context, workbook, first) {
            Err(error) if error.kind == FileErrorKind::LimitExceeded => {
                let note = "read as records, as it is too large for a document".to_owned();
                (sheet_records::records(context, workbook)?, note)
            }
            document => {
                let mut document = document?;
                document.warnings.push(format!(
                    "read as a document, as the first sheet is not one clean list; {AS_RECORDS} \
                     reads records"
                ));
                return Ok(Content::Document(document));
            }
        }
    };
    table.warnings.push(note);
    Ok(Content::Table(table))
}

/// Reads the sheets as a document, each a page; the `first` one may have been read already. A damaged
/// sheet does not keep the others from being read.
fn document<'a>(
    context: &'a ReadContext<'a>,
    workbook: &mut dyn Workbook,
    mut first: Option<(SheetGrid<'a>, usize)>,
) -> Result<Document, FileError> {
    let options = &context.options.table;
    options.allow_for_document(context.name, &["sheet_name"])?;
    let positions = match &options.sheets {
        Sheets::First | Sheets::All => visible(workbook.sheets()),
        sheets => chosen(context, workbook.sheets(), sheets)?,
    };
    let mut builder = Builder::default();
    let mut warnings = Vec::new();
    let mut damaged = None;
    let mut number = 0;
    for position in positions {
        let read = match first.take_if(|(_, known)| *known == position) {
            Some((grid, _)) => Ok(grid),
            None => grid(context, workbook, position),
        };
        let name = &workbook.sheets()[position].name;
        let grid = match read {
            Ok(grid) if grid.is_blank() => continue,
            Ok(grid) => grid,
            Err(error) if error.kind == FileErrorKind::Corrupt => {
                warnings.push(format!("the sheet `{name}` is damaged and was not read"));
                damaged = Some(error);
                continue;
            }
            Err(error) => return Err(error),
        };
        number += 1;
        builder.page(number);
        warnings.extend(sheet_table::formula_warning(&grid, name));
        sheet_document::write(grid, name, &mut builder)?;
    }
    if number == 0 {
        return Err(damaged.unwrap_or_else(|| no_cells(context, workbook.sheets())));
    }
    warnings.extend(hidden_sheets(workbook.sheets(), &options.sheets));
    let document = builder.finish();
    context.check_characters(&document.text)?;
    Ok(Document { warnings, ..document })
}

/// The first visible sheet with cells, sorted, and its position.
fn first<'a>(
    context: &'a ReadContext<'a>,
    workbook: &mut dyn Workbook,
) -> Result<(SheetGrid<'a>, usize), FileError> {
    for position in visible(workbook.sheets()) {
        let mut grid = grid(context, workbook, position)?;
        if !grid.is_empty() {
            grid.sort();
            return Ok((grid, position));
        }
    }
    Err(no_cells(context, workbook.sheets()))
}

fn no_cells(context: &ReadContext, sheets: &[Sheet]) -> FileError {
    let is_hidden = |position: usize| sheets[position].hidden;
    let message = if (0..sheets.len()).any(is_hidden) {
        let names = names(sheets, is_hidden);
        format!("no visible sheet has cells; choose a hidden one with sheet_name: {names}")
    } else {
        "no sheet has cells".to_owned()
    };
    context.error(FileErrorKind::Empty, message)
}

fn grid<'a>(
    context: &'a ReadContext<'a>,
    workbook: &mut dyn Workbook,
    position: usize,
) -> Result<SheetGrid<'a>, FileError> {
    let mut grid = SheetGrid::new(context);
    workbook.read(position, &mut grid)?;
    Ok(grid)
}

fn visible(sheets: &[Sheet]) -> Vec<usize> {
    (0..sheets.len()).filter(|position| !sheets[*position].hidden).collect()
}

/// The positions of the sheets that the option names.
fn chosen(
    context: &ReadContext,
    sheets: &[Sheet],
    option: &Sheets,
) -> Result<Vec<usize>, FileError> {
    match option {
        Sheets::First => Ok(Vec::new()),
        Sheets::One(key) => find(context, sheets, key).map(|position| vec![position]),
        Sheets::Several(keys) => keys.iter().map(|key| find(context, sheets, key)).collect(),
        Sheets::All => Ok(visible(sheets)),
    }
}

fn find(context: &ReadContext, sheets: &[Sheet], key: &SheetKey) -> Result<usize, FileError> {
    let found = match key {
        SheetKey::Position(position) => (*position < sheets.len()).then_some(*position),
        SheetKey::Name(name) => sheets.iter().position(|sheet| sheet.name == *name),
    };
    found.ok_or_else(|| {
        let key = match key {
            SheetKey::Position(position) => position.to_string(),
            SheetKey::Name(name) => format!("`{name}`"),
        };
        let names = names(sheets, |_| true);
        let message = format!("no sheet {key} (chosen by sheet_name); the sheets are {names}");
        context.error(FileErrorKind::Options, message)
    })
}

/// A warning about hidden sheets, which are read only if they are chosen.
fn hidden_sheets(sheets: &[Sheet], option: &Sheets) -> Option<String> {
    let is_hidden = |position: usize| sheets[position].hidden;
    let says = matches!(option, Sheets::First | Sheets::All) && (0..sheets.len()).any(is_hidden);
    says.then(|| {
        format!("hidden sheets are not read: {}; see sheet_name", names(sheets, is_hidden))
    })
}

/// The names of the chosen sheets, at most 20, and the number of further ones.
fn names(sheets: &[Sheet], is_one: impl Fn(usize) -> bool) -> String {
    const MOST: usize = 20;
    let positions: Vec<usize> = (0..sheets.len()).filter(|position| is_one(*position)).collect();
    let name = |position: &usize| format!("`{}`", sheets[*position].name);
    let shown: Vec<String> = positions.iter().take(MOST).map(name).collect();
    match positions.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
