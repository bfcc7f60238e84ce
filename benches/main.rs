//! How long the program takes, as ratios to what does the same work in the same run.
//!
//! `cargo bench` runs all of it but the soak, `cargo bench -- requests` one part. Needs git, git-lfs, curl, gpg, nginx and wrk, the
//! tools of GNU, and what .ci/test installs. Nothing fails for being slow: the figures are for people, who know the machine.

mod adding;
mod checking;
mod diffing;
mod exporting;
mod fetching;
mod hostile;
mod measure;
mod opening;
mod reload;
mod requests;
mod selecting;
mod signing;
mod soak;
#[allow(
    unused_imports,
    reason = "the tests' support, of which the benchmarks need a part"
)]
#[path = "../tests/support/mod.rs"]
mod support;
mod transferring;
mod uploading;

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let parts: [(&str, fn()); 14] = [
        ("adding", adding::run),
        ("checking", checking::run),
        ("diffing", diffing::run),
        ("exporting", exporting::run),
        ("fetching", fetching::run),
        ("hostile", hostile::run),
        ("opening", opening::run),
        ("reload", reload::run),
        ("requests", requests::run),
        ("selecting", selecting::run),
        ("signing", signing::run),
        ("transferring", transferring::run),
        ("uploading", uploading::run),
        ("soak", soak::run),
    ];
    for (name, run) in parts {
        // It takes many minutes: only when asked for.
        let is_usual = name != "soak";
        if (wanted.is_empty() && is_usual)
            || wanted.iter().any(|wanted| name.contains(wanted.as_str()))
        {
            run();
        }
    }
}
