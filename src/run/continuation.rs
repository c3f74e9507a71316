//! Joins the complete items of truncated replies to the items of their continuations.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::reply::{Parsed, Repair};

/// The complete items of the truncated replies so far.
#[derive(Default)]
pub struct Continuation {
    reply: Items,
    repairs: Vec<Repair>,
    /// Whether a reply was truncated before it added an item.
    has_stalled: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Items {
    items: Vec<Value>,
}

impl Continuation {
    pub fn len(&self) -> usize {
        self.reply.items.len()
    }

    /// The items in the form of a reply; `None` if there are none.
    pub fn json(&self) -> Option<String> {
        if self.reply.items.is_empty() { None } else { serde_json::to_string(&self.reply).ok() }
    }

    /// Whether another request may follow a truncated reply: always after one that added items, and
    /// once after one that added none.
    pub fn may_continue(&mut self, has_grown: bool) -> bool {
        has_grown || !std::mem::replace(&mut self.has_stalled, true)
    }

    /// Adds the items of a truncated reply, and returns whether there are more than before.
    pub fn add(&mut self, parsed: Parsed<'_>) -> bool {
        let before = self.len();
        if let Ok(more) = serde_json::from_str(&parsed.json) {
            self.join(more, parsed.repairs);
        }
        self.len() > before
    }

    /// Joins the final reply to the items so far: the whole as JSON, and its repairs.
    pub fn with(&self, parsed: Parsed<'_>) -> (String, Vec<Repair>) {
        let rest = if self.reply.items.is_empty() {
            None
        } else {
            serde_json::from_str::<Items>(&parsed.json).ok()
        };
        let Some(rest) = rest else { return (parsed.json.into_owned(), parsed.repairs) };
        let mut whole = Self {
            has_stalled: false,
            reply: Items { items: self.reply.items.clone() },
            repairs: self.repairs.clone(),
        };
        whole.join(rest, parsed.repairs);
        let what = "joined from more than one reply, since the first was truncated".to_owned();
        whole.repairs.insert(0, Repair { pointer: String::new(), what });
        (whole.json().unwrap_or_default(), whole.repairs)
    }

    fn join(&mut self, more: Items, repairs: Vec<Repair>) {
        let before = self.len();
        // Instead of continuing, a model may start again and be truncated earlier. A single equal
        // item may be a genuine duplicate.
        if more.items.len() > 1 && self.reply.items.starts_with(&more.items) {
            return;
        }
        if before > 1 && more.items.starts_with(&self.reply.items) {
            (self.reply, self.repairs) = (more, repairs);
            let what = "replaced the earlier items by a continuation that repeats them".to_owned();
            self.repairs.insert(0, Repair { pointer: String::new(), what });
            return;
        }
        self.repairs.extend(repairs.into_iter().map(|repair| Repair {
            pointer: moved(&repair.pointer, before).unwrap_or(repair.pointer),
            what: repair.what,
        }));
        self.reply.items.extend(more.items);
    }
}

/// Shifts the index of a pointer: with `by` = 3, `/items/0/total` becomes `/items/3/total`. `None`
/// for a pointer outside the items.
fn moved(pointer: &str, by: usize) -> Option<String> {
    let (index, rest) = item_of(pointer)?;
    Some(format!("/items/{}{rest}", index + by))
}

/// Splits a pointer into a reply's items: the index, and the rest with its leading slash.
pub fn item_of(pointer: &str) -> Option<(usize, &str)> {
    let rest = pointer.strip_prefix("/items/")?;
    let (index, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some((index.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Continuation;
    use crate::reply::{Parsed, Repair};

    fn parsed(items: &[i32], pointer: &str) -> Parsed<'static> {
        let repairs = match pointer {
            "" => Vec::new(),
            _ => vec![Repair { pointer: pointer.to_owned(), what: "x".to_owned() }],
        };
        Parsed { json: json!({"items": items}).to_string().into(), repairs }
    }

    #[test]
    fn items_are_put_together_and_their_repairs_move_with_them() {
        let mut continuation = Continuation::default();
        assert_eq!(continuation.json(), None);
        assert!(continuation.add(parsed(&[1, 2], "/items/1/a")));
        assert!(!continuation.add(parsed(&[], "")));
        assert!(continuation.add(parsed(&[3], "/items/0")));
        let (json, repairs) = continuation.with(parsed(&[4], "/items/0/b/0"));
        assert_eq!(json, r#"{"items":[1,2,3,4]}"#);
        let pointers: Vec<_> = repairs.iter().map(|repair| &*repair.pointer).collect();
        assert_eq!(pointers, ["", "/items/1/a", "/items/2", "/items/3/b/0"]);
    }

    #[test]
    fn one_item_may_be_there_twice() {
        let mut continuation = Continuation::default();
        assert!(continuation.add(parsed(&[1], "")));
        assert_eq!(continuation.with(parsed(&[1, 2], "")).0, r#"{"items":[1,1,2]}"#);
    }

    #[test]
    fn a_reply_that_starts_anew_replaces_what_was_kept() {
        let mut continuation = Continuation::default();
        assert!(continuation.add(parsed(&[1, 2], "/items/0")));
        assert!(!continuation.add(parsed(&[1, 2], "")));
        let (json, repairs) = continuation.with(parsed(&[1, 2, 3], ""));
        assert_eq!(json, r#"{"items":[1,2,3]}"#);
        assert!(repairs[1].what.contains("continuation"));
        assert!(continuation.add(parsed(&[3], "")) && !continuation.add(parsed(&[1, 2], "")));
        assert_eq!(continuation.json().as_deref(), Some(r#"{"items":[1,2,3]}"#));
        let mut continuation = Continuation::default();
        assert!(continuation.add(parsed(&[1, 2], "")));
        assert_eq!(continuation.with(parsed(&[1, 3], "")).0, r#"{"items":[1,2,1,3]}"#);
    }
}
