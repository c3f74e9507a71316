//! The Python binding: the only module that depends on pyo3.

mod attempt_error;
mod awaitable;
mod config;
mod document;
mod errors;
mod evidence;
mod extractor;
mod highlight;
mod input;
mod isolate;
mod item_schema;
mod job;
#[cfg(feature = "ocr")]
mod lazy_engine;
mod limits;
mod ocr;
mod progress;
mod raw;
mod row;
mod runtime;
mod schema;
mod settings;
mod sources;
mod stream;
mod target;
mod worker;

// Not tested on builds of Python without a GIL: those turn it on when they import this module.
#[pyo3::pymodule(gil_used = true)]
mod _core {
    #[pymodule_export]
    use super::attempt_error::AttemptError;
    #[pymodule_export]
    use super::config::{known_options, read_yaml};
    #[pymodule_export]
    use super::document::Document;
    #[pymodule_export]
    use super::evidence::checking;
    #[pymodule_export]
    use super::extractor::Extractor;
    #[pymodule_export]
    use super::highlight::highlighting;
    #[pymodule_export]
    use super::input::{
        Prepared, default_limits, drawing, format_of, measuring, most_bytes, path_of, reading,
        reading_document, rendering, rows_where,
    };
    #[pymodule_export]
    use super::isolate::serve_reader;
    #[pymodule_export]
    use super::item_schema::ItemSchema;
    #[pymodule_export]
    use super::job::Job;
    #[pymodule_export]
    use super::limits::Limits;
    #[pymodule_export]
    use super::ocr::can_recognize;
    #[pymodule_export]
    use super::row::{RawRows, RowResult, facts_of};
    #[pymodule_export]
    use super::runtime::shutdown;
    #[pymodule_export]
    use super::schema::{normalise, type_capabilities};
    #[pymodule_export]
    use super::sources::ReadSources;
    #[pymodule_export]
    use super::stream::RowStream;
    #[pymodule_export]
    use super::target::ModelSchema;

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        super::isolate::tell_launcher(module.py())?;
        let atexit = module.py().import("atexit")?;
        atexit.call_method1("register", (module.getattr("shutdown")?,))?;
        super::runtime::close_files_at_forks(module.py())
    }
}
