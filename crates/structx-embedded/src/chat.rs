//! Encodes messages as a ChatML prompt.

use serde_json::Value;

use super::vocabulary::Vocabulary;
use structx_llm::{Message, Part, Role, document_frame};
use structx_schema::json_schema::resolve;

/// The prompt for the assistant's next message. For items it names the fields: the grammar forces them,
/// but a small model answers better if it knows them beforehand. Control tokens in the texts are encoded
/// as text.
pub fn prompt(
    messages: &[Message],
    schema: Option<&Value>,
    vocabulary: &Vocabulary,
) -> Result<Vec<u32>, String> {
    let mut fields = schema.and_then(fields_of_items);
    let mut tokens = Vec::new();
    for message in messages {
        tokens.push(vocabulary.start);
        tokens.extend(vocabulary.encode(&format!("{}\n", name(message.role)))?);
        for part in &message.parts {
            match part {
                Part::Text(text) => tokens.extend(vocabulary.encode(text)?),
                Part::Image(_) | Part::File(_) => {
                    return Err("the embedded model can't see".to_owned());
                }
                Part::Document(text) => {
                    let (open, close) = document_frame(text);
                    tokens.extend(vocabulary.encode(&open)?);
                    tokens.extend(vocabulary.encode(text)?);
                    tokens.extend(vocabulary.encode(&format!("{close}\n"))?);
                }
            }
        }
        if message.role == Role::User
            && let Some(fields) = fields.take()
        {
            tokens.extend(vocabulary.encode(&format!("Fields of an item: {fields}\n"))?);
        }
        tokens.push(vocabulary.end);
        tokens.extend(vocabulary.encode("\n")?);
    }
    tokens.push(vocabulary.start);
    tokens.extend(vocabulary.encode("assistant\n")?);
    Ok(tokens)
}

fn fields_of_items(schema: &Value) -> Option<String> {
    let items = schema.get("properties")?.get("items")?.get("items")?;
    Some(fields(items, schema, true)).filter(|fields| !fields.is_empty())
}

/// The names and descriptions of an object's fields, and the names of the fields of nested objects and
/// lists of objects.
fn fields(schema: &Value, root: &Value, is_outer: bool) -> String {
    let Some(Value::Object(properties)) = object(schema, root).and_then(|it| it.get("properties"))
    else {
        return String::new();
    };
    let described = properties.iter().map(|(name, property)| {
        let inner = if is_outer { fields(property, root, false) } else { String::new() };
        let description = property.get("description").and_then(Value::as_str);
        match (inner.is_empty(), description.filter(|_| is_outer)) {
            (false, _) => format!("{name} ({inner})"),
            (true, Some(description)) => format!("{name} ({description})"),
            (true, None) => name.clone(),
        }
    });
    described.collect::<Vec<_>>().join(", ")
}

/// The object of a schema: the schema itself, the item of a list, or a branch of a union.
fn object<'a>(schema: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let schema = resolve(schema, root)?;
    if schema.get("properties").is_some() {
        return Some(schema);
    }
    let branches = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let inner = schema.get("items").into_iter().chain(branches);
    inner.filter_map(|inner| resolve(inner, root)).find_map(|inner| {
        let inner = inner.get("items").and_then(|items| resolve(items, root)).unwrap_or(inner);
        inner.get("properties").map(|_| inner)
    })
}

fn name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fields_of_items;

    #[test]
    fn fields_are_named_one_level_deep() {
        let line =
            json!({"properties": {"sum": {"type": "number"}, "order": {"$ref": "#/$defs/Order"}}});
        let order = json!({"type": "object", "properties": {
            "number": {"type": "string", "description": "as printed"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "buyer": {"anyOf": [{"properties": {"name": {"type": "string"}}}, {"type": "null"}]},
        }});
        let schema = json!({
            "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Order"}}},
            "$defs": {"Line": line, "Order": order},
        });
        let fields = fields_of_items(&schema).unwrap();
        assert_eq!(fields, "number (as printed), lines (sum, order), buyer (name)");
        assert_eq!(fields_of_items(&json!({"properties": {"fields": {}}})), None);
    }
}
