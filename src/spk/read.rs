//! An SPK and how it is read: the stages in order.

use std::collections::BTreeMap;
use std::io::Read;

use super::collect::Collector;
use super::conf::Conf;
use super::container;
use super::defect::Defect;
use super::error::SpkError;
use super::identity::Identity;
use super::image::Screenshot;
use super::info::Info;
use super::payload::PackageTgz;
use super::role::Wizards;
use super::signature::Signature;
use super::walk::walk;
use super::warning::{Warning, Warnings};
use crate::base::limits::Limits;

/// Everything that the catalog, the review and the site need of an SPK.
#[derive(Clone, Debug)]
pub(crate) struct Spk {
    pub(crate) conf: Conf,
    /// Why the SPK cannot be published; empty for a good one.
    pub(crate) defects: Vec<Defect>,
    /// The archive is compressed as a whole.
    pub(crate) gzip: bool,
    /// PNG images by their width in pixels.
    pub(crate) icons: BTreeMap<u32, Vec<u8>>,
    /// Present when INFO states it completely; otherwise `defects` say why not.
    pub(crate) identity: Option<Identity>,
    /// Empty when there is no INFO.
    pub(crate) info: Info,
    /// There is a licence to accept, perhaps only in some languages.
    pub(crate) license: bool,
    /// The regular files, in the order of the archive.
    pub(crate) members: Vec<Member>,
    pub(crate) package_tgz: Option<PackageTgz>,
    /// In the order of their names.
    pub(crate) screenshots: Vec<Screenshot>,
    /// Paths below `scripts/`, sorted.
    pub(crate) scripts: Vec<String>,
    pub(crate) signature: Signature,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) wizards: Wizards,
}

/// A regular file inside an SPK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Without a leading `./`.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
}

