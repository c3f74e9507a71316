//! From a query to a plan: prompts, the plan a model writes, and its refinement.

pub mod plan;
pub mod prompts;
pub mod refinement;
