//! pydantic and JSON Schema as validators: targets of the caller's models and of planned ones.

use std::future::Future;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use crate::planning::plan::Plan;
use crate::run::error::Result;
use crate::run::{self, Client, ModelFactory, Rejection, Target, Validate};
use crate::schema::OutputSchema;

use super::errors;
use super::item_schema::{ItemSchema, to_python};
use super::job::Context;
use super::progress::Callbacks;
use super::runtime::Waiter;
use super::worker::Caller;
use structx_common::sync::lock;

pyo3::import_exception!(asyncio, CancelledError);
pyo3::import_exception!(pydantic_core, ValidationError);
pyo3::import_exception!(structx.exceptions, ModelGenerationError);

/// The JSON Schema of a model and its compiled forms; the model keeps it.
///
/// It holds no Python object, so that a model and its target can be collected.
#[pyclass(frozen, module = "structx._core")]
pub struct ModelSchema(Arc<Compiled>);

pub struct Compiled {
    name: String,
    pub schema: Value,
    /// By [`Client::schema_key`].
    replies: Mutex<Vec<(String, Arc<OutputSchema>)>>,
}

impl ModelSchema {
    pub fn of(name: String, schema: Value) -> Self {
        Self(Arc::new(Compiled { name, schema, replies: Mutex::default() }))
    }
}

#[pymethods]
impl ModelSchema {
    #[new]
    fn new(name: String, schema: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self::of(name, pythonize::depythonize(schema)?))
    }
}

/// A `structx._engine.response_models.ResponseModel`, as Python hands it over.
pub struct ModelTarget {
    model: Py<PyAny>,
    pub schema: Arc<Compiled>,
    instructions: String,
    validator: Validator,
}

enum Validator {
    /// A function that takes a reply and returns its items.
    Function(Arc<Py<PyAny>>),
    JsonSchema(Arc<crate::item_schema::ItemSchema>),
}

impl ModelTarget {
    pub fn model<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.model.bind(py)
    }
}

impl FromPyObject<'_, '_> for ModelTarget {
    type Error = PyErr;

    fn extract(target: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            schema: target.getattr("schema")?.cast::<ModelSchema>()?.get().0.clone(),
            instructions: target.getattr("instructions")?.extract()?,
            validator: Validator::of(target.getattr("validate")?),
            model: target.getattr("model")?.unbind(),
        })
    }
}

impl Validator {
    fn of(validate: Bound<'_, PyAny>) -> Self {
        match validate.cast::<ItemSchema>() {
            Ok(schema) => Self::JsonSchema(schema.get().schema.clone()),
            Err(_) => Self::Function(Arc::new(validate.unbind())),
        }
    }
}

/// pydantic, called for one job: on the threads for Python, with the caller's context variables.
#[derive(Clone)]
pub struct Pydantic {
    pub caller: Caller,
    pub callbacks: Arc<Callbacks>,
    pub waiter: Arc<Waiter>,
    context: Arc<Context>,
    interrupt: Arc<Interrupt>,
}

/// Exceptions that end the job instead of one row: `KeyboardInterrupt`, `SystemExit`,
/// `CancelledError`.
#[derive(Default)]
struct Interrupt {
    raised: Mutex<Option<PyErr>>,
    notify: Notify,
}

impl Interrupt {
    /// Ends the job if `error` is one of these.
    fn check(&self, py: Python<'_>, error: PyErr) {
        if is_interrupt(py, &error) {
            *lock(&self.raised) = Some(error);
            self.notify.notify_one();
        }
    }
}

impl Pydantic {
    /// At most `validator_threads` validators of the job run at a time.
    pub fn new(py: Python<'_>, callbacks: Callbacks, validator_threads: usize) -> PyResult<Self> {
        let caller = Caller::get(py, validator_threads);
        let caller = caller.map_err(|error| errors::no_threads(py, error))?;
        let (callbacks, interrupt) = (Arc::new(callbacks), Arc::default());
        let waiter = Arc::default();
        Ok(Self { caller, callbacks, waiter, context: Context::copy(py)?, interrupt })
    }

