//! Icons and screenshots: told apart by their first bytes, measured by their header, never decoded.
//!
//! PNG: W3C "Portable Network Graphics", 5.2 (signature) and 11.2.2 (IHDR). JPEG: ITU-T T.81, B.1.1.3 (SOI marker).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::error::SpkError;
use super::warning::{Warning, Warnings};

/// A screenshot inside the SPK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Screenshot {
    pub(crate) bytes: Vec<u8>,
    /// The member's name.
    pub(crate) name: String,
}

/// Returns width and height in pixels, if `bytes` begin like a PNG image that has both.
pub(crate) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")?;
    let width = u32::from_be_bytes(*header.first_chunk()?);
    let height = u32::from_be_bytes(*header.get(4..)?.first_chunk()?);
    (width > 0 && height > 0).then_some((width, height))
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

/// Bytes of all images of an SPK together; each is kept in memory.
const MAX_BYTES: usize = 24 << 20;

/// Collects the images of an SPK.
#[derive(Default)]
pub(super) struct Images {
    bytes: usize,
    count: usize,
    icons: Vec<Icon>,
    screenshots: Vec<Screenshot>,
}

struct Icon {
    bytes: Vec<u8>,
    /// The member, or the line of INFO.
    place: String,
    width: u32,
}

impl Icon {
    /// Members that are icons have other names.
    fn is_in_info(&self) -> bool {
        self.place.starts_with("INFO:")
    }
}

impl Images {
    /// Takes an icon; one that is no PNG image is left out with a warning.
    pub(super) fn add_icon(
        &mut self,
        place: &str,
        stated: Option<u32>,
        bytes: Vec<u8>,
        max: usize,
        warnings: &mut Warnings,
    ) -> Result<(), SpkError> {
        let place = place.to_owned();
        let Some((width, height)) = png_size(&bytes) else {
            warnings.push(Warning::IconNotPng { place });
            return Ok(());
        };
        if width != height {
            let place = place.clone();
            warnings.push(Warning::IconNotSquare {
                height,
                place,
                width,
            });
        }
        if let Some(stated) = stated.filter(|stated| *stated != width) {
            let place = place.clone();
            warnings.push(Warning::IconOtherSize {
                place,
                stated,
                width,
            });
        }
        self.count(bytes.len(), max)?;
        self.icons.push(Icon {
            bytes,
            place,
            width,
        });
        Ok(())
    }

    /// Takes a screenshot; one of another format is left out with a warning.
    pub(super) fn add_screenshot(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        max: usize,
        warnings: &mut Warnings,
    ) -> Result<(), SpkError> {
        if png_size(&bytes).is_none() && !is_jpeg(&bytes) {
            warnings.push(Warning::ScreenshotFormat {
                path: name.to_owned(),
            });
            return Ok(());
        }
        self.count(bytes.len(), max)?;
        self.screenshots.push(Screenshot {
            bytes,
            name: name.to_owned(),
        });
        Ok(())
    }

    /// Thousands of images, each small enough, would fill the memory.
    fn count(&mut self, bytes: usize, max: usize) -> Result<(), SpkError> {
        self.count += 1;
        self.bytes += bytes;
        let (max, what) = if self.count > max {
            (max, "icons and screenshots")
        } else if self.bytes > MAX_BYTES {
            (MAX_BYTES, "bytes of icons and screenshots")
        } else {
            return Ok(());
        };
        Err(SpkError::TooMany {
            max,
            place: "the SPK".to_owned(),
            what,
        })
    }

    /// Returns the icons by width; of several the first by name counts, and members count before INFO.
    pub(super) fn icons(&mut self, warnings: &mut Warnings) -> BTreeMap<u32, Vec<u8>> {
        let mut places: BTreeMap<u32, String> = BTreeMap::new();
        let mut icons = BTreeMap::new();
        self.icons
            .sort_by_key(|icon| (icon.is_in_info(), icon.place.clone()));
        for icon in self.icons.drain(..) {
            if let Some(kept) = places.get(&icon.width) {
                // INFO repeats the member's icon by design.
                if !icon.is_in_info() {
                    warnings.push(Warning::IconSameSize {
                        kept: kept.clone(),
                        place: icon.place,
                        width: icon.width,
                    });
                }
            } else {
                places.insert(icon.width, icon.place);
                icons.insert(icon.width, icon.bytes);
            }
        }
        icons
    }

