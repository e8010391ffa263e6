"""The pages: one module for each thing that an operator looks at, with what can be done there."""
