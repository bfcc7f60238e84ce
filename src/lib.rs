mod base;
mod blob;
mod catalog;
mod git;
mod http;
mod model;
mod repo;
pub(crate) mod spk;
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