/// Reads an SPK from `source`, to its end, in one pass and in bounded memory.
///
/// Fails when the bytes are no SPK or cannot be read safely. An SPK that can be read but not published has `defects`.
pub(crate) fn read<R: Read>(source: R, limits: &Limits) -> Result<Spk, SpkError> {
    let container = container::open(source, limits)?;
    let mut warnings = Warnings::default();
    if container.gzip {
        warnings.push(Warning::GzipOuter);
    }
    let mut collector = Collector::new(limits);
    walk(
        container.tar,
        limits,
        &mut warnings,
        |path, body, warnings| collector.file(path, body, warnings),
    )?;
    Ok(collector.finish(container.gzip, warnings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::payload::Compression;
    use crate::spk::test_spk::{TestSpk, gzip, png};

    const INFO: &str =
        "package=\"demo\"\nversion=\"1.0-1\"\narch=\"noarch\"\nos_min_ver=\"7.0-40000\"\n";

    fn spk(bytes: &[u8]) -> Spk {
        read(bytes, &Limits::DEFAULT).expect("readable")
    }

    fn defects(spk: &Spk) -> Vec<String> {
        spk.defects.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_complete_spk_has_an_identity_and_no_defect() {
        let spk = spk(&TestSpk::minimal().build());
        assert_eq!(spk.identity.expect("complete").package.as_str(), "demo");
        assert!(spk.defects.is_empty() && spk.warnings.is_empty());
        let package = spk.package_tgz.expect("there");
        assert_eq!(
            (package.size, package.compression, package.md5),
            (9, Compression::Gzip, None)
        );
    }

    #[test]
    fn the_source_is_read_to_its_end() {
        let bytes = TestSpk::minimal().build();
        for whole in [
            [bytes.clone(), vec![0; 5000]].concat(),
            gzip(&[bytes, vec![0; 50_000]].concat()),
        ] {
            let mut source = &whole[..];
            read(&mut source, &Limits::DEFAULT).expect("readable");
            assert!(source.is_empty());
        }
    }

    #[test]
    fn gzip_around_an_spk_is_read_with_a_warning() {
        let spk = spk(&gzip(&TestSpk::minimal().build()));
        assert!(spk.gzip && spk.defects.is_empty());
        assert_eq!(spk.warnings, [Warning::GzipOuter]);
    }

    #[test]
    fn a_cut_gzip_is_refused() {
        let bytes = gzip(&TestSpk::minimal().build());
        let error = read(&bytes[..bytes.len() / 2], &Limits::DEFAULT).expect_err("cut");
        assert!(matches!(error, SpkError::Truncated { .. }), "{error}");
    }

    #[test]
    fn what_is_missing_is_said() {
        let empty = spk(&TestSpk::empty().file("README", b"").build());
        assert_eq!(
            empty.defects,
            [Defect::InfoMissing, Defect::PackageTgzMissing]
        );
        let bare = spk(&TestSpk::with_info("description=\"x\"").build());
        assert_eq!(
            bare.defects,
            [
                Defect::PackageMissing,
                Defect::VersionMissing,
                Defect::MinimumMissing
            ]
        );
        assert_eq!(bare.info.text.description.as_deref(), Some("x"));
    }

    #[test]
    fn the_checksum_is_compared_whether_info_comes_first_or_last() {
        // The MD5 of `abc`.
        for (checksum, good) in [
            ("900150983CD24FB0D6963F7D28E17F72", true),
            ("", true),
            ("00000000000000000000000000000000", false),
            ("12", false),
        ] {
            let info = format!("{INFO}checksum=\"{checksum}\"\n");
            let first = TestSpk::empty()
                .file("INFO", info.as_bytes())
                .file("package.tgz", b"abc");
            let last = TestSpk::empty()
                .file("package.tgz", b"abc")
                .file("INFO", info.as_bytes());
            for order in [first, last] {
                let defects = defects(&spk(&order.build()));
                assert_eq!(defects.is_empty(), good, "{checksum}: {defects:?}");
                assert!(
                    defects
                        .iter()
                        .all(|defect| defect.starts_with("INFO:5: `checksum`"))
                );
            }
        }
    }

    #[test]
    fn icons_in_info_are_decoded_and_a_value_that_is_none_is_a_warning() {
        use base64::Engine;
        let icon = base64::engine::general_purpose::STANDARD.encode(png(120, 120));
        let info =
            format!("{INFO}package_icon=\"PACKAGE_ICON.PNG\"\npackage_icon_120=\"{icon}\"\n");
        let spk = spk(&TestSpk::with_info(&info)
            .file("PACKAGE_ICON.png", &png(72, 72))
            .build());
        assert_eq!(spk.icons.keys().copied().collect::<Vec<_>>(), [72, 120]);
        assert_eq!(
            spk.warnings[0].to_string(),
            "INFO:5: not a PNG image, the icon is left out"
        );
        assert!(spk.info.extra.is_empty());
    }

    #[test]
    fn members_that_are_kept_have_a_limit() {
        let limits = Limits {
            image: 100,
            info: 200,
            text: 100,
            ..Limits::DEFAULT
        };
        for path in [
            "PACKAGE_ICON.PNG",
            "screen_1.png",
            "conf/privilege",
            "conf/PKG_DEPS",
            "syno_signature.asc",
        ] {
            let bytes = TestSpk::minimal().file(path, &[b' '; 101]).build();
            assert!(
                matches!(read(&bytes[..], &limits), Err(SpkError::TooLarge { .. })),
                "{path}"
            );
        }
        let bytes = TestSpk::with_info(&"#".repeat(201)).build();
        assert!(matches!(
            read(&bytes[..], &limits),
            Err(SpkError::TooLarge { .. })
        ));
        let bytes = TestSpk::minimal().file("package/large", &[0; 1000]).build();
        assert!(
            read(&bytes[..], &limits).is_ok(),
            "what is not kept has none"
        );
    }

    #[test]
    fn a_failing_reader_is_an_error_of_its_own() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
            }
        }
        let bytes = TestSpk::minimal().build();
        for cut in [0, 100, 512, 600, 1024] {
            let error = read(bytes[..cut].chain(Failing), &Limits::DEFAULT).expect_err("cut");
            assert!(matches!(error, SpkError::Io(_)), "{cut}: {error:?}");
        }
    }

    /// Real packages cannot be part of this project; `SPKREPO_SAMPLES`, set while this is
    /// compiled, names a folder of them.
    #[test]
    fn real_packages_have_no_defect_but_a_missing_payload() {
        let Some(folder) = option_env!("SPKREPO_SAMPLES") else {
            return;
        };
        for entry in fs_err::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            let file = fs_err::File::open(&path).expect("readable");
            let spk = read(file, &Limits::DEFAULT).expect("an SPK");
            let fit = |defect: &Defect| *defect == Defect::PackageTgzMissing;
            assert!(
                spk.defects.iter().all(fit),
                "{}: {:?}",
                path.display(),
                spk.defects
            );
        }
    }
}
