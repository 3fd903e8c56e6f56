#!/usr/bin/env bash
# Builds the static binaries of a release into dist/, with their checksums.
#
#   bash build/release.sh [os/arch…]     all by default
#
# VERSION is what the binaries call themselves, by default what `git describe` says, and
# OUT the folder they go to instead of dist.
# The same source, version and Go give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/.."

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)

out=${OUT:-dist}
mkdir -p "$out"
rm -f "$out"/mailbucket-* "$out/SHA256SUMS"
for target in "${targets[@]}"; do
	os=${target%/*} arch=${target#*/}
	file=$out/mailbucket-$os-$arch
	[ "$os" != windows ] || file+=.exe
	# Caddy's own releases leave these databases out too: they are for running a
	# certificate authority for others.
	CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOFLAGS= go build -trimpath -buildvcs=false -tags nobadger,nomysql,nopgx \
		-ldflags "-s -w -X github.com/caddy-mailbucket/mailbucket/command.version=$version" -o "$file" ./cmd/mailbucket
	echo "$file"
done
(cd "$out" && sha256sum mailbucket-* >SHA256SUMS)
echo "$out/SHA256SUMS"
