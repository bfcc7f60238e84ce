//! Every rule, one per file: a `RULE` with its words, its checks, and a test that breaks it and keeps it.

mod arch_dropped;
mod archive_unsafe_member;
mod beta_in_stable;
mod blob_missing;
mod case_collision;
mod certificate_expiry;
mod changelog_missing;
mod dependency_cycle;
mod dependency_unresolved;
mod description_missing_enu;
mod dsm7_min_version;
mod dsm7_root;
mod duplicate_build;
mod exception_expired;
mod exception_unused;
mod firmware_range_empty;
mod hash_mismatch;
mod html_unsafe;
mod icon_missing;
mod icon_size;
mod identity_drift;
mod invalid_document;
mod invalid_name;
mod lfs_attribute_missing;
mod lfs_fetch_fails;
mod link_in_tree;
mod maintainer_unknown;
mod misnamed_build;
mod model_format;
mod name_similar;
mod not_canonical;
mod orphan_file;
mod overlapping_range;
mod permissions_drift;
mod pointer_invalid;
mod pointer_missing;
mod pointer_not_canonical;
mod pointer_toml_disagree;
mod privilege_escalated;
mod release_empty;
mod released_build_removed;
mod released_bytes_changed;
mod replacement_unknown;
mod shadowed_build;
mod signature_incomplete;
mod signature_invalid;
mod signature_required;
mod signature_unknown_key;
mod size_jump;
mod spk_invalid;
mod unknown_arch;
mod unknown_language;
mod url_not_https;
mod version_not_increased;
mod yanked_without_reason;

use super::rule::Rule;

/// All rules, by their ids.
pub(crate) const RULES: &[Rule] = &[
    arch_dropped::RULE,
    archive_unsafe_member::RULE,
    beta_in_stable::RULE,
    blob_missing::RULE,
    case_collision::RULE,
    certificate_expiry::RULE,
    changelog_missing::RULE,
    dependency_cycle::RULE,
    dependency_unresolved::RULE,
    description_missing_enu::RULE,
    dsm7_min_version::RULE,
    dsm7_root::RULE,
    duplicate_build::RULE,
    exception_expired::RULE,
    exception_unused::RULE,
    firmware_range_empty::RULE,
    hash_mismatch::RULE,
    html_unsafe::RULE,
    icon_missing::RULE,
    icon_size::RULE,
    identity_drift::RULE,
    invalid_document::RULE,
    invalid_name::RULE,
    lfs_attribute_missing::RULE,
    lfs_fetch_fails::RULE,
    link_in_tree::RULE,
    maintainer_unknown::RULE,
    misnamed_build::RULE,
    model_format::RULE,
    name_similar::RULE,
    not_canonical::RULE,
    orphan_file::RULE,
    overlapping_range::RULE,
    permissions_drift::RULE,
    pointer_invalid::RULE,
    pointer_missing::RULE,
    pointer_not_canonical::RULE,
    pointer_toml_disagree::RULE,
    privilege_escalated::RULE,
    release_empty::RULE,
    released_build_removed::RULE,
    released_bytes_changed::RULE,
    replacement_unknown::RULE,
    shadowed_build::RULE,
    signature_incomplete::RULE,
    signature_invalid::RULE,
    signature_required::RULE,
    signature_unknown_key::RULE,
    size_jump::RULE,
    spk_invalid::RULE,
    unknown_arch::RULE,
    unknown_language::RULE,
    url_not_https::RULE,
    version_not_increased::RULE,
    yanked_without_reason::RULE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_the_words_are_complete() {
        assert!(
            RULES.is_sorted_by(|a, b| a.id < b.id),
            "in order, each once"
        );
        for rule in RULES {
            let id = rule.id;
            let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(id.chars().all(is_id), "{id}");
            assert!(!rule.checks.is_empty(), "{id} checks something");
            for line in [rule.summary, rule.help] {
                assert!(
                    !line.is_empty() && !line.contains('\n') && !line.ends_with('.'),
                    "{id}"
                );
            }
            assert!(rule.explain.trim_end_matches(')').ends_with('.'), "{id}");
        }
    }
}
