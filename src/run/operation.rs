//! All rows of one operation, asked concurrently, in a stream of outcomes.

use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::llm::retry::Backoff;
use crate::llm::{Image, Message, Provider, Request, Source, Usage};
use crate::plan::{self, Plan};
use crate::prompt;
use crate::schema::OutputSchema;
use crate::table::Row;

use super::ask::{Answer, Failure, ask};
use super::{Modeller, Rejection, Target, Validate};

/// The settings of one operation.
#[derive(Clone)]
pub struct Operation {
    pub provider: Arc<dyn Provider>,
    /// The provider's own name of the model.
    pub model: Arc<str>,
    /// Sent with every request as they are.
    pub options: Arc<Map<String, Value>>,
    pub backoff: Backoff,
    /// Rows asked at the same time.
    pub concurrency: usize,
    /// As many permits, shared by the operations that are one call of the user's.
    pub permits: Arc<Semaphore>,
}

/// A plan and what was made of it.
#[derive(Debug)]
pub struct Planned<T> {
    pub plan: Plan,
    pub target: T,
}

impl<T> Answer<Planned<T>> {
    /// The plan, and one entry for each request.
    ///
    /// # Errors
    /// [`Error::Plan`]: there is none.
    pub fn planned(self) -> Result<(Planned<T>, Vec<Usage>)> {
        match self.result {
            Ok(planned) => Ok((planned, self.calls)),
            Err(failure) => Err(Error::Plan { failure, calls: self.calls }),
        }
    }
}

/// How a row ended: each row has exactly one.
#[derive(Debug)]
pub struct Outcome<I> {
    pub position: usize,
    /// The text that was sent.
    pub text: Arc<str>,
    /// The pages that were sent as images beside it.
    pub image_pages: Vec<u32>,
    pub result: Result<Vec<I>, Failure>,
    /// One entry for each request.
    pub calls: Vec<Usage>,
    /// Where values were copied from, by JSON Pointer into the list of items.
    pub sources: Vec<Source>,
}

impl Operation {
    /// The same for one more call, with permits of its own.
    #[must_use]
    pub fn with_permits(&self, permits: &Arc<Semaphore>) -> Self {
        Self { permits: permits.clone(), ..self.clone() }
    }

    /// Asks for a plan from a sample of the data, and images of its first pages.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the provider can't be asked for plans.
    pub async fn plan<M: Modeller>(
        &self,
        modeller: &M,
        query: &str,
        columns: &[String],
        sample: Arc<str>,
        images: &[Image],
    ) -> Result<Answer<Planned<M::Target>>> {
        let nested = self.provider.plans_nested();
        let schema = plan::reply_schema(columns, nested);
        let schema = self.provider.compile("extraction_plan", &schema)?;
        let messages = prompt::planning(query, columns, sample, images, !nested);
        let request = self.request(messages, Arc::new(schema));
        let parse = |reply: &Value| plan::parse(reply, columns);
        let validator = PlanValidator { modeller, parse };
        Ok(ask(self.provider.as_ref(), &request, &self.backoff, &validator).await)
    }

    /// Asks for every row, `concurrency` at a time; outcomes come as rows end. Dropping the stream
    /// aborts the requests under way.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the provider can't be asked for this schema.
    pub fn rows<'a, T: Target>(
        &'a self,
        target: &'a T,
        query: &'a str,
        rows: impl Iterator<Item = Row> + Send + 'a,
    ) -> Result<impl Stream<Item = Outcome<T::Item>> + Send + 'a> {
        let schema = target.reply_schema(self.provider.as_ref())?;
        Ok(stream::iter(rows)
            .map(move |row| self.row(target, query, schema.clone(), row))
            .buffer_unordered(self.concurrency))
    }

    async fn row<T: Target>(
        &self,
        target: &T,
        query: &str,
        schema: Arc<OutputSchema>,
        row: Row,
    ) -> Outcome<T::Item> {
        let mut outcome = Outcome::new(&row);
        if row.text.trim().is_empty() && row.images.is_empty() {
            return outcome;
        }
        // Never closed: there is always a permit to wait for.
        let _permit = self.permits.acquire().await;
        // One part today; a row that is too long for one request becomes several here.
        for part in [row.text] {
            let messages = prompt::extraction(query, target.instructions(), part, &row.images);
            let request = self.request(messages, schema.clone());
            outcome.add(ask(self.provider.as_ref(), &request, &self.backoff, target).await);
        }
        outcome
    }

    pub(super) fn request(&self, messages: Vec<Message>, schema: Arc<OutputSchema>) -> Request {
        Request {
            model: self.model.clone(),
            messages,
            schema: Some(schema),
            options: self.options.clone(),
        }
    }
}

impl<I> Outcome<I> {
    fn new(row: &Row) -> Self {
        Self {
            position: row.position,
            text: row.text.clone(),
            image_pages: row.images.iter().map(|image| image.page).collect(),
            result: Ok(Vec::new()),
            calls: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// Folds one part's answer into the row's: items in order, and failed if any part failed.
    fn add(&mut self, answer: Answer<Vec<I>>) {
        self.calls.extend(answer.calls);
        match (&mut self.result, answer.result) {
            (Ok(items), Ok(more)) => {
                self.sources.extend(answer.sources.into_iter().map(|s| shifted(s, items.len())));
                items.extend(more);
            }
            (Ok(_), Err(failure)) => self.result = Err(failure),
            (Err(_), _) => {}
        }
    }
}

/// `/items/0/total` of a part as `/3/total` of a row that has three items already.
fn shifted(source: Source, by: usize) -> Source {
    let pointer = source.pointer.strip_prefix("/items/").map(|rest| {
        let (index, field) = rest.split_once('/').unwrap_or((rest, ""));
        let index = index.parse::<usize>().map_or(by, |index| index + by);
        format!("/{index}/{field}")
    });
    Source { pointer: pointer.unwrap_or(source.pointer), ..source }
}

/// Turns a planning reply into a plan, with `parse`, and its target.
pub(super) struct PlanValidator<'a, M, F> {
    pub modeller: &'a M,
    pub parse: F,
}

impl<M, F> Validate for PlanValidator<'_, M, F>
where
    M: Modeller,
    F: Fn(&Value) -> Result<Plan, Vec<String>> + Send + Sync,
{
    type Output = Planned<M::Target>;

    async fn validate(&self, json: String) -> Result<Self::Output, Rejection> {
        let reply = serde_json::from_str(&json)
            .map_err(|error| Rejection::Problems(vec![format!("not valid JSON: {error}")]))?;
        let plan = (self.parse)(&reply).map_err(Rejection::Problems)?;
        let target = self.modeller.target(&plan).await?;
        Ok(Planned { plan, target })
    }
}
