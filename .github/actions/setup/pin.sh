#!/usr/bin/env bash
# Usage: pin.sh VERSION. Makes two commits: the setup action installs VERSION with the digests of SHA256SUMS beside this file,
# and the template's workflows pin the commit that says so.
set -euo pipefail
version=$1
cd "$(dirname "$0")/../../.."
git config user.name 'github-actions[bot]'
git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
printf '%s\n' "$version" > .github/actions/setup/VERSION
git add .github/actions/setup
git commit --quiet --message "setup: install $version"
commit=$(git rev-parse HEAD)
for workflow in repo-template/.github/workflows/*.yml; do
  sed "s|\(spkrepo/spkrepo/.github/actions/setup\)@.*|\1@$commit # $version|" "$workflow" > "$workflow.new"
  mv "$workflow.new" "$workflow"
done
git add repo-template
git commit --quiet --message "repo-template: pin the setup action to $version"
