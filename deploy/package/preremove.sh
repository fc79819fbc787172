#!/bin/sh
# Stops the service before its program goes away. dpkg passes "remove" or "upgrade", rpm the number of versions left.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl disable --now chargestamp.service
	fi
	;;
esac
