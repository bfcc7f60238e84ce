//! The profile that is in effect: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rusty_s3::Credentials;

use super::access::S3Access;
use super::ini::section;

/// What the files say of one profile.
#[derive(Default)]
pub(super) struct Profile {
    pub(super) credentials: Option<Credentials>,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    /// How credentials would be had that are not in the files.
    pub(super) elsewhere: Option<&'static str>,
}

/// Says why the files are of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("the profile `{profile}`, which AWS_PROFILE names, is in none of {files}")]
    Missing { files: String, profile: String },
    #[error("could not read `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Ways to credentials that need another program, or another service, first.
const ELSEWHERE: [&str; 5] = [
    "credential_process",
    "credential_source",
    "role_arn",
    "sso_session",
    "sso_start_url",
];

impl Profile {
    /// Reads the files, of which none need be there.
    pub(super) fn read(access: &S3Access) -> Result<Self, ProfileError> {
        let name = access.profile.as_deref().unwrap_or("default");
        let long = format!("profile {name}");
        let shared = keys(access.credentials_file.as_deref(), &[name])?;
        let config = keys(access.config_file.as_deref(), &[name, &long])?;
        if let (Some(profile), None, None) = (&access.profile, &shared, &config) {
            let files = [&access.credentials_file, &access.config_file];
            let files = files.into_iter().flatten();
            let files: Vec<String> = files.map(|file| format!("`{}`", file.display())).collect();
            return Err(ProfileError::Missing {
                files: files.join(" and "),
                profile: profile.clone(),
            });
        }
        let (shared, config) = (shared.unwrap_or_default(), config.unwrap_or_default());
        let get = |key: &str| shared.get(key).or_else(|| config.get(key)).cloned();
        Ok(Self {
            credentials: credentials(&shared).or_else(|| credentials(&config)),
            endpoint: get("endpoint_url"),
            region: get("region"),
            elsewhere: ELSEWHERE.into_iter().find(|key| get(key).is_some()),
        })
    }
}

fn keys(
    path: Option<&Path>,
    names: &[&str],
) -> Result<Option<BTreeMap<String, String>>, ProfileError> {
    let Some(path) = path else {
        return Ok(None);
    };
    match fs::read_to_string(path) {
        Ok(text) => Ok(section(&text, names)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ProfileError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}

fn credentials(keys: &BTreeMap<String, String>) -> Option<Credentials> {
    let get = |key: &str| keys.get(key).filter(|value| !value.is_empty());
    let (id, secret) = (get("aws_access_key_id")?, get("aws_secret_access_key")?);
    Some(match get("aws_session_token") {
        Some(token) => Credentials::new_with_token(id, secret, token),
        None => Credentials::new(id, secret),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(folder: &Path, profile: Option<&str>) -> S3Access {
        S3Access {
            config_file: Some(folder.join("config")),
            credentials_file: Some(folder.join("credentials")),
            profile: profile.map(str::to_owned),
            ..S3Access::default()
        }
    }

    #[test]
    fn a_profile_is_what_both_files_say_of_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let access = |profile| access(folder.path(), profile);
        let nothing = Profile::read(&access(None)).expect("no file need be there");
        assert!(nothing.credentials.is_none() && nothing.region.is_none());
        let config = "[default]\nregion = eu-west-3\n[profile work]\nendpoint_url = https://s3.example.org\n\
                      [profile login]\nsso_session = us\n";
        fs::write(folder.path().join("config"), config).expect("writable");
        let shared = "[default]\naws_access_key_id = A\naws_secret_access_key = B\n\
                      [work]\naws_access_key_id = C\naws_secret_access_key = D\naws_session_token = E\n";
        fs::write(folder.path().join("credentials"), shared).expect("writable");
        let default = Profile::read(&access(None)).expect("readable");
        assert_eq!(default.credentials, Some(Credentials::new("A", "B")));
        assert_eq!(default.region.as_deref(), Some("eu-west-3"));
        let work = Profile::read(&access(Some("work"))).expect("readable");
        assert_eq!(
            work.credentials,
            Some(Credentials::new_with_token("C", "D", "E"))
        );
        assert_eq!(work.endpoint.as_deref(), Some("https://s3.example.org"));
        let login = Profile::read(&access(Some("login"))).expect("readable");
        assert_eq!(login.elsewhere, Some("sso_session"));
        assert!(matches!(
            Profile::read(&access(Some("nobody"))),
            Err(ProfileError::Missing { .. })
        ));
    }
}
