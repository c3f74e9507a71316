//! Reads type expressions: Python's own, JSON Schema's, TypeScript's, pydantic v1's, and
//! `list of X`. What is ambiguous or unknown is an error, never a string.

use serde_json::{Map, Value, json};

use super::type_lexer::{Token, tokens};
use super::types::{Parsed, Scalar, TypeExpr};
use crate::error::{Error, Result};

const MAX_LENGTH: usize = 4_096;
const MAX_DEPTH: usize = 16;
/// How much of a type an error repeats.
const SHOWN: usize = 80;

pub(super) fn parse(text: &str, with_models: bool) -> Result<Parsed> {
    let shown: String = text.chars().take(SHOWN).collect();
    let fail = |problem: String| Error::Schema(format!("type `{shown}`: {problem}"));
    if text.len() > MAX_LENGTH {
        return Err(fail(format!("longer than {MAX_LENGTH} bytes")));
    }
    let tokens = tokens(text).map_err(fail)?;
    let mut parser = Parser { tokens, position: 0, depth: 0, with_models };
    let parsed = parser.union().map_err(fail)?;
    match parser.peek() {
        None => Ok(parsed),
        Some(token) => Err(fail(format!("{token} is not expected here"))),
    }
}

/// A problem in words, or what was read.
type Step<T> = std::result::Result<T, String>;

