//! Child processes for readers that may hang or abort: new processes of this interpreter.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::documents::isolate::{self, Launcher};

/// Tells the core how to start a child process, if that is possible.
pub fn tell_launcher(py: Python<'_>) -> PyResult<()> {
    let sys = py.import("sys")?;
    // The executable of a program packed with its Python is the program itself, not Python.
    let is_packed = sys.hasattr("frozen")?;
    let program: Option<PathBuf> = sys.getattr("executable")?.extract()?;
    if let Some(program) = program.filter(|path| !is_packed && !path.as_os_str().is_empty()) {
        let arguments = ["-I", "-m", "structx._isolate"].map(Into::into).into();
        isolate::launch_with(Launcher { program, arguments });
    }
    Ok(())
}

/// Answers the one request in the standard input; raises `OSError`. For `structx._isolate`.
#[pyfunction]
pub fn serve_reader(py: Python<'_>, name: &str) -> PyResult<()> {
    Ok(py.detach(|| isolate::serve(name))?)
}
