#!/bin/bash
# Checks what `make release` has built in dist/, as root, and prints a line a step: the unit's hardening, the balancers'
# and monitoring's files, the images and the programs of both architectures, the clone as the README builds it, and the
# package on a bare Debian: installed and brought to a first live reduction by the five commands of docs/operating.md,
# purged with its data left, and upgraded from the release before.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%-60s %s\n' "$1" "$2"; }
fail() { echo "release-check: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "run it as root: it makes a bare Debian in a folder and installs the package there"
for program in debootstrap haproxy nginx promtool systemd-analyze qemu-aarch64-static rpm ip; do
	command -v "$program" >/dev/null || {
		apt-get install -y -qq --no-install-recommends debootstrap haproxy nginx libnginx-mod-stream prometheus systemd \
			qemu-user-static rpm iproute2 >/dev/null
		break
	}
done
mapfile -t debs < <(ls dist/chargestamp_*_amd64.deb 2>/dev/null)
[ "${#debs[@]}" = 1 ] || fail "dist/ holds ${#debs[@]} packages for amd64, not one; run make release first"
deb=${debs[0]}
version=$(dist/linux_amd64/static/chargestamp version)

base=$(mktemp -d)
root=$base/root
running=() # processes of this script
cleanup() {
	for process in "${running[@]}"; do
		kill "$process" 2>/dev/null || true
	done
	if mountpoint -q "$root/proc"; then
		umount "$root/proc" || umount -l "$root/proc"
	fi
	rm -rf --one-file-system "$base"
}
trap cleanup EXIT

exposure=$(systemd-analyze security --offline=yes deploy/systemd/chargestamp.service | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
awk -v e="$exposure" 'BEGIN { exit !(e < 2.0) }' || fail "the unit's exposure is $exposure; it must be under 2.0"
say "systemd-analyze security" "$exposure"

promtool check rules deploy/monitoring/rules.yaml >/dev/null
say "promtool check rules" ok

(cd dist && sha256sum --quiet -c checksums.txt)
for arch in amd64 arm64; do
	package=$(ls dist/chargestamp_*_"$arch".deb)
	[ "$(dpkg-deb -f "$package" Architecture)" = "$arch" ] || fail "$package is for another architecture"
	diff <(dpkg-deb -c "$package" | awk '$1 !~ /^d/ { sub(/^\./, "", $6); print $6 }' | sort) \
		<(rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "${package%.deb}.rpm" 2>/dev/null | awk '$1 !~ /^d/ { print $2 }' | sort) ||
		fail "deb and rpm for $arch hold different files"
done
say "checksums; deb and rpm hold the same files" ok

# The images are run as their settings say, by chroot in place of a container engine; what is built for another
# architecture runs in an emulator.
unpack() { # ARCHITECTURE: the image into $base/image_ARCHITECTURE, its user into $user
	local layout=dist/image_$1 manifest layer
	blob() { echo "$layout/blobs/sha256/${1#sha256:}"; }
	named() { sed -n "s/.*\"$1\":{[^{}]*\"digest\":\"\([^\"]*\)\".*/\1/p"; }
	manifest=$(sed -n 's/.*"manifests":\[{[^{}]*"digest":"\([^"]*\)".*/\1/p' "$layout/index.json")
	[ "sha256:$(sha256sum <"$(blob "$manifest")" | cut -d' ' -f1)" = "$manifest" ] || fail "the image's manifest is not the one of its index"
	layer=$(sed -n 's/.*"layers":\[{[^{}]*"digest":"\([^"]*\)".*/\1/p' "$(blob "$manifest")")
	user=$(sed -n 's/.*"User":"\([0-9]*\)".*/\1/p' "$(blob "$(named config <"$(blob "$manifest")")")")
	mkdir "$base/image_$1"
	tar -xzf "$(blob "$layer")" -C "$base/image_$1"
}
rows() { grep -o '"state": *"used"' | wc -l; }
unpack amd64
ran=$(chroot --userspec="$user:$user" "$base/image_amd64" /usr/bin/chargestamp demo --once -o json 2>/dev/null | rows) ||
	fail "the demo did not run in the image"
say "container image, run as user $user by chroot" "$(du -sh "$base/image_amd64" | cut -f1), $ran rows of the demo used"

emulator=$(command -v qemu-aarch64-static)
[ "$("$emulator" dist/linux_arm64/static/chargestamp version)" = "$version" ] || fail "the program for arm64 is another version"
ran=$("$emulator" dist/linux_arm64/static/chargestamp demo --once -o json 2>/dev/null | rows) ||
	fail "the demo did not run on arm64"
unpack arm64
cp "$emulator" "$base/image_arm64/usr/bin/"
[ "$(chroot --userspec="$user:$user" "$base/image_arm64" "$emulator" /usr/bin/chargestamp version)" = "$version" ] ||
	fail "the image for arm64 does not run"
say "arm64 in an emulator: program and image" "$ran rows of the demo used"

# The README's way, from a clone and without anything built before; modules are taken from where they are.
git clone -q . "$base/clone"
TIMEFORMAT='%0U %0S'
play_clone() { (cd "$base/clone" && export GOCACHE="$base/cache" && make build && make demo ARGS=--once) >"$base/clone.log" 2>&1; }
first_demo() { # seconds of CPU of the clone's first demo, into $spent
	local user_seconds system_seconds
	rm -rf "$base/cache"
	{ time play_clone; } 2>"$base/spent" || { tail "$base/clone.log"; fail "the clone was not built, or its demo failed"; }
	read -r user_seconds system_seconds <"$base/spent"
	spent=$((user_seconds + system_seconds))
}
first_demo
now=$spent
say "git clone, make build, make demo, from nothing" "$now s of CPU"
if [ "$now" -gt 120 ]; then # the bar is of a machine on which commit 5e2f1d9 took 116 s: here it takes longer too
	git -C "$base/clone" checkout -q 5e2f1d9
	first_demo
	say "the same of commit 5e2f1d9, 116 s where the bar is 120" "$spent s of CPU"
	[ $((now * 116)) -le $((spent * 120)) ] || fail "that is more than 120 s on a machine on which 5e2f1d9 takes 116"
fi

previous=$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null || echo 25639e2) # the first whose packages can be made
git -C "$base/clone" checkout -q "$previous"
make -s -C "$base/clone" release TOOLS="$PWD/.tools" ARCHES=amd64 SBOM=no >"$base/clone.log" 2>&1 ||
	{ tail "$base/clone.log"; fail "$previous was not built"; }
mv "$base"/clone/dist/chargestamp_*_amd64.deb "$base/previous.deb"
rm -rf "$base/clone" "$base/cache"

mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; } |
	sed -n 's/^URIs: *//p; s/^deb *\(\[[^]]*\] *\)\?\(http[^ ]*\).*/\2/p' | grep -v security | head -1)
