//! What holds for every dialect: nothing valid is lost, and nothing invalid comes back unannounced.

mod checker;
mod random;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Dialect, compile, restore};
use crate::schema::json_schema::walk;
use crate::schema::{Method, OutputSchema};
use checker::is_valid;
use random::{Choices, Schema};

const DIALECTS: [Dialect; 5] =
    [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::GeminiOpenApi, Dialect::Ollama];
const DEPTH: usize = 6;

/// Each dialect's form of a schema that it can enforce.
fn enforced(schema: &Value) -> Vec<(Dialect, OutputSchema)> {
    let methods = [Method::Strict, Method::Prompt];
    let compiled = |dialect| (dialect, compile(dialect, &methods, "x", schema).unwrap());
    DIALECTS.map(compiled).into_iter().filter(|(_, output)| output.is_enforced()).collect()
}

/// How a decoder of `schema` would write a value of the original.
fn written(value: &Value, schema: &Value, root: &Value) -> Value {
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        return written(value, root.pointer(&path[1..]).unwrap(), root);
    }
    if let Some(branches) = schema.get("anyOf").and_then(Value::as_array) {
        let forms = branches.iter().map(|branch| (branch, written(value, branch, root)));
        let form = forms.into_iter().find(|(branch, form)| is_valid(form, branch, root));
        return form.map_or_else(|| value.clone(), |(_, form)| form);
    }
    match value {
        Value::Object(members) if schema.get("items").is_some() => members
            .iter()
            .map(|(name, member)| {
                let kind = &schema["items"]["properties"]["value"];
                json!({"key": name, "value": written(member, kind, root)})
            })
            .collect(),
        Value::Object(members) => written_object(members, schema, root),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let kind = schema.get("prefixItems").map_or(&schema["items"], |it| &it[index]);
                written(item, kind, root)
            })
            .collect(),
        _ => value.clone(),
    }
}

/// What may be null is null where it is left out, and the reverse, as the schema wants it.
fn written_object(members: &Map<String, Value>, schema: &Value, root: &Value) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let mut object = Map::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let member = members.get(name).unwrap_or(&Value::Null);
        let is_said = members.contains_key(name) && is_said(member, property, root);
        let only = property.get("enum").and_then(|it| it.as_array()?.first());
        if is_said {
            object.insert(name.clone(), written(member, property, root));
        } else if required.contains(&json!(name)) {
            let is_nullable = is_valid(&Value::Null, property, root);
            let only = only.filter(|_| !is_nullable).cloned().unwrap_or_default();
            object.insert(name.clone(), only);
        }
    }
    for (name, member) in
        members.iter().filter(|(name, _)| schema["properties"].get(name).is_none())
    {
        object.insert(name.clone(), written(member, &schema["additionalProperties"], root));
    }
    object.into()
}

fn is_said(member: &Value, property: &Value, root: &Value) -> bool {
    !member.is_null() || is_valid(member, property, root)
}

/// Whether a reply says all that the value says, and else only nulls and constants: leaving them
/// out is the same to us.
fn says_the_same(reply: &Value, value: &Value) -> bool {
    match (reply, value) {
        (Value::Object(reply), Value::Object(value)) => {
            let is_extra = |member: &Value| member.is_null() || *member == "x" || *member == true;
            value.iter().all(|(name, member)| {
                let said = reply.get(name).unwrap_or(&Value::Null);
                says_the_same(said, member)
            }) && reply.iter().all(|(name, member)| value.contains_key(name) || is_extra(member))
        }
        (Value::Array(reply), Value::Array(value)) => {
            reply.len() == value.len()
                && reply.iter().zip(value).all(|(said, item)| says_the_same(said, item))
        }
        _ => reply == value,
    }
}

/// The original without the rules that are reported as lost.
fn without_losses(output: &OutputSchema) -> Value {
    let mut schema = output.original.clone();
    let mut losses: Vec<_> = output.losses.iter().collect();
    // Inner ones first, as the outer may take them along.
    losses.sort_by_key(|loss| std::cmp::Reverse(loss.pointer.len()));
    for loss in losses {
        let part = schema.pointer_mut(&loss.pointer).and_then(Value::as_object_mut);
        let part = part.unwrap_or_else(|| panic!("{loss:?}"));
        let rule = part.shift_remove(&loss.keyword).unwrap_or_else(|| panic!("{loss:?}"));
        if loss.keyword == "oneOf" {
            part.insert("anyOf".to_owned(), rule);
        } else if loss.keyword == "additionalProperties" && !part.contains_key("properties") {
            // A list that has a key twice stays one.
            part.retain(|keyword, _| keyword == "description");
        }
    }
    schema
}

proptest! {
    #[test]
    fn every_valid_value_can_be_written_and_comes_back(
        Schema(schema) in random::schema(),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        let value = random::value(&schema, &schema, DEPTH, &mut Choices(choices));
        prop_assume!(is_valid(&value, &schema, &schema));
        for (dialect, output) in enforced(&schema) {
            let sent = &output.compiled;
            let mut reply = written(&value, sent, sent);
            prop_assert!(is_valid(&reply, sent, sent), "{dialect:?}: {reply} of {sent}");
            if output.is_rewritten {
                restore(&mut reply, &schema);
            }
            prop_assert!(is_valid(&reply, &schema, &schema), "{dialect:?}: {reply} of {sent}");
            prop_assert!(says_the_same(&reply, &value), "{dialect:?}: {reply} for {value}");
        }
    }

    #[test]
    fn every_reply_is_valid_but_for_the_losses(
        Schema(schema) in random::schema(),
        choices in prop::collection::vec(any::<u8>(), 64),
    ) {
        for (dialect, output) in enforced(&schema) {
            let sent = &output.compiled;
            let mut reply = random::value(sent, sent, DEPTH, &mut Choices(choices.clone()));
            if !is_valid(&reply, sent, sent) {
                continue;
            }
            if output.is_rewritten {
                restore(&mut reply, &schema);
            }
            let rules = without_losses(&output);
            prop_assert!(is_valid(&reply, &rules, &rules), "{dialect:?}: {reply} of {sent}");
        }
    }

    #[test]
    fn each_dialect_is_told_only_what_it_knows(Schema(schema) in random::schema()) {
        for (dialect, output) in enforced(&schema) {
            let refused: &[&str] = match dialect {
                Dialect::OpenAi => &["oneOf", "const", "prefixItems", "minLength", "uniqueItems"],
                Dialect::Anthropic => &["oneOf", "maximum", "multipleOf", "maxItems", "minLength"],
                Dialect::Gemini => &["$ref", "$defs", "pattern", "minLength", "exclusiveMinimum"],
                Dialect::GeminiOpenApi => &["$ref", "additionalProperties", "const", "prefixItems"],
                Dialect::Ollama | Dialect::Plain => &["multipleOf", "uniqueItems", "propertyNames"],
            };
            walk(&output.compiled, &mut |part, pointer| {
                for keyword in part.as_object().unwrap().keys() {
                    assert!(!keyword.starts_with("x-"), "{dialect:?} {pointer} {keyword}");
                    assert!(!refused.contains(&keyword.as_str()), "{dialect:?} {pointer} {keyword}");
                }
            });
        }
    }
}
