//! Where the settings of `serve` come from: a flag counts before a variable, that before `[serve]` in `spkrepo.toml`, and
//! that before the default.

mod flags;
mod source;

use std::time::Duration;

use super::Context;
use super::blob_remotes::downloads;
use super::error::CliError;
use crate::git::Network;
use crate::http::Follow;
use crate::model::setting::{DownloadsFrom, SETTINGS, ServeSettings};
use crate::repo::{FollowError, Followed, Manner, Repository};

pub(super) use flags::SettingFlags;
pub(super) use source::{SettingsError, Stated};

use source::{Given, Place, file};

/// How long git may take to bring what is new: a first download may be large.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Every setting with where it comes from, and all of them as one value.
#[derive(Debug)]
pub(super) struct Effective {
    pub(super) settings: ServeSettings,
    pub(super) stated: Vec<Stated>,
}

/// Returns the settings of `serve`, and the repository that some of them are from.
pub(super) fn effective(
    context: &Context,
    flags: &SettingFlags,
) -> Result<(Repository, Effective), CliError> {
    let given = Given::new(flags, std::env::vars_os())?;
    let before = Effective::new(given.clone(), &[])?;
    let repository = context.repository()?;
    if let Some(mut followed) = before.followed(context)? {
        // The first time there is nothing to serve yet. Later, what is there is served at once.
        if !followed.has_commit()? {
            let doc = repository.settings(followed.fetch()?)?;
            let effective = Effective::new(given.clone(), &file(&doc.serve))?;
            effective.manner_of(followed).look()?;
        }
    }
    let commit = repository.commit(before.follow().revision())?;
    let doc = repository.settings(commit)?;
    let effective = Effective::new(given, &file(&doc.serve))?;
    effective.check_pairs()?;
    Ok((repository, effective))
}

impl Effective {
    /// Returns what is in effect when nothing is stated anywhere.
    pub(super) fn defaults() -> Self {
        let stated: Vec<Stated> = SETTINGS.iter().map(Stated::default_of).collect();
        Self::of(stated)
    }

    /// Takes the first of what is given, what the file has, and the default.
    fn new(given: Given, file: &[Stated]) -> Result<Self, SettingsError> {
        let given = given.into_consistent()?;
        let stated: Vec<Stated> = SETTINGS
            .iter()
            .map(|setting| {
                let mut stated = given.iter().chain(file);
                let first = stated.find(|stated| stated.setting.name == setting.name);
                first
                    .cloned()
                    .unwrap_or_else(|| Stated::default_of(setting))
            })
            .collect();
        Ok(Self::of(stated))
    }

    fn of(stated: Vec<Stated>) -> Self {
        let texts = |name: &str| {
            let found = stated.iter().find(|stated| stated.setting.name == name);
            found.map_or(&[][..], |stated| &stated.texts)
        };
        let settings = ServeSettings::of(texts).expect("each value was checked where it was read");
        Self { settings, stated }
    }

    /// Returns which commit is served.
    pub(super) fn follow(&self) -> Follow {
        if let Some(remote) = &self.settings.follow {
            let name = Followed::reference(remote);
            return Follow::Reference { name };
        }
        match (&self.settings.reference, &self.settings.rev) {
            (Some(name), _) => Follow::Reference { name: name.clone() },
            (None, Some(revision)) => Follow::Fixed {
                revision: revision.clone(),
            },
            (None, None) => Follow::Head,
        }
    }

    /// Returns the remote that is followed, if one is.
    pub(super) fn followed(&self, context: &Context) -> Result<Option<Followed>, CliError> {
        let Some(remote) = &self.settings.follow else {
            return Ok(None);
        };
        let network = Network {
            limit: Some(PATIENCE),
            ..Network::default()
        };
        let repository = context.repository()?.with_manner(Manner {
            download: Some(downloads(context)),
            ..Manner::default()
        });
        let followed = Followed::new(repository, remote, network);
        let followed = followed.map_err(FollowError::from)?;
        Ok(Some(self.manner_of(followed)))
    }

