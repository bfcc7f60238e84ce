//! `spkrepo explain` and `spkrepo query`: why a device is offered a build or not, and the catalog it gets.

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const DS918: &str = "--model DS918+ --dsm 7.2-64570";
const REQUEST: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&unique=synology_apollolake_918%2B";

/// A package with a build for each reason why a DS918+ with DSM 7.2 is not offered it, and one that it is offered.
fn every_reason() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let builds = [
        Spk::new("demo", "1.0-1").arch("armv7"),
        Spk::new("demo", "1.0-2").info("exclude_arch", "apollolake"),
        Spk::new("demo", "1.0-3").info("model", "synology_apollolake_718+"),
        Spk::new("demo", "1.0-4").info("exclude_model", "synology_apollolake_918+"),
        Spk::new("demo", "1.0-5").info("offline_install", "yes"),
        Spk::new("demo", "1.0-6").os_max("7.1-42962"),
        Spk::new("demo", "1.0-7").os_min("7.3-81000"),
        Spk::new("demo", "1.0-8").os_min("6.2-23739"),
        Spk::new("demo", "1.0-9").arch("cypress").os_min("1.3-9193"),
        Spk::new("demo", "1.0-10"),
        Spk::new("demo", "1.0-11"),
        Spk::new("demo", "1.0-12"),
        Spk::new("demo", "1.0-13"),
        Spk::new("demo", "1.0-14"),
    ];
    for (number, spk) in builds.iter().enumerate() {
        sandbox.spk(&format!("in/{number:02}.spk"), spk);
    }
    sandbox.run("add --channel stable ../in").success();
    sandbox
        .run("yank demo@1.0-12 --reason 'eats photos'")
        .success();
    for (version, channel) in [("1.0-15", "beta"), ("1.0-16", "staged")] {
        sandbox.spk("new.spk", &Spk::new("demo", version));
        sandbox
            .run(&format!("add --channel {channel} ../new.spk"))
            .success();
    }
    sandbox
}

fn one() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("a.spk", &Spk::new("demo", "1.0-1").icon(72));
    sandbox.run("add --channel stable ../a.spk").success();
    sandbox
}

