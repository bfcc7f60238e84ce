//! The `spkrepo` program: everything is in the library.

fn main() -> std::process::ExitCode {
    spkrepo::run()
}
