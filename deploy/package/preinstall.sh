#!/bin/sh
# Makes the service's user where it is missing. An upgrade finds it there.
set -e
if ! getent group chargestamp >/dev/null; then
	groupadd --system chargestamp
fi
if ! getent passwd chargestamp >/dev/null; then
	useradd --system --gid chargestamp --home-dir /var/lib/chargestamp --no-create-home \
		--shell /usr/sbin/nologin --comment "Chargestamp gateway" chargestamp
fi
