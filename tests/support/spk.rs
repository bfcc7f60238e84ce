//! Builds SPK files: a tar of INFO, `package.tgz`, icons, scripts and so on.
//!
//! Shares no code with the program, so that a misunderstanding of the format shows. The same calls give the same bytes;
//! another package, version or platform gives another payload. What it makes without further calls is the least that
//! Package Center takes: INFO and `package.tgz`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use flate2::{Compression, GzBuilder};

use super::digest::md5;
use super::png::png;
use super::tar::{Content, END, LongName, Member};

/// The name of the archive that DSM unpacks.
const PAYLOAD: &str = "package.tgz";

/// An SPK in the making.
#[derive(Clone)]
#[must_use]
pub(crate) struct Spk {
    arch: Option<String>,
    checksum: bool,
    directories: bool,
    dot_slash: bool,
    end: bool,
    gzip: bool,
    info: Vec<(String, String)>,
    map_info: fn(String) -> String,
    members: Vec<Member>,
    order: Vec<String>,
    package: String,
    payload: Option<Content>,
    raw_info: Option<Vec<u8>>,
    truncated: Option<usize>,
    version: String,
    with_info: bool,
    with_payload: bool,
}

impl Spk {
    /// Starts an SPK for every platform and DSM 7.0 or later.
    pub(crate) fn new(package: &str, version: &str) -> Self {
        Self {
            arch: None,
            checksum: false,
            directories: false,
            dot_slash: false,
            end: true,
            gzip: false,
            info: Vec::new(),
            map_info: |text| text,
            members: Vec::new(),
            order: Vec::new(),
            package: package.to_owned(),
            payload: None,
            raw_info: None,
            truncated: None,
            version: version.to_owned(),
            with_info: true,
            with_payload: true,
        }
        .info("package", package)
        .info("version", version)
        .info("arch", "noarch")
        .info("os_min_ver", "7.0-40000")
        .info("displayname", package)
        .info("description", &format!("What {package} does"))
        .info("maintainer", "Somebody")
    }

    /// Sets the platforms, separated by spaces.
    pub(crate) fn arch(mut self, arch: &str) -> Self {
        self.arch = Some(arch.to_owned());
        self.info("arch", arch)
    }

    /// Sets the least DSM.
    pub(crate) fn os_min(self, version: &str) -> Self {
        self.info("os_min_ver", version)
    }

    /// Sets the last DSM.
    pub(crate) fn os_max(self, version: &str) -> Self {
        self.info("os_max_ver", version)
    }

