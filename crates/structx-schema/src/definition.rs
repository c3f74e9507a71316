//! Portable definitions of models, as a user or a planning model writes them, and their normal form.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::types::{Scalar, TypeExpr};
use super::{constraints, names};
use crate::error::{Result, SchemaError};

/// Nesting depth and number of fields; chosen by hand, not measured.
const MAX_DEPTH: usize = 8;
const MAX_FIELDS: usize = 1_000;

/// The description of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtractionRequest {
    pub model_name: String,
    #[serde(default)]
    pub model_description: String,
    pub fields: Vec<ModelField>,
}

/// The description of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelField {
    pub name: String,
    /// A type expression; see [`super::types`].
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub description: String,
    /// pydantic's constraints by name, such as `ge` or `pattern`.
    #[serde(default)]
    pub validation: Map<String, Value>,
    /// The fields of the nested model, where `type` is a model or a list or dictionary of models.
    #[serde(default)]
    pub nested_fields: Option<Vec<ModelField>>,
    #[serde(default)]
    pub required: bool,
    #[serde(default = "yes")]
    pub nullable: bool,
    #[serde(default)]
    pub has_default: bool,
    #[serde(default)]
    pub default: Value,
    /// The type as a tree, for builders of the model: written by normalisation, never read.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub tree: Option<TypeExpr>,
}

const fn yes() -> bool {
    true
}

impl ExtractionRequest {
    /// Normalises the definition: identifiers of Python, canonical types, constraints of pydantic, and
    /// consistent `required`, `nullable` and defaults. The operation is idempotent.
    ///
    /// # Errors
    /// [`SchemaError`] names the place of the first problem.
    pub fn normalise(self) -> Result<Self> {
        let mut left = MAX_FIELDS;
        Ok(Self {
            model_name: names::class_name(&self.model_name)
                .ok_or_else(|| fail("model_name", "has no letter"))?,
            model_description: self.model_description.trim().to_owned(),
            fields: normalise_fields(self.fields, "", 1, &mut left)?,
        })
    }
}

fn fail(place: &str, problem: impl std::fmt::Display) -> SchemaError {
    SchemaError(format!("{place}: {problem}"))
}

fn place_of(path: &str) -> &str {
    if path.is_empty() { "fields" } else { path }
}

/// Normalises `fields`. `path` names the field that they are nested in, for errors.
fn normalise_fields(
    fields: Vec<ModelField>,
    path: &str,
    depth: usize,
    left: &mut usize,
) -> Result<Vec<ModelField>> {
    let place = place_of(path);
    if fields.is_empty() {
        return Err(fail(place, "at least one field is needed"));
    }
    if depth > MAX_DEPTH {
        return Err(fail(place, format!("nested more than {MAX_DEPTH} deep")));
    }
    let mut normal: Vec<ModelField> = Vec::with_capacity(fields.len());
    for field in fields {
        *left = left
            .checked_sub(1)
            .ok_or_else(|| fail(place, format!("more than {MAX_FIELDS} fields in all")))?;
        let field = field.normalise_in(path, depth, left)?;
        if let Some(shared) = normal.iter().find_map(|other| shared_name(other, &field)) {
            return Err(fail(place, format!("two fields are called `{shared}`")));
        }
        normal.push(field);
    }
    Ok(normal)
}

/// A name that both fields have.
fn shared_name<'a>(one: &ModelField, other: &'a ModelField) -> Option<&'a str> {
    let taken = [Some(one.name.as_str()), one.alias()];
    [Some(other.name.as_str()), other.alias()]
        .into_iter()
        .flatten()
        .find(|name| taken.contains(&Some(name)))
}

impl ModelField {
    fn alias(&self) -> Option<&str> {
        self.validation.get("alias")?.as_str()
    }

    /// Normalises a single field; see [`ExtractionRequest::normalise`].
    ///
    /// # Errors
    /// [`SchemaError`] names the place of the first problem.
    pub fn normalise(self) -> Result<Self> {
        self.normalise_in("", 1, &mut { MAX_FIELDS })
    }