debootstrap --variant=minbase --include=procps bookworm "$root" "$mirror" >"$base/log" 2>&1 || { tail "$base/log"; fail "debootstrap"; }
mount -t proc proc "$root/proc"
CGO_ENABLED=0 go build -o "$root/usr/local/bin/notify" ./tools/notify
unshare -n sh -c 'ip link set lo up && exec sleep infinity' & # a network in which nothing else listens
network=$!
running+=("$network")
until nsenter -t "$network" -n ip -o link show lo 2>/dev/null | grep -q UP; do sleep 0.1; done
inside=(nsenter -t "$network" -n chroot)
in_root() { "${inside[@]}" "$root" env HOME=/root DEBIAN_FRONTEND=noninteractive PATH="$PATH" "$@"; }
typed() { in_root bash -c "cd /root && $1"; }
played() { # a command that runs on; for the background
	exec "${inside[@]}" "$root" env HOME=/root PATH="$PATH" bash -c "cd /root && exec $1" >/dev/null 2>&1
}
start() { # what systemd does by the unit: prints the process id once the service is ready
	local line
	line=$(sed -n 's/^ExecStart=//p' "$root/usr/lib/systemd/system/chargestamp.service")
	# shellcheck disable=SC2086 # the unit's line is words
	"${inside[@]}" --userspec=chargestamp:chargestamp "$root" env HOME=/var/lib/chargestamp PATH="$PATH" \
		notify "/tmp/notify.$RANDOM" 30s $line 2>>"$base/serve.log" || { tail "$base/serve.log"; fail "the unit's ExecStart was never ready"; }
}
stopped() { kill "$1" && while kill -0 "$1" 2>/dev/null; do sleep 0.2; done; }
delivered() { # waits for a reduction that the lot has acknowledged
	local token
	token=$(typed 'chargestamp token create --role viewer --name check --data /var/lib/chargestamp' 2>/dev/null)
	for _ in $(seq 30); do
		typed "CHARGESTAMP_TOKEN=$token chargestamp charges -o json" | grep -q '"state": *"delivered"' && return
		sleep 1
	done
	return 1
}

