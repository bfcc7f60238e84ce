//! The working tree as if it were committed, for commands that look at what a person is about to commit.

use std::io;
use std::path::Path;

use fs_err as fs;

use super::{OpenError, Repository};
use crate::base::digest::Sha256;
use crate::blob::Pointer;
use crate::git::CommitId;

/// What belongs to the package source.
const PATHS: [&str; 6] = [
    ".gitattributes",
    ".lfsconfig",
    "keys",
    "maintainers.toml",
    "packages",
    "spkrepo.toml",
];

impl Repository {
    /// Returns the working tree as a commit on top of HEAD, in a repository that has it, or nothing when all that belongs to
    /// the package source is committed. Nothing of this repository is written to.
    ///
    /// An SPK that git-lfs has laid out counts as its pointer.
    pub(crate) fn uncommitted(&self) -> Result<Option<(Self, CommitId)>, OpenError> {
        match self.store.uncommitted(&PATHS, &pointer_of_spk)? {
            Some((store, commit)) => Ok(Some((Self::new(store)?, commit))),
            None => Ok(None),
        }
    }
}

/// Returns the pointer to what is in `file`, when that is the SPK itself.
fn pointer_of_spk(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let is_spk = file
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("spk"));
    if !is_spk {
        return Ok(None);
    }
    let size = fs::metadata(file)?.len();
    if size <= Pointer::MAX_BYTES && Pointer::parse(&fs::read(file)?).is_ok() {
        return Ok(None);
    }
    let oid = Sha256::of_stream(fs::File::open(file)?)?;
    Ok(Some(Pointer { oid, size }.to_text().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;
    use crate::git::Store;
    use crate::repo::load;

    const POINTER: &str = "packages/a/1/a.spk";

    struct Tree(TempDir);

    impl Tree {
        /// Commits the settings, a file of a package and the pointer to an SPK with the bytes `spk`.
        fn new() -> Self {
            let tree = Self(tempfile::tempdir().expect("a temporary folder"));
            tree.git("init --quiet");
            let (oid, size) = (Sha256::of(b"spk"), 3);
            tree.write("spkrepo.toml", "format = 1\n")
                .write("packages/a/package.toml", "# first\n")
                .write(POINTER, &Pointer { oid, size }.to_text())
                .write(".gitignore", "*.orig\n");
            tree.git("add .");
            tree.git("-c user.name=Tess -c user.email=t@example.org commit --quiet -m first");
            tree
        }

        fn git(&self, line: &str) -> String {
            let output = Command::new("git")
                .current_dir(self.0.path())
                .args(line.split(' '))
                .output()
                .expect("git is needed");
            assert!(output.status.success(), "git {line}: {output:?}");
            String::from_utf8(output.stdout).expect("UTF-8")
        }

        fn write(&self, path: &str, text: &str) -> &Self {
            let file = self.0.path().join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, text).expect("a file");
            self
        }

        fn repository(&self) -> Repository {
            Repository::open(self.0.path()).expect("a repository")
        }

        /// Returns what differs from HEAD: the path, and what is there now.
        fn differences(&self) -> Vec<(String, Option<String>)> {
            let repository = self.repository();
            let head = repository.commit(None).expect("a commit");
            let Some((repository, commit)) = repository.uncommitted().expect("readable") else {
                return Vec::new();
            };
            let store: &Store = &repository.store;
            let [old, new] = [head, commit].map(|commit| store.root(commit).expect("a commit"));
            let changed = store
                .changed_paths(Some(old), new, "packages")
                .expect("two trees");
            let text = |path: &str| {
                let bytes = store.read_path(new, path, 1 << 20).expect("readable");
                bytes.map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
            };
            changed
                .into_iter()
                .map(|change| (change.path.clone(), text(&change.path)))
                .collect()
        }
    }

    fn change(path: &str, text: &str) -> (String, Option<String>) {
        (path.to_owned(), Some(text.to_owned()))
    }

    fn gone(path: &str) -> (String, Option<String>) {
        (path.to_owned(), None)
    }

    #[test]
    fn a_clean_tree_has_nothing_to_look_at() {
        let tree = Tree::new();
        assert_eq!(tree.differences(), []);
        tree.write("notes.txt", "of no package source")
            .write("packages/a/x.orig", "ignored");
        assert_eq!(tree.differences(), []);
    }

    #[test]
    fn staged_or_not_it_is_what_is_in_the_working_tree() {
        let tree = Tree::new();
        tree.write("packages/a/package.toml", "# second\n");
        let second = [change("packages/a/package.toml", "# second\n")];
        assert_eq!(tree.differences(), second);
        tree.git("add .");
        assert_eq!(tree.differences(), second);
        tree.write("packages/a/package.toml", "# first\n");
        assert_eq!(tree.differences(), []);
    }

    #[test]
    fn files_that_come_and_go_do_so_with_their_folders() {
        let tree = Tree::new();
        tree.write("packages/b/1/new.toml", "new");
        fs::remove_dir_all(tree.0.path().join("packages/a")).expect("a folder");
        let expected = [
            gone("packages/a/1/a.spk"),
            gone("packages/a/package.toml"),
            change("packages/b/1/new.toml", "new"),
        ];
        assert_eq!(tree.differences(), expected);
    }

    #[test]
    fn an_spk_that_git_lfs_laid_out_is_its_pointer() {
        let tree = Tree::new();
        tree.write(POINTER, "spk");
        assert_eq!(tree.differences(), []);
        tree.write(POINTER, "other");
        let (oid, size) = (Sha256::of(b"other"), 5);
        let pointer = Pointer { oid, size }.to_text();
        assert_eq!(tree.differences(), [change(POINTER, &pointer)]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_a_link_and_nothing_is_read_through_one() {
        let tree = Tree::new();
        let folder = tree.0.path();
        fs::create_dir(folder.join("elsewhere")).expect("a folder");
        tree.write("elsewhere/package.toml", "# theirs\n");
        fs::remove_dir_all(folder.join("packages/a")).expect("a folder");
        fs::os::unix::fs::symlink("../elsewhere", folder.join("packages/a")).expect("a link");
        let (repository, commit) = tree
            .repository()
            .uncommitted()
            .expect("readable")
            .expect("something");
        let error = load(&repository.store, commit, None).expect_err("a link");
        let crate::repo::LoadError::Broken { problems, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(problems[0].path, "packages/a");
    }

    #[test]
    fn a_file_that_a_sparse_checkout_leaves_out_is_not_gone() {
        let tree = Tree::new();
        tree.git("sparse-checkout set --no-cone /spkrepo.toml");
        assert!(!tree.0.path().join(POINTER).exists());
        assert_eq!(tree.differences(), []);
    }

    #[test]
    fn neither_the_index_nor_the_objects_are_written_to() {
        let tree = Tree::new();
        let state = || {
            let index = fs::read(tree.0.path().join(".git/index")).expect("an index");
            (index, tree.git("count-objects -v"), tree.git("reflog"))
        };
        let before = state();
        tree.write("packages/b/package.toml", "");
        assert_eq!(tree.differences(), [change("packages/b/package.toml", "")]);
        assert_eq!(state(), before);
    }

    #[test]
    fn a_bare_repository_has_no_working_tree() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::init(folder.path(), true).expect("a new repository");
        let repository = Repository::new(store).expect("a repository");
        assert!(repository.uncommitted().expect("readable").is_none());
    }
}
