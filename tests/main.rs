//! The integration tests: one module per command or feature, and the rules of the sources.

mod add;
mod add_refused;
mod broken_toml;
mod concurrency;
mod crash;
mod demo;
mod help;
mod hostile;
mod init;
mod layers;
mod lfs;
mod log;
mod offer;
mod oracle;
mod oracle_gosspks;
mod oracle_sspks;
mod places;
mod reading;
mod readme;
mod samples;
mod serve;
mod signing;
mod source_rules;
mod support;
mod tests_complete;
mod users_work;