    fn normalise_in(mut self, path: &str, depth: usize, left: &mut usize) -> Result<Self> {
        let name = names::field_name(&self.name).ok_or_else(|| {
            fail(place_of(path), format!("the name `{}` has no letter", self.name))
        })?;
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if self.nested_fields.as_ref().is_some_and(Vec::is_empty) && self.has_no_model() {
            self.nested_fields = None;
        }
        let (kind, is_optional, mut rules) = self.read_type(&name, &place)?;
        for (rule, value) in self.validation {
            if rules.get(&rule).is_some_and(|implied| *implied != value) {
                return Err(fail(&place, format!("`{rule}` says something else than the type")));
            }
            rules.insert(rule, value);
        }
        let validation =
            constraints::normalise(rules, &kind).map_err(|problem| fail(&place, problem))?;
        let nested_fields = match self.nested_fields {
            Some(fields) => Some(normalise_fields(fields, &place, depth + 1, left)?),
            None => None,
        };
        let has_default = !self.required && (self.has_default || !self.default.is_null());
        let default = if has_default { self.default } else { Value::Null };
        if !default.is_null() && !fits(&default, &kind) {
            return Err(fail(&place, format!("the default is no {kind}")));
        }
        // An optional field without a default is null when it is absent.
        let nullable = self.nullable
            || is_optional
            || kind == TypeExpr::Scalar(Scalar::Any)
            || (!self.required && default.is_null());
        Ok(Self {
            name,
            kind: kind.to_string(),
            description: self.description.trim().to_owned(),
            validation,
            nested_fields,
            required: self.required,
            nullable,
            has_default,
            default,
            tree: Some(kind),
        })
    }

    /// Whether the type can't contain a model.
    fn has_no_model(&self) -> bool {
        TypeExpr::parse(&self.kind).is_ok_and(|parsed| parsed.expr.with_model("M").is_none())
    }

    /// The type without an outer `Optional`, whether there was one, and the constraints it implies.
    fn read_type(&self, name: &str, place: &str) -> Result<(TypeExpr, bool, Map<String, Value>)> {
        let parse =
            if self.nested_fields.is_some() { TypeExpr::parse_nested } else { TypeExpr::parse };
        let parsed = parse(&self.kind).map_err(|error| fail(place, error))?;
        let (mut kind, is_optional) = parsed.expr.required();
        if self.nested_fields.is_some() {
            let class = kind.model().unwrap_or(name);
            let class = model_name(class)
                .ok_or_else(|| fail(place, format!("`{class}` is no name for a model")))?;
            kind = kind.with_model(&class).ok_or_else(|| {
                let kind = &self.kind;
                fail(
                    place,
                    format!("nested_fields need the type object or List[object], not `{kind}`"),
                )
            })?;
        }
        Ok((kind, is_optional, parsed.constraints))
    }
}

/// The name that a field called `given` gets; `None` if nothing of it can be part of one.
#[must_use]
pub fn field_name(given: &str) -> Option<String> {
    names::field_name(given)
}

/// Whether `given` normalises to the field name `normal`.
#[must_use]
pub fn is_same_name(given: &str, normal: &str) -> bool {
    field_name(given).is_some_and(|name| name == normal)
}

/// Whether a default has the JSON type of its field. Whether a string is a valid date is left to the
/// builder of the model.
#[must_use]
pub fn fits(default: &Value, kind: &TypeExpr) -> bool {
    match kind {
        TypeExpr::Scalar(Scalar::Str) => default.is_string(),
        TypeExpr::Scalar(Scalar::Int) => default.as_f64().is_some_and(|n| n.fract() == 0.0),
        TypeExpr::Scalar(Scalar::Float) => default.is_number(),
        TypeExpr::Scalar(Scalar::Bool) => default.is_boolean(),
        TypeExpr::List(inner) => {
            default.as_array().is_some_and(|items| items.iter().all(|item| fits(item, inner)))
        }
        TypeExpr::Optional(inner) => default.is_null() || fits(default, inner),
        _ => true,
    }
}

