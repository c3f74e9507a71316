//! Type expressions: `List[Optional[date]]` and the notations of other languages, parsed into one tree
//! with a canonical text form.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::type_parser;
use crate::error::Result;

/// The type of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum TypeExpr {
    Scalar(Scalar),
    List(Box<TypeExpr>),
    Set(Box<TypeExpr>),
    FrozenSet(Box<TypeExpr>),
    /// A dictionary; its keys are strings.
    Dict(Box<TypeExpr>),
    Tuple(Vec<TypeExpr>),
    /// `Tuple[T, ...]`.
    TupleOf(Box<TypeExpr>),
    /// Never directly in another `Optional`.
    Optional(Box<TypeExpr>),
    /// One of these strings, integers or booleans.
    Literal(Vec<Value>),
    /// A model that the field's `nested_fields` define.
    Model(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    Str,
    Int,
    Float,
    Bool,
    Date,
    DateTime,
    Time,
    Decimal,
    Uuid,
    Any,
}

impl Scalar {
    pub const ALL: [Self; 10] = [
        Self::Str,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Date,
        Self::DateTime,
        Self::Time,
        Self::Decimal,
        Self::Uuid,
        Self::Any,
    ];

    /// The canonical name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Time => "time",
            Self::Decimal => "Decimal",
            Self::Uuid => "UUID",
            Self::Any => "Any",
        }
    }
}

/// A type, and the constraints that a notation such as `PositiveInt` or `constr(max_length=3)` implies.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub expr: TypeExpr,
    pub constraints: Map<String, Value>,
}

impl TypeExpr {
    /// Parses a type in any known notation.
    ///
    /// # Errors
    /// [`SchemaError`](crate::SchemaError): an unknown name, a union that is not an `Optional`, or
    /// invalid syntax.
    pub fn parse(text: &str) -> Result<Parsed> {
        type_parser::parse(text, false)
    }

    /// Like [`TypeExpr::parse`], but an unknown name is the name of a nested model.
    ///
    /// # Errors
    /// As [`TypeExpr::parse`].
    pub fn parse_nested(text: &str) -> Result<Parsed> {
        type_parser::parse(text, true)
    }

    #[must_use]
    pub fn optional(self) -> Self {
        match self {
            Self::Optional(_) => self,
            other => Self::Optional(Box::new(other)),
        }
    }

    /// The type without an outer `Optional`, and whether there was one.
    #[must_use]
    pub fn required(self) -> (Self, bool) {
        match self {
            Self::Optional(inner) => (*inner, true),
            other => (other, false),
        }
    }

    /// The types directly inside of it.
    fn parts(&self) -> &[Self] {
        match self {
            Self::Scalar(_) | Self::Literal(_) | Self::Model(_) => &[],
            Self::Tuple(items) => items,
            Self::List(inner)
            | Self::Set(inner)
            | Self::FrozenSet(inner)
            | Self::Dict(inner)
            | Self::TupleOf(inner)
            | Self::Optional(inner) => std::slice::from_ref(inner),
        }
    }

    /// The nesting depth.
    #[must_use]
    pub fn depth(&self) -> usize {
        1 + self.parts().iter().map(Self::depth).max().unwrap_or(0)
    }

    /// The name of the nested model in the type, if any.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Model(name) => Some(name),
            _ => self.parts().iter().find_map(Self::model),
        }
    }

    /// Whether its values are hashable in Python.
    #[must_use]
    pub fn is_hashable(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::Literal(_) | Self::FrozenSet(_) => true,
            Self::List(_) | Self::Set(_) | Self::Dict(_) | Self::Model(_) => false,
            Self::Tuple(items) => items.iter().all(Self::is_hashable),
            Self::TupleOf(inner) | Self::Optional(inner) => inner.is_hashable(),
        }
    }

    /// Replaces the model in the type, or an untyped object or list item, by the model `name`. `None`
    /// if the type can't contain a model.
    #[must_use]
    pub fn with_model(self, name: &str) -> Option<Self> {
        let inside = |inner: Box<Self>| inner.with_model(name).map(Box::new);
        match self {
            Self::Model(_) | Self::Scalar(Scalar::Any) => Some(Self::Model(name.to_owned())),
            Self::Dict(inner) if *inner == Self::Scalar(Scalar::Any) => {
                Some(Self::Model(name.to_owned()))
            }
            Self::List(inner) => inside(inner).map(Self::List),
            Self::Dict(inner) => inside(inner).map(Self::Dict),
            Self::Optional(inner) => inside(inner).map(Self::Optional),
            _ => None,
        }
    }

    /// The tree as nested JSON lists, such as `["List", ["Optional", "date"]]`, for builders that have
    /// no parser.
    #[must_use]
    pub fn tree(&self) -> Value {
        match self {
            Self::Scalar(_) => self.head().into(),
            Self::Model(name) => json!(["Model", name]),
            Self::Tuple(items) => headed(self.head(), items.iter().map(Self::tree)),
            Self::Literal(values) => headed(self.head(), values.iter().cloned()),
            Self::TupleOf(inner) => json!([self.head(), inner.tree(), "..."]),
            Self::List(inner)
            | Self::Set(inner)
            | Self::FrozenSet(inner)
            | Self::Dict(inner)
            | Self::Optional(inner) => json!([self.head(), inner.tree()]),
        }
    }

    /// The canonical name without arguments.
    pub(super) fn head(&self) -> &str {
        match self {
            Self::Scalar(scalar) => scalar.name(),
            Self::List(_) => "List",
            Self::Set(_) => "Set",
            Self::FrozenSet(_) => "FrozenSet",
            Self::Dict(_) => "Dict",
            Self::Tuple(_) | Self::TupleOf(_) => "Tuple",
            Self::Optional(_) => "Optional",
            Self::Literal(_) => "Literal",
            Self::Model(name) => name,
        }
    }
}

