use office_oxide::docx;
use std::io::Cursor;
fn main() {
    macro_rules! size { ($($t:ty),*) => { $( println!("{} {}", stringify!($t), std::mem::size_of::<$t>()); )* } }
    if std::env::args().nth(1).as_deref() == Some("sizes") {
        size!(
            docx::BlockElement,
            docx::Paragraph,
            docx::ParagraphContent,
            docx::Run,
            docx::RunContent,
            docx::TableCell,
            docx::TableRow,
            docx::Table,
            office_oxide::ir::Element,
            office_oxide::ir::Paragraph,
            office_oxide::ir::TableCell,
            office_oxide::ir::InlineContent
        );
        return;
    }
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        let start = std::time::Instant::now();
        let format = office_oxide::DocumentFormat::from_path(std::path::Path::new(&path)).unwrap();
        let doc = office_oxide::Document::from_reader(Cursor::new(bytes), format);
        let opened = start.elapsed();
        match doc {
            Ok(doc) => {
                let ir = doc.to_ir();
                println!("{path} open {opened:?} ir {:?}", start.elapsed() - opened);
                if std::env::var("SHOW").is_ok() {
                    println!("{ir:#?}");
                }
            }
            Err(e) => println!("{path} error {e}"),
        }
    }
}
