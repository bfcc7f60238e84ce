//! The integration tests: one module per command or feature, and the rules of the sources.

mod layers;
mod source_rules;
mod support;
mod tests_complete;
