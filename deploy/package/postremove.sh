#!/bin/sh
# Purging takes settings away and leaves data: accepted charges and the secrets key are the operator's to delete.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
if [ "$1" = purge ]; then
	rm -rf /etc/chargestamp
	if [ -d /var/lib/chargestamp ]; then
		echo "chargestamp: the data in /var/lib/chargestamp were left; delete the folder where they are not needed"
	fi
fi
