mod base;
mod model;
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
