//! The settings of `serve`: where they come from, and what `spkrepo config` shows of them.

use crate::source_rules::root;
use crate::support::http::Response;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// Makes a package source whose `spkrepo.toml` has `serve` as its last table.
fn with_settings(serve: &str) -> Sandbox {
    let sandbox = Sandbox::initialized();
    let settings = sandbox.read("spkrepo.toml");
    sandbox.write("spkrepo.toml", &format!("{settings}\n[serve]\n{serve}"));
    sandbox.git("commit --quiet --all -m settings");
    sandbox
}

/// Returns the number of the line of `spkrepo.toml` that begins with `start`.
fn line_of(sandbox: &Sandbox, start: &str) -> usize {
    let settings = sandbox.read("spkrepo.toml");
    let at = settings.lines().position(|line| line.starts_with(start));
    at.expect("a line of the file") + 1
}

#[test]
fn config_shows_each_value_and_where_it_comes_from() {
    let sandbox = with_settings("url_prefix = \"/spk\"\nallowed_host = [\"a.example\", \"b\"]\n");
    let (prefix, hosts) = (
        line_of(&sandbox, "url_prefix"),
        line_of(&sandbox, "allowed_host"),
    );
    let mut command = sandbox.spkrepo("config --port 81 --url-prefix /other");
    command.env("SPKREPO_MAX_BODY_SIZE", "1MiB");
    command.env("SPKREPO_PORT", "82");
    let output = command.output().expect("the program");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let expected = format!(
        "\
port                         81            --port
listen                       127.0.0.1     default
ref                          -             default
rev                          -             default
follow                       -             default
every                        30s           default
hook-secret-file             -             default
allowed-host                 a.example, b  spkrepo.toml:{hosts}
trusted-proxy                -             default
url-prefix                   /other        --url-prefix
tls-cert                     -             default
tls-key                      -             default
redirect-listen              -             default
max-connections              4096          default
max-connections-per-address  256           default
max-requests-in-flight       64            default
max-head-size                16KiB         default
max-header-count             100           default
max-body-size                1MiB          SPKREPO_MAX_BODY_SIZE
head-timeout                 10s           default
body-timeout                 30s           default
idle-timeout                 30s           default
send-timeout                 30s           default
drain-timeout                30s           default
catalog-cache-size           64MiB         default
accel-redirect               -             default
downloads                    local         default
cache-size                   10GiB         default
cache-dir                    -             default
max-fetches                  16            default
access-log                   off           default
access-log-file              -             default
metrics-listen               -             default
upload                       false         default
upload-to                    -             default
max-upload-size              4GiB          default
upload-timeout               1h            default
max-uploads                  16            default
lfs                          false         default
sign-key                     -             default
sign-passphrase-file         -             default
debug-package                false         default
"
    );
    assert!(text.lines().eq(expected.lines()), "{text}");
    let json = sandbox
        .run("config --json --debug-package")
        .success()
        .json();
    let entry = |name: &str| {
        let mut entries = json.as_array().expect("a list").iter();
        let entry = entries.find(|entry| entry["name"] == name);
        entry.expect("every setting is there").clone()
    };
    let from = format!("spkrepo.toml:{prefix}");
    for (name, value, from) in [
        ("url-prefix", serde_json::json!("/spk"), from.as_str()),
        ("trusted-proxy", serde_json::json!([]), "default"),
        ("tls-key", serde_json::Value::Null, "default"),
        ("debug-package", serde_json::json!(true), "--debug-package"),
    ] {
        let expected = serde_json::json!({ "name": name, "value": value, "from": from });
        assert_eq!(entry(name), expected);
    }
}

#[test]
fn config_reads_the_commit_that_would_be_served() {
    let sandbox = with_settings("port = 81\n");
    sandbox.write("spkrepo.toml", "format = 1\n[serve]\nport = 82\n");
    let port = |line: &str| {
        let shown = sandbox.run(line).success().json();
        shown[0]["value"].as_str().expect("a port").to_owned()
    };
    assert_eq!(
        port("config --json"),
        "81",
        "what is not committed does not count"
    );
    sandbox.git("commit --quiet --all -m other");
    assert_eq!(port("config --json"), "82");
    assert_eq!(port("config --json --rev HEAD~1"), "81");
}

#[test]
fn a_value_that_is_none_is_refused_with_its_source() {
    let sandbox = Sandbox::initialized();
    for command in ["serve", "config"] {
        let hint = "hint: `spkrepo config` shows each setting and where its value comes from\n";
        sandbox
            .run(&format!("{command} --idle-timeout 30"))
            .failure(2)
            .stdout("")
            .stderr(&format!(
                "error: `--idle-timeout`: `30` is not a time such as `500ms`, `30s` or `5min`, a day at most\n{hint}"
            ));
        let refused = |name: &str, value: &str, message: &str| {
            let output = sandbox.spkrepo(command).env(name, value).output();
            let output = output.expect("the program");
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{error}");
            assert!(error.contains(message), "{error}");
        };
        refused(
            "SPKREPO_MAX_CONNECTIONS",
            "abc",
            "error: `SPKREPO_MAX_CONNECTIONS`: `abc` is not a number from 1\n",
        );
        refused(
            "SPKREPO_MAX_CONECTIONS",
            "1",
            "error: `SPKREPO_MAX_CONECTIONS` is not a setting of `spkrepo serve`\nhint: did you mean `SPKREPO_MAX_CONNECTIONS`?\n",
        );
        sandbox
            .run(&format!("{command} --tls-key key.pem"))
            .failure(2)
            .stderr_has("error: `--tls-key`: `tls-key` needs `tls-cert` as well\n");
        sandbox
            .run(&format!("{command} --max-conections 1"))
            .failure(2)
            .stderr_has("'--max-connections'");
    }
    let other = sandbox.spkrepo("list").env("SPKREPO_NOTHING", "1").output();
    assert!(other.expect("the program").status.success());
}

