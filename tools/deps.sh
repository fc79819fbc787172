#!/bin/bash
# Installs what `make test` and `make screenshots` need and the machine lacks. Debian only; elsewhere it says what to
# install. Where nothing is missing it asks nobody for anything.
set -euo pipefail
need=()
{ command -v gcc && [ -e /usr/include/stdlib.h ]; } >/dev/null || need+=(gcc libc6-dev)
command -v chromium >/dev/null || need+=(chromium)
command -v openssl >/dev/null || need+=(openssl)
command -v curl >/dev/null || need+=(curl)
command -v git >/dev/null || need+=(git)
[ -s /etc/ssl/certs/ca-certificates.crt ] || need+=(ca-certificates) # or no module can be fetched
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need+=(postgresql)
command -v pgbouncer >/dev/null || need+=(pgbouncer)
# Pages and pictures are Chinese. Noto's font is thirty-five times as large and looks no better here.
{ command -v fc-list && [ -n "$(fc-list :lang=zh-cn family)" ]; } >/dev/null || need+=(fontconfig fonts-wqy-microhei)
[ ${#need[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "please install what Debian calls: ${need[*]}" >&2
	exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "please run as root: apt-get update && apt-get install --no-install-recommends ${need[*]}" >&2
		exit 1
	fi
	sudo=(sudo)
fi
# sudo hands no variables on, so they are set behind it. Another apt may be at work: wait for it.
apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
echo "installing ${need[*]}" >&2
# Some other source of packages that does not answer is no reason to give up; if one that matters does not, install says so.
"${apt[@]}" update || echo "not every list of packages could be brought up to date" >&2
"${apt[@]}" install -y --no-install-recommends "${need[@]}"
