//! Programs that `.ci/test` installs beside what cargo builds.

use std::path::PathBuf;

/// Returns the program of this name; one of the machine's own where none is installed.
pub(crate) fn tool(name: &str) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_spkrepo"));
    let target = program.ancestors().nth(2);
    let installed = target.map(|target| target.join("tools/bin").join(name));
    installed
        .filter(|installed| installed.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}
