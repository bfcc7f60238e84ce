//! `/explain`: why a NAS is offered a package or not, for people, and in JSON for their scripts.
//!
//! It tells what `spkrepo explain` tells, by the selection that answers the NAS, but for builds that are staged:
//! strangers see what was released.

use std::fmt::Write as _;

use super::cache_policy;
use super::gzip;
use super::handler::Site;
use super::page::{END, begin, escape, reply};
use super::reply::Reply;
use super::request::{Parameters, Request};
use crate::catalog::{Asked, AskedError, Explanation, explain};
use crate::model::arch::ArchError;
use crate::model::channel::Channel;
use crate::model::name::PackageName;
use crate::repo::{Package, Snapshot};

/// Says why there is nothing to explain; each is the client's fault (400).
#[derive(Debug, thiserror::Error)]
enum ExplainError {
    #[error(transparent)]
    Arch(#[from] ArchError),
    #[error(transparent)]
    Asked(#[from] AskedError),
    #[error("`{text}` is not a build number such as `64570`")]
    Build { text: String },
    #[error("`{text}` is not a channel that a device can ask for")]
    Channel { text: String },
    #[error("no package is named")]
    NoPackage,
    #[error("there is no package `{package}` here")]
    UnknownPackage { package: String },
}

/// Answers with the form, and with the verdicts when it is filled.
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let parameters = request.parameters();
    let answer = is_filled(&parameters).then(|| explained(&state.snapshot, &parameters));
    let reply = if wants_json(request, &parameters) {
        json(request, answer.unwrap_or(Err(ExplainError::NoPackage)))
    } else {
        html(request, &parameters, answer)
    };
    reply.varying_by("Accept")
}

fn is_filled(parameters: &Parameters) -> bool {
    let mut all = parameters.iter();
    all.any(|(name, value)| name != "format" && !value.is_empty())
}

fn wants_json(request: &Request, parameters: &Parameters) -> bool {
    let accept = request.header("accept").unwrap_or_default();
    parameters.get("format") == Some("json")
        || (accept.contains("application/json") && !accept.contains("text/html"))
}

fn explained(snapshot: &Snapshot, parameters: &Parameters) -> Result<Explanation, ExplainError> {
    let package = package(snapshot, parameters)?;
    let device = asked(parameters)?.device()?;
    let compatibility = snapshot.settings.catalog.compatibility;
    Ok(explain(package, compatibility, &device).public())
}

/// Returns the package that is meant; one that has nothing but staged builds is as unknown as one that is not there.
fn package<'a>(
    snapshot: &'a Snapshot,
    parameters: &Parameters,
) -> Result<&'a Package, ExplainError> {
    let name = parameters.get("package").ok_or(ExplainError::NoPackage)?;
    let known: Option<PackageName> = name.trim().parse().ok();
    known
        .and_then(|known| snapshot.packages.get(&known))
        .filter(|package| is_public(package))
        .map(AsRef::as_ref)
        .ok_or_else(|| ExplainError::UnknownPackage {
            package: name.chars().take(100).collect(),
        })
}

fn is_public(package: &Package) -> bool {
    let mut builds = package
        .releases
        .values()
        .flat_map(|release| release.builds.values());
    builds.any(|build| build.doc.channel != Channel::Staged)
}

fn asked(parameters: &Parameters) -> Result<Asked, ExplainError> {
    let text = |name| parameters.get(name).map(str::to_owned);
    let build = parameters.get("build").map(|text| {
        text.trim().parse().map_err(|_| ExplainError::Build {
            text: text.chars().take(80).collect(),
        })
    });
    let channel = parameters.get("channel").map(|text| match text.parse() {
        Ok(channel @ (Channel::Beta | Channel::Stable)) => Ok(channel),
        _ => Err(ExplainError::Channel {
            text: text.chars().take(80).collect(),
        }),
    });
    Ok(Asked {
        arch: parameters
            .get("arch")
            .map(|text| text.trim().parse())
            .transpose()?,
        build: build.transpose()?,
        channel: channel.transpose()?,
        dsm: parameters.get("dsm").map(|text| text.trim().to_owned()),
        language: text("language"),
        model: parameters.get("model").map(model),
        request: text("request"),
    })
}

/// A `+` that was typed into an address arrives as a space: no model's name has one.
fn model(text: &str) -> String {
    text.trim_start().replace(' ', "+")
}

