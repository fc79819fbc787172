#!/bin/bash
# Checks what `make release` has built in dist/, as root: the unit's hardening, the balancers' and monitoring's files,
# and the package on a bare Debian: installed, configured, started as the unit
# starts it, a first live reduction, upgraded, purged with its data left. Prints a line a step.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%-60s %s\n' "$1" "$2"; }
fail() { echo "release-check: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "run it as root: it makes a bare Debian in a folder and installs the package there"
for program in debootstrap haproxy nginx promtool systemd-analyze; do
	command -v "$program" >/dev/null ||
		apt-get install -y -qq --no-install-recommends debootstrap haproxy nginx libnginx-mod-stream prometheus systemd >/dev/null
done
mapfile -t debs < <(ls dist/chargestamp_*_amd64.deb dist/*amd64*.deb 2>/dev/null | sort -u)
[ "${#debs[@]}" -ge 1 ] || fail "there is no package in dist/; run make release first"
deb=${debs[0]}

exposure=$(systemd-analyze security --offline=yes deploy/systemd/chargestamp.service | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
awk -v e="$exposure" 'BEGIN { exit !(e < 2.0) }' || fail "the unit's exposure is $exposure; it must be under 2.0"
say "systemd-analyze security" "$exposure"

promtool check rules deploy/monitoring/rules.yaml >/dev/null
say "promtool check rules" ok

base=$(mktemp -d)
FRONT_HTTP=127.0.0.1:18080 FRONT_LINE=127.0.0.1:16789 NODE_A=127.0.0.1 NODE_B=127.0.0.1 NODE_HTTP=8080 NODE_LINE=6789 \
	HEALTH_PORT=8082 haproxy -c -f deploy/balancer/haproxy.cfg >/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$base/console.key" -out "$base/console.pem" -days 1 -subj /CN=console 2>/dev/null
{
	echo "load_module /usr/lib/nginx/modules/ngx_stream_module.so;"
	sed "s#/etc/nginx/#$base/#" deploy/balancer/nginx.conf
} >"$base/nginx.conf"
nginx -t -q -c "$base/nginx.conf" -g "pid $base/nginx.pid;"
say "HAProxy and nginx read their files" ok

# The image is run as its settings say, by chroot in place of a container engine.
layout=dist/image_amd64
blob() { echo "$layout/blobs/sha256/${1#sha256:}"; }
named() { sed -n "s/.*\"$1\":{[^{}]*\"digest\":\"\([^\"]*\)\".*/\1/p"; }
manifest=$(sed -n 's/.*"manifests":\[{[^{}]*"digest":"\([^"]*\)".*/\1/p' "$layout/index.json")
[ "sha256:$(sha256sum <"$(blob "$manifest")" | cut -d' ' -f1)" = "$manifest" ] || fail "the image's manifest is not the one of its index"
layer=$(sed -n 's/.*"layers":\[{[^{}]*"digest":"\([^"]*\)".*/\1/p' "$(blob "$manifest")")
user=$(sed -n 's/.*"User":"\([0-9]*\)".*/\1/p' "$(blob "$(named config <"$(blob "$manifest")")")")
mkdir "$base/image"
tar -xzf "$(blob "$layer")" -C "$base/image"
ran=$(chroot --userspec="$user:$user" "$base/image" /usr/bin/chargestamp demo --once -o json 2>/dev/null | grep -o '"state": *"used"' | wc -l) ||
	fail "the demo did not run in the image"
say "container image, run as user $user by chroot" "$(du -sh "$base/image" | cut -f1), $ran rows of the demo used"

root=$base/root
cleanup() {
	chroot "$root" pkill -u chargestamp 2>/dev/null || true
	umount "$root/proc" 2>/dev/null || true
	rm -rf "$base"
}
trap cleanup EXIT
mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
	sed -n 's/^URIs: *//p; s/^deb *\(\[[^]]*\] *\)\?\(http[^ ]*\).*/\2/p' | grep -v security | head -1)
debootstrap --variant=minbase --include=procps bookworm "$root" "$mirror" >"$base/log" 2>&1 || { tail "$base/log"; fail "debootstrap"; }
mount -t proc proc "$root/proc"
CGO_ENABLED=0 go build -o "$root/usr/local/bin/notify" ./tools/notify
cp docs/examples/estate.yaml docs/examples/telaidian-keys.yaml "$root/root/"
in_root() { chroot "$root" env CHARGESTAMP_TOKEN=release-check-token-4c1d PATH="$PATH" "$@"; }

cp "$deb" "$root/root/new.deb"
in_root dpkg -i /root/new.deb >/dev/null
say "dpkg -i on a bare Debian" "$(in_root chargestamp version)"
[ "$(stat -c '%U %a' "$root/var/lib/chargestamp")" = "UNKNOWN 700" ] || [ "$(in_root stat -c '%U %a' /var/lib/chargestamp)" = "chargestamp 700" ] ||
	fail "the data folder is not the service user's alone"

# One file is edited: where to listen on this machine, so that nothing else is in the way.
sed -i 's/":8080"/"127.0.0.1:18080"/; s/":6789"/"127.0.0.1:16789"/; s/"127.0.0.1:8081"/"127.0.0.1:18081"/' "$root/etc/chargestamp/config.yaml"
start() {
	local line
	line=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/chargestamp.service")
	# shellcheck disable=SC2086 # the unit's line is words
	chroot --userspec=chargestamp:chargestamp "$root" env HOME=/var/lib/chargestamp CHARGESTAMP_ADMIN_TOKEN=release-check-token-4c1d \
		PATH="$PATH" notify "/tmp/notify.$RANDOM" 30s $line 2>>"$base/serve.log" || { tail "$base/serve.log"; fail "the unit's ExecStart was never ready"; }
}
pid=$(start)
say "ExecStart as the service user, READY=1" "pid $pid"
server=(--server http://127.0.0.1:18081)
in_root chargestamp apply "${server[@]}" -f /root/estate.yaml >/dev/null
in_root timeout 60 chargestamp lot sdk --lot 200461/1313 --ckey 9F3C5A7E1B2D4860 --line 127.0.0.1:16789 --enter 京AD06088 --for 20s >/dev/null 2>&1 &
played=$!
for _ in $(seq 20); do
	in_root chargestamp push telaidian --keys /root/telaidian-keys.yaml --lot 200461/1313 --plate 京AD06088 --minutes 30 \
		--order release-check --server http://127.0.0.1:18080 >/dev/null 2>&1 || true
	in_root chargestamp charges "${server[@]}" -o json | grep -q '"state": *"delivered"' && break
	sleep 1
done
in_root chargestamp charges "${server[@]}" -o json | grep -q '"state": *"delivered"' || fail "no live reduction after the installation"
say "first live reduction" "apply, lot sdk, push"
kill "$played" 2>/dev/null || true
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
say "SIGTERM" "ended"

# The same program under a later version number is the next release; its data must open.
work=$base/next
dpkg-deb -R "$deb" "$work"
sed -i 's/^Version: .*/&+next/' "$work/DEBIAN/control"
dpkg-deb -b "$work" "$root/root/next.deb" >/dev/null
in_root dpkg -i /root/next.deb >/dev/null 2>&1
grep -q 18080 "$root/etc/chargestamp/config.yaml" || fail "the upgrade took the operator's settings away"
pid=$(start)
in_root chargestamp charges "${server[@]}" -o json | grep -q '"state": *"delivered"' || fail "the charge is gone after the upgrade"
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
say "upgrade keeps settings and data" ok
in_root dpkg --purge chargestamp >/dev/null
[ -e "$root/var/lib/chargestamp/chargestamp.db" ] || fail "purging took the data away"
[ ! -e "$root/etc/chargestamp" ] || fail "purging left the settings"
say "purge takes settings and leaves data" ok
