"""Long tables: one line for each item, with columns and types that the model alone decides."""