fn json(request: &Request, answer: Result<Explanation, ExplainError>) -> Reply {
    match answer {
        Ok(explanation) => {
            let json = serde_json::to_vec(&explanation).expect("texts and truth values");
            let full = Reply::json(200, json).with("Cache-Control", cache_policy::PAGE);
            gzip::answer(request, full)
        }
        Err(error) => Reply::problem(400, &format!("{}: {}", said(&error), way_out(&error))),
    }
}

fn html(
    request: &Request,
    parameters: &Parameters,
    answer: Option<Result<Explanation, ExplainError>>,
) -> Reply {
    let mut page = begin("Why does my NAS not see a package?");
    write_form(&mut page, parameters);
    let status = match answer {
        None => 200,
        Some(Ok(explanation)) => {
            write_explanation(&mut page, &explanation);
            200
        }
        Some(Err(error)) => {
            let (said, way_out) = (escape(&said(&error)), escape(&way_out(&error)));
            write(
                &mut page,
                format_args!("<p><strong>{said}.</strong> {way_out}.</p>\n"),
            );
            400
        }
    };
    page.push_str(END);
    reply(request, status, page)
}

fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("writing to a text cannot fail");
}

fn write_form(page: &mut String, parameters: &Parameters) {
    page.push_str("<form method=\"get\" action=\"explain\">\n");
    for (name, label, example) in [
        ("package", "Package", ""),
        ("model", "Model", "DS918+"),
        ("arch", "or platform", "apollolake"),
        ("dsm", "DSM", "7.2"),
        (
            "request",
            "or the request of the NAS, from a log",
            "/?arch=…&build=…",
        ),
    ] {
        let value = escape(parameters.get(name).unwrap_or_default());
        write(
            page,
            format_args!(
                "<label>{label} <input name=\"{name}\" value=\"{value}\" placeholder=\"{example}\"></label>\n"
            ),
        );
    }
    page.push_str(
        "<label>Channel <select name=\"channel\"><option value=\"\">as the request says</option>",
    );
    for channel in [Channel::Stable, Channel::Beta] {
        let is_chosen = parameters.get("channel") == Some(channel.as_str());
        let selected = if is_chosen { " selected" } else { "" };
        write(page, format_args!("<option{selected}>{channel}</option>"));
    }
    page.push_str("</select></label>\n<button>Explain</button></form>\n");
}

fn write_explanation(page: &mut String, explanation: &Explanation) {
    write(
        page,
        format_args!(
            "<p>For {}:</p>\n<table><thead><tr><th>Offered</th><th>Version</th><th>Build</th><th>Why</th></tr></thead><tbody>\n",
            escape(&explanation.device)
        ),
    );
    for verdict in &explanation.builds {
        let offered = if verdict.offered { "yes" } else { "no" };
        let [version, build, reason] =
            [&verdict.version, &verdict.build, &verdict.reason].map(|text| escape(text));
        write(
            page,
            format_args!(
                "<tr><td>{offered}</td><td>{version}</td><td>{build}</td><td>{reason}</td></tr>\n"
            ),
        );
    }
    page.push_str("</tbody></table>\n");
}

/// Returns the message with its cause.
fn said(error: &ExplainError) -> String {
    let cause = std::error::Error::source(error);
    cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn way_out(error: &ExplainError) -> String {
    let way_out = match error {
        ExplainError::Arch(_) => "a platform is a word such as apollolake, as the NAS sends it",
        ExplainError::Asked(AskedError::NoVersion | AskedError::Nothing) => {
            "name a model or a platform, and the version of DSM, or paste the request of the NAS"
        }
        ExplainError::Asked(AskedError::Request { .. }) => {
            "paste the address that the NAS asked for, with its arch=… and build=…"
        }
        ExplainError::Asked(AskedError::UnknownModel { nearest: None, .. }) => {
            "name its platform instead"
        }
        ExplainError::Asked(AskedError::UnknownModel {
            nearest: Some(nearest),
            ..
        }) => return format!("did you mean {nearest}? Else name its platform"),
        ExplainError::Asked(AskedError::UnknownVersion { .. }) => "write it as 7, 7.2 or 7.2-64570",
        ExplainError::Build { .. } => "it is the number after the version of DSM",
        ExplainError::Channel { .. } => "a device asks for stable or beta",
        ExplainError::NoPackage => "name the package as Package Center's source lists it",
        ExplainError::UnknownPackage { .. } => "the front page lists the packages",
    };
    way_out.to_owned()
}