# The one file that is edited, then docs/operating.md word for word.
mapfile -t walk < <(sed -n '/^## 1\. /,/^## 2\. /{/^```sh/,/^```/{/^```/!p}}' docs/operating.md)
[ "${#walk[@]}" = 5 ] || fail "docs/operating.md installs in ${#walk[@]} commands, not five"
cp "$deb" "$root/root/chargestamp_1.2.3_linux_amd64.deb"
sed 's/一号场/我的车场/' docs/examples/estate.yaml >"$root/root/estate.yaml"
for line in "${walk[@]}"; do
	case $line in
	"systemctl enable --now chargestamp")
		pid=$(start)
		running+=("$pid")
		;;
	*" lot sdk "*)
		played "$line" &
		lot=$!
		running+=("$lot")
		;;
	*) typed "$line" >"$base/log" 2>&1 || { tail "$base/log"; fail "$line"; } ;;
	esac
done
delivered || fail "no live reduction after the installation"
say "bare Debian, one file edited, docs/operating.md word for word" "first live reduction after ${#walk[@]} commands"
[ "$(in_root stat -c '%U %a' /var/lib/chargestamp)" = "chargestamp 700" ] || fail "the data folder is not the service user's alone"
kill "$lot"
stopped "$pid"
say "SIGTERM" "ended"
purged() {
	in_root dpkg --purge chargestamp >/dev/null
	[ -e "$root/var/lib/chargestamp/chargestamp.db" ] || fail "purging took the data away"
	[ ! -e "$root/etc/chargestamp" ] || fail "purging left the settings"
}
purged
say "purge takes settings and leaves data" ok

# The release before, its settings changed, at work; then this one on top.
rm -rf "$root/var/lib/chargestamp"
cp "$base/previous.deb" "$root/root/previous.deb"
cp docs/examples/telaidian-keys.yaml "$root/root/"
typed 'apt-get install -y ./previous.deb' >"$base/log" 2>&1 || { tail "$base/log"; fail "$previous was not installed"; }
echo 'trusted_proxies: ["127.0.0.1/32"]' >>"$root/etc/chargestamp/config.yaml"
was=$(typed 'chargestamp version' | cut -d' ' -f2)
pid=$(start)
typed "${walk[2]}" >/dev/null 2>&1
played "${walk[3]}" &
lot=$!
running+=("$pid" "$lot")
typed 'chargestamp push telaidian --keys telaidian-keys.yaml --lot 200461/1313 --plate 京AD06088 --minutes 30' >/dev/null 2>&1 ||
	fail "a push to $previous"
delivered || fail "no live reduction by $previous"
kill "$lot"
stopped "$pid"
cp "$deb" "$root/root/new.deb"
typed 'apt-get install -y --allow-downgrades -o Dpkg::Options::=--force-confold ./new.deb' >"$base/log" 2>&1 ||
	{ tail "$base/log"; fail "the upgrade"; }
[ "$(typed 'chargestamp version')" = "$version" ] || fail "the upgrade left $(typed 'chargestamp version')"
grep -q trusted_proxies: "$root/etc/chargestamp/config.yaml" || fail "the upgrade took the operator's settings away"
pid=$(start)
running+=("$pid")
delivered || fail "the charge is gone after the upgrade"
typed 'chargestamp verify --data /var/lib/chargestamp' >"$base/log" 2>&1 || { tail "$base/log"; fail "verify after the upgrade"; }
stopped "$pid"
purged
say "upgraded from $was: settings, charge and sums are there" ok