/// A member of a union.
enum Member {
    Null,
    /// A bare literal, as TypeScript writes them.
    Literal(Value),
    Type(Parsed),
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
    /// Whether unknown names are names of nested models.
    with_models: bool,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn take(&mut self, sign: char) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, sign: char) -> Step<()> {
        if self.take(sign) {
            return Ok(());
        }
        match self.peek() {
            Some(token) => Err(format!("`{sign}` is expected, not {token}")),
            None => Err(format!("`{sign}` is missing at the end")),
        }
    }

    /// `T | null`, or just `T`.
    fn union(&mut self) -> Step<Parsed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nested more than {MAX_DEPTH} deep"));
        }
        let mut members = vec![self.member()?];
        while self.take('|') {
            members.push(self.member()?);
        }
        self.depth -= 1;
        join(members)
    }

    /// A type inside another one, where rules have no place.
    fn inner(&mut self) -> Step<TypeExpr> {
        let parsed = self.union()?;
        match parsed.constraints.keys().next() {
            None => Ok(parsed.expr),
            Some(rule) => Err(format!("the rule `{rule}` can't stand inside of another type")),
        }
    }

    /// A type with TypeScript's suffixes, or a literal.
    fn member(&mut self) -> Step<Member> {
        let mut member = match self.next() {
            Some(Token::Sign('(')) => {
                let inner = self.union()?;
                self.expect(')')?;
                Member::Type(inner)
            }
            Some(Token::Text(text)) => Member::Literal(text.into()),
            Some(Token::Number(number)) => Member::Literal(number),
            Some(Token::Name(name)) => self.named(&name)?,
            Some(token) => return Err(format!("{token} is no type")),
            None => return Err("a type is missing".to_owned()),
        };
        loop {
            if self.take('?') {
                let Member::Type(mut parsed) = member else { return Err("`?` is no type".into()) };
                parsed.expr = parsed.expr.optional();
                member = Member::Type(parsed);
            } else if self.take('[') {
                self.expect(']')?;
                let Member::Type(Parsed { expr, constraints }) = member else {
                    return Err("`[]` has to follow a type".to_owned());
                };
                if !constraints.is_empty() {
                    return Err("a rule can't stand inside of another type".to_owned());
                }
                member = of(TypeExpr::List(Box::new(expr)));
            } else {
                return Ok(member);
            }
        }
    }

    fn named(&mut self, name: &str) -> Step<Member> {
        let lower = name.to_lowercase();
        if let Some(scalar) = scalar(&lower) {
            return Ok(of(TypeExpr::Scalar(scalar)));
        }
        if let Some((scalar, rule)) = constrained_scalar(&lower) {
            let constraints = Map::from_iter([rule]);
            return Ok(Member::Type(Parsed { expr: TypeExpr::Scalar(scalar), constraints }));
        }
        match lower.as_str() {
            "none" | "null" | "undefined" => Ok(Member::Null),
            "list" | "array" | "sequence" => self.container(TypeExpr::List),
            "set" => self.container(TypeExpr::Set),
            "frozenset" => self.container(TypeExpr::FrozenSet),
            "dict" | "map" | "mapping" | "record" | "object" => self.dictionary(),
            "tuple" => self.tuple(),
            "optional" => {
                let mut parsed = self.only_argument()?;
                parsed.expr = parsed.expr.optional();
                Ok(Member::Type(parsed))
            }
            "union" => self.python_union(),
            "literal" => self.literal(),
            _ if lower.starts_with("con") && self.peek() == Some(&Token::Sign('(')) => {
                self.constrained(&lower)
            }
            _ if self.with_models && !name.contains('-') => {
                Ok(of(TypeExpr::Model(name.to_owned())))
            }
            _ => Err(format!("`{name}` is no type that structx knows")),
        }
    }

    /// The sign that closes the arguments which begin here, if they do.
    fn open(&mut self) -> Option<char> {
        if self.take('<') {
            Some('>')
        } else if self.take('[') {
            Some(']')
        } else {
            None
        }
    }

    fn only_argument(&mut self) -> Step<Parsed> {
        let Some(close) = self.open() else { return Err("its argument is missing".to_owned()) };
        let parsed = self.union()?;
        self.expect(close)?;
        Ok(parsed)
    }

    fn container(&mut self, build: fn(Box<TypeExpr>) -> TypeExpr) -> Step<Member> {
        let item = if let Some(close) = self.open() {
            let item = self.inner()?;
            self.expect(close)?;
            item
        } else if self.take_word("of") {
            self.plural()?
        } else {
            TypeExpr::Scalar(Scalar::Any)
        };
        Ok(of(build(Box::new(item))))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Name(name)) if name.eq_ignore_ascii_case(word));
        self.position += usize::from(found);
        found
    }

    /// What follows `list of`: `string`, and `strings` too.
    fn plural(&mut self) -> Step<TypeExpr> {
        if let Some(Token::Name(name)) = self.tokens.get_mut(self.position)
            && let Some(singular) = name.strip_suffix('s')
            && (scalar(&singular.to_lowercase()).is_some() || singular == "object")
        {
            *name = singular.to_owned();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("nested more than {MAX_DEPTH} deep"));
        }
        let member = self.member()?;
        self.depth -= 1;
        let parsed = join(vec![member])?;
        if parsed.constraints.is_empty() {
            Ok(parsed.expr)
        } else {
            Err("a rule can't stand inside of another type".to_owned())
        }
    }

    fn dictionary(&mut self) -> Step<Member> {
        // `object[]` is a list of objects.
        let is_suffix = self.tokens.get(self.position + 1) == Some(&Token::Sign(']'));
        let close = if is_suffix { None } else { self.open() };
        let Some(close) = close else {
            return Ok(of(TypeExpr::Dict(Box::new(TypeExpr::Scalar(Scalar::Any)))));
        };
        if self.inner()? != TypeExpr::Scalar(Scalar::Str) {
            return Err("the keys of a dictionary have to be str".to_owned());
        }
        self.expect(',')?;
        let value = self.inner()?;
        self.expect(close)?;
        Ok(of(TypeExpr::Dict(Box::new(value))))
    }

    fn tuple(&mut self) -> Step<Member> {
        let Some(close) = self.open() else {
            return Ok(of(TypeExpr::TupleOf(Box::new(TypeExpr::Scalar(Scalar::Any)))));
        };
        let first = self.inner()?;
        let mut items = vec![first];
        while self.take(',') {
            if self.peek() == Some(&Token::Ellipsis) && items.len() == 1 {
                self.position += 1;
                self.expect(close)?;
                return Ok(of(TypeExpr::TupleOf(Box::new(items.remove(0)))));
            }
            items.push(self.inner()?);
        }
        self.expect(close)?;
        Ok(of(TypeExpr::Tuple(items)))
    }

    fn python_union(&mut self) -> Step<Member> {
        let Some(close) = self.open() else { return Err("`Union` needs arguments".to_owned()) };
        let mut members = vec![self.member()?];
        while self.take(',') || self.take('|') {
            members.push(self.member()?);
        }
        self.expect(close)?;
        join(members).map(Member::Type)
    }

    fn literal(&mut self) -> Step<Member> {
        let Some(close) = self.open() else { return Err("`Literal` needs values".to_owned()) };
        let mut values = vec![self.value()?];
        while self.take(',') {
            values.push(self.value()?);
        }
        self.expect(close)?;
        let nullable = values.contains(&Value::Null);
        let mut members: Vec<_> = values.into_iter().filter(|value| !value.is_null()).collect();
        // One value is one literal type here, unlike in a union.
        let expr = literal_of(&mut members)?;
        Ok(of(if nullable { expr.optional() } else { expr }))
    }

    /// `constr(regex="a")`, `conlist(str, min_items=1)` and the like.
    fn constrained(&mut self, name: &str) -> Step<Member> {
        self.expect('(')?;
        let build: Option<fn(Box<TypeExpr>) -> TypeExpr> = match name {
            "conlist" => Some(TypeExpr::List),
            "conset" => Some(TypeExpr::Set),
            "confrozenset" => Some(TypeExpr::FrozenSet),
            _ => None,
        };
        let expr = match (build, scalar(&name[3..])) {
            (Some(build), _) => {
                let item = self.inner()?;
                if !self.take(',') && self.peek() != Some(&Token::Sign(')')) {
                    return Err("the type of the items comes first".to_owned());
                }
                build(Box::new(item))
            }
            (None, Some(scalar)) => TypeExpr::Scalar(scalar),
            (None, None) => return Err(format!("`{name}` is no type that structx knows")),
        };
        let mut constraints = Map::new();
        while !self.take(')') {
            let Some(Token::Name(rule)) = self.next() else {
                return Err("rules are written as name=value".to_owned());
            };
            self.expect('=')?;
            constraints.insert(rule, self.value()?);
            if !self.take(',') && self.peek() != Some(&Token::Sign(')')) {
                return Err("`,` or `)` is expected after a rule".to_owned());
            }
        }
        Ok(Member::Type(Parsed { expr, constraints }))
    }

    /// A literal value.
    fn value(&mut self) -> Step<Value> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text.into()),
            Some(Token::Number(number)) => Ok(number),
            Some(Token::Name(name)) => match name.to_lowercase().as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                "none" | "null" => Ok(Value::Null),
                _ => Err(format!("`{name}` is no value")),
            },
            Some(token) => Err(format!("{token} is no value")),
            None => Err("a value is missing".to_owned()),
        }
    }
}

