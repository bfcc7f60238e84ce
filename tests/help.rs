//! The reference of the command line, and the form of errors.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Returns the commands that a help text lists, but for `help` itself.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            // What goes on in the next line is further in.
            let name = line
                .strip_prefix("  ")
                .filter(|rest| !rest.starts_with(' '))?;
            name.split(' ').next().map(str::to_owned)
        });
    names.filter(|name| name != "help").collect()
}

/// Adds the help of a command, and of those below it.
fn describe(sandbox: &Sandbox, command: &str, reference: &mut String) {
    let line = format!("{command} --help");
    let help = sandbox.run(line.trim_start()).success().stderr("").out();
    if command.is_empty() {
        reference.push_str(&help);
    } else {
        reference.push_str(&format!("\n$ spkrepo{command} --help\n{help}"));
    }
    for name in listed(&help) {
        describe(sandbox, &format!("{command} {name}"), reference);
    }
}
#[test]
fn the_reference_is_what_the_program_says() {
    let sandbox = Sandbox::new();
    let mut reference = String::new();
    describe(&sandbox, "", &mut reference);
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
