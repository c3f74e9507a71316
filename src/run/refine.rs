//! Refines a definition: a model changes it as the user's instructions say.

use crate::planning::plan::Plan;
use crate::planning::{prompts, refinement};
use crate::schema::definition::ExtractionRequest;

use super::attempts::Completion;
use super::error::Result;
use super::step::{PlanValidator, Step};
use super::store::request_key::Prompt;
use super::target::{ModelFactory, Planned};

impl Step {
    /// Requests `definition` changed as `instructions` say. The refined model is named `model_name`
    /// or, without one, `Refined` followed by the old name.
    ///
    /// # Errors
    /// [`Error::Schema`](crate::Error::Schema): the definition or the name is invalid, or the
    /// schema of definitions can't be compiled for a model. Nothing was sent.
    pub async fn refine<M: ModelFactory>(
        &self,
        model_factory: &M,
        definition: &ExtractionRequest,
        instructions: &str,
        model_name: Option<&str>,
    ) -> Result<Completion<Planned<M::Target>>> {
        let name =
            model_name.map_or_else(|| format!("Refined{}", definition.model_name), str::to_owned);
        let current = ExtractionRequest { model_name: name, ..definition.clone() }.normalise()?;
        let nested = self.plans_nested();
        let schema = refinement::reply_schema(nested);
        let models = self.models(|client| client.compile("refinement", &schema))?;
        let definition = refinement::as_reply(&current, nested).to_string();
        let messages = prompts::refinement(&definition, instructions, !nested);
        let parse = |reply: &_| {
            refinement::parse(reply, &current, nested).map(|schema| Plan {
                instructions: String::new(),
                target_columns: Vec::new(),
                schema,
            })
        };
        let validator = PlanValidator { model_factory, parse };
        Ok(self.complete(&models, &Prompt::new(messages), &validator).await)
    }
}