    /// Returns the screenshots in the order of their names, numbers compared as such.
    pub(super) fn screenshots(&mut self) -> Vec<Screenshot> {
        self.screenshots.sort_by(|a, b| natural(&a.name, &b.name));
        std::mem::take(&mut self.screenshots)
    }
}

/// Compares `screen_2.png` and `screen_10.png` by their number.
fn natural(a: &str, b: &str) -> Ordering {
    let key = |name: &str| {
        let lower = name.to_ascii_lowercase();
        let digits: String = lower.chars().filter(char::is_ascii_digit).collect();
        let number = digits.trim_start_matches('0').to_owned();
        let word: String = lower.chars().take_while(|c| !c.is_ascii_digit()).collect();
        (word, number.len(), number, name.to_owned())
    };
    key(a).cmp(&key(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::test_spk::png;

    #[test]
    fn a_png_is_measured_by_its_header() {
        assert_eq!(png_size(&png(72, 64)), Some((72, 64)));
        assert_eq!(png_size(&png(0, 64)), None);
        assert_eq!(png_size(&png(72, 64)[..20]), None);
        assert_eq!(png_size(b"GIF89a"), None);
    }

    #[test]
    fn icons_are_kept_by_width_and_members_win() {
        let (mut images, mut warnings) = (Images::default(), Warnings::default());
        let mut add =
            |place: &str, stated, bytes| images.add_icon(place, stated, bytes, 10, &mut warnings);
        add("INFO:3", None, png(72, 72)).expect("few");
        let member = [png(72, 72), vec![9]].concat();
        add("PACKAGE_ICON.PNG", None, member.clone()).expect("few");
        add("PACKAGE_ICON_256.PNG", Some(256), png(72, 60)).expect("few");
        add("PACKAGE_ICON_120.PNG", None, b"GIF".to_vec()).expect("few");
        let icons = images.icons(&mut warnings);
        assert_eq!(icons, BTreeMap::from([(72, member)]));
        let warnings: Vec<String> = warnings
            .into_vec()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            warnings,
            [
                "PACKAGE_ICON_256.PNG: the icon is 72 by 60 pixels, not square",
                "PACKAGE_ICON_256.PNG: the icon is 72 pixels wide, its name says 256",
                "PACKAGE_ICON_120.PNG: not a PNG image, the icon is left out",
                "PACKAGE_ICON_256.PNG: the icon is as wide as `PACKAGE_ICON.PNG` (72 pixels) and is left out",
            ]
        );
    }

    #[test]
    fn screenshots_are_in_the_order_of_their_numbers() {
        let (mut images, mut warnings) = (Images::default(), Warnings::default());
        for name in [
            "screen_10.png",
            "screen_9.png",
            "screen_1.jpg",
            "screen_2.png",
        ] {
            let bytes = if name.ends_with("jpg") {
                b"\xff\xd8\xff\xe0".to_vec()
            } else {
                png(1, 1)
            };
            images
                .add_screenshot(name, bytes, 10, &mut warnings)
                .expect("few");
        }
        images
            .add_screenshot("screen_3.png", b"text".to_vec(), 10, &mut warnings)
            .expect("left out");
        let names: Vec<String> = images
            .screenshots()
            .into_iter()
            .map(|image| image.name)
            .collect();
        assert_eq!(
            names,
            [
                "screen_1.jpg",
                "screen_2.png",
                "screen_9.png",
                "screen_10.png"
            ]
        );
        assert_eq!(warnings.into_vec().len(), 1);
    }

    #[test]
    fn too_many_images_are_refused() {
        let (mut images, mut warnings) = (Images::default(), Warnings::default());
        images
            .add_screenshot("screen_1.png", png(1, 1), 1, &mut warnings)
            .expect("one");
        let second = images.add_icon("PACKAGE_ICON.PNG", None, png(1, 1), 1, &mut warnings);
        assert!(matches!(second, Err(SpkError::TooMany { .. })));
    }
}
