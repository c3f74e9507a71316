//! Files of each format, made by the tests and read as a user's are.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod books;
mod compound;
mod continued_tables;
mod damage;
mod documents;
mod markup;
mod office;
mod outlook;
mod pdf;
mod pdf_fonts;
mod pdf_layout;
mod pdf_tables;
mod records;
mod scans;
mod slides;
mod workbooks;
mod xls;
