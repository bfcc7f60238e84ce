//! `signature-required`.

use crate::lint::rule::{Check, Input, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "signature-required",
    severity: Severity::Error,
    summary: "an unsigned build on a channel where only signed ones belong",
    explain: "`[signing] required` in `spkrepo.toml` names channels. `promote` keeps to it; an edit by hand, or a change of that \
        setting, does not.",
    help: "sign it with `spkrepo sign`, or move it to another channel",
    inputs: &[Input::Settings],
    checks: &[Check::Build(|context, spot, findings| {
        let doc = &spot.build.doc;
        let required = &context.view.snapshot.settings.signing.required;
        let Some(channel) = spot.build.offered_on() else {
            return;
        };
        if required.contains(&channel) && doc.signature.is_none() {
            let message = format!(
                "the build is on `{channel}`, where only signed ones belong, and is not signed"
            );
            findings.add(spot.key("channel"), message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_channel_may_ask_for_signatures() {
        let mut repo = Repo::sound();
        repo.commit();
        repo.put(
            "spkrepo.toml",
            "format = 1\n[signing]\nrequired = ['beta']\n",
        );
        assert_eq!(repo.findings("signature-required"), [""; 0]);
        repo.put(
            "spkrepo.toml",
            "format = 1\n[signing]\nrequired = ['stable']\n",
        );
        let place = |version| format!("packages/app/{version}/dsm7.2-64570-x86_64.toml:1");
        let says = "the build is on `stable`, where only signed ones belong, and is not signed";
        assert_eq!(
            repo.findings("signature-required"),
            ["1.0-1", "2.0-1"].map(|version| format!("{}: {says}", place(version))),
            "also of what has not changed, since the setting has"
        );
    }
}
