package bench

import (
	"fmt"
	"os"
)

// localPorts returns how many outgoing ports one address has.
func localPorts() (count int, known bool) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0, false
	}
	var low, high int
	if _, err := fmt.Sscan(string(text), &low, &high); err != nil || high < low {
		return 0, false
	}
	return high - low + 1, true
}
