//! What to do about an error. Every command in here is parsed by a test.

pub(super) const ADD_IDENTITY: &str = "tell git who you are: `git config --global user.name NAME` and `git config --global user.email ADDRESS`";
pub(super) const ADD_MAINTAINER: &str =
    "`spkrepo maintainer add PERSON --name NAME --role ROLE` adds a person";
pub(super) const ADD_REMOTE: &str =
    "name one: `spkrepo push REMOTE`, or `git remote add origin ADDRESS` for good";
pub(super) const ALLOW_MISSING: &str = "`git lfs fetch --all` brings SPKs that the remote has; with those that nobody has any more, `spkrepo rollback --allow-missing PACKAGE@VERSION` would offer what no NAS can download";
pub(super) const ADD_STAGED: &str = "take it in with `spkrepo add --channel staged FILE`, then `spkrepo sign PACKAGE@VERSION --key FILE` and `spkrepo promote PACKAGE@VERSION --to CHANNEL`; an SPK signed elsewhere needs its certificate under keys/";
pub(super) const BLOBS_FIRST: &str = "nothing was changed; `spkrepo blob push` shows what each remote of spkrepo.toml says, and `--no-blobs` leaves the upload to somebody else";
pub(super) const CARRY_AGAIN: &str =
    "mend the cause and run the command again: what was carried stays, and what was begun goes on";
pub(super) const CHECKOUT_BRANCH: &str = "switch to a branch first: `git switch BRANCH`";
pub(super) const COMMIT_FIRST: &str =
    "commit, stash or undo that change first (`git status` shows it); nothing was written";
pub(super) const CONFIG: &str =
    "`spkrepo config` shows each setting and where its value comes from";
pub(super) const CONTENDED: &str =
    "try again when the other writers have finished; nothing was lost";
pub(super) const CREDENTIAL_HELPER: &str =
    "leave the password to a credential helper (`git help credentials`), or use ssh";
pub(super) const DESCRIBE_DEVICE: &str =
    "describe the device, for example `spkrepo explain PACKAGE --model DS918+ --dsm 7.2`";
pub(super) const DOCUMENTS: &str = "mend the files and commit them, then try again";
pub(super) const EDIT_MAINTAINERS: &str =
    "edit `maintainers.toml` to change what is known of a person, and commit it";
pub(super) const EXPORT_CERTIFICATE: &str =
    "export the public part: `gpg --armor --export KEY`; secret keys belong in no repository";
pub(super) const EXPORT_SECRET: &str =
    "export it with `gpg --armor --export-secret-keys KEY`, outside of the repository";
pub(super) const EXPORT_ELSEWHERE: &str = "name a folder that is not there yet or that an export made, such as `spkrepo export --output site`; other files belong elsewhere";
pub(super) const EXPORT_MISSING: &str =
    "`spkrepo blob pull` brings blobs; `--download-url URL` needs none: links lead there";
pub(super) const EXPORT_URL: &str =
    "name it with `--url URL`, or by `url` under [export] or [repository] of spkrepo.toml";
pub(super) const FINISH: &str =
    "mend the cause and run the command again: it brings the working tree to that commit";
pub(super) const FORCE_UNSIGN: &str =
    "raise the version instead, or use `spkrepo unsign --force PACKAGE@VERSION`";
pub(super) const FETCH_ALL: &str = "a shallow clone lacks the history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout; or name both commits, `spkrepo diff A B`";
pub(super) const DAMAGED_BLOB: &str = "`spkrepo blob status` shows which places have it; a whole copy is put in its place by `spkrepo blob pull` once the damaged file is away";
pub(super) const DEEPEN: &str = "a shallow clone lacks the history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout";
pub(super) const FSCK_REPAIR: &str =
    "`spkrepo fsck --repair` puts in order what has a whole copy elsewhere";
pub(super) const GC_DELETE: &str = "`spkrepo gc --delete` deletes it";
pub(super) const GC_NAMED: &str =
    "whoever published it has it: `spkrepo blob push` there uploads it again";
pub(super) const GC_REMOTE: &str =
    "leave younger blobs: `spkrepo gc --remote NAME --older-than 14d`";
pub(super) const GC_THERE: &str = "collect it there: `spkrepo gc` in that repository";
pub(super) const GC_OUTSIDE: &str =
    "`spkrepo gc --delete --outside` collects it, when no other repository uses it";