    /// Sets `key="value"` in INFO, in the place of the key if it is there, else at the end.
    pub(crate) fn info(mut self, key: &str, value: &str) -> Self {
        match self.info.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.info.push((key.to_owned(), value.to_owned())),
        }
        self
    }

    pub(crate) fn without_info(mut self, key: &str) -> Self {
        self.info.retain(|(known, _)| known != key);
        self
    }

    /// Edits the text of INFO: line ends, quotes, comments.
    pub(crate) fn map_info(mut self, edit: fn(String) -> String) -> Self {
        self.map_info = edit;
        self
    }

    /// Replaces INFO.
    pub(crate) fn raw_info(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_info = Some(bytes.into());
        self
    }

    /// Leaves out the member INFO.
    pub(crate) fn without_info_file(mut self) -> Self {
        self.with_info = false;
        self
    }

    /// Adds the MD5 of `package.tgz` to INFO.
    pub(crate) fn checksum(mut self) -> Self {
        self.checksum = true;
        self
    }

    /// Adds `PACKAGE_ICON.PNG` (72 pixels) or `PACKAGE_ICON_<size>.PNG`.
    pub(crate) fn icon(self, size: u32) -> Self {
        let name = if size == 72 {
            "PACKAGE_ICON.PNG".to_owned()
        } else {
            format!("PACKAGE_ICON_{size}.PNG")
        };
        let image = self.image(size, size);
        self.member(&name, image)
    }

    /// Adds an icon to INFO, in base64.
    pub(crate) fn info_icon(self, size: u32) -> Self {
        let key = if size == 72 {
            "package_icon".to_owned()
        } else {
            format!("package_icon_{size}")
        };
        let image = base64::engine::general_purpose::STANDARD.encode(self.image(size, size));
        self.info(&key, &image)
    }

    /// Adds `screen_<number>.png`.
    pub(crate) fn screenshot(self, number: u32) -> Self {
        let image = self.image(320, 200 + number);
        self.member(&format!("screen_{number}.png"), image)
    }

    pub(crate) fn license(self, text: &str) -> Self {
        self.member("LICENSE", text)
    }

    /// Adds `WIZARD_UIFILES/<step>_uifile` with one page.
    pub(crate) fn wizard(self, step: &str) -> Self {
        let page = format!(r#"[{{"step_title":"{step}","items":[]}}]"#);
        self.member(&format!("WIZARD_UIFILES/{step}_uifile"), page)
    }

    /// Adds `conf/<name>`.
    pub(crate) fn conf(self, name: &str, text: &str) -> Self {
        self.member(&format!("conf/{name}"), text)
    }

    /// Adds `scripts/<name>`, executable.
    pub(crate) fn script(mut self, name: &str, text: &str) -> Self {
        self.members
            .push(Member::file(&format!("scripts/{name}"), text).executable());
        self
    }

    /// Adds `syno_signature.asc`.
    pub(crate) fn signature(self, text: &str) -> Self {
        self.member("syno_signature.asc", text)
    }

    /// Replaces the bytes of `package.tgz`.
    pub(crate) fn payload(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.payload = Some(Content::Bytes(bytes.into()));
        self
    }

    /// Gives `package.tgz` a size; it is made while it is written, so it may be larger than memory.
    pub(crate) fn payload_size(mut self, size: u64) -> Self {
        self.payload = Some(Content::Filled {
            seed: self.seed(),
            size,
        });
        self
    }

    pub(crate) fn without_package_tgz(mut self) -> Self {
        self.with_payload = false;
        self
    }

    /// Adds any file.
    pub(crate) fn member(self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_member(Member::file(name, bytes))
    }

    /// Adds any member, also a wrong one.
    pub(crate) fn raw_member(mut self, member: Member) -> Self {
        self.members.push(member);
        self
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.raw_member(Member::special(b'2', name, target))
    }

    pub(crate) fn hardlink(self, name: &str, target: &str) -> Self {
        self.raw_member(Member::special(b'1', name, target))
    }

    pub(crate) fn fifo(self, name: &str) -> Self {
        self.raw_member(Member::special(b'6', name, ""))
    }

    /// Adds a file whose name is in a pax header; it may be longer than 100 bytes.
    pub(crate) fn pax_long_name(self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_member(Member::file(name, bytes).long_name(LongName::Pax))
    }

    /// Adds a file whose name is in a member of GNU tar's; it may be longer than 100 bytes.
    pub(crate) fn gnu_long_name(self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.raw_member(Member::file(name, bytes).long_name(LongName::Gnu))
    }

    /// Adds a member for each folder, before its first file.
    pub(crate) fn directories(mut self) -> Self {
        self.directories = true;
        self
    }

    /// Begins every name with `./`, as `tar cf x.spk .` does.
    pub(crate) fn dot_slash(mut self) -> Self {
        self.dot_slash = true;
        self
    }

    /// Puts these members first, in this order.
    pub(crate) fn order(mut self, names: &[&str]) -> Self {
        self.order = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Compresses the whole SPK.
    pub(crate) fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Leaves out the two empty blocks at the end.
    pub(crate) fn without_end(mut self) -> Self {
        self.end = false;
        self
    }

    /// Keeps only the first `size` bytes of what [`Spk::bytes`] returns.
    pub(crate) fn truncated(mut self, size: usize) -> Self {
        self.truncated = Some(size);
        self
    }

    /// Returns the SPK.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes).expect("memory takes every write");
        bytes.truncate(self.truncated.unwrap_or(usize::MAX));
        bytes
    }

    /// Writes the SPK to a file, in bounded memory unless it is truncated.
    pub(crate) fn write(&self, path: &Path) {
        let file = File::create(path).expect("the folder is there");
        let mut out = BufWriter::with_capacity(1 << 20, file);
        let written = match self.truncated {
            Some(_) => out.write_all(&self.bytes()),
            None => self.write_to(&mut out),
        };
        written
            .and_then(|()| out.flush())
            .expect("the disk has room");
    }

    fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        if !self.gzip {
            return self.write_tar(out);
        }
        let mut gzip = GzBuilder::new().write(out, Compression::fast());
        self.write_tar(&mut gzip)?;
        gzip.finish().map(drop)
    }

    fn write_tar(&self, out: &mut impl Write) -> io::Result<()> {
        for member in self.all_members() {
            member.write_to(out)?;
        }
        if self.end {
            out.write_all(&END)
        } else {
            Ok(())
        }
    }

    fn all_members(&self) -> Vec<Member> {
        let payload = self
            .payload
            .clone()
            .unwrap_or_else(|| Content::Bytes(self.default_payload()));
        let mut members = Vec::new();
        if self.with_info {
            members.push(Member::file("INFO", self.info_bytes(&payload)));
        }
        if self.with_payload {
            members.push(Member::new(b'0', PAYLOAD, payload));
        }
        members.extend(self.members.iter().cloned());
        let place = |name: &str| {
            self.order
                .iter()
                .position(|first| first == name)
                .unwrap_or(usize::MAX)
        };
        members.sort_by_key(|member| place(&member.name));
        if self.directories {
            members = with_directories(members);
        }
        if self.dot_slash {
            members
                .iter_mut()
                .for_each(|member| member.name.insert_str(0, "./"));
            members.insert(0, Member::special(b'5', "./", ""));
        }
        members
    }

    fn info_bytes(&self, payload: &Content) -> Vec<u8> {
        if let Some(bytes) = &self.raw_info {
            return bytes.clone();
        }
        let mut text: String = self
            .info
            .iter()
            .map(|(key, value)| format!("{key}=\"{value}\"\n"))
            .collect();
        if self.checksum {
            text.push_str(&format!("checksum=\"{}\"\n", md5(payload)));
        }
        (self.map_info)(text).into_bytes()
    }

    /// Returns a gzip-compressed tar of one file that names the build.
    fn default_payload(&self) -> Vec<u8> {
        let arch = self.arch.as_deref().unwrap_or("noarch");
        let text = format!("{} {} for {arch}\n", self.package, self.version);
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::none());
        let file = Member::file(&format!("share/{}.txt", self.seed()), text);
        file.write_to(&mut gzip)
            .and_then(|()| gzip.write_all(&END))
            .and_then(|()| gzip.finish())
            .expect("memory takes every write")
    }

    fn image(&self, width: u32, height: u32) -> Vec<u8> {
        let [red, green, blue, ..] = self.seed().to_le_bytes();
        png(width, height, [red, green, blue])
    }

    /// Returns a number that follows from package, version and platforms (FNV-1a).
    fn seed(&self) -> u64 {
        let identity = format!("{}\0{}\0{:?}", self.package, self.version, self.arch);
        identity.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// Puts a member for each folder before its first file.
fn with_directories(members: Vec<Member>) -> Vec<Member> {
    let mut seen: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for member in members {
        for (end, _) in member.name.match_indices('/') {
            let folder = member.name[..=end].to_owned();
            if !seen.contains(&folder) {
                all.push(Member::special(b'5', &folder, ""));
                seen.push(folder);
            }
        }
        all.push(member);
    }
    all
}
