//! What the environment says about object stores, in the variables that all programs for S3 know (AWS SDKs and Tools
//! Reference Guide, "Environment variables list").

use std::path::PathBuf;

use crate::transfer::{Container, S3Access, S3Key};

/// Where ECS has the service that gives containers their credentials.
const ECS: &str = "http://169.254.170.2";
/// Where EC2 has its metadata.
const EC2: &str = "http://169.254.169.254";

/// Reads the variables of this process.
pub(super) fn s3_access() -> S3Access {
    read(|name| std::env::var(name).ok())
}

/// Reads variables. Empty ones count as if they were not there, as everywhere.
fn read(variable: impl Fn(&str) -> Option<String>) -> S3Access {
    let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let is_true = |name: &str| get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let home = get("HOME").map(PathBuf::from);
    let in_home = |name: &str| home.as_ref().map(|home| home.join(".aws").join(name));
    let file = |name: &str, usual: &str| get(name).map(PathBuf::from).or_else(|| in_home(usual));
    let metadata = get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| EC2.to_owned());
    S3Access {
        config_file: file("AWS_CONFIG_FILE", "config"),
        container: container(&get),
        credentials_file: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        endpoint: get("AWS_ENDPOINT_URL_S3").or_else(|| get("AWS_ENDPOINT_URL")),
        key: get("AWS_ACCESS_KEY_ID").map(|id| S3Key {
            id,
            secret: get("AWS_SECRET_ACCESS_KEY"),
            token: get("AWS_SESSION_TOKEN"),
        }),
        metadata: (!is_true("AWS_EC2_METADATA_DISABLED")).then_some(metadata),
        profile: get("AWS_PROFILE"),
        region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
    }
}

fn container(get: &impl Fn(&str) -> Option<String>) -> Option<Container> {
    let relative = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map(|path| format!("{ECS}{path}"));
    let url = relative.or_else(|| get("AWS_CONTAINER_CREDENTIALS_FULL_URI"))?;
    Some(Container {
        authorization: get("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
        authorization_file: get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from),
        url,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> S3Access {
        read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn files_are_in_the_home_unless_they_are_named() {
        let access = of(&[("HOME", "/home/ada"), ("AWS_CONFIG_FILE", "/etc/aws")]);
        assert_eq!(
            access.credentials_file,
            Some(PathBuf::from("/home/ada/.aws/credentials"))
        );
        assert_eq!(access.config_file, Some(PathBuf::from("/etc/aws")));
        assert!(access.key.is_none() && access.container.is_none());
        assert_eq!(access.metadata.as_deref(), Some(EC2));
        assert_eq!(of(&[]).credentials_file, None);
    }

    #[test]
    fn empty_variables_count_as_none() {
        let access = of(&[("AWS_ACCESS_KEY_ID", ""), ("AWS_PROFILE", " ")]);
        assert!(access.key.is_none() && access.profile.is_none());
    }

    #[test]
    fn what_is_for_s3_alone_counts_first() {
        let access = of(&[
            ("AWS_ENDPOINT_URL", "https://all.example.org"),
            ("AWS_ENDPOINT_URL_S3", "https://s3.example.org"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-west-2"),
            ("AWS_EC2_METADATA_DISABLED", "TRUE"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"),
        ]);
        assert_eq!(access.endpoint.as_deref(), Some("https://s3.example.org"));
        assert_eq!(access.region.as_deref(), Some("eu-west-2"));
        assert_eq!(access.metadata, None);
        let url = access.container.map(|container| container.url);
        assert_eq!(url.as_deref(), Some("http://169.254.170.2/v2/x"));
    }

    #[test]
    fn no_secret_is_in_what_may_be_logged() {
        let access = of(&[
            ("AWS_ACCESS_KEY_ID", "AKIAHIDDEN"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AWS_SESSION_TOKEN", "hidden"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hidden"),
        ]);
        let text = format!("{access:?}");
        assert!(!text.to_lowercase().contains("hidden"), "{text}");
    }
}