fn of(expr: TypeExpr) -> Member {
    Member::Type(Parsed { expr, constraints: Map::new() })
}

/// One type out of the members of a union, if they mean one.
fn join(members: Vec<Member>) -> Step<Parsed> {
    let mut nullable = false;
    let (mut literals, mut types) = (Vec::new(), Vec::<Parsed>::new());
    for member in members {
        match member {
            Member::Null => nullable = true,
            Member::Literal(value) => literals.push(value),
            Member::Type(mut parsed) => {
                let (expr, was_optional) = parsed.expr.required();
                nullable |= was_optional;
                parsed.expr = expr;
                if !types.contains(&parsed) {
                    types.push(parsed);
                }
            }
        }
    }
    let mut parsed = match (literals.len(), types.len()) {
        (0, 1) => types.remove(0),
        (0, 0) => return Err("null alone is no type".to_owned()),
        (1, 0) if !nullable => return Err("a value alone is no type".to_owned()),
        (_, 0) => Parsed { expr: literal_of(&mut literals)?, constraints: Map::new() },
        _ => return Err("a union of different types is ambiguous: name one, or Any".to_owned()),
    };
    if nullable {
        parsed.expr = parsed.expr.optional();
    }
    Ok(parsed)
}

fn literal_of(values: &mut Vec<Value>) -> Step<TypeExpr> {
    let mut unique: Vec<Value> = Vec::new();
    for value in values.drain(..) {
        if value.is_f64() {
            return Err("a literal is a string, an integer or a boolean".to_owned());
        }
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    if unique.is_empty() {
        return Err("null alone is no type".to_owned());
    }
    Ok(TypeExpr::Literal(unique))
}

fn scalar(name: &str) -> Option<Scalar> {
    Some(match name {
        "str" | "string" | "text" => Scalar::Str,
        "int" | "integer" | "long" => Scalar::Int,
        "float" | "number" | "double" => Scalar::Float,
        "bool" | "boolean" => Scalar::Bool,
        "date" => Scalar::Date,
        "datetime" | "date-time" | "timestamp" => Scalar::DateTime,
        "time" => Scalar::Time,
        "decimal" => Scalar::Decimal,
        "uuid" => Scalar::Uuid,
        "any" | "unknown" => Scalar::Any,
        _ => return None,
    })
}

/// pydantic's `PositiveInt`, `StrictStr` and their like.
fn constrained_scalar(name: &str) -> Option<(Scalar, (String, Value))> {
    let rules = [
        ("positive", "gt", json!(0)),
        ("nonnegative", "ge", json!(0)),
        ("negative", "lt", json!(0)),
        ("nonpositive", "le", json!(0)),
        ("strict", "strict", json!(true)),
    ];
    rules.into_iter().find_map(|(prefix, rule, value)| {
        let scalar = match name.strip_prefix(prefix)? {
            "int" => Scalar::Int,
            "float" => Scalar::Float,
            "str" if prefix == "strict" => Scalar::Str,
            "bool" if prefix == "strict" => Scalar::Bool,
            _ => return None,
        };
        Some((scalar, (rule.to_owned(), value)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::types::{Scalar, TypeExpr};

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
            "Tuple[..., int]",
            "Tuple[int, int, ...]",
            "os.PathLike",
            "[str]",
            "{}",
            "é",
            &deep,
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
            prop::collection::vec(literal, 1..4).prop_map(|mut values| {
                values.dedup();
                let mut unique: Vec<Value> = Vec::new();
                values.into_iter().for_each(|value| {
                    if !unique.contains(&value) {
                        unique.push(value);
                    }
                });
                TypeExpr::Literal(unique)
            }),
        ];
        leaf.prop_recursive(5, 20, 3, |inner| {
            let boxed = inner.clone().prop_map(Box::new);
            prop_oneof![
                boxed.clone().prop_map(TypeExpr::List),
                boxed.clone().prop_map(TypeExpr::Set),
                boxed.clone().prop_map(TypeExpr::FrozenSet),
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
