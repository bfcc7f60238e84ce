//! `model-format`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::arch::Arch;

pub(super) const RULE: Rule = Rule {
    id: "model-format",
    severity: Severity::Error,
    summary: "a model that no device calls itself",
    explain: "`model` and `exclude_model` are compared with what a device sends as `unique`: `synology_<platform>_<model>`, such \
        as `synology_apollolake_918+`. A build for a model in another form is offered to nobody; one that excludes such a model \
        is offered to it after all.",
    help: "write the model as a NAS sends it; its platform must be one that the build is for",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let doc = &spot.build.doc;
        for (key, models) in [("model", &doc.model), ("exclude_model", &doc.exclude_model)] {
            for model in models {
                let Some(platform) = platform(model) else {
                    let message = format!("`{model}` is not `synology_<platform>_<model>`");
                    findings.add(spot.key(key), message);
                    continue;
                };
                if !doc.arch.iter().any(|arch| arch.covers(&platform).is_some()) {
                    let message = format!(
                        "`{model}` has the platform {platform}, which the build is not for"
                    );
                    findings.add(spot.key(key), message);
                }
            }
        }
    })],
};

fn platform(model: &str) -> Option<Arch> {
    let lower = model.to_ascii_lowercase();
    let (platform, name) = lower.strip_prefix("synology_")?.split_once('_')?;
    platform.parse().ok().filter(|_| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_model_is_what_a_device_calls_itself() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        let model = |model: &str| format!("model = [\"{model}\"]\n");
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            &model("synology_apollolake_918+"),
        );
        assert_eq!(repo.findings("model-format"), [""; 0]);
        repo.build("app/2.0-1", "x86_64", "7.2-64570", &model("DS918+"));
        assert_eq!(
            repo.findings("model-format"),
            [format!(
                "{path}:4: `DS918+` is not `synology_<platform>_<model>`"
            )]
        );
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            &model("synology_rtd1296_218"),
        );
        assert_eq!(
            repo.findings("model-format"),
            [format!(
                "{path}:4: `synology_rtd1296_218` has the platform rtd1296, which the build is not for"
            )]
        );
    }
}
