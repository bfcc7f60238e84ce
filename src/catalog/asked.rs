//! A device as a person describes it: a model or a platform and a version of DSM, or a request from a log.

use std::collections::BTreeMap;

use super::device::{Device, DeviceError};
use super::os_lines::newest_build;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::os_version::{Os, OsVersion};

/// What a person says of a device; a request says it all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) arch: Option<Arch>,
    pub(crate) build: Option<u32>,
    pub(crate) channel: Option<Channel>,
    /// `7`, `7.2` or `7.2-64570`.
    pub(crate) dsm: Option<String>,
    pub(crate) language: Option<String>,
    /// As people call it: `DS918+`.
    pub(crate) model: Option<String>,
    /// A URL, its query, or a line of an access log.
    pub(crate) request: Option<String>,
}

/// Says why it is not clear which device is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AskedError {
    #[error("no version of the device's system is named")]
    NoVersion,
    #[error("neither a model nor a platform nor a request is named")]
    Nothing,
    #[error("the request `{request}` does not describe a device")]
    Request {
        request: String,
        #[source]
        source: DeviceError,
    },
    #[error("the model `{model}` is not known")]
    UnknownModel {
        model: String,
        nearest: Option<String>,
    },
    #[error("`{text}` is not a version such as `7.2` or `7.2-64570`, or no build of it is known")]
    UnknownVersion { text: String },
}

impl Asked {
    /// Returns the device.
    pub(crate) fn device(&self) -> Result<Device, AskedError> {
        match &self.request {
            Some(request) => self.requested(request),
            None => self.described(),
        }
    }

    fn requested(&self, request: &str) -> Result<Device, AskedError> {
        let target = target(request);
        let (path, query) = target.split_once('?').unwrap_or(("", target));
        let is_beta = path.split('/').any(|segment| segment == "beta");
        let channel = self.channel.unwrap_or(if is_beta {
            Channel::Beta
        } else {
            Channel::Stable
        });
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let parameter = |name: &str| {
            let mut values = pairs
                .iter()
                .filter(|(key, value)| key == name && !value.is_empty());
            values.next().map(|(_, value)| value.clone())
        };
        Device::from_parameters(parameter, channel).map_err(|source| AskedError::Request {
            request: request.to_owned(),
            source,
        })
    }

    fn described(&self) -> Result<Device, AskedError> {
        let (arch, unique) = self.platform()?;
        let os = arch.os().unwrap_or(Os::Dsm);
        let (major, minor, build) = self.version(os)?;
        let mut parameters =
            BTreeMap::from([("arch", arch.to_string()), ("build", build.to_string())]);
        parameters.extend(major.map(|major| ("major", major.to_string())));
        parameters.extend(minor.map(|minor| ("minor", minor.to_string())));
        parameters.extend(self.language.clone().map(|language| ("language", language)));
        parameters.extend(unique.map(|unique| ("unique", unique)));
        let channel = self.channel.unwrap_or(Channel::Stable);
        Device::from_parameters(|name| parameters.get(name).cloned(), channel).map_err(|source| {
            AskedError::Request {
                request: format!("{parameters:?}"),
                source,
            }
        })
    }

    fn platform(&self) -> Result<(Arch, Option<String>), AskedError> {
        let Some(model) = &self.model else {
            return Ok((self.arch.clone().ok_or(AskedError::Nothing)?, None));
        };
        let known = Arch::of_model(model);
        let Some(arch) = self.arch.clone().or(known) else {
            return Err(AskedError::UnknownModel {
                model: model.clone(),
                nearest: Arch::nearest_model(model),
            });
        };
        // DSM leaves the `DS` of a model out: `synology_apollolake_918+`.
        let name = model.to_ascii_lowercase();
        let unique = format!(
            "synology_{arch}_{}",
            name.strip_prefix("ds").unwrap_or(&name)
        );
        Ok((arch, Some(unique)))
    }

    fn version(&self, os: Os) -> Result<(Option<u32>, Option<u32>, u32), AskedError> {
        let Some(text) = &self.dsm else {
            return Ok((None, None, self.build.ok_or(AskedError::NoVersion)?));
        };
        let unknown = || AskedError::UnknownVersion { text: text.clone() };
        let stated: OsVersion = text.parse().map_err(|_| unknown())?;
        let minor = text.contains('.').then_some(stated.minor);
        let build = self
            .build
            .or(stated.build)
            .or_else(|| newest_build(os, stated.major, minor));
        Ok((Some(stated.major), minor, build.ok_or_else(unknown)?))
    }
}

