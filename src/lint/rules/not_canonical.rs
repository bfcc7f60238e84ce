//! `not-canonical`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lint::canonical::canonical;
use crate::lint::context::{Context, package_path, release_path};
use crate::lint::finding::{Findings, Fix, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::{BuildDoc, PackageDoc, ReleaseDoc};

pub(super) const RULE: Rule = Rule {
    id: "not-canonical",
    severity: Severity::Note,
    summary: "a document in another form than spkrepo writes it",
    explain: "The keys in one order, lists with one value in each line, one kind of quotes: then a diff shows what has changed \
        and nothing else, and two people who say the same write the same. Comments and blank lines are free. A document whose \
        comments would have no place in that form is left alone.",
    help: "let `spkrepo check --fix` write it anew; it keeps the comments",
    inputs: &[],
    checks: &[
        Check::Package(|context, package, findings| {
            look::<PackageDoc>(context, package_path(&package.name), findings);
        }),
        Check::Release(|context, package, release, findings| {
            look::<ReleaseDoc>(context, release_path(package, release), findings);
        }),
        Check::Build(|context, spot, findings| {
            look::<BuildDoc>(context, spot.path(), findings);
        }),
    ],
};

fn look<T: DeserializeOwned + Serialize>(
    context: &Context<'_>,
    path: String,
    findings: &mut Findings,
) {
    let Some(text) = context.text(&path) else {
        return;
    };
    let Some(canonical) = canonical::<T>(&text).filter(|canonical| *canonical != text) else {
        return;
    };
    let differs = text
        .lines()
        .zip(canonical.lines())
        .take_while(|(a, b)| a == b);
    let line = differs.count() + 1;
    let message =
        format!("the document is not in the form that spkrepo writes, from line {line} on");
    let bytes = canonical.into_bytes();
    findings
        .add(Place::file(&path), message)
        .line(line)
        .fix(Fix::Write { bytes, path });
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_document_has_one_form_beside_its_comments() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        let sound = repo.text(path);
        repo.put(
            path,
            format!(
                "# ours\n{}",
                sound.replace("\n[spk]", "\n\n# the bytes\n[spk]")
            ),
        );
        assert_eq!(repo.findings("not-canonical"), [""; 0]);
        repo.put(
            path,
            sound.replace("arch = [\"x86_64\"]", "arch = [ 'x86_64' ] # both"),
        );
        assert_eq!(
            repo.findings("not-canonical"),
            [format!(
                "{path}:2: the document is not in the form that spkrepo writes, from line 2 on"
            )]
        );
        let expected = sound.replace("[\"x86_64\"]", "[\"x86_64\"] # both");
        assert_eq!(repo.fixed(path), Some(expected));
    }
}
