//! The device that asks, as it describes itself in the parameters of its request.
//!
//! Parameters as DSM sends them: `arch`, `build`, `major`, `minor`, `micro`, `nano`, `unique`, `language`,
//! `package_update_channel`, `timezone`.

use super::os_lines::version_of_build;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::os_version::{Os, OsVersion};

/// A NAS or router that asks for the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Device {
    pub(crate) arch: Arch,
    /// The least settled channel that it asks for.
    pub(crate) channel: Channel,
    /// DSM's code of the user's language, such as `enu`.
    pub(crate) language: String,
    /// `synology_<platform>_<model>` in lower case, empty when not told.
    pub(crate) unique: String,
    pub(crate) os: Os,
    pub(crate) version: OsVersion,
}

/// Says why a request is not one of Package Center.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeviceError {
    #[error("the parameter `{name}` is `{value}`, which is not {expected}")]
    Invalid {
        expected: &'static str,
        name: &'static str,
        value: String,
    },
    #[error("the parameter `{name}` is missing: Package Center sends it")]
    Missing { name: &'static str },
}

/// DSM 7 is where betas are asked for by a channel's own URL.
pub(super) const DSM7: u32 = 7;

impl Device {
    /// Reads the device from its parameters; `channel` is the one that the URL stands for.
    pub(crate) fn from_parameters(
        parameter: impl Fn(&str) -> Option<String>,
        channel: Channel,
    ) -> Result<Self, DeviceError> {
        let arch = arch(&parameter)?;
        let build = build(&parameter)?;
        let (os, version) = version(&arch, build, major(&parameter), number(&parameter, "minor"));
        let asks_for_beta = parameter("package_update_channel")
            .is_some_and(|channel| channel.eq_ignore_ascii_case("beta"));
        let channel = if asks_for_beta && version.major < DSM7 {
            channel.min(Channel::Beta)
        } else {
            channel
        };
        let language = parameter("language")
            .unwrap_or_default()
            .to_ascii_lowercase();
        Ok(Self {
            arch,
            channel,
            language,
            unique: normal_unique(&parameter("unique").unwrap_or_default()),
            os,
            version,
        })
    }
}

fn arch(parameter: &impl Fn(&str) -> Option<String>) -> Result<Arch, DeviceError> {
    const NAME: &str = "arch";
    let value = parameter(NAME).ok_or(DeviceError::Missing { name: NAME })?;
    value.trim().parse().map_err(|_| DeviceError::Invalid {
        expected: "a platform",
        name: NAME,
        value,
    })
}

/// A build after all known ones is newer than everything, however large its number is. What Python's `int` takes besides
/// (`4_2661`, digits of other scripts) is no number that a DSM ever sent.
fn build(parameter: &impl Fn(&str) -> Option<String>) -> Result<u32, DeviceError> {
    const NAME: &str = "build";
    let value = parameter(NAME).ok_or(DeviceError::Missing { name: NAME })?;
    let digits = value.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DeviceError::Invalid {
            expected: "a number",
            name: NAME,
            value,
        });
    }
    Ok(digits.parse().unwrap_or(u32::MAX))
}

/// What is no number says as little as a parameter that is missing: the build tells the version then.
fn number(parameter: &impl Fn(&str) -> Option<String>, name: &str) -> Option<u32> {
    parameter(name)?.trim().parse().ok()
}

/// No system has a major version of 0.
fn major(parameter: &impl Fn(&str) -> Option<String>) -> Option<u32> {
    number(parameter, "major").filter(|major| *major > 0)
}

/// What the device leaves out follows from the build; SRM is told by its platform or by major 1.
fn version(arch: &Arch, build: u32, major: Option<u32>, minor: Option<u32>) -> (Os, OsVersion) {
    let os = match (arch.os(), major) {
        (Some(os), _) => os,
        (None, Some(1)) => Os::Srm,
        (None, _) => Os::Dsm,
    };
    let inferred = version_of_build(os, build);
    let version = OsVersion {
        major: major.unwrap_or(inferred.major),
        minor: minor.unwrap_or(match major {
            Some(major) if major != inferred.major => 0,
            _ => inferred.minor,
        }),
        build: Some(build),
    };
    (os, version)
}

