//! The Python edge: the only module that knows pyo3.

mod awaitable;
mod config;
mod document;
mod errors;
mod extractor;
mod input;
mod isolate;
mod job;
mod limits;
mod raw;
mod runtime;
mod schema;
mod settings;
mod stream;
mod target;
mod watch;
mod worker;

#[pyo3::pymodule]
mod _core {
    #[pymodule_export]
    use super::config::read_yaml;
    #[pymodule_export]
    use super::document::Document;
    #[pymodule_export]
    use super::extractor::Extractor;
    #[pymodule_export]
    use super::input::{Prepared, default_limits, path_of, reading};
    #[pymodule_export]
    use super::isolate::serve_reader;
    #[pymodule_export]
    use super::job::Job;
    #[pymodule_export]
    use super::limits::Limits;
    #[pymodule_export]
    use super::raw::RawRows;
    #[pymodule_export]
    use super::runtime::shutdown;
    #[pymodule_export]
    use super::schema::{normalise, type_capabilities};
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
