//! The catalogue of types, for programs that let people build a definition.

use serde::Serialize;
use serde_json::{Value, json};

use super::constraints;
use super::types::{Scalar, TypeExpr};

/// The rules whose use depends on the type.
const RULES: [&str; 9] =
    ["gt", "ge", "lt", "le", "multiple_of", "min_length", "max_length", "pattern", "strict"];

/// All types that a definition can contain, by their canonical names.
#[derive(Debug, Clone, Serialize)]
pub struct TypeCapabilities {
    pub scalars: Vec<ScalarCapability>,
    pub containers: Vec<ContainerCapability>,
}

/// A type of single values.
#[derive(Debug, Clone, Serialize)]
pub struct ScalarCapability {
    pub id: String,
    /// For people.
    pub label: &'static str,
    /// The rules that apply to it.
    pub constraints: Vec<&'static str>,
    /// Only few models need it.
    pub advanced: bool,
}

/// A type with a type parameter.
#[derive(Debug, Clone, Serialize)]
pub struct ContainerCapability {
    pub id: String,
    /// For people, as is `description`.
    pub label: &'static str,
    pub description: &'static str,
    /// `scalar`, `object`, `container`; in sets `hashable_scalar` and `hashable_container`.
    pub allowed_item_kinds: &'static [&'static str],
    pub constraints: Vec<&'static str>,
    /// Whether its items keep their order.
    pub ordered: bool,
    /// Whether it holds an item, or a key, only once.
    pub unique: bool,
    /// Only few models need it.
    pub advanced: bool,
}

/// The catalogue.
#[must_use]
pub fn capabilities() -> TypeCapabilities {
    TypeCapabilities { scalars: Scalar::ALL.map(scalar).into(), containers: containers() }
}

fn scalar(scalar: Scalar) -> ScalarCapability {
    let label = match scalar {
        Scalar::Str => "Text",
        Scalar::Int => "Whole number",
        Scalar::Float => "Number",
        Scalar::Bool => "Yes or no",
        Scalar::Date => "Date",
        Scalar::DateTime => "Date and time",
        Scalar::Time => "Time of day",
        Scalar::Decimal => "Exact decimal number",
        Scalar::Uuid => "UUID",
        Scalar::Any => "Anything",
    };
    let advanced = matches!(scalar, Scalar::Any);
    let kind = TypeExpr::Scalar(scalar);
    ScalarCapability { id: kind.head().to_owned(), label, constraints: rules_of(&kind), advanced }
}

fn containers() -> Vec<ContainerCapability> {
    const OF_ALL: &[&str] = &["scalar", "object", "container"];
    const OF_SETS: &[&str] = &["hashable_scalar", "hashable_container"];
    let any = || Box::new(TypeExpr::Scalar(Scalar::Any));
    let container = |kind: &TypeExpr, label, description, allowed_item_kinds| ContainerCapability {
        id: kind.head().to_owned(),
        label,
        description,
        allowed_item_kinds,
        constraints: rules_of(kind),
        ordered: matches!(kind, TypeExpr::List(_) | TypeExpr::TupleOf(_)),
        unique: !matches!(kind, TypeExpr::List(_) | TypeExpr::TupleOf(_)),
        advanced: matches!(kind, TypeExpr::Dict(_) | TypeExpr::FrozenSet(_) | TypeExpr::TupleOf(_)),
    };
    vec![
        container(&TypeExpr::List(any()), "List", "Values in their order", OF_ALL),
        container(&TypeExpr::Dict(any()), "Dictionary", "Values by their names", OF_ALL),
        container(&TypeExpr::Set(any()), "Set", "Different values in no order", OF_SETS),
        container(
            &TypeExpr::FrozenSet(any()),
            "Frozen set",
            "Different values in no order, which can be in a set themselves",
            OF_SETS,
        ),
        container(
            &TypeExpr::TupleOf(any()),
            "Tuple",
            "Values in fixed places, or any number of them",
            &["scalar", "container"],
        ),
    ]
}

/// The rules that fields of this type may have.
fn rules_of(kind: &TypeExpr) -> Vec<&'static str> {
    // A value of each type that a rule can have.
    let values: [Value; 3] = [json!(1), json!("a"), json!(true)];
    let applies = |rule: &str| values.iter().any(|value| constraints::applies(rule, value, kind));
    RULES.into_iter().filter(|rule| applies(rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::capabilities;

    #[test]
    fn each_type_has_its_rules() {
        let all = capabilities();
        let rules = |id: &str| {
            let scalars = all.scalars.iter().map(|kind| (&kind.id, &kind.constraints));
            let containers = all.containers.iter().map(|kind| (&kind.id, &kind.constraints));
            scalars.chain(containers).find(|(known, _)| *known == id).unwrap().1.join(" ")
        };
        assert_eq!(rules("int"), "gt ge lt le multiple_of strict");
        assert_eq!(rules("str"), "min_length max_length pattern strict");
        assert_eq!(rules("date"), "gt ge lt le strict");
        assert_eq!(rules("Any"), "");
        assert_eq!(rules("Tuple"), "min_length max_length strict");
    }
}
