//! A step: its settings, and how it makes a plan or a row's outcome with requests.

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::documents::Content;
use crate::llm::retry::RetryPolicy;
use crate::llm::{Provider, Usage};
use crate::planning::plan::{self, Plan};
use crate::planning::prompts;
use crate::reply::Repair;
use crate::schema::OutputSchema;

use super::attempts::Completion;
use super::client::Client;
use super::context::{ASKED_ROW, AskedRow, RowEvent, RunContext};
use super::continuation::item_of;
use super::error::{AttemptError, Error, Result, RowError};
use super::grounding::Grounded;
use super::model_chain::{Model, ModelChain};
use super::row::Row;
use super::sample::Sample;
use super::source::{AskedSource, SourceId, Unread};
use super::store::replay::{self, JournalSession};
use super::store::request_key::Prompt;
use super::target::{ModelFactory, Planned, Rejection, Target, Validate};

/// The settings of one step.
#[derive(Clone)]
pub struct Step {
    pub client: Client,
    /// Tried in turn after the provider of the previous model has failed permanently.
    pub fallbacks: Arc<[Client]>,
    pub retry_policy: RetryPolicy,
    /// Rows processed at the same time.
    pub concurrency: usize,
    /// Shared by all steps of one call.
    pub context: Arc<RunContext>,
}

impl<T> Completion<Planned<T>> {
    /// Returns the plan, and one usage entry for each request.
    ///
    /// # Errors
    /// [`Error::Plan`]: planning failed.
    pub fn planned(self) -> Result<(Planned<T>, Vec<Usage>)> {
        match self.result {
            Ok(planned) => Ok((planned, self.calls)),
            Err(failure) => Err(Error::Plan { failure, calls: self.calls }),
        }
    }
}

/// How a row ended. Each row has exactly one outcome.
#[derive(Debug)]
pub struct RowOutcome<I> {
    /// Among the rows of all sources.
    pub position: usize,
    /// In its source.
    pub source_position: usize,
    pub source: Arc<SourceId>,
    /// The text that was sent.
    pub text: Arc<str>,
    /// The pages that were sent as images with it.
    pub image_pages: Vec<u32>,
    pub result: Result<Vec<I>, RowError>,
    /// The complete items of a failed row whose reply was truncated.
    pub incomplete: Vec<I>,
    /// The caller's name of the model that gave the items.
    pub model: Option<Arc<str>>,
    /// One entry for each request, including failed ones.
    pub calls: Vec<Usage>,
    /// The errors of attempts without a result, in order.
    pub errors: Vec<AttemptError>,
    /// The JSON that the items were made of; `None` if nobody asked for evidence.
    pub reply: Option<String>,
    /// What the evidence of the reply is found in; `None` if nobody asked for it.
    pub content: Option<Arc<Content>>,
    /// What was repaired in replies, by JSON Pointer into the list of items.
    pub repairs: Vec<Repair>,
    /// Whether it was replayed from the journal.
    pub from_journal: bool,
}

impl Step {
    /// The models, in the order in which they are tried.
    pub fn clients(&self) -> impl Iterator<Item = &Client> {
        std::iter::once(&self.client).chain(&*self.fallbacks)
    }

    /// Whether every model may be asked for nested definitions.
    pub(super) fn plans_nested(&self) -> bool {
        self.clients().all(|client| client.provider.plans_nested())
    }

    /// The models, each with the schema that `compile` makes for it.
    ///
    /// # Errors
    /// The error of `compile`.
    pub(super) fn models(
        &self,
        compile: impl Fn(&Client) -> Result<Arc<OutputSchema>>,
    ) -> Result<ModelChain> {
        let model = |client: &Client| {
            let schema = compile(client)?;
            let provider = self.context.layered(client, self.retry_policy);
            Ok(Model { client: client.clone(), provider, schema })
        };
        Ok(ModelChain {
            first: model(&self.client)?,
            fallbacks: self.fallbacks.iter().map(model).collect::<Result<_>>()?,
            retry_policy: self.retry_policy,
            deadline: self.context.deadline,
            schema_hash: OnceLock::new(),
        })
    }