    /// Where SPKs are fetched when somebody asks for them, none are brought with commits.
    fn manner_of(&self, followed: Followed) -> Followed {
        match self.settings.downloads {
            DownloadsFrom::Local => followed,
            DownloadsFrom::Cache | DownloadsFrom::Redirect => followed.without_spks(),
        }
    }

    /// Returns the names of the settings that `other` has another value of.
    pub(super) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.stated.iter().zip(&other.stated);
        pairs
            .filter(|(one, other)| one.texts != other.texts)
            .map(|(one, _)| one.setting.name)
            .collect()
    }

    /// Refuses a setting that another one must go with.
    fn check_pairs(&self) -> Result<(), SettingsError> {
        let needs = [
            ("tls-cert", "tls-key"),
            ("tls-key", "tls-cert"),
            ("redirect-listen", "tls-cert"),
            ("sign-passphrase-file", "sign-key"),
        ];
        for (name, needed) in needs {
            let stated = |name: &str| {
                let mut all = self.stated.iter();
                all.find(|stated| stated.setting.name == name && !stated.texts.is_empty())
            };
            if let (Some(given), None) = (stated(name), stated(needed)) {
                let place = given.place.clone();
                return Err(SettingsError::Alone {
                    name,
                    needed,
                    place,
                });
            }
        }
        self.check_uploads()
    }

    /// A token could never be revoked where no commit follows, and a branch that follows a remote has no commits of its
    /// own.
    fn check_uploads(&self) -> Result<(), SettingsError> {
        let settings = &self.settings;
        let others = [
            ("rev", settings.rev.is_some()),
            (
                "follow",
                settings.follow.is_some() && settings.upload_to.is_none(),
            ),
        ];
        let place = |name: &str| {
            let mut all = self.stated.iter();
            let stated = all.find(|stated| stated.setting.name == name);
            stated.map_or(Place::Default, |stated| stated.place.clone())
        };
        let other = others.into_iter().find(|(_, is_set)| *is_set);
        match other.filter(|_| settings.upload) {
            Some((other, _)) => Err(SettingsError::Contradiction {
                one: place("upload"),
                other: place(other),
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::model::doc::SettingsDoc;

    /// Returns what counts of flags, variables and a file, each as `name value` lines.
    fn effective(
        flags: &[(&'static str, &str)],
        variables: &[(&str, &str)],
        serve: &str,
    ) -> Result<Effective, SettingsError> {
        let mut known = SettingFlags::default();
        for (name, value) in flags {
            known.add(name, value);
        }
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let text = format!("format = 1\n[serve]\n{serve}");
        let doc = SettingsDoc::read("spkrepo.toml", text.as_bytes()).expect("a valid file");
        let effective = Effective::new(Given::new(&known, variables)?, &file(&doc.serve))?;
        effective.check_pairs()?;
        Ok(effective)
    }

    fn shown(effective: &Effective, name: &str) -> String {
        let mut stated = effective.stated.iter();
        let stated = stated.find(|stated| stated.setting.name == name);
        let stated = stated.expect("every setting is there");
        format!("{} {}", stated.texts.join(" "), stated.place)
    }

    #[test]
    fn flag_counts_before_variable_before_file_before_default() {
        let (flag, variable, serve) = (
            &[("port", "1")][..],
            &[("SPKREPO_PORT", "2"), ("PATH", "/bin")][..],
            "port = 3\n",
        );
        for (flags, variables, serve, port, from) in [
            (flag, variable, serve, 1, "`--port`"),
            (&[], variable, serve, 2, "`SPKREPO_PORT`"),
            (&[], &[], serve, 3, "spkrepo.toml:3"),
            (&[], &[], "", 8080, "default"),
            (flag, &[], "", 1, "`--port`"),
            (&[], &[("SPKREPO_PORT", "")], serve, 3, "spkrepo.toml:3"),
        ] {
            let effective = effective(flags, variables, serve).expect("valid");
            assert_eq!(effective.settings.port, port);
            assert_eq!(shown(&effective, "port"), format!("{port} {from}"));
        }
    }

    #[test]
    fn a_list_is_taken_from_one_source_as_a_whole() {
        let serve = "trusted_proxy = ['::1']\nallowed_host = 'a'\n";
        let variables = [("SPKREPO_TRUSTED_PROXY", "10.0.0.1, 10.0.0.2")];
        let effective = effective(&[("allowed-host", "")], &variables, serve).expect("valid");
        let proxies = shown(&effective, "trusted-proxy");
        assert_eq!(proxies, "10.0.0.1 10.0.0.2 `SPKREPO_TRUSTED_PROXY`");
        assert!(effective.settings.allowed_host.is_empty());
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_source() {
        let error = |flags, variables| {
            let error = effective(flags, variables, "").expect_err("it is no value");
            error.to_string()
        };
        assert_eq!(
            error(&[], &[("SPKREPO_MAX_CONNECTIONS", "abc")]),
            "`SPKREPO_MAX_CONNECTIONS`: `abc` is not a number from 1"
        );
        assert_eq!(
            error(&[("port", "x")], &[]),
            "`--port`: `x` is not a port from 0 to 65535"
        );
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_nearest() {
        let error = effective(&[], &[("SPKREPO_MAX_CONECTIONS", "1")], "").expect_err("unknown");
        let SettingsError::UnknownVariable { nearest, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(nearest.as_deref(), Some("SPKREPO_MAX_CONNECTIONS"));
    }

    #[test]
    fn a_variable_of_another_command_is_none_of_these() {
        effective(&[], &[("SPKREPO_PASSPHRASE_FILE", "secret")], "").expect("passed over");
    }

    #[test]
    fn a_reference_and_a_revision_of_one_source_contradict() {
        let (reference, rev) = (("SPKREPO_REF", "main"), ("SPKREPO_REV", "v1"));
        let error = effective(&[], &[reference, rev], "").expect_err("a contradiction");
        assert_eq!(
            error.to_string(),
            "`SPKREPO_REF` and `SPKREPO_REV` cannot be used with each other"
        );
        let effective = effective(&[("ref", "main")], &[rev], "").expect("the flag counts");
        assert_eq!(shown(&effective, "rev"), " default");
        let name = "main".to_owned();
        assert_eq!(effective.follow(), Follow::Reference { name });
    }

    #[test]
    fn uploads_and_one_commit_for_good_contradict() {
        let rev = [("rev", "v1")];
        let error = effective(&rev, &[], "upload = true\n").expect_err("a contradiction");
        assert_eq!(
            error.to_string(),
            "spkrepo.toml:3 and `--rev` cannot be used with each other"
        );
        effective(&rev, &[], "upload = false\n").expect("none are taken");
        let follow = [("upload", "true"), ("follow", "origin")];
        assert!(effective(&follow, &[], "").is_err());
        effective(&follow, &[], "upload_to = 'branch:incoming'\n").expect("another branch");
        let branch = [("upload-to", "review")];
        let error = effective(&branch, &[], "").expect_err("no branch");
        let expected = "`--upload-to`: `review` is not a branch, as `branch:incoming`";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_certificate_goes_with_its_key_and_a_redirection_with_both() {
        let cert = "tls_cert = 'a.pem'\n";
        effective(&[("tls-key", "b.pem")], &[], cert).expect("both are there");
        let error = effective(&[], &[], cert).expect_err("the key is missing");
        assert_eq!(
            error.to_string(),
            "spkrepo.toml:3: `tls-cert` needs `tls-key` as well"
        );
        assert!(effective(&[("sign-passphrase-file", "a")], &[], "").is_err());
        let redirect = [("SPKREPO_REDIRECT_LISTEN", "0.0.0.0:80")];
        assert!(effective(&[], &redirect, "").is_err());
    }
}
