package bench

import (
	"os"
	"strconv"
	"strings"
)

// Host watches what the host of a virtual machine keeps to itself of the processor time that the machine wanted: where
// it is much, times say little about the programs.
type Host struct{ begin procStat }

// procStat is the first line of /proc/stat, in ticks since the machine started:
// https://man7.org/linux/man-pages/man5/proc_stat.5.html
type procStat struct{ worked, kept uint64 }

// WatchHost begins to watch.
func WatchHost() Host {
	text, _ := os.ReadFile("/proc/stat") // other systems have none
	return Host{parseStat(string(text))}
}

// Rows returns the row about the time since, or none where the system does not tell.
func (h Host) Rows() []Row {
	now := WatchHost().begin
	worked, kept := now.worked-h.begin.worked, now.kept-h.begin.kept
	if worked == 0 {
		return nil
	}
	return []Row{figure{name: "processor time that the host kept, of what this machine wanted",
		value: 100 * float64(kept) / float64(worked+kept), unit: "%"}.row()}
}

// parseStat reads user, nice, system, idle, iowait, irq, softirq and steal; zero where it is not such a line.
func parseStat(text string) (s procStat) {
	line, _, _ := strings.Cut(text, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return s
	}
	for i, word := range f[1:9] {
		n, err := strconv.ParseUint(word, 10, 64)
		switch {
		case err != nil:
			return procStat{}
		case i == 3, i == 4: // idle
		case i == 7:
			s.kept = n
		default:
			s.worked += n
		}
	}
	return s
}