    /// The completion of a prompt: from the cache, or after its attempts.
    pub(super) async fn complete<V: Validate>(
        &self,
        models: &ModelChain,
        prompt: &Prompt,
        validator: &V,
    ) -> Completion<V::Output> {
        replay::complete(&self.context, models, prompt, validator).await
    }

    /// Requests a plan, from a sample of the text with images of the first pages, or from the file.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the schema of plans can't be compiled for a model.
    pub(super) async fn plan<M: ModelFactory>(
        &self,
        model_factory: &M,
        query: &str,
        sample: &Sample,
    ) -> Result<Completion<Planned<M::Target>>> {
        let Sample { text, columns, images, file, .. } = sample;
        let nested = self.plans_nested();
        let schema = plan::reply_schema(columns, nested);
        let models = self.models(|client| client.compile("extraction_plan", &schema))?;
        let messages =
            prompts::planning(query, columns, text.clone(), images, file.as_ref(), !nested);
        let parse = |reply: &Value| plan::parse(reply, columns);
        let validator = PlanValidator { model_factory, parse };
        Ok(self.complete(&models, &Prompt::new(messages), &validator).await)
    }

    /// Extracts the items of one row. A blank row sends no request.
    pub(super) async fn row<T: Target>(
        &self,
        target: &T,
        query: &str,
        models: &ModelChain,
        journal_session: Option<&JournalSession>,
        row: Row,
    ) -> RowOutcome<T::Item> {
        let mut outcome = RowOutcome::new(&row);
        let mut asked = None;
        let AskedSource { images, file, .. } = &*row.source;
        if !row.text.trim().is_empty() || !images.is_empty() || file.is_some() {
            let _permit = self.context.permit().await;
            let begun = *asked.insert(self.context.begin_row(row.position));
            // A row is one part; splitting rows that are too long for one request belongs here.
            for part in [row.text.clone()] {
                let (instructions, file) = (target.instructions(), file.as_ref());
                let messages = prompts::extraction(query, instructions, part, images, file);
                let rule = self.context.grounding_rule();
                let prompt = Prompt::new(messages).with_rule(rule);
                let (position, session) = (row.position, journal_session);
                let part = async {
                    match rule {
                        None => self.part(target, models, session, position, &prompt).await,
                        Some(rule) => {
                            let grounded = Grounded { target, rule, row: &row };
                            // Boxed, so that rows without a rule have no room for it.
                            Box::pin(self.part(&grounded, models, session, position, &prompt)).await
                        }
                    }
                };
                outcome.add(ASKED_ROW.scope(begun, part).await);
            }
        }
        if self.context.keeps_evidence(&row.source.content) {
            outcome.content = outcome.reply.is_some().then(|| row.source.content.clone());
        } else {
            outcome.reply = None;
        }
        self.ended(&outcome, asked, row.source.end_row());
        outcome
    }

    /// Tells the observer that a row has ended, and perhaps its source. `asked` is none for a row that
    /// needed no request.
    pub(super) fn ended<I>(
        &self,
        outcome: &RowOutcome<I>,
        asked: Option<AskedRow>,
        is_last_of_source: bool,
    ) {
        let Some(observer) = &self.context.observer else { return };
        observer.row(&RowEvent {
            row: asked.unwrap_or_else(|| self.context.begin_row(outcome.position)),
            source: &outcome.source,
            failure: outcome.result.as_ref().err().map(RowError::kind),
            model: outcome.model.as_deref(),
            from_journal: outcome.from_journal,
        });
        if is_last_of_source {
            observer.source();
        }
    }
}

