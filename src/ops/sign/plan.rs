//! The commit: documents, pointers, and the certificate when it is new.

use super::{Action, AllMade, BuildOutcome, Made, Outcome, Report, Request, SignError, decided};
use crate::base::limits::Limits;
use crate::blob::Pointer;
use crate::model::doc::{BuildDoc, BuildEdit};
use crate::ops::words;
use crate::repo::{Build, Change, Keys, Landed, Message, Package, Release, Repository, Snapshot};

/// Plans to give the builds of `request` the bytes that were made of them.
pub(super) fn plan(
    repository: &Repository,
    snapshot: &Snapshot,
    request: &Request,
    action: &Action<'_>,
    made: &AllMade,
) -> Result<(Report, Change), SignError> {
    let (package, release, builds) = request.target.builds(snapshot, &request.filters)?;
    let mut planner = Planner {
        change: Change::default(),
        package,
        release,
        repository,
        snapshot,
    };
    let mut outcomes = Vec::new();
    let mut changed = Vec::new();
    for build in builds {
        let outcome = match decided(build, request, action) {
            Some(outcome) => outcome,
            None => planner.build(build, made, &mut changed)?,
        };
        outcomes.push(BuildOutcome {
            build: build.id.to_string(),
            platforms: words::platforms(&build.doc),
            range: words::range(&build.doc),
            outcome,
        });
    }
    if let Action::Sign { signer, .. } = action
        && !changed.is_empty()
    {
        let path = format!("{}/{}.asc", Keys::FOLDER, signer.certificate.fingerprint());
        if repository.store.find(snapshot.tree, &path)?.is_none() {
            planner.change.put(path, signer.certificate.to_text());
        }
    }
    planner.change.message = message(package, release, &changed, action);
    let report = Report {
        package: package.name.to_string(),
        version: release.version.to_string(),
        builds: outcomes,
        commit: None,
        diff: None,
        landed: Landed::default(),
    };
    Ok((report, planner.change))
}

struct Planner<'a> {
    change: Change,
    package: &'a Package,
    release: &'a Release,
    repository: &'a Repository,
    snapshot: &'a Snapshot,
}

impl<'a> Planner<'a> {
    fn build(
        &mut self,
        build: &'a Build,
        made: &AllMade,
        changed: &mut Vec<&'a BuildDoc>,
    ) -> Result<Outcome, SignError> {
        let made = made.get(&build.doc.spk.sha256);
        let made = made.ok_or_else(|| SignError::Changed {
            build: format!(
                "{} {} ({})",
                self.package.name, self.release.version, build.id
            ),
        })?;
        let Some(made) = made else {
            return Ok(Outcome::NotSigned);
        };
        self.put(build, made)?;
        changed.push(&build.doc);
        let sha256 = made.digests.sha256;
        Ok(match &made.signature {
            Some(signature) => Outcome::Signed {
                fingerprint: signature.fingerprint.clone(),
                sha256,
                timestamped_by: made.timestamped_by.clone(),
            },
            None => Outcome::Unsigned { sha256 },
        })
    }

    fn put(&mut self, build: &Build, made: &Made) -> Result<(), SignError> {
        let (package, version) = (&self.package.name, &self.release.version);
        let path = Build::path(package, version, &build.id);
        let store = &self.repository.store;
        let bytes = store
            .read_path(self.snapshot.tree, &path, Limits::DEFAULT.document)?
            .expect("the snapshot read this document from this tree");
        let mut edit = BuildEdit::new(&path, &String::from_utf8_lossy(&bytes))?;
        edit.set_bytes(&made.digests);
        edit.set_signature(made.signature.as_ref());
        self.change.put(path, edit.finish());
        let pointer = Pointer {
            oid: made.digests.sha256,
            size: made.digests.size,
        };
        let folder = Release::folder(package, version);
        let file = format!("{folder}/{}", build.doc.spk.file);
        self.change.put(file, pointer.to_text());
        Ok(())
    }
}

fn message(
    package: &Package,
    release: &Release,
    changed: &[&BuildDoc],
    action: &Action<'_>,
) -> Message {
    let (verb, by) = match action {
        Action::Sign { signer, .. } => ("sign", Some(signer.certificate.fingerprint())),
        Action::Unsign { .. } => ("unsign", None),
    };
    let mut trailers = vec![
        ("Action", verb.to_owned()),
        ("Package", package.name.to_string()),
        ("Version", release.version.to_string()),
    ];
    let id = |doc: &&BuildDoc| ("Build", doc.derived_id().to_string());
    trailers.extend(changed.iter().map(id));
    let line = |doc: &&BuildDoc| format!("- {}, {}", words::platforms(doc), words::range(doc));
    Message {
        body: by
            .map(|by| format!("By {by}."))
            .into_iter()
            .chain(changed.iter().map(line))
            .collect(),
        subject: format!(
            "{verb} {} {} ({})",
            package.name,
            release.version,
            words::builds(changed)
        ),
        trailers,
    }
}