    /// For a job that calls no validator.
    pub fn without_validators(py: Python<'_>) -> PyResult<Self> {
        Self::new(py, Callbacks::default(), 1)
    }

    /// Calls a function with the value of `argument`, after the callbacks before it; resolves once it
    /// has returned. Its exception is dropped unless it ends the job: callbacks handle their errors.
    pub fn call_back<A>(
        &self,
        function: impl Fn(&Callbacks) -> Option<&Py<PyAny>> + Send + 'static,
        argument: impl FnOnce() -> A + Send + 'static,
    ) -> impl Future<Output = ()>
    where
        A: for<'py> IntoPyObject<'py>,
    {
        let (call, returned) = self.callback(function, argument);
        self.caller.post(call);
        returned
    }

    /// Calls the progress function as [`Self::call_back`] does, but on the thread that waits for the
    /// call, if one does: it may show something that belongs to that thread.
    pub fn report<A>(
        &self,
        argument: impl FnOnce() -> A + Send + 'static,
    ) -> impl Future<Output = ()>
    where
        A: for<'py> IntoPyObject<'py>,
    {
        let (call, returned) = self.callback(|callbacks| callbacks.progress.as_ref(), argument);
        if let Err(call) = self.waiter.run(Box::new(call)) {
            self.caller.post(call);
        }
        returned
    }

    fn callback<A, F, G>(
        &self,
        function: F,
        argument: G,
    ) -> (impl FnOnce(Python<'_>) + Send + 'static, impl Future<Output = ()> + use<A, F, G>)
    where
        A: for<'py> IntoPyObject<'py>,
        F: Fn(&Callbacks) -> Option<&Py<PyAny>> + Send + 'static,
        G: FnOnce() -> A + Send + 'static,
    {
        let Self { callbacks, context, interrupt, .. } = self.clone();
        let (sender, receiver) = oneshot::channel::<()>();
        let call = move |py: Python<'_>| {
            if let Some(function) = function(&callbacks)
                && let Err(error) = context.call(py, function.bind(py), argument())
            {
                interrupt.check(py, error);
            }
            drop(sender);
        };
        (call, async { drop(receiver.await) })
    }

    /// Calls a function that gives the next source of the caller; an interrupt also ends the job.
    pub async fn pull<T>(&self, function: Arc<Py<PyAny>>, number: usize) -> PyResult<T>
    where
        T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr> + Send + 'static,
    {
        let (context, interrupt) = (self.context.clone(), self.interrupt.clone());
        let call = move |py: Python<'_>| {
            let given = context.call(py, function.bind(py), number);
            given
                .and_then(|given| given.extract())
                .inspect_err(|error| interrupt.check(py, error.clone_ref(py)))
        };
        let broken = |broken| Err(PyRuntimeError::new_err(broken));
        self.caller.pull(call).await.unwrap_or_else(broken)
    }

    /// The output of `operation`, unless Python raises an exception that ends the job.
    pub async fn unless_interrupted<T>(&self, operation: impl Future<Output = T>) -> PyResult<T> {
        let Interrupt { raised, notify } = &*self.interrupt;
        let ended = tokio::select! {
            () = notify.notified() => None,
            ended = operation => Some(ended),
        };
        // Both can have happened.
        let raised = lock(raised).take();
        match (raised, ended) {
            (None, Some(ended)) => Ok(ended),
            (raised, _) => Err(raised.unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))),
        }
    }

    pub fn target(&self, target: Arc<ModelTarget>) -> PydanticTarget {
        PydanticTarget { target, pydantic: self.clone() }
    }

    /// Calls `function` with `text`; an exception becomes a rejection.
    async fn call<T>(
        &self,
        function: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
        text: String,
    ) -> Result<T, Rejection>
    where
        T: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr> + Send + 'static,
    {
        let (context, interrupt) = (self.context.clone(), self.interrupt.clone());
        let call = move |py: Python<'_>| {
            let given = function(py).and_then(|function| context.call(py, &function, &*text));
            given.and_then(|given| given.extract()).map_err(|error| {
                let rejection = rejection(py, &error, &text);
                interrupt.check(py, error);
                rejection
            })
        };
        self.caller.run(call).await.unwrap_or_else(|broken| Err(Rejection::Broken(broken)))
    }
}