pub(super) const IMPORT_NARROWLY: &str =
    "name platforms and versions of DSM that are known, or leave both options out to ask for all";
pub(super) const IMPORT_SOURCE: &str = "give the address that people enter in Package Center, such as `https://packages.example.org`; `spkrepo import FOLDER` takes a folder";
pub(super) const IMPORT_AGAIN: &str =
    "run the same command again: it goes on where it stopped, and downloads nothing twice";
pub(super) const INIT: &str =
    "make a package source here with `spkrepo init`, or name one with `--repo DIR`";
pub(super) const INSTALL_LFS: &str =
    "install git-lfs, or check without `--blobs`: what needs no SPKs is checked anyway";
pub(super) const INSTALL_GPG: &str =
    "install GnuPG, or sign with a key in a file: `spkrepo sign PACKAGE@VERSION --key FILE`";
pub(super) const INSTALL_LFS_TO_PUSH: &str = "install git-lfs; with `--no-blobs` the commits go alone, and `git lfs push --all REMOTE` must have been run elsewhere";
pub(super) const KEEP_TEXTS: &str = "raise the version if the texts are meant to change, or use `spkrepo add --keep-texts FILE` to keep the release's";
pub(super) const LIST_TOKENS: &str = "`spkrepo token list` shows the tokens";
pub(super) const LOCKED: &str = "wait for the other process; if none is running, delete that file";
pub(super) const LOCK_TIMEOUT: &str =
    "try again when it has finished, or wait longer with `--lock-timeout 10min`";
pub(super) const MEND_REFERENCE: &str = "`git reflog` shows what it named; `git update-ref` names it again, or `git update-ref -d` removes it";
pub(super) const METRICS_LISTEN: &str = "`spkrepo serve --metrics-listen 127.0.0.1:9100` answers /healthz without TLS as well; give this command the same";
pub(super) const NAME_BASE: &str = "name the commit to compare with: `spkrepo diff A`";
pub(super) const LIST_GPG_KEYS: &str = "`gpg --list-secret-keys` shows the keys that it has";
pub(super) const NAME_BLOB_REMOTE: &str =
    "`[[blobs.remote]]` in spkrepo.toml, with `name` and `url`, adds a place for SPKs";
pub(super) const NAME_GPG_KEY: &str =
    "name one of them: `spkrepo sign PACKAGE@VERSION --gpg FINGERPRINT`";
pub(super) const NAME_PASSPHRASE: &str = "name a file with it by `--passphrase-file` or SPKREPO_PASSPHRASE_FILE, or a descriptor by `--passphrase-fd`";
pub(super) const NAME_PLATFORM: &str =
    "name its platform with `--arch`; a NAS sends it in each request";
pub(super) const NEWER_FORMAT: &str = "install a newer spkrepo: this repository was made for it";
pub(super) const NO_BLOBS: &str = "nothing was pushed; a remote without Git LFS needs a store of its own (`git config lfs.url ADDRESS`), or `--no-blobs`";
pub(super) const PROMOTE: &str = "`spkrepo promote PACKAGE@VERSION` offers it on the next channel";
pub(super) const PRUNE_BRANCH: &str = "delete it when it was merged or is not wanted (`git branch -D BRANCH`), or name another one: `spkrepo prune-releases --commit --branch NAME`";
pub(super) const PRUNE_COMMIT: &str =
    "`spkrepo prune-releases --commit` puts that on a branch of its own, for review";
pub(super) const PULL_AND_LOOK: &str = "nothing was changed; `spkrepo pull` brings those commits here, and `spkrepo log PACKAGE` shows them";
pub(super) const PULL_BY_GIT: &str = "`git pull --rebase` brings such files";
pub(super) const PULL_BY_HAND: &str =
    "nothing was changed; `git pull --rebase` goes through it commit by commit";
pub(super) const PULL_DIVERGED: &str = "`spkrepo pull` makes your commits again on top of theirs (so does `git pull --rebase`); nothing was changed";
pub(super) const PULL_LATER: &str = "mend the cause, then `spkrepo pull`";
pub(super) const PULL_REQUEST: &str = "nothing was changed here; where a branch takes pull requests only, leave out `--push`, then `git push REMOTE HEAD:refs/heads/BRANCH`";
pub(super) const RAISE_BUILD: &str = "released bytes never change: raise the number after the last `-` of the version and build again";
pub(super) const RANDOM_SECRET: &str =
    "make one with `openssl rand -hex 32`, and give the same to the git host";