#[test]
fn every_reason_is_told_in_words() {
    let sandbox = every_reason();
    let rest = "another build that fits is newer, has a higher minimum or a closer platform";
    let text = sandbox
        .run(&format!("explain demo {DS918}"))
        .success()
        .stderr("")
        .out();
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("apollolake (synology_apollolake_918+) with DSM 7.2-64570, asking for stable")
    );
    for (version, mark, reason) in [
        ("1.0-16", "no", "it is staged: promote it to offer it"),
        (
            "1.0-15",
            "no",
            "it is on the beta channel, which the device did not ask for: from DSM 7 on, the source's address must end in `/beta/`",
        ),
        (
            "1.0-14",
            "yes",
            "offered: the newest version that fits, with the highest minimum and the closest platform",
        ),
        ("1.0-13", "no", rest),
        ("1.0-12", "no", "it is yanked: eats photos"),
        ("1.0-11", "no", rest),
        ("1.0-10", "no", rest),
        (
            "1.0-9",
            "no",
            "it is for cypress, and the device is apollolake",
        ),
        (
            "1.0-8",
            "no",
            "it was made for DSM 6, and the device runs DSM 7: one line is not offered to another",
        ),
        (
            "1.0-7",
            "no",
            "it needs DSM 7.3-81000, and the device runs 7.2-64570",
        ),
        (
            "1.0-6",
            "no",
            "it is for DSM up to 7.1-42962, and the device runs 7.2-64570",
        ),
        (
            "1.0-5",
            "no",
            "`offline_install` keeps it out of every catalog: it is for manual installation",
        ),
        (
            "1.0-4",
            "no",
            "`exclude_model` leaves synology_apollolake_918+ out",
        ),
        (
            "1.0-3",
            "no",
            "`model` names others than synology_apollolake_918+",
        ),
        ("1.0-2", "no", "`exclude_arch` leaves apollolake out"),
        (
            "1.0-1",
            "no",
            "it is for armv7, and the device is apollolake",
        ),
    ] {
        let line = lines.next().expect("a line per build");
        let mut words = line.split_whitespace();
        assert_eq!(
            (words.next(), words.next()),
            (Some(mark), Some(version)),
            "{line}"
        );
        assert!(line.ends_with(&format!("  {reason}")), "{line}");
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_router_is_told_from_a_nas() {
    let sandbox = every_reason();
    let report = |line: &str| sandbox.run(&format!("explain demo {line}")).success();
    report("--arch cypress --dsm 1.3")
        .stdout_has("cypress with SRM 1.3-9366, asking for stable\n")
        .stdout_has("yes  1.0-9 ")
        .stdout_has("it is for DSM, and the device runs SRM");
    report("--model RT2600ac --dsm 1.2 --json").stdout_has("ipq806x (synology_ipq806x_rt2600ac)");
}

#[test]
fn a_version_alone_is_looked_at_and_the_channel_is_the_one_asked_for() {
    let sandbox = every_reason();
    let out = sandbox
        .run(&format!(
            "explain demo@1.0-15 {DS918} --channel beta --json"
        ))
        .success()
        .json();
    assert_eq!(
        out,
        json!({
            "device": "apollolake (synology_apollolake_918+) with DSM 7.2-64570, asking for beta",
            "builds": [{
                "version": "1.0-15",
                "build": "dsm7.0-40000-noarch",
                "channel": "beta",
                "offered": true,
                "reason": "offered: the newest version that fits, with the highest minimum and the closest platform",
            }],
        })
    );
    sandbox
        .run(&format!("explain demo@9 {DS918}"))
        .failure(2)
        .stdout("")
        .stderr_has("error: demo has no release 9; it has 1.0-1");
}

#[test]
fn a_request_from_a_log_says_which_device_it_is() {
    let sandbox = every_reason();
    let described = sandbox
        .run(&format!("explain demo {DS918}"))
        .success()
        .out();
    let logged = format!(r#"10.0.0.9 - - [21/Nov/2026] "GET {REQUEST} HTTP/1.1" 200 312"#);
    for request in [
        REQUEST.to_owned(),
        REQUEST.trim_start_matches("/?").to_owned(),
        format!("https://packages.example{REQUEST}"),
        REQUEST.replace("%2B", "+"),
        logged.clone(),
    ] {
        sandbox
            .run(&format!("explain demo '{request}'"))
            .success()
            .stdout(&described);
    }
    sandbox
        .run(&format!(
            "explain demo '{}'",
            logged.replace("/?", "/beta/?")
        ))
        .success()
        .stdout_has("asking for beta\n")
        .stdout_has("yes  1.0-15");
    sandbox
        .run("explain demo '/?arch=avoton'")
        .failure(2)
        .stderr(
            "error: the request `/?arch=avoton` does not describe a device\n\
             caused by: the parameter `build` is missing: Package Center sends it\n",
        );
}

#[test]
fn what_is_not_known_is_answered_with_what_to_do() {
    let sandbox = one();
    for (line, message, hint) in [
        (
            "explain demo --model DS918 --dsm 7.2",
            "error: the model `DS918` is not known\n",
            "hint: did you mean `DS918+`?\nhint: name its platform with `--arch`",
        ),
        (
            "query --model XYZZY --dsm 7.2",
            "error: the model `XYZZY` is not known\n",
            "hint: name its platform with `--arch`",
        ),
        (
            "explain demo",
            "error: neither a model nor a platform nor a request is named\n",
            "hint: describe the device, for example `spkrepo explain PACKAGE --model DS918+ --dsm 7.2`",
        ),
        (
            "query --model DS918+",
            "error: no version of the device's system is named\n",
            "hint: describe the device",
        ),
        (
            "query --model DS918+ --dsm 9.9",
            "error: `9.9` is not a version such as `7.2` or `7.2-64570`, or no build of it is known\n",
            "",
        ),
        (
            "explain dem --model DS918+ --dsm 7.2",
            "error: there is no package `dem` here\n",
            "hint: did you mean `demo`?",
        ),
    ] {
        let error = sandbox.run(line).failure(2).stdout("").err().to_owned();
        assert!(error.starts_with(message), "{line}: {error}");
        assert!(error.contains(hint), "{line}: {error}");
    }
    let named = "explain demo --model DS9999 --arch apollolake --dsm 7.2";
    sandbox.run(named).success().stdout_has("yes  1.0-1");
}

#[test]
fn query_prints_what_the_server_answers() {
    let sandbox = every_reason();
    sandbox.spk(
        "b.spk",
        &Spk::new("other", "2.0-1").os_min("5.0-4418").icon(72),
    );
    sandbox.run("add --channel stable ../b.spk").success();
    let server = Server::start(&sandbox, "");
    for target in [
        REQUEST.to_owned(),
        format!("/beta{REQUEST}"),
        "/?arch=avoton&build=4493".to_owned(),
        "/?arch=cypress&build=9193&major=1&language=fre".to_owned(),
        "/?arch=unheard_of&build=99999".to_owned(),
        "/?arch=avoton&build=23739&package_update_channel=beta".to_owned(),
    ] {
        let served = server.get(&target).status(200);
        let line = format!("query '{target}' --base-url http://{}", server.host());
        let printed = sandbox.run(&line).success().stderr("");
        let texts = [printed.bytes(), served.body.as_slice()].map(without_spaces);
        assert_eq!(texts[0], texts[1], "{target}");
    }
    let described = sandbox.run(&format!("query {DS918}")).success().json();
    let requested = sandbox.run(&format!("query '{REQUEST}'")).success().json();
    assert_eq!(described, requested);
    assert_eq!(described["packages"][0]["version"], "1.0-14");
}

#[test]
fn an_older_commit_can_be_asked() {
    let sandbox = one();
    sandbox.run("yank demo --reason broken").success();
    let offers = |line: &str| {
        let json = sandbox
            .run(&format!("query {DS918} {line}"))
            .success()
            .json();
        json["packages"].as_array().map(Vec::len)
    };
    assert_eq!((offers(""), offers("--rev HEAD~1")), (Some(0), Some(1)));
    sandbox
        .run(&format!("explain demo {DS918}"))
        .success()
        .stdout_has("no  1.0-1 dsm7.0-40000-noarch  it is yanked: broken\n");
    sandbox
        .run(&format!("explain demo {DS918} --rev HEAD~1"))
        .success()
        .stdout_has("yes  1.0-1");
}

/// Returns JSON without the spaces and line ends between its values, each byte of a value as it was.
fn without_spaces(json: &[u8]) -> String {
    let (mut text, mut is_text, mut is_escaped) = (String::new(), false, false);
    for letter in std::str::from_utf8(json).expect("UTF-8").chars() {
        match letter {
            '"' if !is_escaped => is_text = !is_text,
            ' ' | '\n' if !is_text => continue,
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
        text.push(letter);
    }
    text
}

#[test]
fn the_page_tells_what_the_command_tells_but_for_staged_builds() {
    let sandbox = every_reason();
    let server = Server::start(&sandbox, "");
    let device = "model=DS918+&dsm=7.2-64570";
    let page = server
        .get(&format!("/explain?package=demo&{device}"))
        .status(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.header("content-security-policy").is_some());
    assert!(page.text().contains("<td>it is yanked: eats photos</td>"));
    let json = server
        .get(&format!("/explain?package=demo&{device}&format=json"))
        .status(200)
        .json();
    let mut printed = sandbox
        .run(&format!("explain demo {DS918} --json"))
        .success()
        .json();
    let builds = printed["builds"].as_array_mut().expect("a list");
    builds.retain(|build| build["channel"] != "staged");
    assert_eq!(json, printed);
    let request: String = form_urlencoded::byte_serialize(REQUEST.as_bytes()).collect();
    let requested = server.request(
        "GET",
        &format!("/explain?package=demo&request={request}"),
        &[("Accept", "application/json")],
        b"",
    );
    assert_eq!(requested.status(200).json(), printed);
    for text in [page.text(), &json.to_string()] {
        assert!(!text.contains("1.0-16"), "{text}");
    }
}

#[test]
fn a_package_that_is_only_staged_is_unknown_on_the_page() {
    let sandbox = one();
    sandbox.spk("secret.spk", &Spk::new("demos", "1.0-1"));
    sandbox.run("add ../secret.spk").success();
    let server = Server::start(&sandbox, "");
    let answer = |package: &str| {
        let target = format!("/explain?package={package}&model=DS918%2B&dsm=7.2&format=json");
        server.get(&target).status(400).text().replace(package, "X")
    };
    assert_eq!(answer("demos"), answer("nowhere"));
}

#[test]
fn bad_input_on_the_page_is_answered_with_the_way_out() {
    let sandbox = one();
    let server = Server::start(&sandbox, "");
    let form = server.get("/explain").status(200);
    assert!(form.text().contains("<form"), "{}", form.text());
    let front = [("Accept", "text/html"), ("User-Agent", "Mozilla/5.0")];
    let front = server.request("GET", "/", &front, b"").status(200);
    assert!(front.text().contains("/explain\""), "{}", front.text());
    for (query, message) in [
        ("model=DS918%2B", "no package is named"),
        ("package=demo", "neither a model nor a platform"),
        ("package=demo&model=DS918%2B", "no version"),
        ("package=demo&model=DS918&dsm=7.2", "did you mean DS918+?"),
        ("package=demo&model=DS918%2B&dsm=x", "`x` is not a version"),
        ("package=demo&arch=a/b&dsm=7", "`a/b` is not a platform"),
        (
            "package=demo&arch=avoton&build=-1",
            "`-1` is not a build number",
        ),
        (
            "package=demo&arch=avoton&dsm=7&channel=staged",
            "is not a channel",
        ),
        ("package=demo&request=hello", "`arch` is missing"),
        ("package=../x&arch=avoton&dsm=7", "there is no package"),
    ] {
        let page = server.get(&format!("/explain?{query}")).status(400);
        assert!(page.text().contains(message), "{query}: {}", page.text());
        let json = server
            .get(&format!("/explain?{query}&format=json"))
            .status(400);
        let said = json.json()["message"].as_str().map(str::to_owned);
        assert!(said.is_some_and(|said| said.contains(message)), "{query}");
    }
    // A name, a model, … that is markup stays a text.
    for query in [
        "package=X&model=DS918%2B&dsm=7",
        "package=demo&model=X&dsm=7",
        "package=demo&arch=X&dsm=7",
        "package=demo&arch=avoton&dsm=X",
        "package=demo&arch=avoton&dsm=7&channel=X",
        "package=demo&arch=avoton&build=X",
        "package=demo&request=X",
        "package=demo&request=arch=avoton%26build=64570%26unique=X",
    ] {
        let query = query.replace('X', "%3Cscript%3E%22%27%2526");
        let page = server.get(&format!("/explain?{query}"));
        assert!(matches!(page.status, 200 | 400), "{query}: {}", page.status);
        assert!(page.text().contains("&lt;script&gt;&quot;&#39;"), "{query}");
        assert!(!page.text().contains("<script"), "{query}");
    }
    assert_eq!(server.request("POST", "/explain", &[], b"").status, 405);
    let empty: Value = server.get("/explain?format=json").status(400).json();
    assert!(empty["message"].is_string());
}
