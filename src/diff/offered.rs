//! Which builds of a package some device is offered.

use std::collections::BTreeSet;

use super::offers::{CHANNELS, Side, device};
use super::platform::{self, Class, Members};
use super::segment;
use crate::catalog::{normal_unique, offer};
use crate::model::arch::Arch;
use crate::model::build_id::BuildId;
use crate::model::doc::{BuildDoc, Compatibility};
use crate::model::os_version::Os;
use crate::model::version::Version;
use crate::repo::Package;

/// A platform that nobody knows stands for those that are to come.
const UNHEARD_OF: &str = "unheard_of";

/// Returns the builds of `package` that some device is offered, of any platform, model, version of its system and channel.
///
/// What is not among them is offered to nobody as long as these are: of the builds that fit a device, the others are not
/// the best.
pub(crate) fn offered(
    package: &Package,
    compatibility: Compatibility,
) -> BTreeSet<(&Version, &BuildId)> {
    let side = Side {
        compatibility,
        package: Some(package),
    };
    let releases = package.releases.values();
    let builds = releases.flat_map(|release| release.builds.values());
    let docs: Vec<&BuildDoc> = builds.map(|build| &*build.doc).collect();
    let mut found = BTreeSet::new();
    for os in [Os::Dsm, Os::Srm] {
        let segments = segment::segments(os, docs.iter().copied());
        for class in classes(&docs).iter().filter(|class| class.os == os) {
            for (segment, channel) in segments
                .iter()
                .flat_map(|segment| CHANNELS.map(|channel| (segment, channel)))
            {
                let device = device(class, segment, channel);
                if let Some(offer) = offer(package, side.compatibility, &device) {
                    found.insert((&offer.release.version, &offer.build.id));
                }
            }
        }
    }
    found
}

/// Returns the classes of devices, also of platforms that are to come, each with every model that a build names: what a
/// device says of its model is up to it.
fn classes(docs: &[&BuildDoc]) -> Vec<Class> {
    let named = docs
        .iter()
        .flat_map(|doc| doc.model.iter().chain(&doc.exclude_model));
    let models: BTreeSet<String> = named.map(|model| normal_unique(model)).collect();
    let mut classes = platform::classes(docs);
    classes.extend(UNHEARD_OF.parse::<Arch>().map(|arch| Class {
        members: Members::Platforms(BTreeSet::from([arch.clone()])),
        os: Os::Dsm,
        unique: String::new(),
        arch,
    }));
    let with_models = classes.iter().flat_map(|class| {
        models.iter().map(|unique| Class {
            unique: unique.clone(),
            ..class.clone()
        })
    });
    let with_models: Vec<Class> = with_models.collect();
    classes.extend(with_models);
    classes
}
