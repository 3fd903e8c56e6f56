#!/usr/bin/env bash
# Runs the image in dist/image that is for this machine, without a container engine
# but as root: as its user, with its command and its files only, in a network of its
# own. Catches a mail in it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1-}" != inside ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	blob() { echo "dist/image/blobs/${1/:/\/}"; }
	arch=$(go env GOARCH)
	manifest=$(blob "$(jq -r --arg arch "$arch" '.manifests[] | select(.platform.architecture == $arch).digest' dist/image/index.json)")
	mkdir "$work/root"
	tar -xzf "$(blob "$(jq -r '.layers[0].digest' "$manifest")")" -C "$work/root"
	jq .config "$(blob "$(jq -r .config.digest "$manifest")")" >"$work/config"
	chmod 755 "$work"
	unshare --net --pid --fork --kill-child bash build/try-image.sh inside "$work"
	exit
fi

work=$2
ip link set lo up
user=$(jq -r .User "$work/config")
mapfile -t environment < <(jq -r '.Env[]' "$work/config")
mapfile -t command < <(jq -r '(.Entrypoint + .Cmd)[]' "$work/config")
mapfile -t check < <(jq -r '.Healthcheck.Test[1:][]' "$work/config")
in_image() { env -i "${environment[@]}" /usr/sbin/chroot --userspec="$user" "$work/root" "$@"; }
fail() {
	echo "$*"
	cat "$work/log"
	exit 1
}

in_image "${command[@]}" >"$work/log" 2>&1 &
for ((i = 0; ; i++)); do
	! in_image "${check[@]}" 2>/dev/null || break
	[ "$i" -lt 600 ] || fail "it is not ready after a minute"
	sleep 0.1
done
printf 'Subject: in the image\n\nhello\n' | in_image "${command[0]}" sendmail b@example.com
curl -sSf 'http://127.0.0.1:8025/emails?recipient=b@example.com' | jq -e '.results[0].subject == "in the image"' >/dev/null ||
	fail "it has not caught the mail"
! grep '"level":"error"' "$work/log" || fail "it complains"
in_image "${command[0]}" version
echo "the image catches mail as user $user"
