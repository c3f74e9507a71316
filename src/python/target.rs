//! pydantic as the validator: targets of the caller's models and of planned ones.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde_json::Value;

use crate::plan::Plan;
use crate::run::{Modeller, Rejection, Target, Validate};

use super::worker::Caller;

pyo3::import_exception!(pydantic_core, ValidationError);
pyo3::import_exception!(structx.exceptions, ModelGenerationError);

/// The functions of `structx.targets`.
static TARGETS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

fn targets(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    let module = TARGETS.get_or_try_init(py, || py.import("structx.targets").map(Bound::unbind))?;
    Ok(module.bind(py))
}

/// A pydantic model, its JSON Schema, and the function that validates replies.
pub struct PydanticTarget {
    pub model: Py<PyAny>,
    name: String,
    schema: Value,
    instructions: String,
    validate: Arc<Py<PyAny>>,
    caller: Caller,
}

impl FromPyObject<'_, '_> for PydanticTarget {
    type Error = PyErr;

    /// From a `structx.targets.Target`.
    fn extract(target: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            model: target.getattr("model")?.unbind(),
            name: target.getattr("name")?.extract()?,
            schema: pythonize::depythonize(&target.getattr("schema")?)?,
            instructions: target.getattr("instructions")?.extract()?,
            validate: Arc::new(target.getattr("validate")?.unbind()),
            caller: Caller::get(target.py())?,
        })
    }
}

impl Validate for PydanticTarget {
    type Output = Vec<Py<PyAny>>;

    async fn validate(&self, json: String) -> Result<Self::Output, Rejection> {
        let validate = self.validate.clone();
        let call = move |py: Python<'_>| {
            let items = validate.bind(py).call1((json,)).and_then(|items| items.extract());
            items.map_err(|error| rejection(py, &error))
        };
        self.caller.run(call).await.unwrap_or_else(|broken| Err(Rejection::Broken(broken)))
    }
}

impl Target for PydanticTarget {
    type Item = Py<PyAny>;

    fn name(&self) -> &str {
        &self.name
    }

    fn schema(&self) -> &Value {
        &self.schema
    }

    fn instructions(&self) -> &str {
        &self.instructions
    }
}

/// Makes models of plans with `pydantic.create_model`.
pub struct Pydantic(pub Caller);

impl Modeller for Pydantic {
    type Target = PydanticTarget;

    async fn target(&self, plan: &Plan) -> Result<PydanticTarget, Rejection> {
        let plan = serde_json::to_string(plan).map_err(|e| Rejection::Broken(e.to_string()))?;
        let call = move |py: Python<'_>| {
            let target = targets(py)
                .and_then(|module| module.call_method1("of_plan", (plan,)))
                .and_then(|target| target.extract());
            target.map_err(|error| rejection(py, &error))
        };
        self.0.run(call).await.unwrap_or_else(|broken| Err(Rejection::Broken(broken)))
    }
}

fn rejection(py: Python<'_>, error: &PyErr) -> Rejection {
    if error.is_instance_of::<ValidationError>(py) {
        let problems = targets(py)
            .and_then(|module| module.call_method1("problems", (error.value(py),)))
            .and_then(|problems| problems.extract());
        if let Ok(problems) = problems {
            return Rejection::Problems(problems);
        }
    }
    if error.is_instance_of::<ModelGenerationError>(py) {
        return Rejection::Problems(vec![error.value(py).to_string()]);
    }
    Rejection::Broken(error.to_string())
}
