//! `permissions-drift`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "permissions-drift",
    severity: Severity::Error,
    summary: "an SPK that may do more than its document states",
    explain: "Reviewers judge `[permissions]`. What counts on a NAS is conf/privilege and conf/resource inside the SPK: a user to \
        run as, programs as root or workers that are in the SPK and not in the document were reviewed by nobody.",
    help: "state what the SPK may do, and have that reviewed",
    inputs: &[],
    checks: &[Check::Spk(|_, spot, inside, findings| {
        let Ok(spk) = &inside.spk else {
            return;
        };
        let (has, stated) = (spk.sections().permissions, &spot.build.permissions);
        let own = &spot.build.doc.permissions;
        if has.run_as.is_some() && has.run_as != stated.run_as {
            let shown = |user: &Option<String>| user.clone().unwrap_or_else(|| "nobody".to_owned());
            let message = format!(
                "the SPK runs as `{}`, the document says `{}`",
                shown(&has.run_as),
                shown(&stated.run_as)
            );
            findings.add(
                spot.section_key(own.run_as.is_some(), "permissions.run_as"),
                message,
            );
        }
        for (key, is_own, has, stated) in [
            ("root", own.root.is_some(), &has.root, &stated.root),
            (
                "resources",
                own.resources.is_some(),
                &has.resources,
                &stated.resources,
            ),
        ] {
            let stated = stated.as_deref().unwrap_or_default();
            let more = has.iter().flatten().filter(|one| !stated.contains(one));
            for one in more {
                let message = format!("the SPK has `{one}`, which `{key}` does not state");
                findings.add(
                    spot.section_key(is_own, &format!("permissions.{key}")),
                    message,
                );
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn an_spk_may_do_what_its_document_states_and_no_more() {
        let repo = Repo::sound();
        let look = |privilege: &'static str| {
            let conf = [
                SPK[0],
                SPK[1],
                ("conf/privilege", privilege),
                ("conf/resource", "{\"port-config\": {}}"),
            ];
            move |at: &str| looked_into(at, "2.0-1", &spk(&conf))
        };
        let path = "packages/app/2.0-1/release.toml";
        let port = format!("{path}:7: the SPK has `port-config`, which `resources` does not state");
        let package = "{\"defaults\": {\"run-as\": \"package\"}}";
        assert_eq!(
            repo.findings_with("permissions-drift", look(package)),
            std::slice::from_ref(&port)
        );
        let root = "{\"defaults\": {\"run-as\": \"root\"}}";
        assert_eq!(
            repo.findings_with("permissions-drift", look(root)),
            [
                port,
                format!("{path}:8: the SPK runs as `root`, the document says `package`")
            ]
        );
    }
}