impl Step {
    /// The completion of one part of the row at `position`: from the journal, or a new one.
    async fn part<V: Validate>(
        &self,
        validator: &V,
        models: &ModelChain,
        journal_session: Option<&JournalSession>,
        position: usize,
        prompt: &Prompt,
    ) -> Completion<V::Output> {
        let completion = self.complete(models, prompt, validator);
        let Some(session) = journal_session else { return completion.await };
        let (context, key) = (&self.context, prompt.key(models).to_owned());
        // Boxed, so that rows without a journal have no room for it.
        Box::pin(session.complete(context, validator, position, key, completion)).await
    }
}

impl<I> RowOutcome<I> {
    fn new(row: &Row) -> Self {
        let AskedSource { id, images, .. } = &*row.source;
        Self {
            text: row.text.clone(),
            image_pages: images.iter().map(|image| image.page).collect(),
            source_position: row.source_position,
            ..Self::empty(row.position, id.clone())
        }
    }

    /// The outcome of a source that can't be read: one row.
    pub(super) fn of_unread(position: usize, unread: Unread) -> Self {
        let Unread { id, error } = unread;
        let result = Err(RowError::Unread(error.to_string()));
        Self { result, ..Self::empty(position, id) }
    }

    fn empty(position: usize, source: Arc<SourceId>) -> Self {
        Self {
            position,
            source_position: 0,
            source,
            text: Arc::default(),
            image_pages: Vec::new(),
            result: Ok(Vec::new()),
            incomplete: Vec::new(),
            model: None,
            calls: Vec::new(),
            errors: Vec::new(),
            reply: None,
            content: None,
            repairs: Vec::new(),
            from_journal: false,
        }
    }

    /// Adds the completion of one part: items stay in order, and the row fails if a part fails.
    fn add(&mut self, completion: Completion<Vec<I>>) {
        append(&mut self.calls, completion.calls);
        append(&mut self.errors, completion.errors);
        self.from_journal = completion.from_journal;
        match (&mut self.result, completion.result) {
            (Ok(items), Ok(more)) => {
                let before = items.len();
                let shift = |pointer: &mut String| *pointer = row_pointer(pointer, before);
                self.repairs.extend(completion.repairs.into_iter().map(|mut repair| {
                    shift(&mut repair.pointer);
                    repair
                }));
                append(items, more);
                self.reply = completion.reply;
                self.model = completion.model;
            }
            (Ok(items), Err(failure)) => {
                self.incomplete.append(items);
                self.incomplete.extend(completion.incomplete.unwrap_or_default());
                self.model = None;
                self.result = Err(failure);
            }
            (Err(_), _) => {}
        }
    }
}

/// Appends a part to a list. The first part, which is the only one of most rows, becomes the list:
/// one that grows takes the memory of four elements for one.
fn append<T>(list: &mut Vec<T>, part: Vec<T>) {
    if list.is_empty() {
        *list = part;
    } else {
        list.extend(part);
    }
}

/// Turns a pointer into a part's reply into one into the row's items: behind three items,
/// `/items/0/total` becomes `/3/total`.
fn row_pointer(pointer: &str, before: usize) -> String {
    item_of(pointer)
        .map_or_else(|| pointer.to_owned(), |(index, rest)| format!("/{}{rest}", index + before))
}

/// Turns a planning reply into a plan with `parse`, and the plan into a target.
pub(super) struct PlanValidator<'a, M, F> {
    pub model_factory: &'a M,
    pub parse: F,
}

impl<M, F> Validate for PlanValidator<'_, M, F>
where
    M: ModelFactory,
    F: Fn(&Value) -> Result<Plan, Vec<String>> + Send + Sync,
{
    type Output = Planned<M::Target>;

    async fn validate(&self, json: String) -> Result<Self::Output, Rejection> {
        let reply = serde_json::from_str(&json)
            .map_err(|error| Rejection::Problems(vec![format!("not valid JSON: {error}")]))?;
        let plan = (self.parse)(&reply).map_err(Rejection::Problems)?;
        let target = self.model_factory.target(&plan).await?;
        Ok(Planned { plan, target })
    }
}
