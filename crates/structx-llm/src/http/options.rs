//! Places the user's options in request bodies, in the spelling of each wire format.

use serde_json::{Map, Value};

use crate::{LlmError, LlmErrorKind};
use structx_schema::{OutputMode, OutputSchema};

/// The option whose members are sent in the body as they are, in no spelling but the user's.
const EXTRA_BODY: &str = "extra_body";

/// Whether an option is given, as such or in the extra body.
pub(crate) fn is_given(options: &Map<String, Value>, name: &str) -> bool {
    options.contains_key(name) || options.get(EXTRA_BODY).is_some_and(|it| it.get(name).is_some())
}

/// How a wire format accepts options.
pub(crate) struct OptionRules {
    /// Members of the body that only structx sets.
    pub reserved: &'static [&'static str],
    /// Common spellings, and this format's spelling for each.
    pub spellings: &'static [(&'static str, &'static str)],
    /// The member that both structx and the user fill; empty if there is none.
    pub shared: &'static str,
    /// The parts of it that only structx sets.
    pub reserved_parts: &'static [&'static str],
    /// Options that stay outside of it; `None` if all of them do.
    pub outside: Option<&'static [&'static str]>,
}

/// Options as members of the body and as parts of the shared member.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct PlacedOptions {
    pub body: Map<String, Value>,
    pub parts: Map<String, Value>,
}

impl OptionRules {
    /// Places options in the body.
    ///
    /// # Errors
    /// An option that only structx sets; an extra body that is no object.
    pub fn place(
        &self,
        provider: &str,
        options: &Map<String, Value>,
    ) -> Result<PlacedOptions, LlmError> {
        let mut placed = PlacedOptions::default();
        for (name, value) in options.iter().filter(|(name, _)| *name != EXTRA_BODY) {
            let own = self.spellings.iter().find(|(common, _)| common == name);
            let (name, value) = match (own, value) {
                // OpenAI accepts one text as well as a list.
                (Some(("stop", own)), Value::String(_)) => (*own, Value::from([value.clone()])),
                (own, value) => (own.map_or(name.as_str(), |(_, own)| own), value.clone()),
            };
            match value {
                Value::Object(parts) if name == self.shared => placed.parts.extend(parts),
                value => {
                    let is_part = self.outside.is_some_and(|outside| !outside.contains(&name));
                    let place = if is_part { &mut placed.parts } else { &mut placed.body };
                    place.insert(name.to_owned(), value);
                }
            }
        }
        match options.get(EXTRA_BODY) {
            None | Some(Value::Null) => {}
            Some(Value::Object(extra)) => {
                for (name, value) in extra.clone() {
                    match value {
                        Value::Object(parts) if name == self.shared => placed.parts.extend(parts),
                        value => drop(placed.body.insert(name, value)),
                    }
                }
            }
            Some(_) => {
                let message = "the option `extra_body` must be an object";
                return Err(LlmError::new(LlmErrorKind::Rejected, provider, message));
            }
        }
        let is_given = |name: &&&str| placed.body.contains_key(**name);
        let is_part = |name: &&&str| placed.parts.contains_key(**name);
        let given = self.reserved.iter().find(is_given);
        match given.or_else(|| self.reserved_parts.iter().find(is_part)) {
            None => Ok(placed),
            Some(name) => Err(refused(provider, name)),
        }
    }
}

/// The schema, if the model is asked for it by a tool.
///
/// # Errors
/// The options contain tools of the user, which a forced tool excludes.
pub(crate) fn tool<'a>(
    provider: &str,
    schema: Option<&'a OutputSchema>,
    options: &Map<String, Value>,
) -> Result<Option<&'a OutputSchema>, LlmError> {
    let tool = schema.filter(|schema| schema.mode == OutputMode::Tool);
    match ["tools", "tool_choice"].iter().find(|name| options.contains_key(**name)) {
        Some(name) if tool.is_some() => Err(refused(provider, name)),
        _ => Ok(tool),
    }
}

/// The error for an option that only structx sets.
fn refused(provider: &str, name: &str) -> LlmError {
    let message = format!("the option `{name}` is set by structx; leave it out");
    LlmError::new(LlmErrorKind::Rejected, provider, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::OptionRules;

    const PARTED: OptionRules = OptionRules {
        reserved: &["messages"],
        spellings: &[("max_tokens", "maxTokens"), ("stop", "stops")],
        shared: "config",
        reserved_parts: &["schema"],
        outside: Some(&["messages", "safety"]),
    };

    fn place(rules: &OptionRules, options: &Value) -> Result<(Value, Value), String> {
        let placed = rules.place("p", options.as_object().unwrap());
        placed.map(|it| (it.body.into(), it.parts.into())).map_err(|error| error.message)
    }

    #[test]
    fn options_find_their_place() {
        let whole = OptionRules { outside: None, ..PARTED };
        let cases = [
            (&PARTED, json!({}), json!({}), json!({})),
            (
                &PARTED,
                json!({"max_tokens": 3, "safety": [1], "stop": "x", "config": {"a": 1}, "b": null}),
                json!({"safety": [1]}),
                json!({"maxTokens": 3, "stops": ["x"], "a": 1, "b": null}),
            ),
            (
                &PARTED,
                json!({"max_tokens": 3, "extra_body": {"max_tokens": 4, "config": {"a": 1}, "b": []}}),
                json!({"max_tokens": 4, "b": []}),
                json!({"maxTokens": 3, "a": 1}),
            ),
            (&PARTED, json!({"stop": ["x", "y"]}), json!({}), json!({"stops": ["x", "y"]})),
            (
                &whole,
                json!({"max_tokens": 3, "b": 1.50, "config": {"a": 1}}),
                json!({"maxTokens": 3, "b": 1.50}),
                json!({"a": 1}),
            ),
        ];
        for (rules, options, body, parts) in cases {
            assert_eq!(place(rules, &options), Ok((body, parts)), "{options}");
        }
    }

    #[test]
    fn what_structx_decides_is_refused() {
        for (options, name) in [
            (json!({"messages": []}), "messages"),
            (json!({"schema": {}}), "schema"),
            (json!({"config": {"schema": {}}}), "schema"),
            (json!({"extra_body": {"messages": []}}), "messages"),
            (json!({"extra_body": {"config": {"schema": 1}}}), "schema"),
        ] {
            let error = place(&PARTED, &options).unwrap_err();
            assert_eq!(error, format!("the option `{name}` is set by structx; leave it out"));
        }
    }
}