/// The name of a nested model, which must differ from all type names: `DateModel`.
fn model_name(name: &str) -> Option<String> {
    let class = names::class_name(name)?;
    let read = TypeExpr::parse_nested(&class).map(|parsed| parsed.expr);
    let is_free = read.is_ok_and(|expr| matches!(expr, TypeExpr::Model(_)));
    Some(if is_free { class } else { format!("{class}Model") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{ExtractionRequest, ModelField};

    fn field(value: Value) -> ModelField {
        let mut value = value;
        value["name"] = value.get("name").cloned().unwrap_or(json!("a"));
        serde_json::from_value(value).unwrap()
    }

    fn request(fields: Vec<ModelField>) -> ExtractionRequest {
        ExtractionRequest { model_name: "m".into(), model_description: String::new(), fields }
    }

    fn normal(value: Value) -> ModelField {
        request(vec![field(value)]).normalise().unwrap().fields.remove(0)
    }

    fn error(value: Value) -> String {
        request(vec![field(value)]).normalise().unwrap_err().to_string()
    }

    /// The file is also what the Python tests build a class from.
    #[test]
    fn the_normal_form_is_what_python_builds_from() {
        let file: Value =
            serde_json::from_str(include_str!("../../../tests/data/definition.json")).unwrap();
        let given: ExtractionRequest = serde_json::from_value(file["given"].clone()).unwrap();
        let normal = serde_json::to_value(given.normalise().unwrap()).unwrap();
        assert_eq!(normal, file["normal"]);
    }

    #[test]
    fn documented_defaults() {
        let field = field(json!({"type": "str"}));
        assert_eq!(field.description, "");
        assert!(field.validation.is_empty() && field.nested_fields.is_none());
        assert!(!field.required && field.nullable && !field.has_default);
        assert_eq!(field.default, Value::Null);
    }

    #[test]
    fn required_nullable_and_defaults_agree() {
        for (given, required, nullable, default) in [
            (json!({"type": "int"}), false, true, None),
            (json!({"type": "int", "required": true}), true, true, None),
            (json!({"type": "int", "required": true, "nullable": false}), true, false, None),
            (
                json!({"type": "Optional[int]", "required": true, "nullable": false}),
                true,
                true,
                None,
            ),
            (json!({"type": "int", "required": true, "default": 1}), true, true, None),
            (json!({"type": "int", "nullable": false}), false, true, None),
            (json!({"type": "int", "nullable": false, "default": 1}), false, false, Some(json!(1))),
            (json!({"type": "int", "has_default": true}), false, true, Some(Value::Null)),
        ] {
            let field = normal(given.clone());
            assert_eq!((field.required, field.nullable), (required, nullable), "{given}");
            assert_eq!(field.has_default, default.is_some(), "{given}");
            assert_eq!(field.default, default.unwrap_or_default(), "{given}");
            assert_eq!(field.kind, "int");
        }
        // Whatever may be anything may be null.
        assert!(normal(json!({"type": "Any", "required": true, "nullable": false})).nullable);
    }

    #[test]
    fn types_and_implied_rules_are_canonical() {
        let field = normal(json!({"type": "constr(regex='a')", "validation": {"max_items": 3}}));
        assert_eq!(field.kind, "str");
        assert_eq!(Value::Object(field.validation), json!({"pattern": "a", "max_length": 3}));
        let problem = error(json!({"type": "PositiveInt", "validation": {"gt": 5}}));
        assert_eq!(problem, "a: `gt` says something else than the type");
    }

    #[test]
    fn nested_models_are_named_by_their_type_or_their_field() {
        for (kind, canonical) in [
            ("object", "LineItems"),
            ("list", "List[LineItems]"),
            ("List[object] | null", "List[LineItems]"),
            ("List[invoice_line]", "List[InvoiceLine]"),
            ("Dict[str, Line]", "Dict[str, Line]"),
        ] {
            let nested = json!([{"name": "sum", "type": "number"}]);
            let field =
                normal(json!({"name": "line_items", "type": kind, "nested_fields": nested}));
            assert_eq!(field.kind, canonical);
            assert_eq!(field.nested_fields.unwrap()[0].kind, "float");
        }
        let nested = json!([{"name": "day", "type": "int"}]);
        let field = normal(json!({"name": "date", "type": "object", "nested_fields": nested}));
        assert_eq!(field.kind, "DateModel");
    }

    #[test]
    fn errors_name_the_place() {
        let inner = |kind: &str| json!([{"name": "b", "type": kind}]);
        for (given, problem) in [
            (json!({"type": "Foo"}), "a: type `Foo`: `Foo` is no type that structx knows"),
            (
                json!({"type": "object", "nested_fields": inner("Foo")}),
                "a.b: type `Foo`: `Foo` is no type that structx knows",
            ),
            (
                json!({"type": "str", "nested_fields": inner("str")}),
                "a: nested_fields need the type object or List[object], not `str`",
            ),
            (json!({"type": "object", "nested_fields": []}), "a: at least one field is needed"),
            (json!({"type": "str", "name": "??"}), "fields: the name `??` has no letter"),
            (json!({"type": "str", "validation": {"gtt": 1}}), "a: `gtt` is no known constraint"),
        ] {
            assert_eq!(error(given), problem);
        }
        let twice = request(vec![field(json!({"type": "str"})), field(json!({"type": "int"}))]);
        assert_eq!(twice.normalise().unwrap_err().to_string(), "fields: two fields are called `a`");
    }

    #[test]
    fn a_default_is_of_its_type() {
        for (kind, default) in [
            ("int", json!("SECRET")),
            ("int", json!(1.5)),
            ("int", json!(true)),
            ("float", json!([])),
            ("bool", json!("yes")),
            ("str", json!(5)),
            ("List[str]", json!("SECRET")),
            ("List[int]", json!([1, null])),
        ] {
            let problem = error(json!({"type": kind, "default": default}));
            assert_eq!(problem, format!("a: the default is no {kind}"));
        }
        for (kind, default) in [
            ("int", json!(12)),
            ("float", json!(1)),
            ("bool", json!(false)),
            ("str", json!("")),
            ("List[Optional[int]]", json!([1, null])),
            ("List[object]", json!([])),
            ("date", json!("2020-01-31")),
        ] {
            assert_eq!(normal(json!({"type": kind, "default": default})).default, default);
        }
    }

    #[test]
    fn no_nested_fields_are_none_where_there_is_no_model() {
        for kind in ["str", "List[int]", "Optional[date]", "Literal['a']"] {
            let given = normal(json!({"type": kind, "nested_fields": []}));
            assert_eq!(given, normal(json!({"type": kind})));
        }
    }

    #[test]
    fn depth_and_number_of_fields_are_bounded() {
        let leaf = json!({"name": "a", "type": "str"});
        let deep = (0..9).fold(
            leaf.clone(),
            |inner, _| json!({"name": "a", "type": "object", "nested_fields": [inner]}),
        );
        assert!(error(deep).contains("nested more than 8 deep"));
        let many: Vec<_> =
            (0..1_001).map(|n| field(json!({"name": format!("f{n}"), "type": "int"}))).collect();
        assert!(request(many).normalise().is_err());
    }

    proptest! {
        #[test]
        fn normalising_again_changes_nothing(
            name in "[ -~äß]{0,12}",
            kind in "(string|int\\?|List\\[date\\]|PositiveInt|`Decimal`|object)",
            nested in any::<bool>(),
            (required, nullable, default) in any::<(bool, bool, Option<u8>)>(),
        ) {
            let nested = nested.then(|| json!([{"name": name, "type": kind}]));
            let given = json!({
                "name": name, "type": kind, "nested_fields": nested, "required": required,
                "nullable": nullable, "default": default,
            });
            if let Ok(once) = request(vec![field(given)]).normalise() {
                let text = serde_json::to_string(&once).unwrap();
                let read: ExtractionRequest = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read.normalise().unwrap(), once);
            }
        }
    }
}
