#!/usr/bin/env bash
# Builds the container image for linux/amd64 and linux/arm64 into dist/image, as an
# OCI image layout. It needs no container engine. To use it, for example:
#
#   skopeo copy oci:dist/image:latest docker-daemon:mailbucket:latest
set -euo pipefail
cd "$(dirname "$0")/.."

binaries=$(mktemp -d)
trap 'rm -rf "$binaries"' EXIT
OUT=$binaries bash build/release.sh linux/amd64 linux/arm64 >/dev/null

rm -rf dist/image
created=$(git log -1 --format=%ct 2>/dev/null || echo 0)
go run -C build/image . -version "${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo unknown)}" -created "$created" -config ../Caddyfile -out ../../dist/image \
	amd64="$binaries"/mailbucket-linux-amd64 arm64="$binaries"/mailbucket-linux-arm64
find dist/image -type f -exec chmod 644 {} +
echo dist/image
