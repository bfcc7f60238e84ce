//! A sound package source in a temporary folder, which a test then breaks.

use jiff::Timestamp;

use super::run::Outcome;
use super::scope::Scope;
use super::{Fix, Inside, Look, run};
use crate::base::digest::{Digests, ParallelHasher};
use crate::base::limits::Limits;
use crate::blob::Pointer;
use crate::git::CommitId;
use crate::model::doc::{BuildDoc, read};
use crate::repo::LoadError;
use crate::repo::testing::Source;

/// The source, and the commit that it is compared with.
pub(super) struct Repo {
    before: Option<CommitId>,
    now: Timestamp,
    source: Source,
}

/// A release that nothing is wrong with.
pub(super) const RELEASE: &str = "[text]
displayname = \"App\"
description = \"Does what apps do\"
maintainer_url = \"https://example.org/app\"
changelog = \"<ul><li>Fixed it</li></ul>\"

[permissions]
run_as = \"package\"
";

/// When tests run the rules.
const NOW: &str = "2026-06-01T12:00:00Z";

impl Repo {
    /// Makes a source with the package `app`, whose releases `1.0-1` and `2.0-1` have a build each.
    pub(super) fn sound() -> Self {
        let mut repo = Self {
            before: None,
            now: NOW.parse().expect("a time"),
            source: Source::new(),
        };
        repo.put(
            ".gitattributes",
            "*.spk filter=lfs diff=lfs merge=lfs -text\n",
        );
        repo.put("maintainers.toml", "[people.tess]\nname = \"Tess\"\n");
        repo.package("app");
        repo.release("app/1.0-1", RELEASE)
            .release("app/2.0-1", RELEASE);
        repo.build("app/1.0-1", "x86_64", "7.2-64570", "").build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            "",
        );
        repo
    }

    /// Sets the document of a package.
    pub(super) fn package(&mut self, name: &str) -> &mut Self {
        let path = format!("packages/{name}/package.toml");
        self.put(&path, "maintainers = [\"tess\"]\n")
    }

    /// Sets what the builds of a release share, and its icons.
    pub(super) fn release(&mut self, folder: &str, text: &str) -> &mut Self {
        self.put(&format!("packages/{folder}/release.toml"), text);
        self.icon(folder, 72, 72).icon(folder, 256, 256)
    }

    /// Sets an icon by the width that its name says, and the one that it has.
    pub(super) fn icon(&mut self, folder: &str, name: u32, width: u32) -> &mut Self {
        let size = [width.to_be_bytes(), width.to_be_bytes()].concat();
        let png = [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".as_slice(), &size].concat();
        self.put(&format!("packages/{folder}/icon_{name}.png"), png)
    }

    /// Sets a build on the channel `stable` and its pointer; `more` stands before `[spk]`, or replaces it from there.
    pub(super) fn build(
        &mut self,
        folder: &str,
        arch: &str,
        minimum: &str,
        more: &str,
    ) -> &mut Self {
        let id = format!("dsm{minimum}-{arch}");
        let seed = format!("{folder}{id}");
        let [sha256, md5] = [64, 32].map(|length| digits_of(&seed, length));
        let file = format!("{}_{id}.spk", folder.replace('/', "_"));
        let (keys, tables) = more.split_at(
            more.find('[')
                .filter(|start| more[..*start].ends_with('\n') || *start == 0)
                .unwrap_or(more.len()),
        );
        let tables = if tables.is_empty() {
            String::new()
        } else {
            format!("\n{tables}")
        };
        let text = format!(
            "channel = \"stable\"\narch = [\"{arch}\"]\nos_min_ver = \"{minimum}\"\n{keys}\n[spk]\nfile = \"{file}\"\n\
             size = 5120\nsha256 = \"{sha256}\"\nmd5 = \"{md5}\"\n{tables}"
        );
        self.put(&format!("packages/{folder}/{id}.toml"), text);
        self.point(&format!("packages/{folder}/{id}.toml"))
    }

    /// Writes the pointer that a build's document names.
    pub(super) fn point(&mut self, path: &str) -> &mut Self {
        let bytes = self.source.get(path).expect("a file of the source");
        let doc: BuildDoc = read(path, bytes).expect("a valid build");
        let pointer = Pointer {
            oid: doc.spk.sha256,
            size: doc.spk.size,
        };
        let folder = path.rsplit_once('/').expect("a path in a folder").0;
        let pointer_path = format!("{folder}/{}", doc.spk.file);
        self.put(&pointer_path, pointer.to_text())
    }

    /// Sets a file.
    pub(super) fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.source.put(path, bytes);
        self
    }

    /// Adds to the end of a file.
    pub(super) fn append(&mut self, path: &str, text: &str) -> &mut Self {
        let old = self.text(path);
        self.put(path, old + text)
    }

    /// Returns the text of a file.
    pub(super) fn text(&self, path: &str) -> String {
        let bytes = self.source.get(path).expect("a file of the source");
        String::from_utf8(bytes.to_vec()).expect("a text")
    }

    /// Replaces a text that is once in a file.
    #[track_caller]
    pub(super) fn replace(&mut self, path: &str, from: &str, to: &str) -> &mut Self {
        let text = self.text(path);
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {path}:\n{text}");
        self.put(path, text.replace(from, to))
    }

    /// Removes what is at and below a path.
    pub(super) fn remove(&mut self, start: &str) -> &mut Self {
        self.source.remove(start);
        self
    }

    /// Makes what is there now what the rest is compared with.
    pub(super) fn commit(&mut self) -> &mut Self {
        self.before = Some(self.source.commit());
        self
    }

    /// Runs the rules at another time.
    pub(super) fn at(&mut self, now: Timestamp) -> &mut Self {
        self.now = now;
        self
    }

    /// Says that the build of a release is signed by a key; the digits are repeated as often as it takes.
    pub(super) fn signed(&mut self, folder: &str, digits: &str) -> &mut Self {
        let fingerprint = digits.repeat(40 / digits.len());
        let table = format!(
            "[signature]\nfingerprint = \"{fingerprint}\"\ntime = \"2026-01-02T03:04:05Z\"\nunsigned_sha256 = \"{}\"\n",
            digits_of("unsigned", 64)
        );
        self.build(folder, "x86_64", "7.2-64570", &table)
    }

    /// Has the build of `2.0-1` state these bytes.
    pub(super) fn truthful(&mut self, spk: &[u8]) -> &mut Self {
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        let found = digests(spk);
        let text = self.text(path);
        let old: BuildDoc = read(path, text.as_bytes()).expect("a valid build");
        let text = text
            .replace(&old.spk.sha256.to_string(), &found.sha256.to_string())
            .replace(&old.spk.md5.to_string(), &found.md5.to_string())
            .replace("5120", &found.size.to_string());
        self.put(path, text).point(path)
    }

    /// Returns what a rule finds: `path:line: message`.
    #[track_caller]
    pub(super) fn findings(&self, rule: &str) -> Vec<String> {
        self.findings_with(rule, |_| Look::Unread)
    }

    /// Returns what a rule finds when SPKs have this inside.
    #[track_caller]
    pub(super) fn findings_with(&self, rule: &str, look: impl Fn(&str) -> Look) -> Vec<String> {
        assert!(super::RULES.iter().any(|known| known.id == rule), "{rule}");
        let findings = self.outcome(look).findings.into_iter();
        let of_rule = findings.filter(|finding| finding.rule == rule);
        of_rule
            .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.message))
            .collect()
    }

    /// Returns what a file would be once it is mended.
    #[track_caller]
    pub(super) fn fixed(&self, path: &str) -> Option<String> {
        let findings = self.outcome(|_| Look::Unread).findings.into_iter();
        let mut fixes = findings.filter_map(|finding| finding.fix);
        fixes.find_map(|fix| match fix {
            Fix::Write { bytes, path: of } if of == path => String::from_utf8(bytes).ok(),
            _ => None,
        })
    }

    /// Returns all that comes of a check.
    #[track_caller]
    pub(super) fn outcome(&self, look: impl Fn(&str) -> Look) -> Outcome {
        let (store, commit) = (&self.source.store, self.source.commit());
        let scope = match self.before {
            Some(before) => Scope::since(store, commit, before),
            None => Scope::whole(store, commit),
        };
        let scope = scope.expect("a package source");
        run::<LoadError>(store, &scope, self.now, |spot| Ok(look(&spot.path()))).expect("readable")
    }
}

