//! A branch of another repository, as people write it: `origin`, `https://example.org/packages.git#main`.

use super::kind::{Value, ValueError};

/// A remote of git's configuration or an address, and perhaps a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) address: String,
    /// The remote's default branch, if absent.
    pub(crate) branch: Option<String>,
}

impl Value for Remote {
    fn of(text: &str) -> Result<Self, ValueError> {
        let (address, branch) = match text.rsplit_once('#') {
            Some((address, branch)) => (address, Some(branch)),
            None => (text, None),
        };
        let is_fit = |part: &str| !part.is_empty() && !part.starts_with('-');
        if !is_fit(address) || !branch.is_none_or(is_fit) {
            let expected =
                "a remote or its address, as `origin` or `https://example.org/packages.git#main`";
            return Err(ValueError::unfit(text, expected));
        }
        Ok(Self {
            address: address.to_owned(),
            branch: branch.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_may_have_a_branch() {
        for (text, address, branch) in [
            ("origin", "origin", None),
            ("origin#next", "origin", Some("next")),
            (
                "git@example.org:a.git#a/b",
                "git@example.org:a.git",
                Some("a/b"),
            ),
            ("/srv/#1/a.git#main", "/srv/#1/a.git", Some("main")),
        ] {
            let remote = <Remote as Value>::of(text).expect(text);
            assert_eq!(
                (remote.address.as_str(), remote.branch.as_deref()),
                (address, branch)
            );
        }
        for bad in ["", "#main", "origin#", "--upload-pack=x", "origin#-x"] {
            assert!(<Remote as Value>::of(bad).is_err(), "{bad}");
        }
    }
}
