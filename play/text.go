package play

import (
	"fmt"
	"strings"

	"github.com/chargestamp/chargestamp/charge"
)

// GrantText is a reduction in words: "30 min", "10.00 yuan", "free" or "lot decides".
func GrantText(r charge.Reduction) string {
	switch r.Method {
	case charge.MethodTime:
		return fmt.Sprintf("%d min", r.Minutes)
	case charge.MethodAmount:
		return r.Amount.String() + " yuan"
	case charge.MethodFree:
		return "free"
	case charge.MethodLotDecides:
		return "lot decides"
	}
	return ""
}

// UsedText is the minutes, or else the money, that were taken off.
func UsedText(minutes int64, amount charge.Fen) string {
	if minutes > 0 {
		return fmt.Sprintf("%d min", minutes)
	}
	return amount.String() + " yuan"
}

// tcpAddr takes a scheme off "tcp://127.0.0.1:6789".
func tcpAddr(addr string) string {
	_, rest, found := strings.Cut(addr, "://")
	if !found {
		return addr
	}
	return rest
}
