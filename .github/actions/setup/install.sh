#!/usr/bin/env bash
# Installs the release that the file VERSION beside this one names, if its bytes are those of SHA256SUMS beside this one.
# Who pins a commit of this action has therefore pinned the bytes that run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(cat "$here/VERSION")
case "$RUNNER_OS-$RUNNER_ARCH" in
  Linux-X64) target=x86_64-unknown-linux-musl ;;
  Linux-ARM64) target=aarch64-unknown-linux-musl ;;
  macOS-ARM64) target=aarch64-apple-darwin ;;
  *)
    echo "::error::there is no spkrepo for $RUNNER_OS on $RUNNER_ARCH: use a runner with Linux on X64 or ARM64, or macOS on ARM64"
    exit 1
    ;;
esac
asset=spkrepo-$version-$target.tar.gz
folder=$RUNNER_TOOL_CACHE/spkrepo/$version/$target
if ! [ -x "$folder/spkrepo" ]; then
  sum=$(grep -F "  $asset" "$here/SHA256SUMS") || {
    echo "::error::this commit of the action names no digest for $asset: pin the commit of a release"
    exit 1
  }
  download=$(mktemp -d "$RUNNER_TEMP/spkrepo.XXXXXX")
  gh release download "$version" --repo spkrepo/spkrepo --pattern "$asset" --dir "$download"
  if ! (cd "$download" && printf '%s\n' "$sum" | shasum --algorithm 256 --check --quiet -); then
    echo "::error::$asset has not the digest that this commit of the action names: it is not installed"
    exit 1
  fi
  mkdir -p "$folder"
  tar -xzf "$download/$asset" -C "$folder" spkrepo
fi
echo "$folder" >> "$GITHUB_PATH"
echo "version=$version" >> "$GITHUB_OUTPUT"
