//! `unknown-language`.

use crate::lint::context::texts;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::nearest;

pub(super) const RULE: Rule = Rule {
    id: "unknown-language",
    severity: Severity::Warning,
    summary: "texts in a language that DSM does not have",
    explain: "DSM asks by codes of its own, of three letters: `enu`, `ger`, `fre`. Texts under another code, such as `en` or `deu`, \
        are shown to nobody. (Developer guide, \"INFO optional fields\".)",
    help: "use DSM's code of the language",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        for (path, text) in texts(package, release) {
            for code in text
                .languages
                .keys()
                .filter(|code| !LANGUAGES.contains(&code.as_str()))
            {
                let place = Place::key(&path, format!("text.languages.{code}"));
                let found = findings.add(place, format!("DSM has no language `{code}`"));
                if let Some(nearest) = nearest(code, LANGUAGES) {
                    found.help(format!("did you mean `{nearest}`?"));
                }
            }
        }
    })],
};

/// The 20 that the guide names, and Thai, which came later.
const LANGUAGES: [&str; 21] = [
    "chs", "cht", "csy", "dan", "enu", "fre", "ger", "hun", "ita", "jpn", "krn", "nld", "nor",
    "plk", "ptb", "ptg", "rus", "spn", "sve", "tha", "trk",
];

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn dsm_has_codes_of_its_own() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/release.toml";
        repo.append(path, "\n[text.languages.fre]\ndescription = \"a\"\n");
        assert_eq!(repo.findings("unknown-language"), [""; 0]);
        repo.append(path, "\n[text.languages.deu]\ndescription = \"a\"\n");
        assert_eq!(
            repo.findings("unknown-language"),
            [format!("{path}:13: DSM has no language `deu`")]
        );
    }
}
