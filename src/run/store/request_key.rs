//! The keys of the journal and the cache: canonical hashes of requests, plans and operations.

use std::sync::OnceLock;

use serde::Serialize;
use structx_common::canonical;

use crate::llm::{Message, Provider, cpu};
use crate::run::client::Client;
use crate::run::model_chain::ModelChain;
use crate::run::target::Target;

/// The version of all keys. It must be raised when stored completions no longer fit: the prompts'
/// wording, the schemas, or the reading of replies to the same request changed. It is independent
/// of the package version, so that an update does not pay for anything twice.
const VERSION: u32 = 1;

/// The messages for one row or plan, and their key in the journal and the cache, computed once.
pub struct Prompt {
    pub messages: Vec<Message>,
    /// The hash of the rule that its replies must keep.
    rule: Option<String>,
    key: OnceLock<String>,
}

impl Prompt {
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, rule: None, key: OnceLock::new() }
    }

    /// The same prompt under a rule: its completions are others.
    pub fn with_rule(self, rule: Option<&impl Serialize>) -> Self {
        Self { rule: rule.map(hash), ..self }
    }

    /// The hash of the request that the messages make to the first model.
    pub fn key(&self, models: &ModelChain) -> &str {
        self.key.get_or_init(|| {
            let request = models.first.request(&self.messages);
            let parts = (&request.model, &request.messages, &request.options);
            let address = models.first.client.provider.address();
            let made_from = (VERSION, address, schema_hash(models), parts);
            let key = cpu::run(request.size(), || hash(&made_from));
            match &self.rule {
                None => key,
                Some(rule) => hash(&(key, rule)),
            }
        })
    }
}

/// The hash of the first model's schema, computed once: schemas are large and the same for all rows.
fn schema_hash(models: &ModelChain) -> &str {
    models.schema_hash.get_or_init(|| hash(&models.first.schema))
}

/// The key of a plan: a hash of what it was made from and of the planning model.
pub fn plan_key(made_from: &impl Serialize, client: &Client) -> String {
    hash(&(VERSION, made_from, client.provider.address(), &client.model, &client.options))
}

/// The key of an operation: a hash of its target, source, query and first model.
pub fn operation_key<T: Target>(target: &T, source: &str, query: &str, client: &Client) -> String {
    let task = (target.name(), target.schema(), target.instructions(), source, query);
    hash(&(VERSION, task, client.provider.address(), &client.model, &client.options))
}

/// The canonical hash of `data`; empty for data that can't be written as JSON, which no caller has.
fn hash<T: Serialize>(data: &T) -> String {
    canonical::hash(data).unwrap_or_default()
}

#[cfg(test)]
mod tests;
