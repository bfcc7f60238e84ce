//! `html-unsafe`.

use crate::lint::context::texts;
use crate::lint::finding::Place;
use crate::lint::html::faults;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "html-unsafe",
    severity: Severity::Error,
    summary: "a text that is more than a text once it is HTML",
    explain: "Package Center shows names, descriptions and the changelog as HTML, on a page of the NAS's administrator. Elements that \
        shape a text are let through with links to the web; scripts, pictures, forms, styles, handlers (`onclick`), other schemes \
        (`javascript:`) and comments are not, and neither is what is not closed and would swallow what follows. A `<` that begins \
        no tag is harmless.",
    help: "write it as plain text, or with simple elements such as `<b>`, `<br>`, `<ul>` and `<a href=…>`",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        for (path, text) in texts(package, release) {
            let mut look = |key: String, text: Option<&String>| {
                for fault in text.map(|text| faults(text)).unwrap_or_default() {
                    findings.add(Place::key(&path, key.clone()), fault);
                }
            };
            look("text.displayname".to_owned(), text.displayname.as_ref());
            look("text.description".to_owned(), text.description.as_ref());
            look("text.changelog".to_owned(), text.changelog.as_ref());
            for (language, local) in &text.languages {
                look(
                    format!("text.languages.{language}.displayname"),
                    local.displayname.as_ref(),
                );
                look(
                    format!("text.languages.{language}.description"),
                    local.description.as_ref(),
                );
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_text_stays_a_text() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/release.toml";
        repo.append(
            path,
            "\n[text.languages.fre]\ndescription = \"Moins < que <b>rien</b>\"\n",
        );
        assert_eq!(repo.findings("html-unsafe"), [""; 0]);
        repo.replace(path, "Fixed it", "<img src=x>");
        repo.replace(path, "</b>", "");
        assert_eq!(
            repo.findings("html-unsafe"),
            [
                format!("{path}:5: `<img>` does more than shape a text"),
                format!("{path}:5: `src` in `<img>` can do more than shape a text"),
                format!("{path}:11: `<b>` is not closed"),
            ]
        );
    }
}
