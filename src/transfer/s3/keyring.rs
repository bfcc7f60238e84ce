//! The credentials for a store: from the first place that has some, and renewed before they end.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use rusty_s3::Credentials;

use super::access::S3Access;
use super::machine::{Lent, MachineError, of_container, of_ec2};
use super::profile::{Profile, ProfileError};
use crate::web::Transport;

/// Finds credentials, and keeps them.
pub(super) struct Keyring {
    access: S3Access,
    kept: Mutex<Option<Kept>>,
    /// Asks services of this machine.
    near: Transport,
}

struct Kept {
    /// Nothing where no place has any.
    credentials: Option<Arc<Credentials>>,
    /// When they end.
    end: Option<Timestamp>,
    /// When to look again.
    until: Option<Timestamp>,
}

/// Says why the places for credentials are of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")]
    Half,
    #[error(transparent)]
    Machine(#[from] MachineError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// How long before their end credentials are renewed: longer than a request is valid.
const EARLY: SignedDuration = SignedDuration::from_mins(16);
/// When places are looked at again that had none.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

impl Keyring {
    pub(super) fn new(access: S3Access) -> Self {
        Self {
            access,
            kept: Mutex::default(),
            near: Transport::near(),
        }
    }

    /// Returns credentials that count for a while; nothing when no place has any.
    pub(super) fn credentials(&self) -> Result<Option<Arc<Credentials>>, CredentialsError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Timestamp::now();
        if let Some(kept) = &*kept
            && kept.until.is_none_or(|until| now < until)
        {
            return Ok(kept.credentials.clone());
        }
        let found = match (self.find(now), kept.take()) {
            // A service that is away for a moment does no harm while the last ones count.
            (Err(_), Some(last)) if last.end.is_some_and(|end| now < end) => Kept {
                until: Some(now + AGAIN),
                ..last
            },
            (found, _) => found?,
        };
        let credentials = found.credentials.clone();
        *kept = Some(found);
        Ok(credentials)
    }

    fn find(&self, now: Timestamp) -> Result<Kept, CredentialsError> {
        if let Some(key) = &self.access.key {
            let secret = key.secret.as_ref().ok_or(CredentialsError::Half)?;
            return Ok(Kept::for_good(match &key.token {
                Some(token) => Credentials::new_with_token(&key.id, secret, token),
                None => Credentials::new(&key.id, secret),
            }));
        }
        if let Some(credentials) = Profile::read(&self.access)?.credentials {
            return Ok(Kept::for_good(credentials));
        }
        let lent = match (&self.access.container, &self.access.metadata) {
            (Some(container), _) => Some(of_container(&self.near, container)?),
            (None, Some(endpoint)) => of_ec2(&self.near, endpoint),
            (None, None) => None,
        };
        Ok(lent.map_or_else(|| Kept::none(now), |lent| Kept::lent(lent, now)))
    }

    /// Returns the places that were looked at, for whoever needs credentials and has none.
    pub(super) fn places(&self) -> String {
        let mut places = vec!["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned()];
        let profile = self.access.profile.as_deref().unwrap_or("default");
        let files = [&self.access.credentials_file, &self.access.config_file];
        let files: Vec<String> = files
            .into_iter()
            .flatten()
            .map(|file| format!("`{}`", file.display()))
            .collect();
        if !files.is_empty() {
            places.push(format!(
                "the profile `{profile}` of {}",
                files.join(" and ")
            ));
        }
        places.push("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned());
        if self.access.metadata.is_some() {
            places.push("the metadata service of EC2".to_owned());
        }
        let elsewhere = Profile::read(&self.access).ok();
        let elsewhere = elsewhere.and_then(|profile| profile.elsewhere);
        let advice = elsewhere.map_or_else(String::new, |key| {
            format!(" (the profile has `{key}`, which `aws configure export-credentials --format env` turns into variables)")
        });
        format!("{}{advice}", places.join(", "))
    }
}

impl Kept {
    fn for_good(credentials: Credentials) -> Self {
        Self {
            credentials: Some(Arc::new(credentials)),
            end: None,
            until: None,
        }
    }

    /// Credentials that end very soon are renewed often, and not with each request.
    fn lent(lent: Lent, now: Timestamp) -> Self {
        Self {
            credentials: Some(Arc::new(lent.credentials)),
            end: Some(lent.until),
            until: Some((lent.until - EARLY).max(now + AGAIN)),
        }
    }

    fn none(now: Timestamp) -> Self {
        Self {
            credentials: None,
            end: None,
            until: Some(now + AGAIN),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::access::{Container, S3Key};
    use super::super::testing::answering;
    use super::*;

    fn key(secret: Option<&str>) -> S3Key {
        S3Key {
            id: "AKIA".to_owned(),
            secret: secret.map(str::to_owned),
            token: None,
        }
    }

    #[test]
    fn the_environment_counts_before_files_and_half_a_key_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("credentials");
        let text = "[default]\naws_access_key_id = F\naws_secret_access_key = G\n";
        std::fs::write(&file, text).expect("writable");
        let access = |key| S3Access {
            credentials_file: Some(file.clone()),
            key,
            ..S3Access::default()
        };
        let found = |key| Keyring::new(access(key)).credentials();
        let id = |key| {
            found(key)
                .expect("readable")
                .expect("some")
                .key()
                .to_owned()
        };
        assert_eq!(id(Some(key(Some("s")))), "AKIA");
        assert_eq!(id(None), "F");
        assert!(matches!(
            found(Some(key(None))),
            Err(CredentialsError::Half)
        ));
    }

    #[test]
    fn without_any_the_places_are_named() {
        let keyring = Keyring::new(S3Access {
            credentials_file: Some("/nowhere/credentials".into()),
            ..S3Access::default()
        });
        assert!(keyring.credentials().expect("readable").is_none());
        assert_eq!(
            keyring.places(),
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile `default` of `/nowhere/credentials`, \
             AWS_CONTAINER_CREDENTIALS_FULL_URI"
        );
    }

    #[test]
    fn lent_credentials_are_renewed_before_they_end_and_kept_while_they_count() {
        let asked = AtomicUsize::new(0);
        let answer = |_: &_| {
            let until = Timestamp::now() + SignedDuration::from_hours(1);
            let text = format!(
                "{{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"B\",\"Token\":\"C\",\"Expiration\":\"{until}\"}}"
            );
            match asked.fetch_add(1, Ordering::Relaxed) {
                0 => (200, Vec::new(), text.into_bytes()),
                _ => (503, Vec::new(), Vec::new()),
            }
        };
        answering(answer, |address| {
            let keyring = Keyring::new(S3Access {
                container: Some(Container {
                    authorization: None,
                    authorization_file: None,
                    url: format!("{address}/x"),
                }),
                ..S3Access::default()
            });
            let find = || keyring.credentials().map(|found| found.is_some());
            let change = |change: fn(&mut Kept)| {
                let mut kept = keyring.kept.lock().expect("no panic");
                change(kept.as_mut().expect("they were found"));
            };
            for _ in 0..3 {
                assert!(find().expect("an answer"));
            }
            assert_eq!(asked.load(Ordering::Relaxed), 1);
            change(|kept| kept.until = Some(Timestamp::now()));
            assert!(find().expect("the last ones count"));
            assert_eq!(asked.load(Ordering::Relaxed), 2);
            change(|kept| {
                kept.until = Some(Timestamp::now());
                kept.end = kept.until;
            });
            assert!(find().is_err());
        });
    }
}
