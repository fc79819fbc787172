#!/bin/sh
# Hands the data folder and the settings to the service's user. A running service is restarted on an upgrade, so that
# the new program serves; a first installation starts nothing before its settings have been read by a person.
set -e
install -d -m 0700 -o chargestamp -g chargestamp /var/lib/chargestamp
chgrp chargestamp /etc/chargestamp /etc/chargestamp/config.yaml
chmod 0750 /etc/chargestamp
chmod 0640 /etc/chargestamp/config.yaml
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart chargestamp.service
fi
