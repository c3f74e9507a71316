//! References written out, for decoders that don't follow them, or not everywhere.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::draft::Draft;
use crate::schema::json_schema::{walk, walk_mut};

/// The most parts that a schema is written out to.
const MOST_PARTS: usize = 10_000;

/// Which references are written out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    /// Those with words of their own beside them, where decoders allow none.
    Described,
}

/// Writes references out. One that leads back to itself is an obstacle.
pub(super) fn write_out(draft: &mut Draft, scope: Scope) {
    let root = draft.schema.clone();
    if has_circle(&root) {
        let part = root.as_object().cloned().unwrap_or_default();
        return draft.report.obstruct(&part, "$ref", "a schema that refers to itself");
    }
    let mut parts = 0;
    let mut is_open = true;
    while is_open && parts <= MOST_PARTS {
        (is_open, parts) = (false, 0);
        walk_mut(&mut draft.schema, &mut |part, _| {
            parts += 1;
            let Value::Object(members) = part else { return };
            if members.contains_key("$ref") && (scope == Scope::All || has_words(members)) {
                is_open |= follow(members, &root);
            }
        });
    }
    draft.report.limit("$ref", "parts with all references written out", parts, MOST_PARTS);
    drop_definitions(&mut draft.schema);
}

fn has_words(members: &Map<String, Value>) -> bool {
    members.contains_key("description") || members.contains_key("title")
}

/// Puts in place of a reference what it refers to; words that stand beside it go before that's own.
fn follow(members: &mut Map<String, Value>, root: &Value) -> bool {
    let target = members
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| root.pointer(path.strip_prefix('#')?)?.as_object());
    let Some(target) = target else { return false };
    let mut own = std::mem::replace(members, target.clone());
    own.shift_remove("$ref");
    own.retain(|keyword, _| !keyword.starts_with("x-"));
    members.extend(own);
    true
}

/// Takes out the definitions that nothing refers to.
fn drop_definitions(schema: &mut Value) {
    let mut used = HashSet::new();
    walk(schema, &mut |part, _| {
        used.extend(part.get("$ref").and_then(Value::as_str).map(str::to_owned));
    });
    let Some(members) = schema.as_object_mut() else { return };
    for keyword in ["$defs", "definitions"] {
        if let Some(Value::Object(definitions)) = members.get_mut(keyword) {
            definitions.retain(|name, _| used.contains(&format!("#/{keyword}/{name}")));
            if definitions.is_empty() {
                members.shift_remove(keyword);
            }
        }
    }
}

/// Whether a reference leads, by others or at once, back to itself.
pub(super) fn has_circle(root: &Value) -> bool {
    let (mut open, mut done) = (Vec::new(), HashSet::new());
    leads_back(root, root, &mut open, &mut done)
}

fn leads_back(
    schema: &Value,
    root: &Value,
    open: &mut Vec<String>,
    done: &mut HashSet<String>,
) -> bool {
    let mut targets = Vec::new();
    walk(schema, &mut |part, pointer| {
        let is_definition = pointer.starts_with("/$defs/") || pointer.starts_with("/definitions/");
        if !(open.is_empty() && is_definition) {
            targets.extend(part.get("$ref").and_then(Value::as_str).map(str::to_owned));
        }
    });
    targets.into_iter().any(|target| {
        if open.contains(&target) {
            return true;
        }
        if done.contains(&target) {
            return false;
        }
        let Some(next) = target.strip_prefix('#').and_then(|path| root.pointer(path)) else {
            return false;
        };
        open.push(target);
        let found = leads_back(next, root, open, done);
        done.extend(open.pop());
        found
    })
}
