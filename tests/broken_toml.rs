//! Documents that a person broke by hand: each is named with its file and line, and nothing is written.

use fs_err as fs;

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const RELEASE: &str = "packages/good/1.0-1/release.toml";
const BUILD: &str = "packages/good/1.0-1/dsm7.0-40000-noarch.toml";
const POINTER: &str = "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk";

/// What is done to a file of the repository.
enum Edit {
    /// Makes a symbolic link to this.
    Link(&'static str),
    Move(&'static str),
    Put(&'static [u8]),
    Remove,
    Replace(&'static str, &'static str),
    /// Fills it with so many bytes of comment.
    Size(usize),
}

use Edit::{Link, Move, Put, Remove, Replace, Size};

/// A broken repository and what is said about it.
struct Case {
    name: &'static str,
    edits: &'static [(&'static str, Edit)],
    /// The lines of the message between its first and its hint.
    problems: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "syntax error",
        edits: &[("spkrepo.toml", Replace("[add]", "[add"))],
        problems: &["spkrepo.toml:11: unclosed table, expected `]`"],
    },
    Case {
        name: "unknown key in spkrepo.toml",
        edits: &[("spkrepo.toml", Replace("channel =", "chanel ="))],
        problems: &[
            "spkrepo.toml:13: unknown field `chanel`, expected `channel` (did you mean `channel`?)",
        ],
    },
    Case {
        name: "unknown key in maintainers.toml",
        edits: &[(
            "maintainers.toml",
            Put(b"[people.a]\nname = \"A\"\nemial = \"a@example.org\"\n"),
        )],
        problems: &[
            "maintainers.toml:3: unknown field `emial`, expected one of `name`, `email`, `role`, `packages`, `tokens` (did you mean `email`?)",
        ],
    },
    Case {
        name: "unknown key in package.toml",
        edits: &[(
            "packages/good/package.toml",
            Put(b"# us\nmaintainer = [\"a\"]\n"),
        )],
        problems: &[
            "packages/good/package.toml:2: unknown field `maintainer`, expected one of `maintainers`, `links`, `deprecated`, `exceptions` (did you mean `maintainers`?)",
        ],
    },
    Case {
        name: "unknown key in release.toml",
        edits: &[(RELEASE, Replace("displayname =", "display_name ="))],
        problems: &[
            "packages/good/1.0-1/release.toml:2: unknown field `display_name`, expected one of `displayname`, `description`, `maintainer`, `maintainer_url`, `distributor`, `distributor_url`, `support_url`, `report_url`, `helpurl`, `changelog`, `beta`, `languages` (did you mean `displayname`?)",
        ],
    },
    Case {
        name: "unknown key in a build",
        edits: &[(BUILD, Replace("os_min_ver =", "os_min ="))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:3: unknown field `os_min`, expected one of `channel`, `arch`, `exclude_arch`, `model`, `exclude_model`, `os_min_ver`, `os_max_ver`, `spk`, `text`, `install`, `permissions`, `signature`, `yanked` (did you mean `os_min_ver`?)",
        ],
    },
    Case {
        name: "unknown key in [spk]",
        edits: &[(BUILD, Replace("sha256 =", "sha265 ="))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:8: unknown field `sha265`, expected one of `file`, `size`, `sha256`, `md5` (did you mean `sha256`?)",
        ],
    },
    Case {
        name: "wrong type",
        edits: &[(BUILD, Replace("arch = [\"noarch\"]", "arch = \"noarch\""))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:2: invalid type: string \"noarch\", expected a list",
        ],
    },
    Case {
        name: "number instead of text",
        edits: &[(
            BUILD,
            Replace("os_min_ver = \"7.0-40000\"", "os_min_ver = 7.0"),
        )],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:3: invalid type: floating point `7.0`, expected a string",
        ],
    },
    Case {
        name: "negative size",
        edits: &[(BUILD, Replace("size = ", "size = -"))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:7: invalid value: integer `-5120`, expected a number from 0",
        ],
    },
    Case {
        name: "missing key",
        edits: &[(BUILD, Replace("channel = \"staged\"\n", ""))],
        problems: &["packages/good/1.0-1/dsm7.0-40000-noarch.toml:1: missing field `channel`"],
    },
    Case {
        name: "empty arch",
        edits: &[(BUILD, Replace("\"noarch\"", ""))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:2: `arch` is empty: name the platforms, or \"noarch\" for all",
        ],
    },
    Case {
        name: "arch that is none",
        edits: &[(BUILD, Replace("\"noarch\"", "\"../x\""))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:2: `../x` is not a platform: lower-case letters, digits and `_`, at most 40",
        ],
    },
    Case {
        name: "bad channel",
        edits: &[(BUILD, Replace("staged", "stabel"))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:1: unknown variant `stabel`, expected one of `staged`, `beta`, `stable` (did you mean `stable`?)",
        ],
    },
    Case {
        name: "bad version of DSM",
        edits: &[(BUILD, Replace("\"7.0-40000\"", "\"seven\""))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:3: `seven` is not a version of DSM such as `7.2-64570`",
        ],
    },
    Case {
        name: "bad digest",
        edits: &[(BUILD, Replace("md5 = \"", "md5 = \"x\" # \""))],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:9: `x` is not 128 bits in lower-case hexadecimal",
        ],
    },
    Case {
        name: "bad compatibility",
        edits: &[(
            "spkrepo.toml",
            Replace("\"same-major\"\n", "\"same-mayor\"\n"),
        )],
        problems: &[
            "spkrepo.toml:26: unknown variant `same-mayor`, expected `dsm7-boundary` or `same-major` (did you mean `same-major`?)",
        ],
    },
    Case {
        name: "bad version folder",
        edits: &[("packages/good/1.0-1", Move("packages/good/1 0"))],
        problems: &[
            "packages/good/1 0:1: `1 0` has the character ' ', which cannot be in a version (rename it)",
        ],
    },
    Case {
        name: "bad package folder",
        edits: &[("packages/good", Move("packages/con"))],
        problems: &[
            "packages/con:1: `con` cannot be a folder on every system, so it cannot be a package name (rename it)",
        ],
    },
    Case {
        name: "build file that is no id",
        edits: &[(BUILD, Move("packages/good/1.0-1/For DSM.toml"))],
        problems: &[
            "packages/good/1.0-1/For DSM.toml:1: `For DSM` is not a build id: lower-case letters, digits, `.`, `_` and `-` (rename it)",
        ],
    },
    Case {
        name: "missing release.toml",
        edits: &[(RELEASE, Remove)],
        problems: &[
            "packages/good/1.0-1/release.toml:1: the file is missing (write what the builds share there, or remove the folder)",
        ],
    },
    Case {
        name: "missing pointer",
        edits: &[(POINTER, Remove)],
        problems: &[
            "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk:1: the file is missing, though `dsm7.0-40000-noarch.toml` names it (restore the Git LFS pointer, or remove the build)",
        ],
    },
    Case {
        name: "pointer that is none",
        edits: &[(POINTER, Put(b"INFO\n"))],
        problems: &[
            "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk:1: the file is not a Git LFS pointer: line 1 should begin with `version https://git-lfs.github.com/spec/v1` (an SPK is committed as a Git LFS pointer: install git-lfs, or use `spkrepo add`)",
        ],
    },
    Case {
        name: "SPK instead of a pointer",
        edits: &[(POINTER, Size(100_000))],
        problems: &[
            "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk:1: the file is 100000 bytes long, too long for a Git LFS pointer (an SPK is committed as a Git LFS pointer: install git-lfs, or use `spkrepo add`)",
        ],
    },
    Case {
        name: "pointer that names other bytes",
        edits: &[(POINTER, Replace("size ", "size 1"))],
        problems: &[
            "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk:1: the pointer names [SHA256] of 15120 bytes, `dsm7.0-40000-noarch.toml` [SHA256] of 5120 bytes (released bytes never change: restore the two that belong together)",
        ],
    },
    Case {
        name: "not UTF-8",
        edits: &[(RELEASE, Put(b"[text]\n\ndescription = \"caf\xE9\"\n"))],
        problems: &[
            "packages/good/1.0-1/release.toml:3: the file is not UTF-8 (save the file as UTF-8)",
        ],
    },
    Case {
        name: "oversized document",
        edits: &[(RELEASE, Size(2 << 20))],
        problems: &[
            "packages/good/1.0-1/release.toml:1: the file is 2097152 bytes long, more than 1048576 (a document of the repository is a short text)",
        ],
    },
    Case {
        name: "oversized settings",
        edits: &[("spkrepo.toml", Size(2 << 20))],
        problems: &[
            "spkrepo.toml:1: the file is 2097152 bytes long, more than 1048576 (a document of the repository is a short text)",
        ],
    },
    Case {
        name: "format missing",
        edits: &[("spkrepo.toml", Replace("format = 1\n", ""))],
        problems: &["spkrepo.toml:1: missing field `format`"],
    },
    Case {
        name: "format that is no number",
        edits: &[("spkrepo.toml", Replace("format = 1\n", "format = \"1\"\n"))],
        problems: &["spkrepo.toml:2: invalid type: string \"1\", expected a number from 0"],
    },
    Case {
        name: "settings are a link",
        edits: &[
            ("other.toml", Put(b"format = 1\n")),
            ("spkrepo.toml", Link("other.toml")),
        ],
        problems: &[
            "spkrepo.toml:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "people are a link",
        edits: &[("maintainers.toml", Link("spkrepo.toml"))],
        problems: &[
            "maintainers.toml:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "release.toml is a link",
        edits: &[(RELEASE, Link("../package.toml"))],
        problems: &[
            "packages/good/1.0-1/release.toml:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "build is a link",
        edits: &[(
            "packages/good/1.0-1/dsm7.0-40000-x86_64.toml",
            Link("dsm7.0-40000-noarch.toml"),
        )],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-x86_64.toml:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "pointer is a link",
        edits: &[(POINTER, Link("/etc/passwd"))],
        problems: &[
            "packages/good/1.0-1/good_1.0-1_dsm7.0-40000-noarch.spk:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "release is a link",
        edits: &[("packages/good/1.0-2", Link("1.0-1"))],
        problems: &[
            "packages/good/1.0-2:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "package is a link",
        edits: &[("packages/better", Link("good"))],
        problems: &[
            "packages/better:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "packages are a link",
        edits: &[
            ("packages", Move("elsewhere")),
            ("packages", Link("elsewhere")),
        ],
        problems: &[
            "packages:1: this is a symbolic link or a submodule, which is not followed (put the file or folder itself there)",
        ],
    },
    Case {
        name: "duplicate key",
        edits: &[(
            BUILD,
            Replace(
                "channel = \"staged\"\n",
                "channel = \"staged\"\nchannel = \"beta\"\n",
            ),
        )],
        problems: &["packages/good/1.0-1/dsm7.0-40000-noarch.toml:2: duplicate key"],
    },
    Case {
        name: "duplicate table",
        edits: &[(
            "maintainers.toml",
            Put(b"[people.a]\nname = \"A\"\n[people.a]\nname = \"B\"\n"),
        )],
        problems: &["maintainers.toml:3: duplicate key"],
    },
    Case {
        name: "merge conflict",
        edits: &[(
            BUILD,
            Replace(
                "channel = \"staged\"\n",
                "<<<<<<< HEAD\nchannel = \"staged\"\n=======\nchannel = \"beta\"\n>>>>>>> other\n",
            ),
        )],
        problems: &[
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:1: key with no value, expected `=`",
        ],
    },
    Case {
        name: "several broken files",
        edits: &[
            ("spkrepo.toml", Replace("channel =", "chanel =")),
            ("maintainers.toml", Put(b"x = 1\n")),
            ("packages/good/package.toml", Put(b"x = 1\n")),
            (RELEASE, Put(b"x = 1\n")),
            (BUILD, Replace("staged", "stagd")),
            ("packages/second/package.toml", Put(b"=")),
        ],
        problems: &[
            "spkrepo.toml:13: unknown field `chanel`, expected `channel` (did you mean `channel`?)",
            "maintainers.toml:1: unknown field `x`, expected `people`",
            "packages/good/1.0-1/release.toml:1: unknown field `x`, expected one of `text`, `install`, `permissions`",
            "packages/good/1.0-1/dsm7.0-40000-noarch.toml:1: unknown variant `stagd`, expected one of `staged`, `beta`, `stable` (did you mean `staged`?)",
            "packages/good/package.toml:1: unknown field `x`, expected one of `maintainers`, `links`, `deprecated`, `exceptions` (did you mean `exceptions`?)",
            "packages/second/package.toml:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
        ],
    },
];

/// Makes a repository with one release, and an SPK to add.
fn repository() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("good.spk", &Spk::new("good", "1.0-1"));
    sandbox.spk("new.spk", &Spk::new("new", "1.0-1"));
    sandbox.run("add ../good.spk").success();
    sandbox
}

fn break_it(sandbox: &Sandbox, path: &str, edit: &Edit) {
    let file = sandbox.path("repo").join(path);
    let folder = |path: &std::path::Path| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable")
    };
    folder(&file);
    match edit {
        Link(target) => {
            let _ = fs::remove_file(&file);
            std::os::unix::fs::symlink(target, &file).expect("a file system with links");
        }
        Move(to) => {
            fs::rename(&file, sandbox.path("repo").join(to)).expect("a path in the repository")
        }
        Put(bytes) => fs::write(&file, bytes).expect("writable"),
        Remove => fs::remove_file(&file).expect("a file of the repository"),
        Replace(from, to) => {
            let text = sandbox.read(path);
            assert_eq!(
                text.matches(from).count(),
                1,
                "{path} has `{from}` once:\n{text}"
            );
            sandbox.write(path, &text.replace(from, to));
        }
        Size(size) => fs::write(&file, "#".repeat(*size)).expect("writable"),
    }
}

fn commit(sandbox: &Sandbox, edits: &[(&str, Edit)]) {
    for (path, edit) in edits {
        break_it(sandbox, path, edit);
    }
    sandbox.git("add --all");
    sandbox.git("commit --quiet -m 'by hand'");
}

#[test]
fn each_broken_document_is_named_with_its_line_and_nothing_is_written() {
    let sandbox = repository();
    let sound = sandbox.head();
    for case in CASES {
        sandbox.git(&format!("reset --quiet --hard {sound}"));
        commit(&sandbox, case.edits);
        let head = sandbox.head();
        let objects = sandbox.git("count-objects");
        let lines: String = case
            .problems
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect();
        let expected = format!(
            "error: commit [COMMIT] has {} broken file(s)\n{lines}hint: mend the files and commit them, then try again\n",
            case.problems.len()
        );
        for command in ["list", "add ../new.spk", "promote good"] {
            let outcome = sandbox.run(command).failure(2).stdout("");
            assert_eq!(outcome.err(), expected, "{}: `{command}`", case.name);
            assert_eq!(
                (sandbox.head(), sandbox.status()),
                (head.clone(), String::new()),
                "{}",
                case.name
            );
            assert_eq!(sandbox.git("count-objects"), objects, "{}", case.name);
        }
    }
    sandbox.git(&format!("reset --quiet --hard {sound}"));
    sandbox.run("list").success().stderr("");
    let staged = sandbox.path("repo/.git/lfs/tmp");
    assert_eq!(fs::read_dir(staged).expect("a folder").count(), 0);
}

#[test]
fn a_newer_format_is_refused_whatever_else_it_has() {
    let sandbox = repository();
    commit(
        &sandbox,
        &[(
            "spkrepo.toml",
            Put(b"# of the future\nformat = 2\nnew = true\n"),
        )],
    );
    for command in ["list", "add ../new.spk", "promote good"] {
        sandbox.run(command).failure(2).stdout("").stderr(
            "error: spkrepo.toml:2: the repository has format 2, this spkrepo reads format 1\n\
             hint: install a newer spkrepo: this repository was made for it\n",
        );
    }
}

#[test]
fn a_repository_without_settings_is_no_package_source() {
    let sandbox = repository();
    commit(&sandbox, &[("spkrepo.toml", Remove)]);
    for command in ["list", "add ../new.spk", "promote good"] {
        sandbox.run(command).failure(2).stdout("").stderr(
            "error: commit [COMMIT] has no `spkrepo.toml`, so it is no package source\n\
             hint: make a package source here with `spkrepo init`, or name one with `--repo DIR`\n",
        );
    }
}

#[test]
fn a_pointer_that_git_lfs_writes_otherwise_is_accepted() {
    let sandbox = repository();
    let version = "version https://git-lfs.github.com/spec/v1\n";
    let text = sandbox
        .read(POINTER)
        .replace(version, &format!("{version}ext-0-case sha256:0\n"));
    sandbox.write(POINTER, &text.replace('\n', "\r\n"));
    commit(&sandbox, &[]);
    for command in ["list", "add ../new.spk", "promote good"] {
        sandbox.run(command).success();
    }
    assert_eq!(sandbox.status(), "");
}
