"""A frozen context for each generated document."""
