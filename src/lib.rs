//! spkrepo turns a git repository into a Synology package source.
//!
//! Metadata is TOML that people review, SPKs are Git LFS objects, every change is a commit, and `serve` answers Package
//! Center from the current commit.
//!
//! # Layers
//!
//! An arrow points to a lower number only; two modules of one layer do not import each other. A test enforces it.
//!
//! ```text
//! 10 main.rs
//! 9 cli/        one file per subcommand: arguments, rendering; error → exit code and hint
//! 8 http/       the server: front end, router, handlers, conditional requests
//! 7 ops/        one use case per file: typed input, typed report, prints nothing
//! 6 diff/ history/ lint/ site/       pure views over snapshots, or over what devices are offered of them
//! 5 catalog/    what each device is offered of a snapshot, and why
//! 4 repo/       Snapshot (reads one commit) and Change (what a Writer commits)
//! 3 transfer/   carries blobs between the store of this machine and remotes: S3, Git LFS, the web, folders
//! 2 git/ blob/ spk/ pgp/ web/        storage, formats, and a client for the web, ignorant of each other
//! 1 model/      typed names, versions, platforms, channels, TOML documents; no I/O
//! 0 base/       digests, atomic files, limits
//! ```
//!
//! # An SPK is added
//!
//! `ops::add` reads the file once: a tee feeds the SPK reader (`spk::read`) and the blob store (`blob::Incoming`),
//! which writes and hashes at the same time. The plan is made against a snapshot and refuses what contradicts it. Then
//! the blob gets its name, and only then `repo::Writer` makes the commit that names it. Killed at any instant, the
//! repository is at the old commit or at the new one: a journal tells the next writer what to finish in the working tree.
//!
//! # An SPK is uploaded
//!
//! `http::front` asks `http::upload` whether a body is welcome before it reads any of it: whose token it is says the commit
//! that is served. The body goes as it comes into what `add` does with a file. Then `ops::add::land_upload` plans the change
//! on the newest commit and asks for permission there, and the commit is the token's owner's. The writer takes a branch
//! that no working tree follows as well as the one that HEAD names.
//!
//! # git-lfs sends an object
//!
//! `http::lfs` says by the batch API where it goes, and makes what is here already young again, since a commit is about to
//! name it. The body comes the way of an upload, into a blob that gets its name once its digest is the one in its address.
//! No commit names it yet; the push that follows does, wherever the git repository is.
//!
//! # Another source is imported
//!
//! `ops::import` finds out what a source has, from the files of a folder or from what it tells devices, and goes through it
//! release by release: the bytes are brought (downloads stay in the git directory until they are in a commit), and
//! `ops::add` plans what can be taken and leaves out the rest with its reasons. The commit has the source's date for its author
//! and its committer and follows from nothing else but its parent, so that it does not matter how often the import was
//! interrupted. `mirror` then compares channels, and asks history which of the releases that are gone came from there.
//!
//! # A change is pushed
//!
//! With `--push`, `repo::push` asks the remote for its tip and plans the change on that (or on ours, when ours is newer).
//! The commit is written while no branch moves; its blobs are uploaded, to the remotes of spkrepo.toml or by git-lfs, it is
//! pushed, and then the branch and the working tree follow by the journal. Was somebody else faster, it begins again from
//! there. Commits are left to the `git` command, which knows everybody's credentials and proxies.
//!
//! # A blob is carried
//!
//! `transfer::open` makes remotes of what spkrepo.toml says. `transfer::fetch` writes what comes to a file that stays when the
//! line breaks (`blob::Partial`), and gives it its name when its SHA-256 is right; `transfer::send` hands a remote bytes of
//! which the last come only when all were found to be the blob's. What a remote needs to let us in comes from the `git`
//! command and from what `cli` has read of the environment.
//!
//! # An SPK goes to an object store
//!
//! `transfer::send` hands the blob to a remote as a reader that hashes and fails before its last byte when that is not the
//! blob: a request that was not whole leaves nothing behind. `transfer::s3` asks first whether the blob is there, then puts it
//! by one request, or in parts, each with a digest that the store compares. How far an upload in parts is, a file in the git
//! directory tells the next process, and the store what of it is true. Credentials come from `cli`, which alone reads the
//! environment; signatures are part of addresses, of which no message shows more than the path.
//!
//! # An SPK is signed
//!
//! `spk::layout` finds the contents that DSM signs; `pgp::Signer` signs them as they are read from the blob, and states the
//! digest of the whole unsigned SPK beside them, since names and modes are not part of what DSM signs. A time server, if
//! there is one, puts a message around the signature, which is checked before it is kept. `spk::splice` copies the SPK with the new member into the store, and one commit has the documents, the pointers and, when it is
//! new, the certificate. `ops::verify` goes the same way back and compares every byte.
//!
//! # A change is checked
//!
//! `ops::check` says which commit is looked at, the working tree being one that only this process sees, and what it is
//! compared with. `lint::Scope` then reads the packages that differ and no other; `lint::run` goes through them once for all
//! rules. Bytes of SPKs are read by `ops::check`, as `verify` reads them, and handed to the rules that want them.
//! Exceptions take away what they cover, and only for what is left the lines are counted.
//!
//! # A NAS asks for the catalog
//!
//! `http` takes the state that is being served by one atomic load. `catalog::select` judges the builds of every
//! package for the device and keeps the reason for each that it leaves out; `catalog::piece` turns what is left into
//! the JSON that this DSM knows. The bytes are kept; the next commit's are made of them and of the packages that it
//! touched, and have a new entity tag only when they differ.
//!
//! # Blobs are collected
//!
//! `ops::gc` lists the store, and then `repo::Named` reads what is named: `git::Reach` walks from all roots through commits,
//! trees and files, each once, and later only through what is new. Blobs without a name go in batches, each in a moment in
//! which neither spkrepo's writers nor git's can give a blob a name (`repo::Quiet` holds their locks), after the names were
//! read once more. Whoever wants a blob that is there already makes it young again (`StagedBlob::keep`).
//!
//! # Damage is found
//!
//! `ops::fsck` has git look at its own, reads every tip as `check` does, and then asks for each blob that anything names (with
//! what is damaged passed over) who has it whole: the local store by its bytes, remotes by their word and a sample's bytes.
//! Only with all of that known it is decided what is a fault. `fsck::repair` brings blobs here first, since what is whole here
//! can go to remotes, and deletes nothing that is the only copy.
//!
//! # A commit arrives
//!
//! A follower looks at the reference five times a second. `repo::load` parses the packages whose tree changed, takes the
//! others over, and the new snapshot is swapped in. A commit that does not parse is refused with all its problems, shown
//! in `/readyz`, and the one before it is served on. What was parsed is also kept in the git directory (`repo::cache`),
//! where the next start looks before it parses; the file may be removed at any time.
//!
//! With `--follow`, a second follower (`http::follow`) asks a remote now and then, and at once when a webhook says so. It
//! fetches into a reference of spkrepo's own, has git-lfs bring the SPKs, and only then moves the reference that the first
//! follower looks at.
//!
//! # A download is fetched
//!
//! Where SPKs need not be here, `http::downloads` promises the bytes: what can be answered without them, as HEAD and 304, is.
//! `transfer::cache` keeps the promise with a file that it has, or with a flight that brings it, one for all who ask. Room
//! is taken in its folder before the first byte comes, from what was used least recently. The front end sends what is there
//! of the file, each connection at its own pace, and holds the last byte of each answer back until the digest of the whole
//! is right: whoever has read something else is cut off, and gets the blob from another remote next time.

mod base;
mod blob;
mod catalog;
mod cli;
mod diff;
mod git;
mod history;
mod http;
mod lint;
mod model;
mod ops;
mod pgp;
mod repo;
mod site;
mod spk;
mod transfer;
mod web;

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run() -> std::process::ExitCode {
    cli::run()
}
