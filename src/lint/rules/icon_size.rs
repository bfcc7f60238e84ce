//! `icon-size`.

use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Release;
use crate::spk::png_size;

pub(super) const RULE: Rule = Rule {
    id: "icon-size",
    severity: Severity::Warning,
    summary: "an icon of another size than its name says",
    explain: "Package Center shows icons of 72 pixels (120 on some) and, on fine screens, of 256. An icon is a square PNG of the width \
        that its name says: any other is stretched or not shown.",
    help: "put a square PNG there, `icon_72.png`, `icon_120.png` or `icon_256.png`",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        let folder = Release::folder(&package.name, &release.version);
        for (width, icon) in &release.icons {
            let path = format!("{folder}/{}", icon.name);
            let Some(bytes) = context.bytes(&path, icon.blob) else {
                continue;
            };
            let message = match png_size(&bytes) {
                None => "the icon is no PNG image".to_owned(),
                Some((x, y)) if (x, y) != (*width, *width) => {
                    format!("the icon is {x} by {y} pixels, its name says {width} by {width}")
                }
                Some(_) if !WIDTHS.contains(width) => {
                    format!("Package Center shows no icon of {width} pixels")
                }
                Some(_) => continue,
            };
            findings.add(Place::file(path), message);
        }
    })],
};

const WIDTHS: [u32; 3] = [72, 120, 256];

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn an_icon_is_as_wide_as_its_name_says() {
        let mut repo = Repo::sound();
        repo.icon("app/2.0-1", 120, 120);
        assert_eq!(repo.findings("icon-size"), [""; 0]);
        repo.icon("app/1.0-1", 256, 250).icon("app/2.0-1", 64, 64);
        repo.put("packages/app/2.0-1/icon_72.png", "GIF89a");
        assert_eq!(
            repo.findings("icon-size"),
            [
                "packages/app/1.0-1/icon_256.png:1: the icon is 250 by 250 pixels, its name says 256 by 256",
                "packages/app/2.0-1/icon_64.png:1: Package Center shows no icon of 64 pixels",
                "packages/app/2.0-1/icon_72.png:1: the icon is no PNG image",
            ]
        );
    }
}