#[test]
fn a_setting_in_the_file_that_is_none_is_refused_with_its_line() {
    for (serve, message) in [
        ("max_body_size = \"64kb\"\n", "`64kb` is not a size"),
        ("max_boddy_size = 1\n", "did you mean `max_body_size`?"),
        ("rev = \"main\"\n", "`rev` says which commit is served"),
        ("port = [1, 2]\n", "a list where one value is expected"),
        ("listen = []\n", "it needs a value, or several"),
    ] {
        let sandbox = with_settings(serve);
        let place = format!(
            "spkrepo.toml:{}: ",
            line_of(&sandbox, serve.split(' ').next().expect("a key"))
        );
        for command in ["serve", "config", "list"] {
            sandbox
                .run(command)
                .failure(2)
                .stdout("")
                .stderr_has(&place)
                .stderr_has(message);
        }
    }
}

fn body_of(server: &Server, bytes: usize) -> Response {
    server.request("POST", "/?arch=avoton&build=64570", &[], &vec![b'a'; bytes])
}

#[test]
fn the_server_takes_each_source_in_its_turn() {
    let sandbox = with_settings("max_body_size = 300\nport = 0\n");
    let spawn = |line: &str, variable: &str| {
        let mut command = sandbox.spkrepo(line);
        command.env("SPKREPO_MAX_BODY_SIZE", variable);
        Server::spawn(command)
    };
    for (line, variable, most) in [
        ("serve --max-body-size 100", "200", 100),
        ("serve", "200", 200),
        ("serve", "", 300),
    ] {
        let server = spawn(line, variable);
        body_of(&server, most).status(200);
        body_of(&server, most + 1).status(413);
    }
}

#[test]
fn a_commit_with_settings_that_are_none_is_not_served() {
    let sandbox = Sandbox::initialized();
    let server = Server::start(&sandbox, "");
    let settings = sandbox.read("spkrepo.toml");
    sandbox.write(
        "spkrepo.toml",
        &format!("{settings}\n[serve]\nport = \"x\"\n"),
    );
    sandbox.git("commit --quiet --all -m broken");
    let start = std::time::Instant::now();
    while server.get("/readyz").status != 503 {
        assert!(start.elapsed().as_secs() < 10, "{}", server.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(server.get("/readyz").text().contains("`x` is not a port"));
}

#[test]
fn requests_are_logged_to_the_file_that_is_named() {
    let sandbox = Sandbox::initialized();
    let mut server = Server::start(
        &sandbox,
        "--access-log json --access-log-file ../access.log",
    );
    server.get("/healthz?a=%22").status(200);
    server.get("/nothing").status(404);
    server.stop("TERM");
    let log = fs_err::read_to_string(sandbox.path("access.log")).expect("the log");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object in each line"))
        .collect();
    // Each request has a thread of its own, so either may come first.
    let entry = |target: &str| {
        let mut lines = lines.iter();
        let line = lines.find(|line| line["target"] == target);
        line.unwrap_or_else(|| panic!("{target}: {log}"))
    };
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(entry("/healthz?a=%22")["status"], 200);
    assert_eq!(entry("/nothing")["status"], 404);
    sandbox
        .run("serve --port 0 --access-log text --access-log-file ..")
        .failure(2)
        .stderr_has("error: cannot append to the access log `..`\ncaused by: ");
}

/// The lines around the table of settings in the README.
const BEGIN: &str =
    "<!-- settings: written by UPDATE_REFERENCE=1 cargo test --test integration config -->\n\n";
const END: &str = "\n<!-- end of settings -->\n";

#[test]
fn the_table_in_the_readme_is_that_of_the_program() {
    let sandbox = Sandbox::initialized();
    let help = sandbox.run("serve --help").success().out();
    let json = sandbox.run("config --json").success().json();
    let mut table = "| flag | default | |\n|---|---|---|\n".to_owned();
    for entry in json.as_array().expect("a list") {
        let name = entry["name"].as_str().expect("a name");
        let [flag, default, doc] = described(&help, name).map(|text| text.replace('|', "\\|"));
        table.push_str(&format!("| `{flag}` | {default} | {doc} |\n"));
    }
    let path = root().join("README.md");
    let readme = fs_err::read_to_string(&path).expect("the README");
    let (before, rest) = readme.split_once(BEGIN).expect("the table begins");
    let (known, after) = rest.split_once(END).expect("the table ends");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs_err::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("writable");
        return;
    }
    assert!(known == table, "README.md has another table:\n{table}");
}

/// Returns a flag with its value, its default and what it does, from the help.
fn described(help: &str, name: &str) -> [String; 3] {
    let mut lines = help.lines().map(str::trim).skip_while(|line| {
        let rest = line.strip_prefix(&format!("--{name}"));
        !rest.is_some_and(|rest| rest.starts_with([' ', '[']))
    });
    let flag = lines.next().expect("a flag of `serve`").to_owned();
    let doc: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    let doc = doc.join(" ");
    match doc.split_once(" [default: ") {
        Some((doc, default)) => [
            flag,
            format!("`{}`", default.trim_end_matches(']')),
            doc.to_owned(),
        ],
        None => [flag, String::new(), doc],
    }
}
