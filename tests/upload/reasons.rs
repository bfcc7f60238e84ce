//! Why uploads are answered otherwise than SynoCommunity's spkrepo answers them: rules about what was sent and answered.

/// Two answers to one upload.
pub(super) struct Outcome {
    pub(super) authorization: String,
    /// Of what both published.
    pub(super) differences: Vec<String>,
    pub(super) id: String,
    /// Whether there is a new commit.
    pub(super) is_new: bool,
    pub(super) ours: (u16, String),
    pub(super) theirs: (u16, String),
}

/// Differences for one reason.
pub(super) struct Known {
    /// An upload with such a difference.
    pub(super) example: &'static str,
    pub(super) holds: fn(&Outcome) -> bool,
    pub(super) reason: &'static str,
}

/// How a message of the original begins, and what ours must say then to be as telling.
const REQUIRED: [(&str, &str); 12] = [
    ("Conflicting architectures", "devices"),
    ("Missing INFO", "INFO"),
    ("Missing package.tgz", "package.tgz"),
    ("Missing firmware", "os_min_ver"),
    ("Invalid firmware value", "os_min_ver"),
    ("Invalid SPK", "SPK"),
    ("Invalid INFO package", "package"),
    ("Invalid version", "version"),
    ("Checksum mismatch", "checksum"),
    ("Insufficient permissions", "admin"),
    ("SPK version-level metadata", "contradicts"),
    ("The server could not verify", "token"),
];

impl Outcome {
    /// Returns what is not as the original has it.
    pub(super) fn problem(&self) -> Option<String> {
        let (ours, theirs) = (&self.ours, &self.theirs);
        if ours.0 != theirs.0 {
            return Some(format!("{}: {ours:?} instead of {theirs:?}", self.id));
        }
        if !self.differences.is_empty() {
            return Some(format!("{}: {}", self.id, self.differences.join(", ")));
        }
        let mut required = REQUIRED
            .iter()
            .filter(|(start, _)| theirs.1.starts_with(start));
        let lacks = required.any(|(_, word)| !ours.1.contains(word));
        let is_silent = ours.0 >= 400 && ours.1.is_empty();
        (lacks || is_silent).then(|| format!("{}: {ours:?} tells less than {theirs:?}", self.id))
    }

    fn is(&self, theirs: u16, ours: u16) -> bool {
        (self.theirs.0, self.ours.0) == (theirs, ours)
    }

    fn they_say(&self, starts: &[&str]) -> bool {
        starts.iter().any(|start| self.theirs.1.starts_with(start))
    }
}

pub(super) const KNOWN: [Known; 17] = [
    Known {
        example: "arch_88f6281_translated",
        holds: |upload| {
            upload.is(201, 201)
                && upload
                    .differences
                    .iter()
                    .all(|difference| difference.contains("88f628"))
        },
        reason: "platforms keep the names that the SPK gives them; the catalog knows that 88f6281 and 88f628x are one",
    },
    Known {
        example: "firmware_and_os_min_ver",
        holds: |upload| {
            let is_firmware = |difference: &String| difference.starts_with("firmware: ");
            upload.is(201, 201) && upload.differences.iter().all(is_firmware)
        },
        reason: "`os_min_ver` counts before the older `firmware`, as DSM has it",
    },
    Known {
        example: "zeros_10240",
        holds: |upload| upload.is(422, 422) && upload.ours.1.contains("an archive without members"),
        reason: "of what is no SPK at all, more is said than that INFO is missing",
    },
    Known {
        example: "duplicate_exact",
        holds: |upload| upload.is(409, 201) && !upload.is_new,
        reason: "the same bytes again are published already, so that a retry after a lost answer is safe",
    },
    Known {
        example: "conflict_inside_range",
        holds: |upload| {
            upload.is(409, 201) && upload.is_new && upload.they_say(&["Conflicting architectures"])
        },
        reason: "builds for another minimum DSM do not conflict: a device gets the one with the highest minimum that fits",
    },
    Known {
        example: "unknown_arch_among_known",
        holds: |upload| {
            upload.is(422, 201) && upload.they_say(&["Unknown architecture", "Unknown firmware"])
        },
        reason: "platforms and builds of DSM that are not known work by rule: no table has to be kept",
    },
    Known {
        example: "max_malformed",
        holds: |upload| upload.is(422, 201) && upload.they_say(&["Invalid firmware value"]),
        reason: "a version of DSM without a build number is one",
    },
    Known {
        example: "icon_256_only",
        holds: |upload| {
            upload.is(422, 201) && upload.they_say(&["Missing 72px icon", "Invalid INFO icon"])
        },
        reason: "Package Center shows packages without an icon, too; what is left out is a warning of the answer",
    },
    Known {
        example: "empty_checksum",
        holds: |upload| upload.is(422, 201) && upload.they_say(&["Checksum mismatch"]),
        reason: "an empty `checksum` states none; DSM does not compare it then",
    },
    Known {
        example: "gzip_tar",
        holds: |upload| {
            [201, 409].iter().any(|ours| upload.is(422, *ours)) && upload.they_say(&["Invalid SPK"])
        },
        reason: "DSM installs an SPK that is compressed as a whole",
    },
    Known {
        example: "truncated_half",
        holds: |upload| upload.is(409, 422) && upload.ours.1.contains("truncated"),
        reason: "an SPK that is cut off is said to be, whatever else would be wrong with it",
    },
    Known {
        example: "bearer_auth",
        holds: |upload| {
            upload.is(401, 201)
                && upload
                    .authorization
                    .to_ascii_lowercase()
                    .starts_with("bearer ")
        },
        reason: "every address takes a token in both ways",
    },
    Known {
        example: "version_no_revision",
        holds: |upload| {
            upload.is(422, 201) && upload.they_say(&["Invalid version", "Invalid INFO package"])
        },
        reason: "DSM takes versions and names of other forms, and so do other publishers' packages",
    },
    Known {
        example: "conflict_upstream_version",
        holds: |upload| {
            let lines = upload.theirs.1.lines().skip(1);
            let mut keys = lines.filter_map(|line| line.trim().strip_prefix("- "));
            let is_own = |line: &str| {
                ["upstream_version:", "license:", "startable:"]
                    .iter()
                    .any(|key| line.starts_with(key))
            };
            upload.is(422, 201)
                && upload.they_say(&["SPK version-level metadata"])
                && keys.all(is_own)
        },
        reason: "2.0-1 is another release than 1.0-1, and each build says itself whether it has a licence and can be started",
    },
    Known {
        example: "info_comment_line",
        holds: |upload| {
            upload.is(422, 201)
                && upload.they_say(&[
                    "Invalid INFO",
                    "Unknown INFO",
                    "Wrong INFO encoding",
                    "Missing conf folder",
                    "File conf/",
                ])
        },
        reason: "what DSM reads past in INFO and conf is left out with a warning, and folders need no entry of their own",
    },
    Known {
        example: "info_is_directory",
        holds: |upload| upload.theirs.0 == 500 && upload.ours.0 < 500,
        reason: "the original fails where a text is too long for its table or a member is not what it should be",
    },
    Known {
        example: "info_duplicate_key",
        holds: |upload| {
            let doubts = ["twice", "leads out", "is a link"];
            upload.is(201, 422) && doubts.iter().any(|doubt| upload.ours.1.contains(doubt))
        },
        reason: "what two readers would read in two ways, and what leads out of the package, is refused",
    },
];
