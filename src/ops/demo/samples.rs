//! The packages of the sample and their SPKs.

use super::DemoError;
use crate::spk;

/// A release of the sample.
pub(super) struct Sample {
    /// Platforms and minimum DSM of each build.
    builds: &'static [(&'static str, &'static str)],
    /// Of the icon: red, green, blue.
    colour: [u8; 3],
    pub(super) fate: Fate,
    info: &'static str,
    pub(super) package: &'static str,
    pub(super) version: &'static str,
}

/// What becomes of a release.
pub(super) enum Fate {
    Beta,
    Stable,
    Staged,
    Yanked { reason: &'static str },
}

const CLOCK: &str = r#"displayname="World Clock"
description="Shows the time in the cities of your family"
description_enu="Shows the time in the cities of your family"
description_fre="Affiche l'heure dans les villes de votre famille"
description_ger="Zeigt die Uhrzeit in den Städten Ihrer Familie"
description_jpn="ご家族の住む都市の時刻を表示します"
maintainer="The spkrepo demo"
maintainer_url="https://example.org/clock"
support_url="https://example.org/clock/help"
"#;

const FRAME: &str = r#"displayname="Photo Frame"
description="Turns a screen in the kitchen into a picture frame"
description_ita="Trasforma uno schermo della cucina in una cornice"
maintainer="The spkrepo demo"
install_dep_packages="WebStation>=3.0.0"
changelog="Faster with albums of more than 10,000 pictures<br>Keeps the \"favourites\" in order"
"#;

const GUARD: &str = r#"displayname="Router Guard"
description="Watches which devices join the network"
maintainer="The spkrepo demo"
"#;

const NOTES: &str = r#"displayname="Note Keeper"
description="Notes that stay at home"
description_spn="Notas que se quedan en casa"
maintainer="The spkrepo demo"
startable="no"
"#;

const SKY: &str = r#"displayname="Night Sky"
description="Star charts for tonight"
maintainer="The spkrepo demo"
report_url="https://example.org/sky/issues"
beta="yes"
"#;

const INTEL: (&str, &str) = ("x86_64", "7.2-64570");
const ARM64: (&str, &str) = ("armv8", "7.2-64570");
const DSM6: (&str, &str) = ("x86_64", "6.2-23739");
const NOARCH5: (&str, &str) = ("noarch", "5.0-4418");
const NOARCH6: (&str, &str) = ("noarch", "6.0-7321");
const NOARCH7: (&str, &str) = ("noarch", "7.0-40000");
const ROUTER: (&str, &str) = ("cypress", "1.3-9193");

/// In the order in which they are published.
pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        builds: &[NOARCH6, NOARCH7],
        colour: [38, 110, 180],
        fate: Fate::Stable,
        info: CLOCK,
        package: "world-clock",
        version: "1.4-7",
    },
    Sample {
        builds: &[INTEL, ARM64, DSM6],
        colour: [190, 90, 40],
        fate: Fate::Stable,
        info: FRAME,
        package: "photo-frame",
        version: "2.0.1-12",
    },
    Sample {
        builds: &[NOARCH5, NOARCH6, NOARCH7],
        colour: [60, 140, 70],
        fate: Fate::Stable,
        info: NOTES,
        package: "note-keeper",
        version: "0.9-3",
    },
    Sample {
        builds: &[ROUTER],
        colour: [120, 60, 150],
        fate: Fate::Stable,
        info: GUARD,
        package: "router-guard",
        version: "1.0-1",
    },
    Sample {
        builds: &[INTEL, ARM64],
        colour: [190, 90, 40],
        fate: Fate::Yanked {
            reason: "forgets the albums when the NAS restarts",
        },
        info: FRAME,
        package: "photo-frame",
        version: "2.1-13",
    },
    Sample {
        builds: &[INTEL, DSM6],
        colour: [20, 30, 70],
        fate: Fate::Beta,
        info: SKY,
        package: "night-sky",
        version: "0.3-2",
    },
    Sample {
        builds: &[NOARCH6, NOARCH7],
        colour: [38, 110, 180],
        fate: Fate::Beta,
        info: CLOCK,
        package: "world-clock",
        version: "1.5-8",
    },
    Sample {
        builds: &[NOARCH7],
        colour: [60, 140, 70],
        fate: Fate::Staged,
        info: NOTES,
        package: "note-keeper",
        version: "1.0-4",
    },
];

impl Sample {
    /// Returns the SPK of each build with a file name.
    pub(super) fn spks(&self) -> Result<Vec<(String, Vec<u8>)>, DemoError> {
        self.builds
            .iter()
            .map(|(arch, minimum)| self.spk(arch, minimum))
            .collect()
    }

    fn spk(&self, arch: &str, minimum: &str) -> Result<(String, Vec<u8>), DemoError> {
        let name = format!("{}_{}_{arch}_{minimum}.spk", self.package, self.version);
        let failed = |source| DemoError::File {
            path: name.clone().into(),
            source,
        };
        let identity = format!(
            "package=\"{}\"\nversion=\"{}\"\narch=\"{arch}\"\nos_min_ver=\"{minimum}\"\n",
            self.package, self.version
        );
        let hello = format!(
            "This is {} {} for {arch}, DSM {minimum}.\n",
            self.package, self.version
        );
        let member = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
        let members = [
            member("INFO", (identity + self.info).as_bytes()),
            member("PACKAGE_ICON.PNG", &icon(72, self.colour)?),
            member("PACKAGE_ICON_256.PNG", &icon(256, self.colour)?),
            member("conf/privilege", br#"{"defaults": {"run-as": "package"}}"#),
            member(
                "package.tgz",
                &spk::package_tgz("README", hello.as_bytes()).map_err(failed)?,
            ),
            member("scripts/postinst", b"#!/bin/sh\nexit 0\n"),
            member("scripts/start-stop-status", b"#!/bin/sh\nexit 0\n"),
        ];
        let bytes = spk::write(&members).map_err(failed)?;
        Ok((name, bytes))
    }
}

/// Draws a disc on a light ground.
fn icon(width: u32, colour: [u8; 3]) -> Result<Vec<u8>, png::EncodingError> {
    let middle = i64::from(width) / 2;
    let radius = middle * 4 / 5;
    let is_inside = |x: i64, y: i64| (x - middle).pow(2) + (y - middle).pow(2) <= radius.pow(2);
    let pixels = (0..i64::from(width)).flat_map(|y| (0..i64::from(width)).map(move |x| (x, y)));
    let pixels: Vec<u8> = pixels
        .flat_map(|(x, y)| {
            if is_inside(x, y) {
                colour
            } else {
                [245, 245, 240]
            }
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, width);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(bytes)
}