pub(super) const REPLACE_STAGED: &str = "nobody was offered it yet: `spkrepo add --replace FILE` replaces it, or raise the number after the last `-` of the version";
pub(super) const REVOKE_TOKEN: &str =
    "choose another label, or revoke that one first: `spkrepo token revoke PERSON LABEL`";
pub(super) const RIVAL: &str = "give one of the two another minimum DSM or other platforms; a device must have exactly one best build";
pub(super) const RULES: &str = "`spkrepo check --rules` lists the rules";
pub(super) const SIGN: &str = "`spkrepo sign PACKAGE@VERSION --key FILE` signs it; an SPK signed elsewhere needs its certificate under keys/ before it is added";
pub(super) const SPKS: &str =
    "name files that end in `.spk`, a folder of them, or `-` for standard input";
pub(super) const TRUST_TIME_SERVER: &str = "commit the time server's certificate under keys/timestamp/, or name it with `--timestamp-key FILE`; nothing was written";
pub(super) const UNSIGN: &str =
    "`spkrepo unsign PACKAGE@VERSION` takes the signature out; then it can be signed";
pub(super) const UNYANK: &str = "`spkrepo unyank PACKAGE@VERSION` takes the yank back";
pub(super) const UPLOAD_TO: &str = "`spkrepo serve --upload --upload-to branch:NAME` puts uploads on a branch, which begins at the commit that is served";
pub(super) const WHOLE_HISTORY: &str = "a clone without its whole history does not know which SPKs it names: `git fetch --unshallow` or `git fetch --refetch --no-filter` brings it; `git fsck` shows damage";
pub(super) const WITHOUT_TIME_SERVER: &str = "nothing was written; without `--timestamp-url` the signature is stored as it is, which DSM installs when Package Center trusts any publisher";
pub(super) const YANK: &str =
    "`spkrepo yank PACKAGE@VERSION --reason TEXT` withdraws a release from every channel";

/// Every hint of this file.
#[cfg(test)]
pub(super) const ALL: [&str; 76] = [
    BLOBS_FIRST,
    CARRY_AGAIN,
    DAMAGED_BLOB,
    NAME_BLOB_REMOTE,
    IMPORT_AGAIN,
    IMPORT_NARROWLY,
    IMPORT_SOURCE,
    PULL_REQUEST,
    RANDOM_SECRET,
    PULL_BY_HAND,
    PULL_LATER,
    PULL_DIVERGED,
    PULL_BY_GIT,
    PULL_AND_LOOK,
    NO_BLOBS,
    LOCK_TIMEOUT,
    INSTALL_LFS_TO_PUSH,
    CREDENTIAL_HELPER,
    ADD_REMOTE,
    ADD_IDENTITY,
    ADD_MAINTAINER,
    ADD_STAGED,
    ALLOW_MISSING,
    CHECKOUT_BRANCH,
    COMMIT_FIRST,
    CONFIG,
    CONTENDED,
    DEEPEN,
    DESCRIBE_DEVICE,
    DOCUMENTS,
    EDIT_MAINTAINERS,
    EXPORT_CERTIFICATE,
    EXPORT_ELSEWHERE,
    EXPORT_MISSING,
    EXPORT_SECRET,
    EXPORT_URL,
    FETCH_ALL,
    FINISH,
    FORCE_UNSIGN,
    FSCK_REPAIR,
    GC_DELETE,
    GC_NAMED,
    GC_REMOTE,
    GC_THERE,
    GC_OUTSIDE,
    INIT,
    INSTALL_GPG,
    INSTALL_LFS,
    KEEP_TEXTS,
    LIST_GPG_KEYS,
    LIST_TOKENS,
    LOCKED,
    MEND_REFERENCE,
    METRICS_LISTEN,
    NAME_BASE,
    NAME_GPG_KEY,
    NAME_PASSPHRASE,
    NAME_PLATFORM,
    NEWER_FORMAT,
    PROMOTE,
    PRUNE_BRANCH,
    PRUNE_COMMIT,
    RAISE_BUILD,
    REPLACE_STAGED,
    REVOKE_TOKEN,
    RIVAL,
    RULES,
    SIGN,
    SPKS,
    TRUST_TIME_SERVER,
    UNSIGN,
    UNYANK,
    UPLOAD_TO,
    WHOLE_HISTORY,
    WITHOUT_TIME_SERVER,
    YANK,
];
