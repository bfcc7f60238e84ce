//! The members below `conf/`: what they say about other packages and about the package's rights.
//!
//! They count whenever they are there: `support_conf_folder` in INFO only matters to DSM 4.2 to 5.2.

mod bounds;
mod privilege;
mod resource;

use std::collections::BTreeMap;

use crate::model::doc::PackageBounds;

pub(super) use bounds::parse as parse_bounds;
pub(super) use privilege::parse as parse_privilege;
pub(super) use resource::parse as parse_resource;

/// What `conf/*` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conf {
    /// `conf/PKG_CONX`, by package.
    pub(crate) conflicts: BTreeMap<String, PackageBounds>,
    /// `conf/PKG_DEPS`, by package.
    pub(crate) dependencies: BTreeMap<String, PackageBounds>,
    pub(crate) privilege: Privilege,
    /// The workers of `conf/resource`, sorted.
    pub(crate) resources: Vec<String>,
}

/// What `conf/privilege` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Privilege {
    /// What runs as root or with rights of its own, for people: `script postinst`, `program bin/foo`.
    pub(crate) root: Vec<String>,
    /// `defaults.run-as`.
    pub(crate) run_as: Option<String>,
}
