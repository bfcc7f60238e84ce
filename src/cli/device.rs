//! The device that a command is about, as people describe it.

use crate::catalog::Asked;
use crate::model::arch::Arch;
use crate::model::channel::Channel;

/// Which device asks.
#[derive(Debug, clap::Args)]
pub(super) struct DeviceArgs {
    /// The model, such as DS918+
    #[arg(long)]
    model: Option<String>,
    /// The platform, such as apollolake, instead of or for a model
    #[arg(long)]
    arch: Option<Arch>,
    /// The version of its DSM (or SRM): 7, 7.2 or 7.2-64570
    #[arg(long, value_name = "VERSION")]
    dsm: Option<String>,
    /// The build number of its DSM, such as 64570
    #[arg(long, value_name = "NUMBER")]
    build: Option<u32>,
    /// The channel that it asks for
    #[arg(long)]
    channel: Option<Channel>,
    /// The language of its user, such as enu or fre
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
}

impl DeviceArgs {
    /// Returns the description, with a `request` that was pasted from a log.
    pub(super) fn asked(self, request: Option<String>) -> Asked {
        Asked {
            arch: self.arch,
            build: self.build,
            channel: self.channel,
            dsm: self.dsm,
            language: self.language,
            model: self.model,
            request,
        }
    }
}
