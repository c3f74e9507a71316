//! Planning: the prompts, the plan that a model writes for a query, and the refinement of models.

pub mod plan;
pub mod prompts;
pub mod refinement;
