//! Inlines references, for decoders that do not follow `$ref`, or not everywhere.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::rewriter::{ORIGIN, SchemaRewriter};
use super::strict::{is_annotation, required_names};
use crate::json_schema::{walk, walk_mut};

/// The maximum number of subschemas after inlining. Chosen by hand, not measured.
const MAX_PARTS: usize = 10_000;

/// Which references are inlined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    All,
    /// Those with a title or description beside them, which some decoders reject.
    Described,
}

/// Inlines references. A recursive schema is not supported.
pub(super) fn inline(rewriter: &mut SchemaRewriter, scope: Scope) {
    let root = rewriter.schema.clone();
    let Some(used) = used(&root) else {
        let part = root.as_object().cloned().unwrap_or_default();
        return rewriter.report.unsupported(&part, "$ref", "a schema that refers to itself");
    };
    keep_definitions(&mut rewriter.schema, &used);
    let mut parts = 0;
    let mut is_open = true;
    while is_open && parts <= MAX_PARTS {
        (is_open, parts) = (false, 0);
        walk_mut(&mut rewriter.schema, &mut |part, _| {
            parts += 1;
            let Value::Object(members) = part else { return };
            if members.contains_key("$ref") && (scope == Scope::All || has_words(members)) {
                is_open |= follow(members, &root);
            }
        });
    }
    rewriter.report.limit("$ref", "parts with all references written out", parts, MAX_PARTS);
    if scope == Scope::All {
        keep_definitions(&mut rewriter.schema, &HashSet::new());
    }
}

fn has_words(members: &Map<String, Value>) -> bool {
    members.contains_key("description") || members.contains_key("title")
}

/// Replaces a reference by its target; keywords beside the reference take precedence.
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

/// Removes the definitions that none of `used` refers to.
fn keep_definitions(schema: &mut Value, used: &HashSet<String>) {
    let Some(members) = schema.as_object_mut() else { return };
    for keyword in ["$defs", "definitions"] {
        if let Some(Value::Object(definitions)) = members.get_mut(keyword) {
            definitions.retain(|name, _| {
                let path = format!("#/{keyword}/{name}");
                let is_within = |rest: &str| rest.is_empty() || rest.starts_with('/');
                used.iter().any(|used| used.strip_prefix(&path).is_some_and(is_within))
            });
            if definitions.is_empty() {
                members.shift_remove(keyword);
            }
        }
    }
}

/// Keeps the references of a recursive schema, for a decoder that follows them to some depth: it takes
/// no rules beside a reference, and within a cycle only properties that may be left out.
pub(super) fn keep_recursive(rewriter: &mut SchemaRewriter) {
    let root = rewriter.schema.clone();
    rewriter.each(|part, report| {
        if part.contains_key("$ref") {
            let rules: Vec<String> = part
                .keys()
                .filter(|it| !it.starts_with('$') && !it.starts_with("x-") && !is_annotation(it))
                .cloned()
                .collect();
            for rule in rules {
                report.unenforced(part, &rule, "not enforced");
            }
            part.retain(|keyword, _| keyword.starts_with('$') || keyword.starts_with("x-"));
        }
    });
    let definitions = root.get("$defs").and_then(Value::as_object).into_iter().flatten();
    let mut recursive = HashSet::new();
    for (name, definition) in definitions {
        let own = format!("#/$defs/{name}");
        walk(definition, &mut |part, _| {
            let properties = part.get("properties").and_then(Value::as_object);
            for (property, schema) in properties.into_iter().flatten() {
                if reachable(schema, &root).contains(&own) {
                    recursive.insert((origin_of(part), property.clone()));
                }
            }
        });
    }
    rewriter.each(|part, report| {
        let origin = part.get(ORIGIN).cloned().unwrap_or_default().to_string();
        let required = required_names(part);
        let is_within = |name: &String| recursive.contains(&(origin.clone(), name.clone()));
        let (optional, kept): (Vec<String>, Vec<String>) =
            required.into_iter().partition(is_within);
        if !optional.is_empty() {
            report.unenforced(
                part,
                "required",
                &format!("{} may be left out", optional.join(", ")),
            );
            part.insert("required".to_owned(), kept.into());
        }
    });
}

fn origin_of(part: &Value) -> String {
    part.get(ORIGIN).cloned().unwrap_or_default().to_string()
}

/// All references that are reachable from a schema.
fn reachable(schema: &Value, root: &Value) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        walk(schema, &mut |part, _| {
            let reference = part.get("$ref").and_then(Value::as_str);
            if let Some(path) = reference.filter(|path| !found.contains(*path)) {
                found.insert(path.to_owned());
                open.extend(path.strip_prefix('#').and_then(|path| root.pointer(path)));
            }
        });
    }
    found
}

/// The references that are reachable from the root of a schema; `None` if it is recursive.
pub(super) fn used(root: &Value) -> Option<HashSet<String>> {
    let mut done = HashSet::new();
    follow_all(root, root, &mut Vec::new(), &mut done).then_some(done)
}

fn follow_all(
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
    targets.into_iter().all(|target| {
        if done.contains(&target) || open.contains(&target) {
            return done.contains(&target);
        }
        let next = target.strip_prefix('#').and_then(|path| root.pointer(path));
        open.push(target);
        let is_straight = next.is_none_or(|next| follow_all(next, root, open, done));
        done.extend(open.pop());
        is_straight
    })
}
