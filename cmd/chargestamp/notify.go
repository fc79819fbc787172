package main

import "github.com/coreos/go-systemd/v22/daemon"

// notify reports a state to the service manager that started this process (Type=notify): daemon.SdNotifyReady,
// daemon.SdNotifyReloading or daemon.SdNotifyStopping. It does nothing where there is no such manager. A manager that
// cannot be reached must not stop a gateway.
func notify(state string) {
	_, _ = daemon.SdNotify(false, state)
}

// notifyReloading reports that the configuration is being read again, with the time that the manager asks for.
func notifyReloading() {
	notify(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}