impl Pydantic {
    /// The items of a reply, validated against a JSON Schema, as Python values.
    async fn items(
        &self,
        schema: Arc<crate::item_schema::ItemSchema>,
        reply: String,
    ) -> Result<Vec<Py<PyAny>>, Rejection> {
        let convert = move |py: Python<'_>| {
            let items = py.detach(|| schema.items(&reply)).map_err(Rejection::Problems)?;
            let items = items.iter().map(|item| to_python(py, item).map(Bound::unbind));
            // Only exponents of more than 18 digits have no Python value.
            let too_large = || vec!["items: the exponent of a number is too large".to_owned()];
            items.collect::<PyResult<Vec<_>>>().map_err(|_| Rejection::Problems(too_large()))
        };
        self.caller.run(convert).await.unwrap_or_else(|broken| Err(Rejection::Broken(broken)))
    }
}

impl ModelFactory for Pydantic {
    type Target = PydanticTarget;

    async fn target(&self, plan: &Plan) -> Result<PydanticTarget, Rejection> {
        let plan = serde_json::to_string(plan).map_err(|e| Rejection::Broken(e.to_string()))?;
        let target = self.call(of_plan, plan).await?;
        Ok(self.target(Arc::new(target)))
    }
}

/// A target within a job.
pub struct PydanticTarget {
    pub target: Arc<ModelTarget>,
    pydantic: Pydantic,
}

impl Validate for PydanticTarget {
    type Output = Vec<Py<PyAny>>;

    const IN_PARTS: bool = true;

    async fn validate(&self, json: String) -> Result<Self::Output, Rejection> {
        match &self.target.validator {
            Validator::JsonSchema(schema) => self.pydantic.items(schema.clone(), json).await,
            Validator::Function(validate) => {
                let validate = validate.clone();
                self.pydantic.call(move |py| Ok(validate.bind(py).clone()), json).await
            }
        }
    }
}

impl Target for PydanticTarget {
    type Item = Py<PyAny>;

    fn name(&self) -> &str {
        &self.target.schema.name
    }

    fn schema(&self) -> &Value {
        &self.target.schema.schema
    }

    fn instructions(&self) -> &str {
        &self.target.instructions
    }

    fn reply_schema(&self, client: &Client) -> Result<Arc<OutputSchema>> {
        // Never waits: a lock that is held during a fork stays locked in the child.
        let Ok(mut replies) = self.target.schema.replies.try_lock() else {
            return run::compile(self, client);
        };
        let key = client.schema_key();
        if let Some((_, compiled)) = replies.iter().find(|(known, _)| *known == key) {
            return Ok(compiled.clone());
        }
        let compiled = run::compile(self, client)?;
        replies.push((key, compiled.clone()));
        Ok(compiled)
    }
}

static OF_PLAN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static PROBLEMS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn of_plan(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    OF_PLAN.import(py, "structx._engine.response_models", "of_plan").cloned()
}

fn is_interrupt(py: Python<'_>, error: &PyErr) -> bool {
    // Checked first, as nearly all are an `Exception`, for which asyncio need not be imported.
    !error.is_instance_of::<PyException>(py)
        && (error.is_instance_of::<PyKeyboardInterrupt>(py)
            || error.is_instance_of::<PySystemExit>(py)
            || error.is_instance_of::<CancelledError>(py))
}

/// The rejection of `text`, which a function of Python was called with.
fn rejection(py: Python<'_>, error: &PyErr, text: &str) -> Rejection {
    if error.is_instance_of::<ValidationError>(py) {
        let problems = PROBLEMS
            .import(py, "structx._engine.problems", "problems")
            .and_then(|problems| problems.call1((error.value(py), text)))
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