/// Returns hexadecimal digits that follow from `seed` and look random.
fn digits_of(seed: &str, length: usize) -> String {
    let digest = crate::base::digest::Sha256::of(seed.as_bytes());
    digest.to_string()[..length].to_owned()
}

/// The members of the SPK that `app` 2.0-1 is.
pub(super) const SPK: &[(&str, &str)] = &[
    (
        "INFO",
        "package=app\nversion=2.0-1\nos_min_ver=7.2-64570\narch=x86_64\n",
    ),
    ("package.tgz", "payload"),
];

/// Returns an SPK of these members.
pub(super) fn spk(members: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<_> = members
        .iter()
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    crate::spk::write(&members).expect("memory takes everything")
}

fn digests(bytes: &[u8]) -> Digests {
    let mut hasher = ParallelHasher::new();
    hasher.update(bytes);
    hasher.finish()
}

/// Returns what is inside `bytes` for the build of `version`, and nothing of other builds.
pub(super) fn looked_into(path: &str, version: &str, bytes: &[u8]) -> Look {
    if !path.contains(&format!("/{version}/")) {
        return Look::Unread;
    }
    Look::Read(Box::new(Inside {
        digests: digests(bytes),
        is_signed: false,
        outside: Vec::new(),
        signature_problems: Vec::new(),
        spk: crate::spk::read(bytes, &Limits::DEFAULT),
    }))
}

#[test]
fn nothing_is_wrong_with_a_sound_source() {
    let mut repo = Repo::sound();
    assert_eq!(repo.outcome(|_| Look::Unread).findings, []);
    assert_eq!(repo.outcome(|_| Look::Unread).unread, 2);
    repo.commit();
    repo.release("app/3.0-1", RELEASE)
        .build("app/3.0-1", "x86_64", "7.2-64570", "");
    let outcome = repo.outcome(|_| Look::Unread);
    assert_eq!(outcome.findings, []);
    assert_eq!((outcome.packages, outcome.builds), (1, 1));
}
