//! Parses type expressions in the notations of Python, JSON Schema, TypeScript and pydantic v1, and
//! `list of X`. Ambiguous and unknown types are errors.

use serde_json::{Map, Value, json};

use super::type_lexer::{Token, tokens};
use super::types::{Parsed, Scalar, TypeExpr};
use crate::error::{Result, SchemaError};

/// Bytes and nesting depth of a type expression; chosen by hand, not measured.
const MAX_LENGTH: usize = 4_096;
const MAX_DEPTH: usize = 16;
/// The number of characters of a type that an error repeats; chosen by hand, not measured.
const MAX_SHOWN: usize = 80;

pub(super) fn parse(text: &str, with_models: bool) -> Result<Parsed> {
    let shown: String = text.chars().take(MAX_SHOWN).collect();
    let fail = |problem: String| SchemaError(format!("type `{shown}`: {problem}"));
    if text.len() > MAX_LENGTH {
        return Err(fail(format!("longer than {MAX_LENGTH} bytes")));
    }
    let tokens = tokens(text).map_err(fail)?;
    let mut parser = Parser { tokens, position: 0, depth: 0, with_models };
    let parsed = parser.union().map_err(fail)?;
    match parser.peek() {
        None if parsed.expr.depth() > MAX_DEPTH => Err(fail(too_deep())),
        None => Ok(parsed),
        Some(token) => Err(fail(format!("{token} is not expected here"))),
    }
}

fn too_deep() -> String {
    format!("nested more than {MAX_DEPTH} deep")
}

/// The result of parsing a part; the error is a message without context.
type Step<T> = std::result::Result<T, String>;

/// A member of a union.
enum Member {
    Null,
    /// A bare literal, as in TypeScript.
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
        let mut members = vec![self.member()?];
        while self.take('|') {
            members.push(self.member()?);
        }
        join(members)
    }

    /// A type inside another one, which can't have constraints.
    fn inner(&mut self) -> Step<TypeExpr> {
        without_rules(self.union()?)
    }

    /// A type with TypeScript's suffixes, or a literal.
    fn member(&mut self) -> Step<Member> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep());
        }
        let member = self.simple()?;
        self.depth -= 1;
        self.suffixes(member)
    }

    fn simple(&mut self) -> Step<Member> {
        match self.next() {
            Some(Token::Sign('(')) => {
                let inner = self.union()?;
                self.expect(')')?;
                Ok(Member::Type(inner))
            }
            Some(Token::Text(text)) => Ok(Member::Literal(text.into())),
            Some(Token::Number(number)) => Ok(Member::Literal(number)),
            Some(Token::Name(name)) => self.named(&name),
            Some(token) => Err(format!("{token} is no type")),
            None => Err("a type is missing".to_owned()),
        }
    }

    /// `T?` and `T[]`.
    fn suffixes(&mut self, mut member: Member) -> Step<Member> {
        loop {
            if self.take('?') {
                let Member::Type(mut parsed) = member else { return Err("`?` is no type".into()) };
                parsed.expr = parsed.expr.optional();
                member = Member::Type(parsed);
            } else if self.take('[') {
                self.expect(']')?;
                let Member::Type(parsed) = member else {
                    return Err("`[]` has to follow a type".to_owned());
                };
                member = of(TypeExpr::List(Box::new(without_rules(parsed)?)));
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

    /// Opens a list of arguments; returns its closing sign, or `None` if there is no list.
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
        with_items(build, item).map(of)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Name(name)) if name.eq_ignore_ascii_case(word));
        self.position += usize::from(found);
        found
    }

    /// The item type after `list of`, in the singular or plural.
    fn plural(&mut self) -> Step<TypeExpr> {
        if let Some(Token::Name(name)) = self.tokens.get_mut(self.position)
            && let Some(singular) = name.strip_suffix('s')
            && (scalar(&singular.to_lowercase()).is_some() || singular == "object")
        {
            *name = singular.to_owned();
        }
        let member = self.member()?;
        without_rules(join(vec![member])?)
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
        // A single value is a literal type here, unlike in a union.
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
                with_items(build, item)?
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

fn without_rules(parsed: Parsed) -> Step<TypeExpr> {
    match parsed.constraints.keys().next() {
        None => Ok(parsed.expr),
        Some(rule) => Err(format!("the rule `{rule}` can't stand inside of another type")),
    }
}

fn of(expr: TypeExpr) -> Member {
    Member::Type(Parsed { expr, constraints: Map::new() })
}

/// A list or a set of `item`; the items of a set must be hashable in Python.
fn with_items(build: fn(Box<TypeExpr>) -> TypeExpr, item: TypeExpr) -> Step<TypeExpr> {
    let is_hashable = item.is_hashable();
    match build(Box::new(item)) {
        TypeExpr::Set(item) | TypeExpr::FrozenSet(item) if !is_hashable => {
            Err(format!("a set can't hold {item}: use List"))
        }
        expr => Ok(expr),
    }
}

/// The single type that the members of a union mean, if there is one.
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
