//! `_core.ItemSchema`: a caller's JSON Schema, and its items as Python values.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyInt, PyList, PyNone};
use serde_json::Value;

use super::target::ModelSchema;
use crate::item_schema;

#[pyclass(frozen, module = "structx._core")]
pub struct ItemSchema {
    pub schema: Arc<item_schema::ItemSchema>,
    /// As the core uses it.
    #[pyo3(get)]
    model: Py<ModelSchema>,
}

#[pymethods]
impl ItemSchema {
    /// Reads the text of a schema, whose name without a title is `name`.
    #[new]
    fn new(py: Python<'_>, text: &str, name: &str) -> PyResult<Self> {
        let error = |error: String| PyValueError::new_err(format!("model: {error}"));
        let schema = structx_common::json::parse::<Value>(text.as_bytes())
            .map_err(|problem| error(format!("not valid JSON: {problem}")))?;
        let schema = item_schema::ItemSchema::new(&schema).map_err(|it| error(it.to_string()))?;
        let name = schema.title.clone().unwrap_or_else(|| name.to_owned());
        let model = Py::new(py, ModelSchema::of(name, schema.modern.clone()))?;
        Ok(Self { schema: Arc::new(schema), model })
    }

    /// The schema of one item, as JSON.
    #[getter]
    fn item(&self) -> String {
        self.schema.item.to_string()
    }
}

/// A JSON value in Python. Integers are `int`; other numbers are `float` where that has exactly the
/// decimal value of the text, and else `decimal.Decimal`.
pub fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => PyNone::get(py).to_owned().into_any(),
        Value::Bool(yes) => yes.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => self::number(py, number.as_str())?,
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Array(items) => {
            let items = items.iter().map(|item| to_python(py, item));
            PyList::new(py, items.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        Value::Object(members) => {
            let dict = PyDict::new(py);
            for (name, member) in members {
                dict.set_item(name, to_python(py, member)?)?;
            }
            dict.into_any()
        }
    })
}

fn number<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static DECIMAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Ok(integer) = text.parse::<i64>() {
        return Ok(integer.into_pyobject(py)?.into_any());
    }
    let is_integer = !text.contains(['.', 'e', 'E']);
    if !is_integer
        && let Ok(float) = text.parse::<f64>()
        && float.is_finite()
        && digits(&format!("{float:e}")) == digits(text)
    {
        return Ok(float.into_pyobject(py)?.into_any());
    }
    let decimal = DECIMAL.import(py, "decimal", "Decimal")?.call1((text,))?;
    // Not from the text, whose length Python limits for integers.
    if is_integer { py.get_type::<PyInt>().call1((decimal,)) } else { Ok(decimal) }
}

/// A decimal number's sign, significant digits, and the power of ten of the last one; `None` for an
/// exponent that no float has.
fn digits(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (is_negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let kept = significant.trim_end_matches('0');
    if kept.is_empty() {
        return Some((is_negative, String::new(), 0));
    }
    let dropped = i64::try_from(significant.len() - kept.len()).ok()?;
    let places = i64::try_from(fraction.len()).ok()?;
    Some((is_negative, kept.to_owned(), i64::from(exponent) - places + dropped))
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn numbers_of_one_value_have_the_same_digits() {
        for (one, other) in [
            ("1.50", "15e-1"),
            ("-0.0012", "-1.2E-3"),
            ("1e+2", "100"),
            ("0.000", "0e5"),
            ("120.0", "1.2e2"),
        ] {
            assert_eq!(digits(one), digits(other));
            assert!(digits(one).is_some());
        }
        for (one, other) in [("1.5", "1.50000001"), ("-1", "1"), ("1e2", "1e3")] {
            assert_ne!(digits(one), digits(other));
        }
        assert_eq!(digits("1e99999999999999"), None);
    }
}
