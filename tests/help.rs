//! The reference of the command line, and the form of errors.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const COMMANDS: [&str; 13] = [
    "init",
    "inspect",
    "add",
    "promote",
    "yank",
    "unyank",
    "list",
    "show",
    "log",
    "serve",
    "config",
    "healthcheck",
    "demo",
];

#[test]
fn the_reference_is_what_the_program_says() {
    let sandbox = Sandbox::new();
    let mut reference = sandbox.run("--help").success().out();
    for command in COMMANDS {
        let help = sandbox
            .run(&format!("{command} --help"))
            .success()
            .stderr("");
        reference.push_str(&format!("\n$ spkrepo {command} --help\n{}", help.out()));
    }
    let lines: Vec<&str> = reference.lines().map(str::trim_end).collect();
    let reference = lines.join("\n") + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/help.txt");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs_err::write(path, &reference).expect("the sources are writable");
    }
    let known = fs_err::read_to_string(path).expect("the reference");
    assert!(
        reference == known,
        "the reference tests/help.txt differs; UPDATE_REFERENCE=1 writes it anew:\n{reference}"
    );
}

#[test]
fn without_a_command_the_help_is_shown() {
    let sandbox = Sandbox::new();
    sandbox
        .run("")
        .failure(2)
        .stdout("")
        .stderr_has("Usage: spkrepo");
    sandbox
        .run("--version")
        .success()
        .stdout(&format!("spkrepo {}\n", env!("CARGO_PKG_VERSION")));
    sandbox
        .run("promot demo")
        .failure(2)
        .stdout("")
        .stderr_has("error: unrecognized subcommand 'promot'")
        .stderr_has("'promote'");
}

#[test]
fn an_error_is_followed_by_its_causes_and_then_by_hints() {
    let sandbox = Sandbox::initialized();
    sandbox.write("spkrepo.toml", "format = 1\n[ad]\nchannel = \"beta\"\n");
    sandbox.git("commit --quiet -am broken");
    let error = sandbox.run("list").failure(2).stdout("").err().to_owned();
    assert!(error.starts_with("error: "), "{error}");
    assert!(
        error.ends_with("\nhint: mend the files and commit them, then try again\n"),
        "{error}"
    );

    let sandbox = Sandbox::initialized();
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1").truncated(900));
    let error = sandbox.run("add ../x.spk").failure(2).err().to_owned();
    let kinds: Vec<&str> = error
        .lines()
        .filter_map(|line| line.split_once(": ").map(|(kind, _)| kind))
        .collect();
    assert_eq!(kinds[..2], ["error", "caused by"], "{error}");
}
