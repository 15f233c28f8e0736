"""What is measured: one scenario a file, each an async `measure` that returns a `Section` of the report."""