/// Brings `synology_<platform>_<model>` to one form: a `+` that was decoded as a space is a `+` again.
pub(crate) fn normal_unique(text: &str) -> String {
    text.trim_start().to_ascii_lowercase().replace(' ', "+")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Reads a device from `arch=…&build=…`.
    pub(crate) fn device(query: &str, channel: Channel) -> Result<Device, DeviceError> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let parameter = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        Device::from_parameters(parameter, channel)
    }

    fn version(query: &str) -> String {
        let device = device(query, Channel::Stable).expect("a device");
        format!("{} {}", device.os, device.version)
    }

    #[test]
    fn what_a_device_leaves_out_follows_from_its_build() {
        assert_eq!(
            version("arch=apollolake&build=64570&major=7&minor=2"),
            "DSM 7.2-64570"
        );
        assert_eq!(version("arch=apollolake&build=64570"), "DSM 7.2-64570");
        assert_eq!(
            version("arch=apollolake&build=64570&major=7"),
            "DSM 7.2-64570"
        );
        assert_eq!(
            version("arch=avoton&build=23739&major=6&minor=2&micro=6.2"),
            "DSM 6.2-23739"
        );
        assert_eq!(version("arch=cypress&build=9193"), "SRM 1.3-9193");
        assert_eq!(version("arch=unheard&build=8017&major=1"), "SRM 1.2-8017");
    }

    #[test]
    fn a_plus_in_unique_may_arrive_in_three_ways() {
        for unique in [
            "synology_apollolake_918%2B",
            "synology_apollolake_918+",
            "synology_apollolake_918%20",
            "SYNOLOGY_apollolake_918%2b",
        ] {
            let device = device(
                &format!("arch=apollolake&build=64570&unique={unique}"),
                Channel::Stable,
            )
            .expect("a device");
            assert_eq!(device.unique, "synology_apollolake_918+", "{unique}");
        }
    }

    #[test]
    fn betas_are_asked_for_by_parameter_before_dsm_7_and_by_url_always() {
        let channel = |query: &str, url| device(query, url).expect("a device").channel;
        let dsm6 = "arch=avoton&build=23739&package_update_channel=beta";
        let dsm7 = "arch=avoton&build=64570&package_update_channel=beta";
        assert_eq!(channel(dsm6, Channel::Stable), Channel::Beta);
        assert_eq!(channel(dsm7, Channel::Stable), Channel::Stable);
        assert_eq!(channel(dsm7, Channel::Beta), Channel::Beta);
    }

    #[test]
    fn what_is_said_in_an_odd_way_is_understood() {
        for query in [
            "arch=apollolake+&build=64570",
            "arch=+APOLLOLAKE&build=+64570+&major=+7&minor=2+&micro=6.2",
            "arch=apollolake&build=64570&major=-1&minor=-1",
            "arch=apollolake&build=64570&major=0",
            "arch=apollolake&build=64570&major=99999999999",
            "arch=apollolake&build=64570&major=seven&minor=two",
        ] {
            let device = device(query, Channel::Stable).expect("a device");
            assert_eq!(device.arch.as_str(), "apollolake", "{query}");
            assert_eq!(device.version.to_string(), "7.2-64570", "{query}");
        }
    }

    #[test]
    fn a_build_of_any_size_is_newer_than_all_before_it() {
        assert_eq!(
            version("arch=avoton&build=99999999999"),
            "DSM 7.4-4294967295"
        );
        assert_eq!(version("arch=avoton&build=90000"), "DSM 7.4-90000");
    }

    #[test]
    fn what_is_no_number_in_ascii_digits_is_no_build() {
        for build in [
            "42661.0",
            "4_2661",
            "-1",
            "%2B42661",
            "0x10",
            "+",
            "%EF%BC%94%EF%BC%92",
        ] {
            let answer = device(&format!("arch=avoton&build={build}"), Channel::Stable);
            let is_invalid = matches!(answer, Err(DeviceError::Invalid { name: "build", .. }));
            assert!(is_invalid, "{build}: {answer:?}");
        }
    }

    #[test]
    fn a_request_without_platform_or_build_is_not_package_centers() {
        assert_eq!(
            device("build=1", Channel::Stable),
            Err(DeviceError::Missing { name: "arch" })
        );
        assert_eq!(
            device("arch=avoton", Channel::Stable),
            Err(DeviceError::Missing { name: "build" })
        );
        assert!(matches!(
            device("arch=avoton&build=x", Channel::Stable),
            Err(DeviceError::Invalid { .. })
        ));
    }
}