/// Finds the target in a line of an access log: `… "GET /?arch=… HTTP/1.1" …`; anything else is the target itself.
///
/// What follows a method is the target, whatever the line has before or after it: a referrer may look like one. Without
/// a method it is the first word with a parameter of exactly this name, which no value of another parameter has.
fn target(request: &str) -> &str {
    const METHODS: [&str; 3] = ["GET", "HEAD", "POST"];
    let words = || request.split(|c: char| c.is_whitespace() || c == '"' || c == '\'');
    let after_method = words().zip(words().skip(1)).find_map(|(method, word)| {
        (METHODS.contains(&method) && (word.starts_with('/') || word.contains("://")))
            .then_some(word)
    });
    let target = after_method.or_else(|| words().find(|word| has_parameter(word, "arch")));
    let target = target.unwrap_or(request);
    // A fragment is never sent (RFC 9110 §4.2.5).
    target.split_once('#').map_or(target, |(sent, _)| sent)
}

fn has_parameter(target: &str, name: &str) -> bool {
    let (_, query) = target.split_once('?').unwrap_or(("", target));
    form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(asked: &Asked) -> String {
        let device = asked.device().expect("a device");
        format!(
            "{} {} {} {} {}",
            device.arch, device.os, device.version, device.unique, device.channel
        )
    }

    #[test]
    fn a_model_and_a_version_are_enough() {
        let asked = Asked {
            dsm: Some("7.2".to_owned()),
            model: Some("DS918+".to_owned()),
            ..Asked::default()
        };
        assert_eq!(
            shown(&asked),
            "apollolake DSM 7.2-72806 synology_apollolake_918+ stable"
        );
        let older = Asked {
            dsm: Some("7.2-64570".to_owned()),
            model: Some("ds918+".to_owned()),
            ..Asked::default()
        };
        assert_eq!(
            shown(&older),
            "apollolake DSM 7.2-64570 synology_apollolake_918+ stable"
        );
    }

    #[test]
    fn a_request_from_a_log_says_it_all() {
        let line = r#"10.0.0.9 - - [21/Nov/2026] "GET /beta/?arch=avoton&build=23739&major=6&minor=2&unique=synology_avoton_415%2B HTTP/1.1" 200"#;
        let asked = Asked {
            request: Some(line.to_owned()),
            ..Asked::default()
        };
        assert_eq!(
            shown(&asked),
            "avoton DSM 6.2-23739 synology_avoton_415+ beta"
        );
        let query = Asked {
            request: Some("arch=avoton&build=23739".to_owned()),
            ..Asked::default()
        };
        assert_eq!(shown(&query), "avoton DSM 6.2-23739  stable");
    }

    #[test]
    fn only_a_parameter_of_that_name_is_the_platform() {
        let query = "arch=avoton&build=23739";
        for request in [
            &format!("https://nas/?{query}"),
            &format!("https://nas/?{query}#?arch=z80"),
            &format!("curl -s 'https://nas/?search=arch=z80&{query}'"),
            &format!("search=arch=z80 {query}"),
            &format!("/?search=arch%3Dz80 /?xarch=z80 /?{query}"),
            &format!("\"GET /?{query} HTTP/1.1\" 200 \"https://a/?arch=z80&build=1\""),
            &format!("\"https://a/?arch=z80&build=1\" \"POST https://nas/nas/?{query} HTTP/1.1\""),
            &format!("arch=z80&build=1 - \"HEAD /?{query} HTTP/1.0\""),
        ] {
            let asked = Asked {
                request: Some(request.clone()),
                ..Asked::default()
            };
            assert_eq!(shown(&asked), "avoton DSM 6.2-23739  stable", "{request}");
        }
        for request in [
            "/?search=arch=avoton&build=23739",
            "\"GET /?search=arch=avoton&build=1 HTTP/1.1\" 200 \"/?arch=avoton&build=1\"",
            "myarch=avoton&build=1",
        ] {
            let asked = Asked {
                request: Some(request.to_owned()),
                ..Asked::default()
            };
            assert!(
                matches!(asked.device(), Err(AskedError::Request { .. })),
                "{request}"
            );
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        let model = |model: &str| Asked {
            dsm: Some("7.2".to_owned()),
            model: Some(model.to_owned()),
            ..Asked::default()
        };
        let nearest = Some("DS918+".to_owned());
        assert_eq!(
            model("DS918").device(),
            Err(AskedError::UnknownModel {
                model: "DS918".to_owned(),
                nearest
            })
        );
        let mut asked = model("DS918+");
        asked.dsm = Some("9.9".to_owned());
        assert!(matches!(
            asked.device(),
            Err(AskedError::UnknownVersion { .. })
        ));
        asked.dsm = None;
        assert_eq!(asked.device(), Err(AskedError::NoVersion));
        assert_eq!(Asked::default().device(), Err(AskedError::Nothing));
    }
}
