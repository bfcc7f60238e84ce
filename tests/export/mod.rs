//! `spkrepo export`, and its files on a plain web server.

mod folder;
mod live;
mod web;

use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Where links lead in tests that do not follow them.
const URL: &str = "--url https://example.org/spk";

/// Makes a package source that has whatever makes catalogs differ; `site` is to be the export.
fn varied() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let spk = |package: &str, version: &str| Spk::new(package, version).icon(72).icon(256);
    let stable = [
        spk("everywhere", "1.0-1"),
        spk("everywhere", "1.1-2").os_min("7.2-64570"),
        spk("Ünïcode & 'b'+", "1.0-1").screenshot(1).arch("x86_64"),
        spk("families", "2.0-1").arch("x86_64"),
        spk("families", "2.0-1").arch("avoton"),
        spk("families", "2.0-1").arch("armv8").os_min("7.2-72806"),
        spk("ends", "1.0-1").os_max("7.1-59999"),
        spk("ends", "0.9-1"),
        spk("middle", "1.0-1").os_max("7.2-64570"),
        spk("old", "1.0-1").os_min("6.2-23739").arch("x86_64"),
        spk("older", "1.0-1").os_min("5.0-4458"),
        spk("oldest", "1.0-1").os_min("3.1-1594"),
        spk("one-model", "1.0-1")
            .arch("apollolake")
            .info("model", "synology_apollolake_918+"),
        spk("router", "1.0-1").arch("cypress").os_min("1.2-7742"),
        spk("unheard", "1.0-1").arch("moonlake"),
        spk("withdrawn", "1.0-1").os_min("7.3-81100"),
    ];
    for (number, spk) in stable.iter().enumerate() {
        sandbox.spk(&format!("stable/{number}.spk"), spk);
    }
    sandbox.spk("beta/0.spk", &spk("everywhere", "2.0-3"));
    sandbox.spk("beta/1.spk", &spk("tests", "0.1-1").os_min("6.2-23739"));
    sandbox.spk("staged/0.spk", &spk("secret", "1.0-1").os_min("7.2-70000"));
    for channel in ["stable", "beta", "staged"] {
        sandbox
            .run(&format!("add --channel {channel} ../{channel}"))
            .success();
    }
    sandbox.run("yank withdrawn --reason 'it bites'").success();
    sandbox
}

/// Serves the folder `site` as any web server does.
fn web(sandbox: &Sandbox) -> Nginx {
    let root = sandbox.path("site").display().to_string();
    Nginx::start(
        sandbox,
        &format!(
            "types {{ application/json json; text/html html; image/png png; application/octet-stream spk; }}\n\
             server {{ listen LISTEN; root {root}; access_log off; }}"
        ),
    )
}

/// Has the repository say where it is, so that a server and an export give the same links.
fn set_url(sandbox: &Sandbox, host: &str) {
    let settings = sandbox.read("spkrepo.toml");
    let named = settings.replace(
        "[repository]\n",
        &format!("[repository]\nurl = \"http://{host}\"\n"),
    );
    assert_ne!(named, settings);
    sandbox.write("spkrepo.toml", &named);
    sandbox.git("commit --quiet -a -m address");
}
