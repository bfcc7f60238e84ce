//! Package sources of any size, written straight into a pack by `git fast-import`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::sandbox::Sandbox;

/// Platform and minimum DSM of the builds of each release.
const BUILDS: [(&str, &str); 5] = [
    ("x86_64", "7.2-64570"),
    ("armv8", "7.2-64570"),
    ("armv7", "7.2-64570"),
    ("x86_64", "6.2-23739"),
    ("armv7", "6.2-23739"),
];

/// A commit for `git fast-import`.
struct Commit {
    stream: String,
}

impl Commit {
    fn new(message: &str, is_first: bool) -> Self {
        let length = message.len();
        let mut stream = format!(
            "commit refs/heads/main\ncommitter A <a@b> 1767323045 +0000\ndata {length}\n{message}\n"
        );
        if !is_first {
            stream.push_str("from refs/heads/main^0\n");
        }
        Self { stream }
    }

    fn file(&mut self, path: &str, text: &str) {
        let length = text.len();
        write!(
            self.stream,
            "M 100644 inline {path}\ndata {length}\n{text}\n"
        )
        .expect("memory takes every write");
    }

    fn import(self, sandbox: &Sandbox) {
        let arguments = ["fast-import", "--quiet", "--force"].map(str::to_owned);
        let mut command = sandbox.command("git", &arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .expect("git is needed");
        let mut input = child.stdin.take().expect("piped");
        input
            .write_all(self.stream.as_bytes())
            .expect("git reads it all");
        drop(input);
        assert!(child.wait().expect("a child of this process").success());
    }
}

fn name(number: usize) -> String {
    format!("package-{number:05}")
}

/// Returns `length` hexadecimal digits that follow from `seed` and look random, as digests do.
fn digits(seed: &str, length: usize) -> String {
    let mut state = seed.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut text = String::new();
    while text.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        write!(text, "{state:016x}").expect("memory takes every write");
    }
    text.truncate(length);
    text
}

fn release(name: &str, remark: &str) -> String {
    format!(
        "[text]
displayname = \"The {name}\"
description = \"What {name} does for the people at home, {remark}\"
maintainer = \"Somebody\"
maintainer_url = \"https://example.org/{name}\"
changelog = \"Fixed what was wrong and improved what was right\"

[text.languages.fre]
description = \"Ce que fait {name}\"

[text.languages.ger]
description = \"Was {name} tut\"

[permissions]
run_as = \"package\"
scripts = [
    \"postinst\",
    \"start-stop-status\",
]
"
    )
}

fn build(commit: &mut Commit, name: &str, version: &str, arch: &str, minimum: &str) {
    let id = format!("dsm{minimum}-{arch}");
    let file = format!("{name}_{version}_{id}.spk");
    let folder = format!("packages/{name}/{version}");
    let sha256 = digits(&file, 64);
    let md5 = digits(&sha256, 32);
    let size = 1_000_000;
    let toml = format!(
        "channel = \"stable\"\narch = [\"{arch}\"]\nos_min_ver = \"{minimum}\"\n\n[spk]\nfile = \"{file}\"\n\
         size = {size}\nsha256 = \"{sha256}\"\nmd5 = \"{md5}\"\n"
    );
    commit.file(&format!("{folder}/{id}.toml"), &toml);
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n");
    commit.file(&format!("{folder}/{file}"), &pointer);
}

/// Makes a bare, packed package source of `packages` with `releases` each; returns it with the number of builds.
pub(crate) fn many(packages: usize, releases: usize) -> (Sandbox, usize) {
    let sandbox = Sandbox::new();
    sandbox.git("init --quiet --bare");
    let mut commit = Commit::new("all of it", true);
    commit.file("spkrepo.toml", "format = 1\n");
    for number in 0..packages {
        let name = name(number);
        commit.file(
            &format!("packages/{name}/package.toml"),
            "maintainers = []\n",
        );
        for release_number in 1..=releases {
            let version = format!("{release_number}.0-{release_number}");
            commit.file(
                &format!("packages/{name}/{version}/release.toml"),
                &release(&name, "as always"),
            );
            for (arch, minimum) in BUILDS {
                build(&mut commit, &name, &version, arch, minimum);
            }
        }
    }
    commit.import(&sandbox);
    sandbox.git("repack -a -d --quiet");
    (sandbox, packages * releases * BUILDS.len())
}

/// Commits another text of one release, counted from 1, of the first package.
pub(crate) fn change_one(sandbox: &Sandbox, release_number: usize, remark: &str) {
    let name = name(0);
    let mut commit = Commit::new(remark, false);
    commit.file(
        &format!("packages/{name}/{release_number}.0-{release_number}/release.toml"),
        &release(&name, remark),
    );
    commit.import(sandbox);
}
