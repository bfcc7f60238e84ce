//! `lfs-fetch-fails`.

use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::{BlobPlace, BlobRemoteDoc};

pub(super) const RULE: Rule = Rule {
    id: "lfs-fetch-fails",
    severity: Severity::Warning,
    summary: "SPKs are in places that git-lfs does not know, and `git clone` would ask for them",
    explain: "When `[[blobs.remote]]` names places and none of them is a Git LFS server, `--push` uploads the SPKs there and nowhere else. \
        A clone with git-lfs then looks for them at the git host and fails at checkout, unless `.lfsconfig` tells it to leave the \
        pointers as they are; `spkrepo blob pull` brings the SPKs.",
    help: "commit a file `.lfsconfig` with `[lfs]` and `fetchexclude = *`, or name the git host's own store too: `url = \"lfs\"`",
    inputs: &[],
    checks: &[Check::Source(|context, findings| {
        let blobs = &context.view.snapshot.settings.blobs;
        let is_lfs = |remote: &BlobRemoteDoc| matches!(remote.place, BlobPlace::Lfs(_));
        if !blobs.has_writable() || blobs.remote.iter().any(is_lfs) {
            return;
        }
        let text = context.text(".lfsconfig").unwrap_or_default();
        // git-config(1): names of keys have no case.
        let excludes = |line: &str| {
            let stated = line.split_once('=');
            stated.is_some_and(|(key, value)| {
                key.trim().eq_ignore_ascii_case("fetchexclude") && !value.trim().is_empty()
            })
        };
        if !text.lines().any(excludes) {
            findings.add(
                Place::file("spkrepo.toml"),
                "no place of [[blobs.remote]] is a Git LFS server, and .lfsconfig excludes nothing from fetching",
            );
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    const DISK: &str =
        "format = 1\n\n[[blobs.remote]]\nname = \"a\"\nurl = \"file:///srv/blobs\"\n";
    const FOUND: &str = "spkrepo.toml:1: no place of [[blobs.remote]] is a Git LFS server, and .lfsconfig excludes nothing \
                         from fetching";

    #[test]
    fn clones_do_not_ask_the_git_host_for_spks_that_are_elsewhere() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("lfs-fetch-fails"), [""; 0]);
        repo.put("spkrepo.toml", DISK);
        assert_eq!(repo.findings("lfs-fetch-fails"), [FOUND]);
        repo.put(".lfsconfig", "[lfs]\n\tfetchexclude =\n");
        assert_eq!(repo.findings("lfs-fetch-fails"), [FOUND]);
        repo.put(".lfsconfig", "[lfs]\n\tfetchExclude = *\n");
        assert_eq!(repo.findings("lfs-fetch-fails"), [""; 0]);
    }

    #[test]
    fn where_a_lfs_server_is_among_them_or_all_are_read_only_git_lfs_has_the_spks() {
        let mut repo = Repo::sound();
        for more in [
            "read_only = true\n",
            "[[blobs.remote]]\nname = \"b\"\nurl = \"lfs\"\n",
        ] {
            repo.put("spkrepo.toml", format!("{DISK}{more}"));
            assert_eq!(repo.findings("lfs-fetch-fails"), [""; 0], "{more}");
        }
    }
}