fn headed(head: &str, items: impl Iterator<Item = Value>) -> Value {
    std::iter::once(Value::from(head)).chain(items).collect()
}

impl Serialize for TypeExpr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tree().serialize(serializer)
    }
}

/// The canonical spelling.
impl fmt::Display for TypeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.head();
        match self {
            Self::Scalar(_) | Self::Model(_) => f.write_str(head),
            Self::Dict(inner) => write!(f, "{head}[str, {inner}]"),
            Self::TupleOf(inner) => write!(f, "{head}[{inner}, ...]"),
            Self::Tuple(items) => write_list(f, head, items.iter().map(ToString::to_string)),
            Self::Literal(values) => write_list(f, head, values.iter().map(python_literal)),
            Self::List(inner)
            | Self::Set(inner)
            | Self::FrozenSet(inner)
            | Self::Optional(inner) => write!(f, "{head}[{inner}]"),
        }
    }
}

fn python_literal(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    head: &str,
    items: impl Iterator<Item = String>,
) -> fmt::Result {
    write!(f, "{head}[{}]", items.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{Scalar, TypeExpr};

    #[test]
    fn spellings_of_other_languages_are_normalised() {
        for (spelling, canonical) in [
            ("string", "str"),
            ("`Integer`", "int"),
            ("number", "float"),
            ("date-time", "datetime"),
            ("datetime.date", "date"),
            ("decimal.Decimal", "Decimal"),
            ("uuid.UUID", "UUID"),
            ("typing.List[typing.Optional[str]]", "List[Optional[str]]"),
            ("list", "List[Any]"),
            ("array<number>", "List[float]"),
            ("Array<Array<string>>", "List[List[str]]"),
            ("string[]", "List[str]"),
            ("string[][]", "List[List[str]]"),
            ("(string | null)[]", "List[Optional[str]]"),
            ("string | null", "Optional[str]"),
            ("null | undefined | string", "Optional[str]"),
            ("string?", "Optional[str]"),
            ("Union[int, None]", "Optional[int]"),
            ("Optional[Optional[int]]", "Optional[int]"),
            ("str | string", "str"),
            ("list of strings", "List[str]"),
            ("Array of `integer`", "List[int]"),
            ("list of lists of dates", "error"),
            ("list of list of dates", "List[List[date]]"),
            ("list of objects", "List[Dict[str, Any]]"),
            ("object", "Dict[str, Any]"),
            ("object[]", "List[Dict[str, Any]]"),
            ("Record<string, number>", "Dict[str, float]"),
            ("dict[str, list[int]]", "Dict[str, List[int]]"),
            ("tuple[int, str]", "Tuple[int, str]"),
            ("Tuple[int,...]", "Tuple[int, ...]"),
            ("frozenset[UUID]", "FrozenSet[UUID]"),
            ("\"a\" | 'b' | null", "Optional[Literal[\"a\", \"b\"]]"),
            ("Literal['a', 1, True, None]", "Optional[Literal[\"a\", 1, True]]"),
        ] {
            match TypeExpr::parse(spelling) {
                Ok(parsed) => {
                    assert_eq!(parsed.expr.to_string(), canonical);
                    assert!(parsed.constraints.is_empty());
                }
                Err(_) => assert_eq!(canonical, "error", "{spelling}"),
            }
        }
    }

    #[test]
    fn rules_of_pydantic_v1_types_are_kept() {
        for (spelling, canonical, rules) in [
            ("PositiveInt", "int", json!({"gt": 0})),
            ("NonNegativeFloat | None", "Optional[float]", json!({"ge": 0})),
            ("StrictStr", "str", json!({"strict": true})),
            (
                "constr(regex=r'^\\d+$', max_length=3)",
                "str",
                json!({"regex": "^\\d+$", "max_length": 3}),
            ),
            ("pydantic.conint(gt=-1, lt = 2.5)", "int", json!({"gt": -1, "lt": 2.5})),
            ("conlist(str, min_items=1)", "List[str]", json!({"min_items": 1})),
            ("conset(int)", "Set[int]", json!({})),
            ("Optional[condecimal(ge=0)]", "Optional[Decimal]", json!({"ge": 0})),
        ] {
            let parsed = TypeExpr::parse(spelling).unwrap();
            assert_eq!(parsed.expr.to_string(), canonical);
            assert_eq!(Value::Object(parsed.constraints), rules, "{spelling}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_unknown_is_refused() {
        let deep = format!("{}int{}", "List[".repeat(40), "]".repeat(40));
        let suffixed = format!("int{}", "[]".repeat(40));
        let unions = format!("{}int{}", "Union[".repeat(40), "]".repeat(40));
        let words = format!("{}int", "list of ".repeat(40));
        for spelling in [
            "",
            " ",
            "null",
            "int | str",
            "Union[int, str]",
            "\"a\"",
            "1",
            "int | \"a\"",
            "Foo",
            "List[Foo]",
            "List[int",
            "List[]",
            "int]",
            "List[int, str]",
            "Dict[int, str]",
            "Dict[str]",
            "Optional",
            "Union",
            "Literal",
            "Literal[1.5]",
            "Literal[None]",
            "List[PositiveInt]",
            "PositiveInt[]",
            "list of PositiveInt",
            "constr(",
            "constr(1)",
            "constr(max_length)",
            "conlist()",
            "confoo(gt=1)",
            "str str",
            "list of",
            "'a",
            "int |",
            "Set[List[int]]",
            "conset(dict)",
            "FrozenSet[Tuple[Set[int]]]",
            "Tuple[..., int]",
            "Tuple[int, int, ...]",
            "os.PathLike",
            "[str]",
            "{}",
            "é",
            &deep,
            &suffixed,
            &unions,
            &words,
        ] {
            assert!(TypeExpr::parse(spelling).is_err(), "{spelling}");
        }
        let error = TypeExpr::parse("List[Foo]").unwrap_err().to_string();
        assert_eq!(error, "type `List[Foo]`: `Foo` is no type that structx knows");
    }

    #[test]
    fn names_of_nested_models_are_read_where_they_may_stand() {
        let parsed = TypeExpr::parse_nested("List[LineItem] | null").unwrap();
        assert_eq!(parsed.expr.model(), Some("LineItem"));
        assert_eq!(parsed.expr.tree(), json!(["Optional", ["List", ["Model", "LineItem"]]]));
        for (spelling, with_model) in [
            ("object", Some("Line")),
            ("list", Some("List[Line]")),
            ("List[object]", Some("List[Line]")),
            ("Dict[str, Dict[str, Any]]", Some("Dict[str, Line]")),
            ("Optional[Item]", Some("Optional[Line]")),
            ("str", None),
            ("List[int]", None),
        ] {
            let expr = TypeExpr::parse_nested(spelling).unwrap().expr.with_model("Line");
            assert_eq!(expr.map(|expr| expr.to_string()).as_deref(), with_model);
        }
    }

    fn any_type() -> impl Strategy<Value = TypeExpr> {
        let literal = prop_oneof![
            ".{0,8}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        let leaf = prop_oneof![
            prop::sample::select(Scalar::ALL.to_vec()).prop_map(TypeExpr::Scalar),
            prop::collection::vec(literal, 1..4).prop_map(|values| {
                let mut unique: Vec<Value> = Vec::new();
                for value in values {
                    if !unique.contains(&value) {
                        unique.push(value);
                    }
                }
                TypeExpr::Literal(unique)
            }),
        ];
        leaf.prop_recursive(5, 20, 3, |inner| {
            let boxed = inner.clone().prop_map(Box::new);
            let hashable = boxed.clone().prop_filter("no list in a set", |item| item.is_hashable());
            prop_oneof![
                boxed.clone().prop_map(TypeExpr::List),
                hashable.clone().prop_map(TypeExpr::Set),
                hashable.prop_map(TypeExpr::FrozenSet),
                boxed.clone().prop_map(TypeExpr::Dict),
                boxed.prop_map(TypeExpr::TupleOf),
                inner.clone().prop_map(TypeExpr::optional),
                prop::collection::vec(inner, 1..4).prop_map(TypeExpr::Tuple),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_text_reads_back(expr in any_type()) {
            let parsed = TypeExpr::parse(&expr.to_string()).unwrap();
            prop_assert_eq!(parsed.expr, expr);
            prop_assert!(parsed.constraints.is_empty());
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[ -~]{0,60}", words in "(List|\\[|\\]|int|of|\\||con|\\(|\"|null| ){0,30}") {
            for text in [text, words] {
                if let Ok(parsed) = TypeExpr::parse_nested(&text) {
                    let again = TypeExpr::parse_nested(&parsed.expr.to_string()).unwrap();
                    prop_assert_eq!(again.expr, parsed.expr);
                }
            }
        }
    }
}
